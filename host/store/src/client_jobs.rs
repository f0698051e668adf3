//! Tables `client_jobs` and `life_cycle_runs`: what is done with many clients beside the requests, one job of a realm at a
//! time, and when rules are run.
//!
//! A node is at a job while it says so: when it is dead, another one goes on where it was.

use super::realm_settings::LifeCycle;
use super::{Database, Lost, Row, StoreError, Write, Writer, values};
use matricula_system::clock;

/// The kind of job that runs the rules of a realm.
pub const LIFE_CYCLE: &str = "life-cycle";
/// The kind of job that does one thing with many clients.
pub const BULK: &str = "bulk";

/// How long others believe that a node is at a job after it said so, in milliseconds.
const LIFE_MS: i64 = 30_000;
/// How long a job that ended is kept, in milliseconds.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has begun it.
    Queued,
    /// A node is at it.
    Running,
    /// It did what it found to do.
    Finished,
    /// An administrator stopped it.
    Stopped,
    /// It did nothing, as it would have been suspiciously much.
    Asks,
    /// It cannot go on.
    Failed,
}

impl State {
    const ALL: [State; 6] =
        [State::Queued, State::Running, State::Finished, State::Stopped, State::Asks, State::Failed];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Finished => "finished",
            State::Stopped => "stopped",
            State::Asks => "asks",
            State::Failed => "failed",
        }
    }

    /// Whether nothing more comes of it.
    pub fn has_ended(self) -> bool {
        !matches!(self, State::Queued | State::Running)
    }
}

/// A job as it is stored.
#[derive(Clone, Debug)]
pub struct Job {
    /// Internal id of the realm.
    pub realm_id: String,
    /// Begins with the time.
    pub id: String,
    /// What it does.
    pub kind: String,
    /// What is done with the clients; absent: what rules say.
    pub action: Option<String>,
    /// Which clients; absent: those that rules take, or it was not read.
    pub wanted: Option<Wanted>,
    /// `client_id` of the last one that was dealt with.
    pub reached: String,
    /// Those behind it that were changed already.
    pub at_hand: Vec<String>,
    /// The user who wanted it; absent: the clock.
    pub by_user: Option<String>,
    /// How far it is.
    pub state: State,
    /// Unix milliseconds.
    pub created_ms: i64,
    /// Unix milliseconds; absent: it has not ended.
    pub ended_ms: Option<i64>,
    /// An administrator agreed to as many clients as it takes.
    pub confirmed: bool,
    /// Clients that it takes; absent: not known yet.
    pub matched: Option<i64>,
    /// Those that were changed.
    pub done: i64,
    /// Those that needed no change.
    pub passed: i64,
    /// Those that could not be changed.
    pub failed: i64,
    /// The first of those, JSON.
    pub failures: String,
    /// How many clients each rule takes, JSON.
    pub rules: String,
}

/// Which clients a job is about.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those with these `client_id`, in their order, each once.
    Clients(Vec<String>),
    /// Those that a search finds, JSON.
    Search(String),
}

macro_rules! select {
    // For those who read how far it is.
    ($rest:literal) => {
        select!("NULL, NULL, '', ''", $rest)
    };
    ($wanted:literal, $rest:literal) => {
        concat!(
            "SELECT realm_id, id, kind, by_user, state, created_ms, ended_ms, confirmed, matched, done, passed, failed, \
             failures, rules, action, ",
            $wanted,
            " FROM client_jobs ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<Job, StoreError> {
    let state = row.text(4)?;
    let state = State::ALL.into_iter().find(|one| one.name() == state);
    let damaged = |_| StoreError::Damaged("a job whose clients cannot be read".to_owned());
    let clients: Option<String> = row.get(15)?;
    let clients = clients.map(|clients| serde_json::from_str(&clients).map(Wanted::Clients)).transpose();
    let search: Option<String> = row.get(16)?;
    let at_hand: String = row.get(18)?;
    Ok(Job {
        action: row.get(14)?,
        wanted: clients.map_err(damaged)?.or(search.map(Wanted::Search)),
        reached: row.get(17)?,
        at_hand: at_hand.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(damaged)?,
        realm_id: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        by_user: row.get(3)?,
        state: state.ok_or_else(|| StoreError::Damaged("a job in an unknown state".to_owned()))?,
        created_ms: row.get(5)?,
        ended_ms: row.get(6)?,
        confirmed: row.get(7)?,
        matched: row.get(8)?,
        done: row.get(9)?,
        passed: row.get(10)?,
        failed: row.get(11)?,
        failures: row.get(12)?,
        rules: row.get(13)?,
    })
}

/// Adds a run of a realm's rules; [`Lost::Taken`] when one has not ended.
pub fn add_run(write: &mut Write, realm_id: &str, id: &str, by_user: Option<&str>, confirmed: bool) {
    write.require(
        "INSERT INTO client_jobs (realm_id, id, kind, by_user, state, created_ms, confirmed) \
         SELECT r.id, $2, $3, $4, 'queued', $5, $6 FROM realms r WHERE r.id = $1 ON CONFLICT DO NOTHING",
        values![realm_id, id, LIFE_CYCLE, by_user, clock::now_ms(), confirmed],
        Lost::Taken,
    );
}

/// Adds a job that does one thing with clients, of which there are so many.
pub fn add_bulk(
    write: &mut Write,
    realm_id: &str,
    id: &str,
    by_user: Option<&str>,
    (action, wanted, matched): (&str, &Wanted, i64),
) {
    let (clients, search) = match wanted {
        Wanted::Clients(clients) => (Some(serde_json::json!(clients).to_string()), None),
        Wanted::Search(search) => (None, Some(search.clone())),
    };
    write.require(
        "INSERT INTO client_jobs (realm_id, id, kind, by_user, state, created_ms, confirmed, action, clients, search, \
         matched) SELECT r.id, $2, $3, $4, 'queued', $5, TRUE, $6, $7, $8, $9 FROM realms r WHERE r.id = $1",
        values![realm_id, id, BULK, by_user, clock::now_ms(), action, clients, search, matched],
        Lost::Changed,
    );
}

/// The job of a realm with this id.
pub async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<Job>, StoreError> {
    let found = database.first(select!("WHERE realm_id = $1 AND id = $2"), values![realm_id, id]).await?;
    found.as_ref().map(read).transpose()
}

/// The jobs of a realm, the newest first, without the first `first` of them, at most `max`.
pub async fn list(database: &Database, realm_id: &str, first: i64, max: i64) -> Result<Vec<Job>, StoreError> {
    let sql = select!("WHERE realm_id = $1 ORDER BY id DESC LIMIT $3 OFFSET $2");
    database.scan(sql, values![realm_id, first, max]).await?.iter().map(read).collect()
}

/// Jobs that no node is at which lives, the oldest first; of each realm the oldest that has not ended.
pub async fn undone(database: &Database) -> Result<Vec<Job>, StoreError> {
    let sql = select!(
        "WHERE ended_ms IS NULL AND alive_until_ms < $1 AND NOT EXISTS (SELECT 1 FROM client_jobs o \
         WHERE o.realm_id = client_jobs.realm_id AND o.ended_ms IS NULL AND o.id < client_jobs.id) \
         ORDER BY alive_until_ms, id LIMIT 20"
    );
    database.scan(sql, values![clock::now_ms()]).await?.iter().map(read).collect()
}

/// A job with the clients that it is about, for the node that took it.
pub async fn whole(database: &Database, job: &Job) -> Result<Option<Job>, StoreError> {
    let sql = select!("clients, search, reached, at_hand", "WHERE realm_id = $1 AND id = $2");
    let found = database.first(sql, values![&job.realm_id, &job.id]).await?;
    found.as_ref().map(read).transpose()
}

/// Takes a job for this node; `false`: another was faster, or it has ended.
pub async fn take(writer: &Writer, job: &Job, node: &str) -> Result<bool, StoreError> {
    let now = clock::now_ms();
    let mut write = Write::default();
    write.require(
        "UPDATE client_jobs SET state = 'running', node = $3, alive_until_ms = $4 \
         WHERE realm_id = $1 AND id = $2 AND ended_ms IS NULL AND alive_until_ms < $5",
        values![&job.realm_id, &job.id, node, now + LIFE_MS, now],
        Lost::Changed,
    );
    stored(writer, write).await
}

/// Says that this node is at a job; `false`: it is not any more, as the job was stopped or another node is.
pub async fn live(writer: &Writer, job: &Job, node: &str) -> Result<bool, StoreError> {
    let mut write = Write::default();
    at(&mut write, job, node);
    stored(writer, write).await
}

/// The same as a part of a write, which is lost if this node is not any more.
pub fn at(write: &mut Write, job: &Job, node: &str) {
    write.require(
        "UPDATE client_jobs SET alive_until_ms = $4 WHERE realm_id = $1 AND id = $2 AND node = $3 AND ended_ms IS NULL",
        values![&job.realm_id, &job.id, node, clock::now_ms() + LIFE_MS],
        Lost::Condition(0),
    );
}

/// Lets others go on with what this node was at.
pub async fn leave(writer: &Writer, node: &str) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run("UPDATE client_jobs SET alive_until_ms = 0 WHERE node = $1 AND ended_ms IS NULL", values![node]);
    writer.write(write).await
}

/// Says what a job takes.
pub fn matched(write: &mut Write, job: &Job, matched: i64, rules: &str) {
    write.run(
        "UPDATE client_jobs SET matched = $3, rules = $4 WHERE realm_id = $1 AND id = $2",
        values![&job.realm_id, &job.id, matched, rules],
    );
}

/// What became of clients of a job.
#[derive(Clone, Copy, Debug, Default)]
pub struct Became {
    /// They were changed.
    pub done: i64,
    /// They needed no change.
    pub passed: i64,
    /// They could not be changed.
    pub failed: i64,
}

/// Counts clients of a job.
pub fn count(write: &mut Write, job: &Job, became: Became) {
    write.run(
        "UPDATE client_jobs SET done = done + $3, passed = passed + $4, failed = failed + $5 \
         WHERE realm_id = $1 AND id = $2",
        values![&job.realm_id, &job.id, became.done, became.passed, became.failed],
    );
}

/// Counts a client of a job that was changed, until [`reached`] passes it.
pub fn changed(write: &mut Write, job: &Job, client_id: &str) {
    write.run(
        "UPDATE client_jobs SET done = done + 1, at_hand = at_hand || $3 WHERE realm_id = $1 AND id = $2",
        values![&job.realm_id, &job.id, format!("{}\n", serde_json::json!(client_id))],
    );
}

/// All up to this client were dealt with, those with an error are listed.
pub fn reached(write: &mut Write, job: &Job, client_id: &str, failures: &str) {
    write.run(
        "UPDATE client_jobs SET reached = $3, at_hand = '', failures = $4 WHERE realm_id = $1 AND id = $2",
        values![&job.realm_id, &job.id, client_id, failures],
    );
}

/// Ends a job; [`Lost::Changed`] when it has ended.
pub fn end(write: &mut Write, realm_id: &str, id: &str, state: State) {
    write.require(
        "UPDATE client_jobs SET state = $3, ended_ms = $4 WHERE realm_id = $1 AND id = $2 AND ended_ms IS NULL",
        values![realm_id, id, state.name(), clock::now_ms()],
        Lost::Changed,
    );
}

/// Whether the run of the realm's rules before this one asks.
pub async fn was_asked(database: &Database, job: &Job) -> Result<bool, StoreError> {
    let sql = "SELECT state = 'asks' FROM (SELECT state FROM client_jobs WHERE realm_id = $1 AND kind = $2 AND id < $3 \
         ORDER BY id DESC LIMIT 1) AS before";
    let found = database.first(sql, values![&job.realm_id, &job.kind, &job.id]).await?;
    found.map_or(Ok(false), |row| row.get(0))
}

/// Forgets a job of which nothing came.
pub fn forget(write: &mut Write, job: &Job) {
    write.run("DELETE FROM client_jobs WHERE realm_id = $1 AND id = $2", values![&job.realm_id, &job.id]);
}

async fn stored(writer: &Writer, write: Write) -> Result<bool, StoreError> {
    match writer.write(write).await {
        Ok(()) => Ok(true),
        Err(StoreError::Lost(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says when the rules of a realm with these settings are run for the first time. Settings that stay change nothing.
pub(super) fn schedule(write: &mut Write, realm_id: &str, settings: &LifeCycle) {
    if !settings.has_rules() {
        write.run("DELETE FROM life_cycle_runs WHERE realm_id = $1", values![realm_id]);
        return;
    }
    write.run(
        "INSERT INTO life_cycle_runs (realm_id, settings, next_ms) VALUES ($1, $2, $3) \
         ON CONFLICT (realm_id) DO UPDATE SET settings = excluded.settings, next_ms = excluded.next_ms \
         WHERE life_cycle_runs.settings <> excluded.settings",
        values![realm_id, serde_json::json!(settings).to_string(), clock::now_ms() + settings.run_every * 1000],
    );
}

/// A run that is due.
pub struct DueRun {
    /// Internal id of the realm.
    pub realm_id: String,
    /// Its name.
    pub realm: String,
    /// Since when, Unix milliseconds.
    next_ms: i64,
}

/// Runs that are due.
pub async fn due(database: &Database) -> Result<Vec<DueRun>, StoreError> {
    let sql = "SELECT s.realm_id, r.name, s.next_ms FROM life_cycle_runs s JOIN realms r ON r.id = s.realm_id \
               WHERE s.next_ms <= $1 ORDER BY s.next_ms LIMIT 20";
    let rows = database.scan(sql, values![clock::now_ms()]).await?;
    rows.iter().map(|row| Ok(DueRun { realm_id: row.get(0)?, realm: row.get(1)?, next_ms: row.get(2)? })).collect()
}

/// Says when the rules are run after this run; the write is lost if another node said so ([`Lost::Changed`]).
pub fn next(write: &mut Write, due: &DueRun, run_every: i64) {
    write.require(
        "UPDATE life_cycle_runs SET next_ms = $3 WHERE realm_id = $1 AND next_ms = $2",
        values![&due.realm_id, due.next_ms, clock::now_ms() + run_every * 1000],
        Lost::Changed,
    );
}

/// Forgets jobs that ended long ago.
pub(super) async fn trim(writer: &Writer) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run("DELETE FROM client_jobs WHERE ended_ms < $1", values![clock::now_ms() - KEPT_MS]);
    writer.write(write).await
}
