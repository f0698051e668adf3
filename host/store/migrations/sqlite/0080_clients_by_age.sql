-- The key of clients begins with the id. Ids begin with the time, so a new client is written at the end of the key's index:
-- in the page that the one before it is in, whatever realm that is of. With the realm first each client changed a page of
-- its realm. Clients of a realm are found by the index below.
CREATE TABLE clients_by_age (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    -- The record `client` of the contract in the store's own encoding (see store/document.rs).
    document BLOB NOT NULL,
    -- `jti` of the one registration access token that is good.
    registration_token_id TEXT,
    -- The initial access token it was registered with, if any, and the policies that came with that token: a JSON list
    -- that binds the client for good. NULL: none.
    initial_access_token TEXT,
    token_policies TEXT,
    -- A policy holds it: it waits for an administrator.
    held INTEGER NOT NULL,
    -- The client has a resource server (Keycloak: authorization services).
    resource_server INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Grows with each update.
    version INTEGER NOT NULL,
    -- Who registered it and what decided, JSON (see store/clients.rs); NULL: an administrator or the server made it, or it
    -- is older than this column.
    origin TEXT,
    PRIMARY KEY (id, realm_id)
) STRICT;

INSERT INTO clients_by_age (realm_id, id, client_id, enabled, document, registration_token_id, initial_access_token,
        token_policies, held, resource_server, created_at, updated_at, version, origin)
    SELECT realm_id, id, client_id, enabled, document, registration_token_id, initial_access_token, token_policies, held,
        resource_server, created_at, updated_at, version, origin
    FROM clients ORDER BY id, realm_id;

DROP TABLE clients;
ALTER TABLE clients_by_age RENAME TO clients;
CREATE UNIQUE INDEX clients_client_id ON clients (realm_id, client_id);
CREATE INDEX clients_held ON clients (realm_id, created_at) WHERE held;
