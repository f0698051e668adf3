-- What is kept of clients that are gone, for those who come with their registration access token or name them at the gate
-- (store/tombstones.rs). Of several clients with one `client_id`, one after the other, the last.
CREATE TABLE tombstones (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    -- Internal id.
    id TEXT NOT NULL,
    removed_ms INTEGER NOT NULL,
    kept_until_ms INTEGER NOT NULL,
    -- The rule of the realm that removed it; NULL: somebody did.
    rule TEXT,
    -- `jti` of the registration access token that was good.
    registration_token_id TEXT,
    -- The provider that it was registered with; NULL: nobody registered it.
    provider TEXT,
    PRIMARY KEY (realm_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_age ON tombstones (kept_until_ms);
