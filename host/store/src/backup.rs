//! Backups of the embedded database: a copy made while a server runs, and its way back.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::private_file::{self, PrivateFile};

/// Writes a copy of the database at `url` to a new file. Others may write meanwhile: the copy is of one moment.
///
/// # Errors
/// When the database is none of SQLite's or cannot be read, or the file exists or cannot be written.
pub async fn backup(url: &str, file: &Path) -> anyhow::Result<()> {
    let options = sqlite(url)?.create_if_missing(false);
    let mut database = options.connect().await.with_context(|| format!("opening the database {url}"))?;
    // Secrets and keys are in it.
    let copy = private_file::new(file).with_context(|| format!("making {}", file.display()))?;
    let name = file.to_str().context("the file's name is no text")?;
    let made = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut database).await;
    if let Err(error) = made {
        // What is there is no backup.
        let _ = std::fs::remove_file(file);
        return Err(error).with_context(|| format!("copying the database {url}"));
    }
    copy.sync_all().with_context(|| format!("writing {}", file.display()))?;
    database.close().await.context("closing the database")?;
    check(file).await
}

/// Puts a backup where the database at `url` was, which must not be there any more.
///
/// # Errors
/// When the backup is damaged, a database is there, or the copy cannot be written.
pub async fn restore(url: &str, file: &Path) -> anyhow::Result<()> {
    let target = sqlite(url)?.get_filename().to_owned();
    let companion = |suffix: &str| PathBuf::from(format!("{}{suffix}", target.display()));
    for present in [target.clone(), companion("-wal"), companion("-shm")] {
        ensure!(
            !present.exists(),
            "{} is there: stop the server and move its database away, with its -wal and -shm files",
            present.display()
        );
    }
    check(file).await?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_file::make_folder(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let copied = || -> io::Result<()> {
        // Whole or not at all.
        let mut copy = PrivateFile::create(&target)?;
        io::copy(&mut File::open(file)?, &mut copy)?;
        copy.take_place()
    };
    copied().with_context(|| format!("copying {} to {}", file.display(), target.display()))
}

/// What `url` says of an embedded database.
fn sqlite(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    if !url.starts_with("sqlite:") {
        bail!(
            "this is for the embedded database; PostgreSQL brings its own tools: \
             pg_dump --format=custom --file FILE ADDRESS, pg_restore --clean --if-exists --dbname ADDRESS FILE"
        );
    }
    Ok(SqliteConnectOptions::from_str(url)
        .with_context(|| format!("reading the database address {url:?}"))?
        .disable_statement_logging())
}

/// Whether a file is a whole database of ours.
async fn check(file: &Path) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut database: SqliteConnection =
        options.connect().await.with_context(|| format!("opening {}", file.display()))?;
    let checked = async {
        let answer: String = sqlx::query("PRAGMA integrity_check").fetch_one(&mut database).await?.try_get(0)?;
        let realms: i64 = sqlx::query("SELECT count(*) FROM realms").fetch_one(&mut database).await?.try_get(0)?;
        Ok::<_, sqlx::Error>((answer, realms))
    };
    let (answer, realms) =
        checked.await.with_context(|| format!("{} is no whole database of Matricula", file.display()))?;
    ensure!(answer == "ok", "{} is damaged: {answer}", file.display());
    ensure!(realms > 0, "{} holds no realm", file.display());
    Ok(())
}
