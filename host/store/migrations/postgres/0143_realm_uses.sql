-- What is known of the uses of a realm's clients as a whole (store/client_uses.rs).
CREATE TABLE realm_uses (
    realm_id TEXT COLLATE "C" PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    -- Since when uses are recorded; 0: since the realm was made.
    since_ms BIGINT NOT NULL,
    -- When a use was recorded last that was none by the client's own registration access token; 0: never.
    told_ms BIGINT NOT NULL
);
INSERT INTO realm_uses (realm_id, since_ms, told_ms) SELECT id, (extract(epoch FROM now()) * 1000)::bigint, 0 FROM realms;
