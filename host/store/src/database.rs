//! The database, for reading: the thin layer that lets one SQL text serve both kinds of it.

use std::sync::Arc;

use tokio::time::timeout;

use super::connections::{Connections, PATIENCE, Unanswered, unavailable};
use super::lookups::Lookups;
use super::sqlite::Readers;
use super::{Change, Row, StoreError, Value, changes, postgres};

/// Where everything is kept. Cloning it is cheap.
#[derive(Clone)]
pub enum Database {
    /// A file of this server's own.
    Sqlite(Arc<Readers>),
    /// A database server, which several nodes may share: connections for lists, and those for single rows.
    Postgres(Arc<Connections>, Lookups),
}

impl Database {
    /// All rows of a SELECT that finds them by a key. They had better not be many: those of SQLite are read in this
    /// thread.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no answer in time; at once when the database is known to be gone.
    pub async fn all(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Database::Sqlite(readers) => readers.all(sql, &values),
            // PostgreSQL has no text with U+0000 and takes none: nothing that is asked for by one is there.
            Database::Postgres(..) if values.iter().any(Value::has_nul) => Ok(Vec::new()),
            Database::Postgres(connections, _) => {
                // Connections die with a restart of the database. What only reads may be asked again.
                match ask(connections, sql, &values).await {
                    Err(Unanswered::OldConnection) => Ok(ask(connections, sql, &values).await?),
                    answer => Ok(answer?),
                }
            }
        }
    }

    /// All rows of a SELECT that looks at many, or gives many.
    ///
    /// # Errors
    /// As [`Database::all`].
    pub async fn scan(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let Database::Sqlite(readers) = self else { return self.all(sql, values).await };
        let readers = Arc::clone(readers);
        let read = tokio::task::spawn_blocking(move || readers.all(sql, &values));
        read.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// The first row of a SELECT that finds it by a key and has no LIMIT.
    ///
    /// # Errors
    /// As [`Database::all`].
    pub async fn first(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        match self {
            Database::Sqlite(readers) => Ok(readers.all(sql, &values)?.into_iter().next()),
            Database::Postgres(..) if values.iter().any(Value::has_nul) => Ok(None),
            Database::Postgres(_, lookups) => lookups.first(sql, values).await,
        }
    }

    /// Tells of what other nodes change from now on. Nobody shares SQLite.
    pub fn follow(&self, tell: impl Fn(Change) + Send + Sync + 'static) {
        if let Database::Postgres(connections, _) = self {
            changes::follow(Arc::clone(connections), tell);
        }
    }

    /// How many connections read at this moment, and how many may; SQLite has no such limit.
    pub fn connections(&self) -> Option<(usize, usize)> {
        match self {
            Database::Sqlite(_) => None,
            Database::Postgres(connections, _) => Some(connections.used()),
        }
    }

    /// Fails while the database is known to be gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn check(&self) -> Result<(), StoreError> {
        match self {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(connections, _) => connections.check(),
        }
    }
}

async fn ask(connections: &Connections, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Unanswered> {
    let mut taken = connections.take().await?;
    let answer = async {
        let connection = taken.connection.for_statement().await?;
        postgres::bind(sql, values).fetch_all(connection).await
    };
    match timeout(PATIENCE, answer).await {
        Ok(Ok(rows)) => {
            taken.give_back();
            Ok(rows.into_iter().map(Row::Postgres).collect())
        }
        Ok(Err(error)) if postgres::is_of_the_connection(&error) => {
            connections.drop_idle();
            Err(Unanswered::OldConnection)
        }
        Ok(Err(error)) => {
            taken.give_back();
            Err(StoreError::from(error).into())
        }
        Err(_) => Err(unavailable("it gives no answer").into()),
    }
}
