-- The metadata of the authorization server that a realm stands before, as it was last found good: it is needed when the
-- server is away (store/authorization_servers.rs). Nodes are not told of it, as each asks for itself.
CREATE TABLE authorization_servers (
    realm_id TEXT COLLATE "C" PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    -- What it is the answer to: other settings of the realm have no use for it.
    issuer TEXT NOT NULL,
    metadata_url TEXT NOT NULL,
    -- JSON, as it came.
    metadata TEXT NOT NULL
);
