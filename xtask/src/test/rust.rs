//! `cargo test`: the unit tests beside the code, and package `tests`.

use super::postgres::Postgres;
use crate::apt;
use crate::command::{run, succeeds};
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::{OsStr, OsString};
use std::process::Command;

/// Runs the tests of the whole workspace, with these arguments for `cargo test`. Tests of several nodes share
/// PostgreSQL, the others are on SQLite.
///
/// # Errors
/// A test failed or does not compile; or a tool is missing and cannot be installed.
pub(crate) fn test(workspace: &Workspace, postgres: &Postgres, arguments: &[OsString]) -> Result<()> {
    apt::ensure(|| succeeds(Command::new("haproxy").arg("-v")), &["haproxy"])?;
    apt::ensure(|| succeeds(Command::new("nginx").arg("-v")), &["nginx-light"])?;
    run(workspace
        .cargo(&["test", "--release", "--workspace"])
        .args(arguments)
        .env("MATRICULA_TEST_POSTGRES", postgres.address()))
}

/// Kills the server so many times under load, fills its disk, makes it read-only, and lets 10,000 connections do nothing.
///
/// # Errors
/// As [`test()`].
pub(crate) fn faults(workspace: &Workspace, postgres: &Postgres, rounds: u32, on_postgres: bool) -> Result<()> {
    apt::ensure(|| succeeds(Command::new("strace").arg("--version")), &["strace"])?;
    apt::ensure(|| succeeds(Command::new("mkfs.ext4").arg("-V")), &["e2fsprogs"])?;
    let mut command = workspace.cargo(&[
        "test",
        "--release",
        "--workspace",
        "--test",
        "http",
        "--",
        "--include-ignored",
        "--nocapture",
    ]);
    command.arg("durability::").env("MATRICULA_TEST_ROUNDS", rounds.to_string());
    command.env("MATRICULA_TEST_POSTGRES", postgres.address());
    if on_postgres {
        command.env("MATRICULA_TEST_DATABASE", "postgres");
    } else {
        // The disks are those of the embedded database; connections are the same on both.
        command.args(["faults::", "limits::many_idle"]).env("MATRICULA_TEST_IDLE", "10000");
    }
    run(&mut command)
}

/// Runs those tests on PostgreSQL that meet a database at all: those of the store and those from outside. Tests of
/// several nodes are left to [`test()`], as they are on PostgreSQL there too.
///
/// # Errors
/// As [`test()`].
pub(crate) fn test_on_postgres(workspace: &Workspace, postgres: &Postgres, arguments: &[OsString]) -> Result<()> {
    // Proxies mind the protocol, not where it is kept.
    let mut skip = ["--skip", "nodes::", "--skip", "proxies::"].map(OsStr::new).to_vec();
    if !arguments.iter().any(|argument| argument == "--") {
        skip.insert(0, OsStr::new("--"));
    }
    let on_postgres = |options: &[&str], last: &[&OsStr]| {
        run(workspace
            .cargo(&["test", "--release"])
            .args(options)
            .args(arguments)
            .args(last)
            .env("MATRICULA_TEST_POSTGRES", postgres.address())
            .env("MATRICULA_TEST_DATABASE", "postgres"))
    };
    // The whole workspace, as above: with a part of it, dependencies would be compiled anew for fewer features.
    let of_the_store: &[&str] = if arguments.is_empty() { &["store::"] } else { &[] };
    on_postgres(&[&["--workspace", "--lib"], of_the_store].concat(), &[])?;
    on_postgres(&["--workspace", "--test", "http"], &skip)
}
