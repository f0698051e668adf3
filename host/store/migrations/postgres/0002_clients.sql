CREATE TABLE clients (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- The record `client` of the contract in the store's own encoding (see store/document.rs).
    document BYTEA NOT NULL,
    -- `jti` of the one registration access token that is good.
    registration_token_id TEXT COLLATE "C",
    -- The initial access token it was registered with, if any, and the policies that came with that token: a JSON list
    -- that binds the client for good. NULL: none.
    initial_access_token TEXT COLLATE "C",
    token_policies TEXT,
    -- A policy holds it: it waits for an administrator.
    held BOOLEAN NOT NULL,
    -- The client has a resource server (Keycloak: authorization services).
    resource_server BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Grows with each update.
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
);
CREATE UNIQUE INDEX clients_client_id ON clients (realm_id, client_id);
CREATE INDEX clients_held ON clients (realm_id, created_at) WHERE held;

CREATE TABLE initial_access_tokens (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    -- Seconds after created_at; 0 = never.
    expiration BIGINT NOT NULL,
    count BIGINT NOT NULL,
    remaining_count BIGINT NOT NULL,
    -- Policies that bind every client registered with it, a JSON list.
    policies TEXT NOT NULL,
    PRIMARY KEY (realm_id, id)
);

-- Roles of clients; `client` is empty for roles of the realm itself.
CREATE TABLE roles (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT,
    -- Every user of the realm has it.
    is_default BOOLEAN NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, client, name)
);
CREATE INDEX roles_default ON roles (realm_id) WHERE is_default;

CREATE TABLE users (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    username TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    enabled BOOLEAN NOT NULL,
    -- First name, last name, verified e-mail: what nobody searches.
    profile TEXT NOT NULL,
    -- Argon2id, PHC string; absent: no password.
    password_hash TEXT,
    -- The client whose service account this is.
    service_account_client TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, username)
);
CREATE UNIQUE INDEX users_email ON users (realm_id, email) WHERE email IS NOT NULL;
CREATE INDEX users_service_account ON users (realm_id, service_account_client) WHERE service_account_client IS NOT NULL;

CREATE TABLE role_mappings (
    realm_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm_id, user_id, role_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, role_id) REFERENCES roles (realm_id, id) ON DELETE CASCADE
);
CREATE INDEX role_mappings_role ON role_mappings (realm_id, role_id);

-- Log-ins of users. Access tokens without roles of their own are looked up through them.
CREATE TABLE sessions (
    realm_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (realm_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Access tokens that were revoked before they expired (RFC 7009).
CREATE TABLE revoked_tokens (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
);

CREATE TABLE events (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Ascending in the order of storing.
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    time_ms BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C",
    address TEXT NOT NULL,
    error TEXT,
    details TEXT
);
CREATE INDEX events_realm ON events (realm_id, number);

-- What the policies decided about requests; bounded by number and age.
CREATE TABLE decisions (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Ascending in the order of storing.
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    time_ms BIGINT NOT NULL,
    -- The record as the Admin API shows it, JSON.
    record TEXT NOT NULL
);
CREATE INDEX decisions_realm ON decisions (realm_id, number);
CREATE INDEX decisions_id ON decisions (realm_id, id);
