-- What administrators change by reading it first has a version that grows with each change: two of them at once do not
-- undo each other's.
ALTER TABLE realms ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE policies ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE client_policies ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
