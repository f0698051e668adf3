//! Opens the embedded database.

use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::Database;
use super::connections::Connections;

/// Connections that read at the same time.
const READERS: usize = 4;

/// How the database at `url` is opened by whoever writes.
pub(super) fn options(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    let options = SqliteConnectOptions::from_str(url)
        .with_context(|| format!("reading the database address {url:?}"))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    Ok(options)
}

/// Opens or makes the database and brings its tables up to date. The second value is the one connection that writes.
///
/// # Errors
/// With what was being done, for the operator.
pub(super) async fn open(url: &str) -> anyhow::Result<(Database, SqliteConnection)> {
    let options = options(url)?;
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
    let readers = Connections::new(options.read_only(true).create_if_missing(false), READERS);
    Ok((Database::Sqlite(Arc::new(readers)), writer))
}
