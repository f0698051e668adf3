//! The grouped writer: many writes, one transaction, one flush to disk.
//!
//! A write is a list of statements that hold together: all or none of them is stored. The writer takes what waits, at
//! most [`GROUP`] writes, into one transaction; each write stands behind a savepoint, so that one that fails does not
//! harm its neighbours. A write is answered after the commit, so what was acknowledged is on disk.

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::database::bind;
use super::{Lost, StoreError, Value};

/// Writes in one transaction at most.
const GROUP: usize = 64;
/// Writes that may wait; more are refused as [`StoreError::Unavailable`].
const QUEUE: usize = 1024;

/// One statement of a write.
pub(crate) struct Statement {
    sql: &'static str,
    values: Vec<Value>,
    /// What it means when the statement changes no row; absent: nothing.
    otherwise: Option<Lost>,
}

/// Statements that are stored together or not at all.
#[derive(Default)]
pub(crate) struct Write {
    statements: Vec<Statement>,
}

impl Write {
    /// Adds a statement that may change any number of rows.
    pub(crate) fn run(&mut self, sql: &'static str, values: Vec<Value>) {
        self.statements.push(Statement { sql, values, otherwise: None });
    }

    /// Adds a statement that must change a row: if it does not, the whole write is lost for this reason.
    pub(crate) fn require(&mut self, sql: &'static str, values: Vec<Value>, otherwise: Lost) {
        self.statements.push(Statement { sql, values, otherwise: Some(otherwise) });
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// A write that waits, and where its answer goes.
struct Job {
    write: Write,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// The way to the writer's task.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the task that owns the writing connection. It ends when every `Writer` is gone.
    pub(super) fn start(connection: SqliteConnection) -> Writer {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(run(connection, jobs));
        Writer { queue }
    }

    /// Stores a write and returns when it is on disk.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when a statement that must change a row did not; [`StoreError::Unavailable`] when the
    /// database fails or too many writes wait.
    pub(crate) async fn write(&self, write: Write) -> Result<(), StoreError> {
        if write.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Job { write, answer })
            .map_err(|_| StoreError::Unavailable("too many writes are waiting".to_owned()))?;
        answered.await.map_err(|_| StoreError::Unavailable("the writer has stopped".to_owned()))?
    }
}

/// Takes what waits, group by group.
async fn run(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        match write_group(&mut connection, &mut group).await {
            Ok(results) => {
                for (answer, result) in results {
                    // A caller that went away needs no answer; what it asked for is stored all the same.
                    let _ = answer.send(result);
                }
            }
            Err((answers, error)) => {
                tracing::error!(%error, writes = answers.len(), "a group of writes failed");
                for answer in answers {
                    let _ = answer.send(Err(StoreError::Unavailable(error.to_string())));
                }
            }
        }
    }
    if let Err(error) = connection.close().await {
        tracing::error!(%error, "closing the database failed");
    }
}

/// Where the answer to a write goes.
type Answer = oneshot::Sender<Result<(), StoreError>>;

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
        let done = bind(statement.sql, statement.values).execute(&mut *connection).await?;
        if let Some(lost) = statement.otherwise
            && done.rows_affected() == 0
        {
            return Err(StoreError::Lost(lost));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::{Store, values};

    const INSERT: &str = "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $1, 1, '{}', 0) ON CONFLICT DO NOTHING";

    fn realm(id: &str) -> Write {
        let mut write = Write::default();
        write.require(INSERT, values![id], Lost::Taken);
        write
    }

    async fn store() -> (Store, String) {
        let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
        let url = format!("sqlite://{}", file.display());
        (Store::open(&url).await.unwrap(), url)
    }

    async fn names(store: &Store) -> Vec<String> {
        let rows = store.database.all("SELECT name FROM realms ORDER BY name", values![]).await.unwrap();
        rows.iter().map(|row| row.get(0).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_write_that_loses_does_not_harm_its_neighbours() {
        let (store, _) = store().await;
        let (a, b, again, c) = tokio::join!(
            store.writer.write(realm("a")),
            store.writer.write(realm("b")),
            store.writer.write(realm("a")),
            store.writer.write(realm("c")),
        );
        let lost = [&a, &b, &again, &c].iter().filter(|it| matches!(it, Err(StoreError::Lost(Lost::Taken)))).count();
        assert_eq!(lost, 1);
        assert_eq!(names(&store).await, ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn a_write_that_loses_leaves_nothing_behind() {
        let (store, _) = store().await;
        store.writer.write(realm("a")).await.unwrap();
        let mut write = realm("b");
        write.require(INSERT, values!["a"], Lost::Taken);
        assert!(matches!(store.writer.write(write).await, Err(StoreError::Lost(Lost::Taken))));
        assert_eq!(names(&store).await, ["a"]);
    }

    #[tokio::test]
    async fn a_statement_that_fails_refuses_its_write_only() {
        let (store, _) = store().await;
        let mut broken = realm("b");
        broken.run("INSERT INTO realm_counters (realm_id, clients) VALUES ('nowhere', 0)", values![]);
        let (a, b, c) =
            tokio::join!(store.writer.write(realm("a")), store.writer.write(broken), store.writer.write(realm("c")),);
        assert!(a.is_ok() && c.is_ok());
        assert!(matches!(b, Err(StoreError::Unavailable(_))));
        assert_eq!(names(&store).await, ["a", "c"]);
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_after_a_restart() {
        let (store, url) = store().await;
        store.writer.write(realm("a")).await.unwrap();
        // No orderly end: the database is opened again beside the first, as after a crash.
        let again = Store::open(&url).await.unwrap();
        assert_eq!(names(&again).await, ["a"]);
        drop(store);
    }
}
