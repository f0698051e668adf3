-- The registration access token before the one that is good, and until when it is good too (store/clients.rs): Unix
-- milliseconds.
ALTER TABLE clients ADD COLUMN previous_token_id TEXT;
ALTER TABLE clients ADD COLUMN previous_token_until_ms BIGINT;

-- Their columns are those of `clients`.
ALTER TABLE leaving_clients ADD COLUMN previous_token_id TEXT;
ALTER TABLE leaving_clients ADD COLUMN previous_token_until_ms BIGINT;
