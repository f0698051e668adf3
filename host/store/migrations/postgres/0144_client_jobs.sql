-- What is done with many clients beside the requests (store/client_jobs.rs).
CREATE TABLE client_jobs (
    realm_id TEXT COLLATE "C" NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    -- Begins with the time.
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    -- What is done with the clients; NULL: what rules say.
    action TEXT,
    -- The clients, JSON: a list of `client_id` in their order, or what is searched for; NULL: those that rules take.
    clients TEXT,
    search TEXT,
    -- `client_id` of the last one that was dealt with.
    reached TEXT NOT NULL DEFAULT '',
    -- Those behind it that were changed already: JSON texts with a line break behind each.
    at_hand TEXT NOT NULL DEFAULT '',
    -- User that wanted it; NULL: the clock.
    by_user TEXT,
    state TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    -- An administrator agreed to as many clients as it takes.
    confirmed BOOLEAN NOT NULL,
    -- Clients that it takes; NULL: not known yet.
    matched BIGINT,
    done BIGINT NOT NULL DEFAULT 0,
    passed BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    -- JSON.
    failures TEXT NOT NULL DEFAULT '[]',
    -- How many clients each rule takes, JSON.
    rules TEXT NOT NULL DEFAULT '{}',
    -- The node that is at it, and until when others believe that it lives.
    node TEXT COLLATE "C",
    alive_until_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (realm_id, id)
);
CREATE INDEX client_jobs_undone ON client_jobs (alive_until_ms) WHERE ended_ms IS NULL;
CREATE UNIQUE INDEX client_jobs_run ON client_jobs (realm_id, kind) WHERE ended_ms IS NULL AND kind = 'life-cycle';

-- When the rules of a realm are run next: those that have some.
CREATE TABLE life_cycle_runs (
    realm_id TEXT COLLATE "C" PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    -- Those that it is about, JSON.
    settings TEXT NOT NULL,
    next_ms BIGINT NOT NULL
);
CREATE INDEX life_cycle_runs_next ON life_cycle_runs (next_ms);
