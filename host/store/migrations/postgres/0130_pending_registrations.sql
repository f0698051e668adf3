-- Registrations whose callers wait for an approval, and for a while what became of them (store/pending_registrations.rs).
-- The client is a held one until the approval.
CREATE TABLE pending_registrations (
    -- SHA-256 of the registration code.
    registration_code BYTEA PRIMARY KEY,
    -- SHA-256 of the verification code, in capitals and without its hyphen.
    verification_code BYTEA NOT NULL UNIQUE,
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Internal id of the client.
    client TEXT COLLATE "C" NOT NULL,
    -- `waiting`, `approved`, `refused` or `expired`.
    state TEXT COLLATE "C" NOT NULL,
    requested_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    -- Seconds between two polls.
    poll_interval BIGINT NOT NULL,
    -- Address of the caller.
    address TEXT COLLATE "C" NOT NULL,
    -- What its address counts as: of IPv6 the first 64 bits; NULL: it came with a token.
    network TEXT COLLATE "C",
    -- The initial access token that a use was taken of.
    initial_access_token TEXT COLLATE "C",
    -- `anonymous` or `authenticated`: the policies that the client is under.
    registration_auth TEXT COLLATE "C" NOT NULL,
    -- Origins for the client's registration access token, a JSON list.
    allowed_origins TEXT COLLATE "C" NOT NULL
);
CREATE INDEX pending_registrations_client ON pending_registrations (realm_id, client);
CREATE INDEX pending_registrations_waiting ON pending_registrations (realm_id, requested_ms) WHERE state = 'waiting';
CREATE INDEX pending_registrations_network ON pending_registrations (realm_id, network) WHERE state = 'waiting';
CREATE INDEX pending_registrations_expires ON pending_registrations (expires_ms);
