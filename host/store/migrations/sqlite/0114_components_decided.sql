-- The versions that decide or have decided, the latest first (JSON list of digests): where a rollback leads.
ALTER TABLE components ADD COLUMN decided TEXT NOT NULL DEFAULT '[]';
