//! `cargo xtask bench`: load on the server as it is released, on both kinds of database, beside Keycloak where Maven and
//! a JDK are found, and what the databases can do at most. Figures go to target/bench, with `--record` into
//! docs/performance.md.

mod keycloak;
mod limits;

use crate::apt;
use crate::build::build;
use crate::command::{run, succeeds};
use crate::dist::time_of_release;
use crate::test::postgres::{Keep, Postgres};
use crate::test::python;
use crate::test::server::{ADMIN_PASSWORD, ADMIN_USER, Server};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::Args;
use keycloak::Keycloak;
use std::fs;
use std::process::Command;

/// How long to measure, and what.
#[derive(Args)]
pub(crate) struct Options {
    /// Rounds of each scenario; the median of them counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Length of a round.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    seconds: u32,
    /// Connections that the load comes over.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Only scenarios whose name has this in it.
    #[arg(long, default_value = "", value_name = "PART")]
    only: String,
    /// Leaves Keycloak out even where it could run.
    #[arg(long)]
    alone: bool,
    /// Writes table and plot into docs/performance.md.
    #[arg(long)]
    record: bool,
}

/// Builds, measures, reports.
///
/// # Errors
/// A tool is missing, a server does not start, or a request failed under load.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> Result<()> {
    // What users get, which is faster than what changes are tried with.
    let release = workspace.for_release(time_of_release(workspace)?)?;
    build(&release)?;
    let program = release.server();
    apt::ensure(|| has("wrk"), &["wrk"])?;
    let python = python::environment(workspace, &workspace.root.join("tests/conformance/requirements.txt"))?;
    let benches = workspace.root.join("tests/benches");
    let results = workspace.target.join("bench");
    fs::create_dir_all(&results).with_context(|| results.display().to_string())?;

    // Killed or not, what it acknowledged must be on disk, as in the real world.
    let postgres = Postgres::start(Keep::Everything)?;
    let limits = limits::measure(&postgres, &python, options.connections, options.seconds)?;
    fs::write(results.join("limits.json"), limits)?;

    let mut on_sqlite = Server::start(&program, "bench-sqlite", None)?;
    let mut on_postgres = Server::start(&program, "bench-postgres", Some(&postgres.database("bench")?))?;
    // The first start compiles the components; how much memory that takes is another question.
    on_sqlite.restart(&program)?;
    on_postgres.restart(&program)?;
    let keycloak = match options.alone {
        true => None,
        false => Keycloak::start(workspace, &postgres)?,
    };
    let database = postgres.pid();
    let mut servers = vec![
        format!("matricula-postgresql={},{},{database}", on_postgres.url(), on_postgres.pid()),
        format!("matricula-sqlite={},{}", on_sqlite.url(), on_sqlite.pid()),
    ];
    if let Some(keycloak) = &keycloak {
        servers.insert(0, format!("keycloak-postgresql={},{},{database}", keycloak.url(), keycloak.pid()));
    }
    let measured = run(Command::new(&python)
        .arg(benches.join("load.py"))
        .args(servers)
        .args(["--rounds", &options.rounds.to_string(), "--seconds", &options.seconds.to_string()])
        .args(["--connections", &options.connections.to_string(), "--only", &options.only])
        .arg("--json")
        .arg(results.join("load.json"))
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("CONFORMANCE_ADMIN_USER", ADMIN_USER)
        .env("CONFORMANCE_ADMIN_PASSWORD", ADMIN_PASSWORD));
    drop(keycloak);
    on_postgres.stop(Ok(()))?;
    on_sqlite.stop(measured)?;
    let mut report = Command::new(&python);
    report.arg(benches.join("report.py")).arg(&results);
    if options.record {
        report.arg(workspace.root.join("docs"));
    }
    run(&mut report)
}

/// Whether there is a program of this name, whatever it says of itself.
fn has(program: &str) -> bool {
    succeeds(Command::new("sh").args(["-c", "command -v \"$1\"", "sh", program]))
}
