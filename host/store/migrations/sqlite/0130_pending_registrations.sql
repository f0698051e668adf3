-- Registrations whose callers wait for an approval, and for a while what became of them (store/pending_registrations.rs).
-- The client is a held one until the approval.
CREATE TABLE pending_registrations (
    -- SHA-256 of the registration code.
    registration_code BLOB PRIMARY KEY,
    -- SHA-256 of the verification code, in capitals and without its hyphen.
    verification_code BLOB NOT NULL UNIQUE,
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Internal id of the client.
    client TEXT NOT NULL,
    -- `waiting`, `approved`, `refused` or `expired`.
    state TEXT NOT NULL,
    requested_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    -- Seconds between two polls.
    poll_interval INTEGER NOT NULL,
    -- Address of the caller.
    address TEXT NOT NULL,
    -- What its address counts as: of IPv6 the first 64 bits; NULL: it came with a token.
    network TEXT,
    -- The initial access token that a use was taken of.
    initial_access_token TEXT,
    -- `anonymous` or `authenticated`: the policies that the client is under.
    registration_auth TEXT NOT NULL,
    -- Origins for the client's registration access token, a JSON list.
    allowed_origins TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_registrations_client ON pending_registrations (realm_id, client);
CREATE INDEX pending_registrations_waiting ON pending_registrations (realm_id, requested_ms) WHERE state = 'waiting';
CREATE INDEX pending_registrations_network ON pending_registrations (realm_id, network) WHERE state = 'waiting';
CREATE INDEX pending_registrations_expires ON pending_registrations (expires_ms);
