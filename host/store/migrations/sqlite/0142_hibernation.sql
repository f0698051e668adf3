-- A client that nobody uses hibernates: it stays here and goes from all targets (store/clients.rs).
ALTER TABLE clients ADD COLUMN hibernated_ms INTEGER;
-- The rule of the realm that put it to sleep; NULL: somebody did.
ALTER TABLE clients ADD COLUMN hibernated_by TEXT;
CREATE INDEX clients_hibernating ON clients (realm_id, client_id) WHERE hibernated_ms IS NOT NULL;

-- Their columns are those of `clients`. What leaves, or is proposed to targets, is awake.
ALTER TABLE leaving_clients ADD COLUMN hibernated_ms INTEGER;
ALTER TABLE leaving_clients ADD COLUMN hibernated_by TEXT;
