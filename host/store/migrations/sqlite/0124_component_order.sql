-- Of versions that came within a second, too, the newest is first. 0: of before, by the second.
ALTER TABLE component_files ADD COLUMN uploaded_ms INTEGER NOT NULL DEFAULT 0;
