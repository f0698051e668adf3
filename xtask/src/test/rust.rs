//! `cargo test`: the unit tests beside the code, and package `tests`.

use super::postgres::Postgres;
use crate::apt;
use crate::command::{output, run, succeeds};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
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
        .cargo(&["test", "--release", "--workspace", "--no-fail-fast"])
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
    let filters: Vec<&OsString> = arguments.iter().filter(|argument| *argument != "--").collect();
    for test in built(workspace)? {
        let mut command = Command::new(&test.program);
        command.args(&filters).current_dir(&test.folder);
        command.env("MATRICULA_TEST_POSTGRES", postgres.address()).env("MATRICULA_TEST_DATABASE", "postgres");
        match test.kind {
            Kind::Library if filters.is_empty() => command.arg("store::"),
            Kind::Library => &mut command,
            // Proxies mind the protocol, not where it is kept.
            Kind::Http => command.args(["--skip", "nodes::", "--skip", "proxies::"]),
        };
        run(&mut command)?;
    }
    Ok(())
}

/// A program that `cargo test` would run.
struct Test {
    program: PathBuf,
    /// Where it is run: that of its package.
    folder: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Unit tests of the server.
    Library,
    /// The tests from outside.
    Http,
}

/// The programs of [`test()`] that meet a database. They are run as they are: cargo would unify the features of a
/// selection of the tests otherwise, and compile hundreds of dependencies anew.
fn built(workspace: &Workspace) -> Result<Vec<Test>> {
    let messages = output(&mut workspace.cargo(&[
        "test",
        "--release",
        "--workspace",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]))?;
    let host = workspace.root.join("host");
    let mut tests = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line)?;
        let Some(program) = message["executable"].as_str().filter(|_| message["profile"]["test"] == true) else {
            continue;
        };
        let manifest = message["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
        let folder = manifest.context("cargo names no package of a test")?.to_owned();
        let kind = match message["target"]["name"].as_str() {
            Some("http") => Kind::Http,
            _ if folder.starts_with(&host) => Kind::Library,
            _ => continue,
        };
        tests.push(Test { program: program.into(), folder, kind });
    }
    ensure!(tests.iter().any(|test| matches!(test.kind, Kind::Http)), "cargo built no tests from outside");
    Ok(tests)
}
