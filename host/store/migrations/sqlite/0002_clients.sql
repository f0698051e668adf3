CREATE TABLE clients (
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
    PRIMARY KEY (realm_id, id)
) STRICT;
CREATE UNIQUE INDEX clients_client_id ON clients (realm_id, client_id);
CREATE INDEX clients_held ON clients (realm_id, created_at) WHERE held;

CREATE TABLE initial_access_tokens (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT,
    created_at INTEGER NOT NULL,
    -- Seconds after created_at; 0 = never.
    expiration INTEGER NOT NULL,
    count INTEGER NOT NULL,
    remaining_count INTEGER NOT NULL,
    -- Policies that bind every client registered with it, a JSON list.
    policies TEXT NOT NULL,
    PRIMARY KEY (realm_id, id)
) STRICT, WITHOUT ROWID;

-- Roles of clients; `client` is empty for roles of the realm itself.
CREATE TABLE roles (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    -- Every user of the realm has it.
    is_default INTEGER NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, client, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX roles_default ON roles (realm_id) WHERE is_default;

CREATE TABLE users (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    username TEXT NOT NULL,
    email TEXT,
    enabled INTEGER NOT NULL,
    -- First name, last name, verified e-mail: what nobody searches.
    profile TEXT NOT NULL,
    -- Argon2id, PHC string; absent: no password.
    password_hash TEXT,
    -- The client whose service account this is.
    service_account_client TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, username)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (realm_id, email) WHERE email IS NOT NULL;
CREATE INDEX users_service_account ON users (realm_id, service_account_client) WHERE service_account_client IS NOT NULL;

CREATE TABLE role_mappings (
    realm_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    PRIMARY KEY (realm_id, user_id, role_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, role_id) REFERENCES roles (realm_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX role_mappings_role ON role_mappings (realm_id, role_id);

-- Log-ins of users. Access tokens without roles of their own are looked up through them.
CREATE TABLE sessions (
    realm_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (realm_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Access tokens that were revoked before they expired (RFC 7009).
CREATE TABLE revoked_tokens (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (realm_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Ascending in the order of storing.
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    type TEXT NOT NULL,
    client_id TEXT,
    address TEXT NOT NULL,
    error TEXT,
    details TEXT
) STRICT;
CREATE INDEX events_realm ON events (realm_id, number);

-- What the policies decided about requests; bounded by number and age.
CREATE TABLE decisions (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Ascending in the order of storing.
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    -- The record as the Admin API shows it, JSON.
    record TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_realm ON decisions (realm_id, number);
CREATE INDEX decisions_id ON decisions (realm_id, id);
