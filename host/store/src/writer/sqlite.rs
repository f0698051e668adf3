//! Writes of the embedded database: one connection and one thread, one statement after the other.

use std::sync::Arc;

use anyhow::Context;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::count::{COUNT, sums};
use super::{GROUP, Job, QUEUE, Statement, Write, Writer, tell};
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
    Ok(Writer { database, queue, figures: Arc::default() })
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
        execute(connection, "BEGIN IMMEDIATE", &[])?;
        let results = match unguarded(connection, group) {
            Some(results) => results,
            // Somebody lost: once more, so that the others do not.
            None => {
                execute(connection, "ROLLBACK", &[])?;
                execute(connection, "BEGIN IMMEDIATE", &[])?;
                group.iter().map(|job| guarded(connection, &job.write)).collect::<Result<_, _>>()?
            }
        };
        execute(connection, "COMMIT", &[])?;
        Ok(results)
    };
    together().inspect_err(|_| {
        // The connection may be in a transaction that cannot go on; if this fails too, there was none.
        let _ = execute(connection, "ROLLBACK", &[]);
    })
}

/// The writes of a group without a way back; `None` when one of them would need it.
fn unguarded(connection: &Connection, group: &[Job]) -> Option<Vec<Result<(), StoreError>>> {
    for sum in sums(group.iter().filter_map(|job| job.write.count.as_ref())) {
        execute(connection, COUNT, &sum.values()).ok().filter(|changed| *changed > 0)?;
    }
    let run = |job: &Job| match statements(connection, job.write.statements.iter()) {
        Ok(()) => Some(Ok(())),
        // Nothing came before it that would have to be undone.
        Err((0, lost @ StoreError::Lost(_))) if job.write.count.is_none() => Some(Err(lost)),
        Err(_) => None,
    };
    group.iter().map(run).collect()
}

/// One write behind a savepoint.
fn guarded(connection: &Connection, write: &Write) -> rusqlite::Result<Result<(), StoreError>> {
    execute(connection, "SAVEPOINT write", &[])?;
    let result = statements(connection, write.alone());
    if result.is_err() {
        execute(connection, "ROLLBACK TO write", &[])?;
    }
    execute(connection, "RELEASE write", &[])?;
    Ok(result.map_err(|(_, error)| error))
}

/// Statements up to the first that fails; the error comes with its index.
fn statements<'a>(
    connection: &Connection,
    statements: impl Iterator<Item = &'a Statement>,
) -> Result<(), (usize, StoreError)> {
    for (index, statement) in statements.enumerate() {
        let changed = execute(connection, statement.sql, &statement.values).map_err(|error| (index, error.into()))?;
        if let Some(lost) = statement.otherwise
            && changed == 0
        {
            return Err((index, StoreError::Lost(lost)));
        }
    }
    Ok(())
}

/// Runs a statement and tells how many rows it changed.
fn execute(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<usize> {
    let mut prepared = connection.prepare_cached(sql)?;
    bind(&mut prepared, values)?;
    prepared.raw_execute()
}
