-- What stands behind a realm and must know its clients (store/targets.rs).
CREATE TABLE targets (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    -- Id of the connector that knows how this kind of target wants clients.
    connector TEXT COLLATE "C" NOT NULL,
    -- JSON, see targets/settings.rs; what statements ask for has a column of its own.
    settings TEXT NOT NULL,
    -- JSON; with a master key it is encrypted.
    credentials BYTEA NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- By an administrator, or because it wants nothing any more.
    paused BOOLEAN NOT NULL,
    -- It goes as soon as it has none of our clients any more.
    leaving BOOLEAN NOT NULL,
    -- Which clients it gets.
    registered_only BOOLEAN NOT NULL,
    openid_connect BOOLEAN NOT NULL,
    saml BOOLEAN NOT NULL,
    -- It can keep a client that is disabled.
    disables BOOLEAN NOT NULL,
    created_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, name)
);
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON targets
    FOR EACH ROW EXECUTE FUNCTION announce_change('realm_id');

-- How it goes with a target: what nodes need not be told of.
CREATE TABLE target_standings (
    realm_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- In a row, up to now.
    failures BIGINT NOT NULL,
    -- Nothing is asked of it before.
    not_before_ms BIGINT NOT NULL,
    -- Its last words when it failed.
    message TEXT,
    -- The clients up to this `client_id` have their deliveries; NULL: all have.
    filled_to TEXT COLLATE "C",
    PRIMARY KEY (realm_id, name),
    FOREIGN KEY (realm_id, name) REFERENCES targets (realm_id, name) ON DELETE CASCADE
);

-- What is still to be done for a client at a target, and what is known of it there (store/deliveries.rs).
CREATE TABLE deliveries (
    realm_id TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    -- The target shall have it; if not, it shall not.
    present BOOLEAN NOT NULL,
    -- That of the client's state which the target shall have.
    generation BIGINT NOT NULL,
    -- 0: what takes access away; 1: somebody waits; 2: the rest.
    rank BIGINT NOT NULL,
    -- When it is to be tried; NULL: there is nothing to do, or the target refused.
    due_ms BIGINT,
    -- Since when the target lacks the latest state.
    since_ms BIGINT NOT NULL,
    refused BOOLEAN NOT NULL DEFAULT FALSE,
    -- In vain, since the last change.
    attempts BIGINT NOT NULL DEFAULT 0,
    -- The node that is at it.
    node TEXT COLLATE "C",
    -- What the target said when it failed or refused.
    message TEXT,
    -- That which the target has.
    delivered_generation BIGINT,
    -- Of the secrets that the target has.
    delivered_secrets BIGINT,
    -- What the next task needs to know (contract: `known`).
    known BYTEA,
    -- The target's id of it.
    key TEXT,
    fingerprint TEXT,
    -- The owned fields as the target showed them, JSON.
    shown TEXT,
    -- What it dropped or changed, JSON.
    losses TEXT,
    -- `none`, `different`, `missing`; NULL: not looked at since the last put.
    drift TEXT,
    checked_ms BIGINT,
    PRIMARY KEY (realm_id, client, target),
    FOREIGN KEY (realm_id, target) REFERENCES targets (realm_id, name) ON DELETE CASCADE
);
CREATE INDEX deliveries_due ON deliveries (realm_id, target, rank, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX deliveries_refused ON deliveries (realm_id, target) WHERE refused;

-- Nodes that deliver: what one of them is at is another's when it is dead.
CREATE TABLE delivering_nodes (
    id TEXT COLLATE "C" PRIMARY KEY,
    alive_until_ms BIGINT NOT NULL
);

-- Grows when the secrets of a client change.
ALTER TABLE clients ADD COLUMN secrets_version BIGINT NOT NULL DEFAULT 1;

-- Clients that are deleted here while some target has not confirmed it, and those that are not there before some target
-- has taken them: their columns are those of `clients`.
CREATE TABLE leaving_clients (
    realm_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    document BYTEA NOT NULL,
    registration_token_id TEXT COLLATE "C",
    initial_access_token TEXT COLLATE "C",
    token_policies TEXT,
    held BOOLEAN NOT NULL,
    held_reason TEXT,
    resource_server BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    origin TEXT,
    generation BIGINT NOT NULL,
    secrets_version BIGINT NOT NULL,
    -- It does not leave, but is not there yet: the node that waits until the targets that must take it have taken it.
    proposed_by TEXT COLLATE "C",
    PRIMARY KEY (realm_id, id)
);
CREATE INDEX leaving_clients_client_id ON leaving_clients (realm_id, client_id);
CREATE INDEX leaving_clients_proposed ON leaving_clients (proposed_by) WHERE proposed_by IS NOT NULL;

-- A realm that goes takes them along, see 0060_plain_inserts.sql.
CREATE FUNCTION remove_leaving_clients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM leaving_clients WHERE realm_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER remove_leaving_clients AFTER DELETE ON realms FOR EACH ROW EXECUTE FUNCTION remove_leaving_clients();
