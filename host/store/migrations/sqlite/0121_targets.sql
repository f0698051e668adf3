-- What stands behind a realm and must know its clients (store/targets.rs).
CREATE TABLE targets (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- Id of the connector that knows how this kind of target wants clients.
    connector TEXT NOT NULL,
    -- JSON, see targets/settings.rs; what statements ask for has a column of its own.
    settings TEXT NOT NULL,
    -- JSON; with a master key it is encrypted.
    credentials BLOB NOT NULL,
    enabled INTEGER NOT NULL,
    -- By an administrator, or because it wants nothing any more.
    paused INTEGER NOT NULL,
    -- It goes as soon as it has none of our clients any more.
    leaving INTEGER NOT NULL,
    -- Which clients it gets.
    registered_only INTEGER NOT NULL,
    openid_connect INTEGER NOT NULL,
    saml INTEGER NOT NULL,
    -- It can keep a client that is disabled.
    disables INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (realm_id, name)
) STRICT;

-- How it goes with a target: what nodes need not be told of.
CREATE TABLE target_standings (
    realm_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- In a row, up to now.
    failures INTEGER NOT NULL,
    -- Nothing is asked of it before.
    not_before_ms INTEGER NOT NULL,
    -- Its last words when it failed.
    message TEXT,
    -- The clients up to this `client_id` have their deliveries; NULL: all have.
    filled_to TEXT,
    PRIMARY KEY (realm_id, name),
    FOREIGN KEY (realm_id, name) REFERENCES targets (realm_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What is still to be done for a client at a target, and what is known of it there (store/deliveries.rs).
CREATE TABLE deliveries (
    realm_id TEXT NOT NULL,
    client TEXT NOT NULL,
    target TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- The target shall have it; if not, it shall not.
    present INTEGER NOT NULL,
    -- That of the client's state which the target shall have.
    generation INTEGER NOT NULL,
    -- 0: what takes access away; 1: somebody waits; 2: the rest.
    rank INTEGER NOT NULL,
    -- When it is to be tried; NULL: there is nothing to do, or the target refused.
    due_ms INTEGER,
    -- Since when the target lacks the latest state.
    since_ms INTEGER NOT NULL,
    refused INTEGER NOT NULL DEFAULT FALSE,
    -- In vain, since the last change.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- The node that is at it.
    node TEXT,
    -- What the target said when it failed or refused.
    message TEXT,
    -- That which the target has.
    delivered_generation INTEGER,
    -- Of the secrets that the target has.
    delivered_secrets INTEGER,
    -- What the next task needs to know (contract: `known`).
    known BLOB,
    -- The target's id of it.
    key TEXT,
    fingerprint TEXT,
    -- The owned fields as the target showed them, JSON.
    shown TEXT,
    -- What it dropped or changed, JSON.
    losses TEXT,
    -- `none`, `different`, `missing`; NULL: not looked at since the last put.
    drift TEXT,
    checked_ms INTEGER,
    PRIMARY KEY (realm_id, client, target),
    FOREIGN KEY (realm_id, target) REFERENCES targets (realm_id, name) ON DELETE CASCADE
) STRICT;
CREATE INDEX deliveries_due ON deliveries (realm_id, target, rank, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX deliveries_refused ON deliveries (realm_id, target) WHERE refused;

-- Nodes that deliver: what one of them is at is another's when it is dead.
CREATE TABLE delivering_nodes (
    id TEXT PRIMARY KEY,
    alive_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Grows when the secrets of a client change.
ALTER TABLE clients ADD COLUMN secrets_version INTEGER NOT NULL DEFAULT 1;

-- Clients that are deleted here while some target has not confirmed it, and those that are not there before some target
-- has taken them: their columns are those of `clients`.
CREATE TABLE leaving_clients (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    document BLOB NOT NULL,
    registration_token_id TEXT,
    initial_access_token TEXT,
    token_policies TEXT,
    held INTEGER NOT NULL,
    held_reason TEXT,
    resource_server INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    origin TEXT,
    generation INTEGER NOT NULL,
    secrets_version INTEGER NOT NULL,
    -- It does not leave, but is not there yet: the node that waits until the targets that must take it have taken it.
    proposed_by TEXT,
    PRIMARY KEY (realm_id, id)
) STRICT;
CREATE INDEX leaving_clients_client_id ON leaving_clients (realm_id, client_id);
CREATE INDEX leaving_clients_proposed ON leaving_clients (proposed_by) WHERE proposed_by IS NOT NULL;
