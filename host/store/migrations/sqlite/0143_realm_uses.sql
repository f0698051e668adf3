-- What is known of the uses of a realm's clients as a whole (store/client_uses.rs).
CREATE TABLE realm_uses (
    realm_id TEXT PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    -- Since when uses are recorded; 0: since the realm was made.
    since_ms INTEGER NOT NULL,
    -- When a use was recorded last that was none by the client's own registration access token; 0: never.
    told_ms INTEGER NOT NULL
) STRICT;
INSERT INTO realm_uses (realm_id, since_ms, told_ms) SELECT id, unixepoch() * 1000, 0 FROM realms;
