//! Writes of the embedded database: one connection and one thread, one statement after the other.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::count::{COUNT, sums};
use super::{GROUP, Job, QUEUE, Statement, Write, Writer, tell};
use crate::followers::Followers;
use crate::sqlite::bind;
use crate::{Database, StoreError, Value};

/// Starts the thread that owns the writing connection.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn start(database: Database, connection: Connection) -> anyhow::Result<Writer> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    std::thread::Builder::new()
        .name("sqlite-writer".to_owned())
        .spawn(move || run(&connection, jobs))
        .context("starting the thread that writes")?;
    Ok(Writer { database, queue, followers: Followers::default(), figures: Arc::default() })
}

/// Takes what waits, group by group.
fn run(connection: &Connection, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        match store(connection, &group) {
            Ok(results) => {
                for (job, result) in group.drain(..).zip(results) {
                    tell(job.answer, result);
                }
            }
            Err(error) => {
                tracing::error!(%error, writes = group.len(), "a group of writes failed");
                for job in group.drain(..) {
                    tell(job.answer, Err(StoreError::Unavailable(error.to_string())));
                }
            }
        }
    }
}

/// One transaction, and what became of each write. An error is of the transaction itself: nothing of the group is
/// stored then.
fn store(connection: &Connection, group: &[Job]) -> rusqlite::Result<Vec<Result<(), StoreError>>> {
    let together = || {
        execute(connection, "BEGIN IMMEDIATE", &[], 0)?;
        let results = match unguarded(connection, group) {
            Some(results) => results,
            // Somebody lost: once more, so that the others do not.
            None => {
                execute(connection, "ROLLBACK", &[], 0)?;
                execute(connection, "BEGIN IMMEDIATE", &[], 0)?;
                group.iter().map(|job| guarded(connection, &job.write)).collect::<Result<_, _>>()?
            }
        };
        execute(connection, "COMMIT", &[], 0)?;
        Ok(results)
    };
    together().inspect_err(|_| {
        // The connection may be in a transaction that cannot go on; if this fails too, there was none.
        let _ = execute(connection, "ROLLBACK", &[], 0);
    })
}

/// The writes of a group without a way back; `None` when one of them would need it.
fn unguarded(connection: &Connection, group: &[Job]) -> Option<Vec<Result<(), StoreError>>> {
    let counts = || group.iter().filter_map(|job| job.write.count.as_ref());
    let mut last: HashMap<&str, i64> = HashMap::new();
    for sum in sums(counts()) {
        execute(connection, COUNT, &sum.values(), 0).ok().filter(|changed| *changed > 0)?;
        let writes = counts().filter(|count| count.realm_id == sum.realm_id).count();
        let number = generations(connection, sum.realm_id, i64::try_from(writes).ok()?).ok()?;
        last.insert(sum.realm_id, number - i64::try_from(writes).ok()?);
    }
    let mut next = |write: &Write| {
        let last = last.get_mut(write.count.as_ref()?.realm_id.as_str())?;
        *last += 1;
        Some(*last)
    };
    let run =
        |job: &Job| match statements(connection, job.write.statements.iter(), next(&job.write).unwrap_or_default()) {
            Ok(()) => Some(Ok(())),
            // Nothing came before it that would have to be undone.
            Err((0, lost @ StoreError::Lost(_))) if job.write.count.is_none() => Some(Err(lost)),
            Err(_) => None,
        };
    group.iter().map(run).collect()
}

/// One write behind a savepoint.
fn guarded(connection: &Connection, write: &Write) -> rusqlite::Result<Result<(), StoreError>> {
    execute(connection, "SAVEPOINT write", &[], 0)?;
    let result = alone(connection, write);
    if result.is_err() {
        execute(connection, "ROLLBACK TO write", &[], 0)?;
    }
    execute(connection, "RELEASE write", &[], 0)?;
    Ok(result.map_err(|(_, error)| error))
}

/// What a write counts, then its statements.
fn alone(connection: &Connection, write: &Write) -> Result<(), (usize, StoreError)> {
    let generation = match &write.count {
        Some(count) => {
            statements(connection, count.alone.iter(), 0)?;
            generations(connection, &count.realm_id, 1).map_err(|error| (0, error.into()))?
        }
        None => 0,
    };
    statements(connection, write.statements.iter(), generation)
}

/// Takes so many generations of a realm and gives the last of them; 0 if the realm is gone.
fn generations(connection: &Connection, realm_id: &str, number: i64) -> rusqlite::Result<i64> {
    let sql = "UPDATE realm_counters SET generation = generation + $2 WHERE realm_id = $1 RETURNING generation";
    let mut prepared = connection.prepare_cached(sql)?;
    bind(&mut prepared, &[realm_id.into(), number.into()])?;
    let mut rows = prepared.raw_query();
    match rows.next()? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}

/// Statements up to the first that fails; the error comes with its index.
fn statements<'a>(
    connection: &Connection,
    statements: impl Iterator<Item = &'a Statement>,
    generation: i64,
) -> Result<(), (usize, StoreError)> {
    for (index, statement) in statements.enumerate() {
        let changed = execute(connection, statement.sql, &statement.values, generation);
        let changed = changed.map_err(|error| (index, error.into()))?;
        if let Some(lost) = statement.otherwise
            && changed == 0
        {
            return Err((index, StoreError::Lost(lost)));
        }
    }
    Ok(())
}

/// Runs a statement and tells how many rows it changed.
fn execute(connection: &Connection, sql: &str, values: &[Value], generation: i64) -> rusqlite::Result<usize> {
    let mut prepared = connection.prepare_cached(sql)?;
    bind(&mut prepared, values)?;
    for number in (1..).zip(values).filter_map(|(number, value)| (*value == Value::Generation).then_some(number)) {
        if let Some(index) = prepared.parameter_index(&format!("${number}"))? {
            prepared.raw_bind_parameter(index, generation)?;
        }
    }
    prepared.raw_execute()
}
