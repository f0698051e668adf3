-- When a client was used last: one row for each client that ever was (store/client_uses.rs). Beside the clients, as a use
-- changes nothing of one.
CREATE TABLE client_uses (
    realm_id TEXT NOT NULL,
    -- Internal id.
    client TEXT NOT NULL,
    used_ms INTEGER NOT NULL,
    -- What the use was.
    kind TEXT NOT NULL,
    PRIMARY KEY (realm_id, client),
    FOREIGN KEY (client, realm_id) REFERENCES clients (id, realm_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Few clients are disabled or wait: a list of them passes over no others.
CREATE INDEX clients_disabled ON clients (realm_id, client_id) WHERE NOT enabled;
