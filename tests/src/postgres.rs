//! Databases of the PostgreSQL server that `cargo xtask test` starts.

use std::process::Command;

use anyhow::{Context, ensure};

/// Whether ordinary tests are to run on PostgreSQL. Those that need it, or SQLite, say so themselves.
pub(crate) fn is_chosen() -> bool {
    std::env::var_os("MATRICULA_TEST_DATABASE").is_some_and(|chosen| chosen == "postgres")
}

/// Makes an empty database; its address.
///
/// # Errors
/// When there is no server.
pub fn new_database() -> anyhow::Result<String> {
    let server = std::env::var("MATRICULA_TEST_POSTGRES")
        .context("this test needs PostgreSQL: run `cargo xtask test rust`, which starts it")?;
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let sql = format!("CREATE DATABASE {name}");
    let made = Command::new("psql").args(["--quiet", "--command", &sql, &server]).output().context("running psql")?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (server, _) = server.rsplit_once('/').context("the server's address names no database")?;
    Ok(format!("{server}/{name}"))
}
