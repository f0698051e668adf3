-- Who registered a client and what decided, JSON (see store/clients.rs); NULL: an administrator or the server made it,
-- or it is older than this column.
ALTER TABLE clients ADD COLUMN origin TEXT;
