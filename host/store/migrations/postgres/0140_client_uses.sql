-- When a client was used last: one row for each client that ever was (store/client_uses.rs). Beside the clients, as a use
-- changes nothing of one.
CREATE TABLE client_uses (
    realm_id TEXT COLLATE "C" NOT NULL,
    -- Internal id.
    client TEXT COLLATE "C" NOT NULL,
    used_ms BIGINT NOT NULL,
    -- What the use was.
    kind TEXT NOT NULL,
    PRIMARY KEY (realm_id, client),
    FOREIGN KEY (realm_id, client) REFERENCES clients (realm_id, id) ON DELETE CASCADE
);

-- Few clients are disabled or wait: a list of them passes over no others.
CREATE INDEX clients_disabled ON clients (realm_id, client_id) WHERE NOT enabled;
