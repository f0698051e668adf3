-- Looks at everything that targets have, the last ones of each (store/sweeps.rs).
CREATE TABLE sweeps (
    realm_id TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    -- Begins with the time.
    id TEXT COLLATE "C" NOT NULL,
    -- The node that is at it; when that is dead, it has ended.
    node TEXT COLLATE "C" NOT NULL,
    running BOOLEAN NOT NULL,
    -- Nobody asked for it.
    scheduled BOOLEAN NOT NULL,
    dry_run BOOLEAN NOT NULL,
    started_ms BIGINT NOT NULL,
    -- JSON, see targets/sweep/report.rs.
    report TEXT NOT NULL,
    PRIMARY KEY (realm_id, target, id),
    FOREIGN KEY (realm_id, target) REFERENCES targets (realm_id, name) ON DELETE CASCADE
);
-- One at a time.
CREATE UNIQUE INDEX sweeps_running ON sweeps (realm_id, target) WHERE running;

-- An administrator takes over the client that the target had under this name.
ALTER TABLE deliveries ADD COLUMN adopts BOOLEAN NOT NULL DEFAULT FALSE;
