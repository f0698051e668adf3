//! The server under load for many minutes: it must not grow (`tests/benches/soak.py`).

use super::postgres::Postgres;
use super::server::{ADMIN_PASSWORD, Server, free_address};
use crate::apt;
use crate::command::{run, succeeds};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// Loads a server for so many seconds, on a database of this PostgreSQL or on SQLite.
///
/// # Errors
/// A tool is missing, a request failed, or the server takes more and more of something.
pub(crate) fn test(workspace: &Workspace, seconds: u32, postgres: Option<&Postgres>) -> Result<()> {
    // wrk ends with an error whatever it is asked about itself.
    let has_wrk = || succeeds(Command::new("sh").args(["-c", "command -v wrk"]));
    apt::ensure(has_wrk, &["wrk"])?;
    apt::ensure(|| succeeds(Command::new("python3").arg("--version")), &["python3"])?;
    let database = postgres.map(|postgres| postgres.database("soak")).transpose()?;
    let samples = workspace.target.join("soak");
    fs::create_dir_all(&samples).with_context(|| samples.display().to_string())?;
    let step = if database.is_some() { "soak-postgres" } else { "soak" };
    let metrics = free_address()?;
    let options = ["--metrics", &metrics];
    let mut server = Server::start_with(&workspace.server(), step, database.as_deref(), &options)?;
    // The first start compiles the components, which takes memory once.
    server.restart(&workspace.server())?;
    let soaked = run(Command::new("python3")
        .arg(workspace.root.join("tests/benches/soak.py"))
        .args([server.url(), &format!("http://{metrics}/metrics"), &server.pid().to_string(), &seconds.to_string()])
        .arg(samples.join(format!("{step}.csv")))
        .env("MATRICULA_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("PYTHONDONTWRITEBYTECODE", "1"));
    server.stop(soaked)
}
