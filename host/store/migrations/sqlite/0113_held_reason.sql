-- Why a client waits for an administrator. Of those that were held before, the reason is among the attributes of the
-- document until they are changed (store/clients.rs).
ALTER TABLE clients ADD COLUMN held_reason TEXT;
