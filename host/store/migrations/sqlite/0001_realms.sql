-- Times are Unix seconds unless the name says `_ms`. Lists and maps that are never searched are JSON text.

CREATE TABLE realms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL,
    -- Keycloak's RealmRepresentation without what has a column or a table of its own.
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many clients a realm has, kept by the transactions that add and remove them.
CREATE TABLE realm_counters (
    realm_id TEXT PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    clients INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Signing keys, made at first use. One key of an algorithm is active; the others still verify.
CREATE TABLE realm_keys (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    kid TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    active INTEGER NOT NULL,
    private_key BLOB NOT NULL,
    certificate BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (realm_id, kid)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX realm_keys_active ON realm_keys (realm_id, algorithm) WHERE active;

CREATE TABLE client_scopes (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    protocol TEXT NOT NULL,
    -- What a new client that names no scopes gets of it: none, default or optional.
    assigned TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, name)
) STRICT, WITHOUT ROWID;

-- Client registration policies (Keycloak: components of the type ClientRegistrationPolicy).
CREATE TABLE policies (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT,
    provider_id TEXT NOT NULL,
    sub_type TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    -- Map of key to list of values.
    config TEXT NOT NULL,
    -- Order of creation within the realm, in microseconds since 1970.
    created_us INTEGER NOT NULL,
    PRIMARY KEY (realm_id, id)
) STRICT, WITHOUT ROWID;
