-- The state of a client has a number that grows over its realm: every change takes the next one (store/writer/count.rs).
-- The number is of the realm's last change.
ALTER TABLE realm_counters ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
-- Clients that are there are numbered as they came.
UPDATE clients SET generation = rowid;
UPDATE realm_counters SET generation = coalesce(
    (SELECT max(generation) FROM clients WHERE clients.realm_id = realm_counters.realm_id), 0);
CREATE INDEX clients_generation ON clients (realm_id, generation);

-- Clients that are gone, for a while: those who follow the changes of a realm learn of it.
CREATE TABLE removed_clients (
    realm_id TEXT NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- That in which it is gone.
    generation INTEGER NOT NULL,
    id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    removed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (realm_id, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_clients_age ON removed_clients (removed_at_ms);
