//! Writes of the embedded database: one connection and one thread, one statement after the other.

use anyhow::Context;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{GROUP, Job, QUEUE, Write, Writer, tell};
use crate::store::sqlite::bind;
use crate::store::{Database, StoreError};

/// Starts the thread that owns the writing connection.
///
/// # Errors
/// When the system gives no thread.
pub(in crate::store) fn start(database: Database, connection: Connection) -> anyhow::Result<Writer> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    std::thread::Builder::new()
        .name("sqlite-writer".to_owned())
        .spawn(move || run(&connection, jobs))
        .context("starting the thread that writes")?;
    Ok(Writer { database, queue })
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
        run_sql(connection, "BEGIN IMMEDIATE")?;
        let results = match unguarded(connection, group) {
            Some(results) => results,
            // Somebody lost: once more, so that the others do not.
            None => {
                run_sql(connection, "ROLLBACK")?;
                run_sql(connection, "BEGIN IMMEDIATE")?;
                group.iter().map(|job| guarded(connection, &job.write)).collect::<Result<_, _>>()?
            }
        };
        run_sql(connection, "COMMIT")?;
        Ok(results)
    };
    together().inspect_err(|_| {
        // The connection may be in a transaction that cannot go on; if this fails too, there was none.
        let _ = run_sql(connection, "ROLLBACK");
    })
}

/// The writes of a group without a way back; `None` when one of them would need it.
fn unguarded(connection: &Connection, group: &[Job]) -> Option<Vec<Result<(), StoreError>>> {
    let run = |job: &Job| match statements(connection, &job.write) {
        Ok(()) => Some(Ok(())),
        // Nothing came before it that would have to be undone.
        Err((0, lost @ StoreError::Lost(_))) => Some(Err(lost)),
        Err(_) => None,
    };
    group.iter().map(run).collect()
}

/// One write behind a savepoint.
fn guarded(connection: &Connection, write: &Write) -> rusqlite::Result<Result<(), StoreError>> {
    run_sql(connection, "SAVEPOINT write")?;
    let result = statements(connection, write);
    if result.is_err() {
        run_sql(connection, "ROLLBACK TO write")?;
    }
    run_sql(connection, "RELEASE write")?;
    Ok(result.map_err(|(_, error)| error))
}

/// The statements of a write, up to the first that fails; the error comes with its index.
fn statements(connection: &Connection, write: &Write) -> Result<(), (usize, StoreError)> {
    for (index, statement) in write.statements.iter().enumerate() {
        let execute = || {
            let mut prepared = connection.prepare_cached(statement.sql)?;
            bind(&mut prepared, &statement.values)?;
            prepared.raw_execute()
        };
        let changed = execute().map_err(|error| (index, StoreError::from(error)))?;
        if let Some(lost) = statement.otherwise
            && changed == 0
        {
            return Err((index, StoreError::Lost(lost)));
        }
    }
    Ok(())
}

fn run_sql(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(|_| ())
}
