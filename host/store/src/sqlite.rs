//! The embedded database: opens it, reads from it.
//!
//! sqlx makes its tables and gives it to tools; requests use it through rusqlite. sqlx hands each statement to a thread
//! of its own and back, which costs more than the statement. What is found by a key is read in the thread that asks: it
//! takes a few microseconds from memory.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rusqlite::functions::FunctionFlags;
use rusqlite::{OpenFlags, Statement};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{Row, StoreError, Value};
use crate::private_file;

/// Reading connections that are kept open when nobody uses them.
const READERS: usize = 4;
/// Prepared statements of a connection.
const STATEMENTS: usize = 128;
/// How long a connection waits for one that is in its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the database at `url` is opened by whoever writes.
pub(super) fn options(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    let options = SqliteConnectOptions::from_str(url)
        .with_context(|| format!("reading the database address {url:?}"))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    Ok(options)
}

/// Opens or makes the database and brings its tables up to date. The second value is the one connection that writes.
///
/// # Errors
/// With what was being done, for the operator.
pub(super) async fn open(url: &str) -> anyhow::Result<(Readers, rusqlite::Connection)> {
    let options = options(url)?;
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_file::make_folder(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    close(&file).with_context(|| format!("making the database {}", file.display()))?;
    let opening = || format!("opening the database {url}");
    let mut first = SqliteConnection::connect_with(&options).await.with_context(opening)?;
    sqlx::migrate!("migrations/sqlite").run(&mut first).await.context("bringing the tables up to date")?;
    let writer = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).with_context(opening)?;
    writer.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;").with_context(opening)?;
    first.close().await.context("closing the first connection")?;
    Ok((Readers { file, idle: Mutex::default() }, writer))
}

/// Secrets and keys are in the database: it is made here, or taken away from others, before SQLite opens it. Companions
/// that SQLite makes follow its mode; those that are there may not be younger than a mode that was too wide.
fn close(file: &Path) -> io::Result<()> {
    match private_file::new(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        match private_file::close_to_others(&file) {
            Ok(false) => {}
            Ok(true) => {
                tracing::warn!(file = %file.display(), "others could read the database; now only its owner can")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It can be used all the same, by whoever may write it.
            Err(error) => tracing::warn!(file = %file.display(), %error, "others can read the database"),
        }
    }
    Ok(())
}

fn connect(file: &Path, access: OpenFlags) -> rusqlite::Result<rusqlite::Connection> {
    // No two threads use a connection at the same time.
    let connection = rusqlite::Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch("PRAGMA temp_store = memory;")?;
    // SQLite's own knows no letters but those of ASCII.
    let same_for_same =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("lower", 1, same_for_same, |context| {
        Ok(context.get::<Option<String>>(0)?.map(|text| text.to_lowercase()))
    })?;
    Ok(connection)
}

/// Connections that read, as many as there are threads that ask at the same time.
pub struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<rusqlite::Connection>>,
}

impl Readers {
    /// All rows of a SELECT. It blocks the thread.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be read.
    pub(super) fn all(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        // One that fails is not used again.
        let rows = select(&connection, sql, values)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS {
            idle.push(connection);
        }
        Ok(rows)
    }
}

fn select(connection: &rusqlite::Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let columns = statement.column_count();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(Row::Sqlite((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?));
    }
    Ok(rows)
}

/// Binds values to the parameters `$1`, `$2`, …, which SQLite takes for names: it numbers them as they come.
pub(super) fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name[1..].parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        match value {
            Some(value) => statement.raw_bind_parameter(index, value)?,
            None => return Err(rusqlite::Error::InvalidParameterCount(values.len(), index)),
        }
    }
    Ok(())
}
