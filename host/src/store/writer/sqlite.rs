//! Writes of the embedded database: one connection, one statement after the other.

use sqlx::{Connection, Sqlite, SqliteConnection};
use tokio::sync::mpsc;

use super::{Answer, GROUP, Job, QUEUE, Write, Writer, tell};
use crate::store::database::bind;
use crate::store::{Database, StoreError};

/// Starts the task that owns the writing connection.
pub(in crate::store) fn start(database: Database, connection: SqliteConnection) -> Writer {
    let (queue, jobs) = mpsc::channel(QUEUE);
    tokio::spawn(run(connection, jobs));
    Writer { database, queue }
}

/// Takes what waits, group by group.
async fn run(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        match write_group(&mut connection, &mut group).await {
            Ok(results) => {
                for (answer, result) in results {
                    tell(answer, result);
                }
            }
            Err((answers, error)) => {
                tracing::error!(%error, writes = answers.len(), "a group of writes failed");
                for answer in answers {
                    tell(answer, Err(StoreError::Unavailable(error.to_string())));
                }
            }
        }
    }
    if let Err(error) = connection.close().await {
        tracing::error!(%error, "closing the database failed");
    }
}

/// One transaction. An error is of the transaction itself: nothing of the group is stored then.
async fn write_group(
    connection: &mut SqliteConnection,
    group: &mut Vec<Job>,
) -> Result<Vec<(Answer, Result<(), StoreError>)>, (Vec<Answer>, sqlx::Error)> {
    let mut jobs = group.drain(..);
    let mut results = Vec::with_capacity(jobs.len());
    let alone = jobs.len() == 1;
    let outcome = async {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        for job in jobs.by_ref() {
            let result =
                if alone { statements(connection, job.write).await } else { guarded(connection, job.write).await };
            let lost = result.is_err();
            results.push((job.answer, result));
            if alone && lost {
                return sqlx::query("ROLLBACK").execute(&mut *connection).await;
            }
        }
        sqlx::query("COMMIT").execute(&mut *connection).await
    }
    .await;
    match outcome {
        Ok(_) => Ok(results),
        Err(error) => {
            let answers = results.into_iter().map(|(answer, _)| answer).chain(jobs.map(|job| job.answer)).collect();
            // The connection may be in a transaction that cannot go on; if this fails too, there was none.
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
            Err((answers, error))
        }
    }
}

/// One write behind a savepoint.
async fn guarded(connection: &mut SqliteConnection, write: Write) -> Result<(), StoreError> {
    sqlx::query("SAVEPOINT write").execute(&mut *connection).await?;
    let result = statements(connection, write).await;
    if result.is_err() {
        sqlx::query("ROLLBACK TO write").execute(&mut *connection).await?;
    }
    sqlx::query("RELEASE write").execute(&mut *connection).await?;
    result
}

/// The statements of a write, up to the first that fails.
async fn statements(connection: &mut SqliteConnection, write: Write) -> Result<(), StoreError> {
    for statement in write.statements {
        let done = bind::<Sqlite>(statement.sql, &statement.values).execute(&mut *connection).await?;
        if let Some(lost) = statement.otherwise
            && done.rows_affected() == 0
        {
            return Err(StoreError::Lost(lost));
        }
    }
    Ok(())
}
