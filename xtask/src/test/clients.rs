//! The programs that people register clients with today (`tests/clients`) against a server process of its own.

use super::server::Server;
use crate::apt;
use crate::command::{output, run, succeeds};
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::ValueEnum;
use std::path::Path;
use std::process::Command;

/// A program that registers clients: each has a folder in `tests/clients`.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Program {
    /// Keycloak's client registration library.
    Java,
    /// Keycloak's command line tool.
    Kcreg,
    /// The library for JavaScript.
    OpenidClient,
}

/// Starts a server on this database, or on SQLite, runs the tests of these programs on it, or of all if none is named, and stops the server.
///
/// What they need and what is missing is installed before.
///
/// # Errors
/// A test failed, or the server did not start or stop as it should; or a tool is missing and cannot be installed.
pub(crate) fn test(workspace: &Workspace, programs: &[Program], database: Option<&str>) -> Result<()> {
    let programs = if programs.is_empty() { Program::value_variants() } else { programs };
    install_tools(programs)?;
    let folder = workspace.root.join("tests/clients");
    let server = Server::start(&workspace.server(), "clients", database)?;
    let mut steps = Steps::new("clients");
    for program in programs {
        match program {
            Program::Java => steps.run("java", || java(&folder, &server)),
            Program::Kcreg => steps.run("kcreg", || kcreg(&folder, &server)),
            Program::OpenidClient => steps.run("openid-client", || openid_client(&folder, &server)),
        };
    }
    server.stop(steps.finish())
}

fn install_tools(programs: &[Program]) -> Result<()> {
    let needs = |those: [Program; 2]| programs.iter().any(|program| those.contains(program));
    if needs([Program::Java, Program::Kcreg]) {
        // The compiler says that it is a whole JDK, the option that it is not too old.
        let has_jdk = || succeeds(Command::new("javac").args(["--release", "17", "-version"]));
        apt::ensure(has_jdk, &["default-jdk-headless"])?;
        apt::ensure(|| succeeds(Command::new("mvn").arg("--version")), &["maven"])?;
    }
    if needs([Program::Kcreg, Program::OpenidClient]) {
        apt::ensure(|| succeeds(Command::new("node").arg("--version")), &["nodejs"])?;
    }
    if programs.contains(&Program::OpenidClient) {
        apt::ensure(|| succeeds(Command::new("npm").arg("--version")), &["npm"])?;
    }
    Ok(())
}

fn java(folder: &Path, server: &Server) -> Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", "--no-transfer-progress", "test"]).current_dir(folder.join("java"));
    run(server.tell(&mut maven))
}

fn kcreg(folder: &Path, server: &Server) -> Result<()> {
    let kcreg = output(&mut Command::new(folder.join("kcreg/install.sh")))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "kcreg.test.mjs"]).current_dir(folder.join("kcreg"));
    run(server.tell(&mut node).env("KCREG", kcreg.trim_end()))
}

fn openid_client(folder: &Path, server: &Server) -> Result<()> {
    let npm = || {
        let mut npm = Command::new("npm");
        npm.current_dir(folder.join("openid-client"));
        npm
    };
    run(npm().args(["ci", "--prefer-offline", "--no-audit", "--no-fund"]))?;
    run(server.tell(npm().args(["test", "--silent"])))
}
