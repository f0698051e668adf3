-- What a component may use; absent: what every component may.
ALTER TABLE components ADD COLUMN call_millis INTEGER;
ALTER TABLE components ADD COLUMN memory_mib INTEGER;
