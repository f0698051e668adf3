//! The database and the thin layer that lets one SQL text serve every kind of it.

use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection, SqlitePool};

use super::StoreError;

/// Connections that read at the same time.
const READERS: u32 = 4;

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// No value.
    Null,
    /// Text, UTF-8.
    Text(String),
    /// A number; booleans are 0 and 1.
    Integer(i64),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Integer(flag.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Value::Blob(bytes)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The parameters of a statement, each converted: `values![realm_id, client_id]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub(crate) use values;

/// Text in lower case as a part of a LIKE pattern (`ESCAPE '\'`), in which it stands for itself.
pub(super) fn escape_like(text: &str) -> String {
    text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// One row of an answer; columns are counted from 0 in the order of the SELECT.
pub(crate) struct Row(SqliteRow);

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the column holds something else.
    pub(crate) fn get<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        Ok(self.0.try_get(column)?)
    }

    /// A column that holds JSON.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it holds something else.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        let text: &str = self.0.try_get(column)?;
        serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
    }
}

/// Binds values to a statement.
pub(super) fn bind(
    sql: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let mut query = sqlx::query(sql);
    for value in values {
        query = match value {
            Value::Null => query.bind(None::<String>),
            Value::Text(text) => query.bind(text),
            Value::Integer(number) => query.bind(number),
            Value::Blob(bytes) => query.bind(bytes),
        };
    }
    query
}

/// The connections for reading.
#[derive(Clone)]
pub(crate) struct Database {
    readers: SqlitePool,
}

impl Database {
    /// Opens or makes the database and brings its tables up to date. The second value is the one connection that writes.
    pub(super) async fn open(url: &str) -> anyhow::Result<(Database, SqliteConnection)> {
        if !url.starts_with("sqlite:") {
            bail!("database {url:?}: only sqlite://FILE is supported");
        }
        let options = SqliteConnectOptions::from_str(url)
            .with_context(|| format!("reading the database address {url:?}"))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        if let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
        }
        // Secrets and keys are in it: made here, so that nobody else may read it; its companions follow its mode.
        let file = options.get_filename();
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file)
            .with_context(|| format!("making the database {}", file.display()))?;
        let mut writer =
            SqliteConnection::connect_with(&options).await.with_context(|| format!("opening the database {url}"))?;
        sqlx::migrate!("migrations/sqlite").run(&mut writer).await.context("bringing the tables up to date")?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .context("opening the database for reading")?;
        Ok((Database { readers }, writer))
    }

    /// All rows of a SELECT.
    pub(crate) async fn all(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(bind(sql, values).fetch_all(&self.readers).await?.into_iter().map(Row).collect())
    }

    /// The first row of a SELECT.
    pub(crate) async fn first(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(bind(sql, values).fetch_optional(&self.readers).await?.map(Row))
    }
}
