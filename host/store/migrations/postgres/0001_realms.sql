-- Times are Unix seconds unless the name says `_ms`. Lists and maps that are never searched are JSON text.

-- Nodes keep some tables in memory. Each change of these is counted and announced, so that the other nodes read again
-- (store/changes.rs). The row is locked until the end of the transaction: changes are announced in order.
CREATE TABLE change_counter (number BIGINT NOT NULL);
INSERT INTO change_counter VALUES (0);

-- Announces the realm whose id stands in the column that the trigger names.
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed JSONB := to_jsonb(coalesce(NEW, OLD));
    current_number BIGINT;
BEGIN
    UPDATE change_counter SET number = number + 1 RETURNING number INTO current_number;
    PERFORM pg_notify('matricula_changes', current_number || ' ' || (changed ->> TG_ARGV[0]));
    RETURN NULL;
END $$;

CREATE TABLE realms (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    enabled BOOLEAN NOT NULL,
    -- Keycloak's RealmRepresentation without what has a column or a table of its own.
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- How many clients a realm has, kept by the transactions that add and remove them.
CREATE TABLE realm_counters (
    realm_id TEXT COLLATE "C" PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    clients BIGINT NOT NULL
);

-- Signing keys, made at first use. One key of an algorithm is active; the others still verify.
CREATE TABLE realm_keys (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    kid TEXT COLLATE "C" NOT NULL,
    algorithm TEXT COLLATE "C" NOT NULL,
    active BOOLEAN NOT NULL,
    private_key BYTEA NOT NULL,
    certificate BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, kid)
);
CREATE UNIQUE INDEX realm_keys_active ON realm_keys (realm_id, algorithm) WHERE active;

CREATE TABLE client_scopes (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    protocol TEXT NOT NULL,
    -- What a new client that names no scopes gets of it: none, default or optional.
    assigned TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (realm_id, id),
    UNIQUE (realm_id, name)
);

-- Client registration policies (Keycloak: components of the type ClientRegistrationPolicy).
CREATE TABLE policies (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    provider_id TEXT COLLATE "C" NOT NULL,
    sub_type TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" NOT NULL,
    -- Map of key to list of values.
    config TEXT NOT NULL,
    -- Order of creation within the realm, in microseconds since 1970.
    created_us BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
);

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON realms
    FOR EACH ROW EXECUTE FUNCTION announce_change('id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON realm_keys
    FOR EACH ROW EXECUTE FUNCTION announce_change('realm_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON client_scopes
    FOR EACH ROW EXECUTE FUNCTION announce_change('realm_id');
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON policies
    FOR EACH ROW EXECUTE FUNCTION announce_change('realm_id');
