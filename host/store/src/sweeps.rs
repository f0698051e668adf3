//! Table `sweeps`: looks at everything that targets have, and what was found.

use super::{Database, Lost, Row, StoreError, Write, Writer, values};
use matricula_system::clock;
use matricula_target::settings::Settings;

/// Sweeps of a target that are kept.
const KEPT: i64 = 20;

/// Which sweep.
#[derive(Clone, Debug)]
pub struct SweepKey {
    /// Internal id of the realm.
    pub realm_id: String,
    /// Name of the target.
    pub target: String,
    /// Its own.
    pub id: String,
}

/// A sweep that begins.
#[derive(Debug)]
pub struct NewSweep<'a> {
    /// Which.
    pub key: &'a SweepKey,
    /// The node that is at it.
    pub node: &'a str,
    /// Nobody asked for it: it is none, if another one began after this time, Unix milliseconds.
    pub scheduled_after_ms: Option<i64>,
    /// It changes nothing.
    pub dry_run: bool,
    /// Unix time in milliseconds.
    pub started_ms: i64,
    /// JSON.
    pub report: String,
}

/// A sweep as it is stored.
#[derive(Clone, Debug)]
pub struct SweepRow {
    /// Name of the target.
    pub target: String,
    /// A node that lives is at it.
    pub running: bool,
    /// Nobody asked for it.
    pub scheduled: bool,
    /// JSON.
    pub report: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.target, (s.running AND EXISTS (SELECT 1 FROM delivering_nodes n WHERE n.id = s.node \
             AND n.alive_until_ms > $2)) AS is_running, s.scheduled, s.report FROM sweeps s WHERE s.realm_id = $1 ",
            $rest
        )
    };
}

fn row(row: &Row) -> Result<SweepRow, StoreError> {
    Ok(SweepRow { target: row.get(0)?, running: row.get(1)?, scheduled: row.get(2)?, report: row.get(3)? })
}

/// Begins a sweep; [`Lost::Taken`] when one of that target is running. Of those before the last ones are kept.
pub fn begin(write: &mut Write, sweep: &NewSweep<'_>) {
    let SweepKey { realm_id, target, id } = sweep.key;
    write.run(
        "UPDATE sweeps SET running = FALSE WHERE realm_id = $1 AND target = $2 AND running AND NOT EXISTS \
         (SELECT 1 FROM delivering_nodes n WHERE n.id = sweeps.node AND n.alive_until_ms > $3)",
        values![realm_id, target, clock::now_ms()],
    );
    write.require(
        "INSERT INTO sweeps (realm_id, target, id, node, running, scheduled, dry_run, started_ms, report) \
         SELECT t.realm_id, t.name, $3, $4, TRUE, $5, $6, $7, $8 FROM targets t WHERE t.realm_id = $1 AND t.name = $2 \
         AND NOT EXISTS (SELECT 1 FROM sweeps s WHERE s.realm_id = $1 AND s.target = $2 AND s.running) \
         AND NOT EXISTS (SELECT 1 FROM sweeps s WHERE s.realm_id = $1 AND s.target = $2 AND NOT s.dry_run \
             AND s.started_ms > $9)",
        values![
            realm_id,
            target,
            id,
            sweep.node,
            sweep.scheduled_after_ms.is_some(),
            sweep.dry_run,
            sweep.started_ms,
            &sweep.report,
            sweep.scheduled_after_ms.unwrap_or(i64::MAX),
        ],
        Lost::Taken,
    );
    write.run(
        "DELETE FROM sweeps WHERE realm_id = $1 AND target = $2 AND NOT running AND id NOT IN \
         (SELECT s.id FROM sweeps s WHERE s.realm_id = $1 AND s.target = $2 ORDER BY s.id DESC LIMIT $3)",
        values![realm_id, target, KEPT],
    );
}

/// Stores how far a sweep of this node is, or that it has ended.
pub async fn report(
    writer: &Writer,
    key: &SweepKey,
    node: &str,
    report: String,
    running: bool,
) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "UPDATE sweeps SET report = $5, running = $6 WHERE realm_id = $1 AND target = $2 AND id = $3 AND node = $4",
        values![&key.realm_id, &key.target, &key.id, node, report, running],
    );
    writer.write(write).await
}

/// The last sweeps of a target, the newest first.
pub async fn of_target(database: &Database, realm_id: &str, target: &str) -> Result<Vec<SweepRow>, StoreError> {
    let sql = select!("AND s.target = $3 ORDER BY s.id DESC LIMIT $4");
    let rows = database.scan(sql, values![realm_id, clock::now_ms(), target, KEPT]).await?;
    rows.iter().map(row).collect()
}

/// One of them.
pub async fn by_id(database: &Database, key: &SweepKey) -> Result<Option<SweepRow>, StoreError> {
    let sql = select!("AND s.target = $3 AND s.id = $4");
    let rows = database.all(sql, values![&key.realm_id, clock::now_ms(), &key.target, &key.id]).await?;
    rows.first().map(row).transpose()
}

/// The last sweep of each target of a realm.
pub async fn last(database: &Database, realm_id: &str) -> Result<Vec<SweepRow>, StoreError> {
    let sql =
        select!("AND s.id = (SELECT max(n.id) FROM sweeps n WHERE n.realm_id = s.realm_id AND n.target = s.target)");
    let rows = database.scan(sql, values![realm_id, clock::now_ms()]).await?;
    rows.iter().map(row).collect()
}

/// A target that gets clients, and when it was last looked at.
#[derive(Debug)]
pub struct Swept {
    /// Internal id of the realm.
    pub realm_id: String,
    /// Name of the realm.
    pub realm: String,
    /// Name of the target.
    pub target: String,
    /// As an administrator set it up.
    pub settings: Settings,
    /// When its last sweep began that was no dry run, or it was made; Unix time in milliseconds.
    pub last_ms: i64,
}

/// Those of all realms.
pub async fn all(database: &Database) -> Result<Vec<Swept>, StoreError> {
    let sql = "SELECT t.realm_id, r.name, t.name, t.settings, coalesce((SELECT max(s.started_ms) FROM sweeps s \
               WHERE s.realm_id = t.realm_id AND s.target = t.name AND NOT s.dry_run), t.created_ms) \
               FROM targets t JOIN realms r ON r.id = t.realm_id WHERE t.enabled AND NOT t.paused AND NOT t.leaving";
    let read = |row: &Row| {
        Ok(Swept {
            realm_id: row.get(0)?,
            realm: row.get(1)?,
            target: row.get(2)?,
            settings: row.json(3)?,
            last_ms: row.get(4)?,
        })
    };
    database.scan(sql, values![]).await?.iter().map(read).collect()
}
