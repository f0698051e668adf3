-- Looks at everything that targets have, the last ones of each (store/sweeps.rs).
CREATE TABLE sweeps (
    realm_id TEXT NOT NULL,
    target TEXT NOT NULL,
    -- Begins with the time.
    id TEXT NOT NULL,
    -- The node that is at it; when that is dead, it has ended.
    node TEXT NOT NULL,
    running INTEGER NOT NULL,
    -- Nobody asked for it.
    scheduled INTEGER NOT NULL,
    dry_run INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    -- JSON, see targets/sweep/report.rs.
    report TEXT NOT NULL,
    PRIMARY KEY (realm_id, target, id),
    FOREIGN KEY (realm_id, target) REFERENCES targets (realm_id, name) ON DELETE CASCADE
) STRICT;
-- One at a time.
CREATE UNIQUE INDEX sweeps_running ON sweeps (realm_id, target) WHERE running;

-- An administrator takes over the client that the target had under this name.
ALTER TABLE deliveries ADD COLUMN adopts INTEGER NOT NULL DEFAULT FALSE;
