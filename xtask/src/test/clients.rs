//! The programs and libraries that people register clients with today (`tests/clients`) against a server process of its
//! own.

use super::python;
use super::server::Server;
use crate::apt;
use crate::command::succeeds;
use crate::steps::{Steps, one_after_the_other};
use crate::workspace::Workspace;
use anyhow::Result;
use clap::ValueEnum;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// A program that registers clients: each has a folder in `tests/clients`.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Program {
    /// Keycloak's client registration library.
    Java,
    /// Nimbus OAuth 2.0 SDK, for Java.
    Nimbus,
    /// Keycloak's command line tool.
    Kcreg,
    /// The crate.
    Openidconnect,
    /// A library for JavaScript.
    OpenidClient,
    /// A library for JavaScript, on which openid-client stands.
    Oauth4webapi,
    /// The SDK of the Model Context Protocol.
    McpTypescript,
    /// The SDK of the Model Context Protocol.
    McpPython,
    /// A library for Python.
    Idpyoidc,
}

impl Program {
    /// Its folder in `tests/clients`.
    fn name(self) -> &'static str {
        match self {
            Program::Java => "java",
            Program::Nimbus => "nimbus",
            Program::Kcreg => "kcreg",
            Program::Openidconnect => "openidconnect",
            Program::OpenidClient => "openid-client",
            Program::Oauth4webapi => "oauth4webapi",
            Program::McpTypescript => "mcp-typescript",
            Program::McpPython => "mcp-python",
            Program::Idpyoidc => "idpyoidc",
        }
    }

    fn language(self) -> Language {
        match self {
            Program::Java | Program::Nimbus | Program::Kcreg => Language::Java,
            Program::Openidconnect => Language::Rust,
            Program::OpenidClient | Program::Oauth4webapi | Program::McpTypescript => Language::JavaScript,
            Program::McpPython | Program::Idpyoidc => Language::Python,
        }
    }
}

/// What a program is written in, and so what runs it.
#[derive(Clone, Copy, PartialEq)]
enum Language {
    Java,
    Rust,
    JavaScript,
    Python,
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
    let needs_python = programs.iter().any(|program| program.language() == Language::Python);
    let requirements = workspace.root.join("tests/clients/requirements.txt");
    let python = if needs_python { Some(python::environment(workspace, &requirements)?) } else { None };

    let server = Server::start(&workspace.server(), "clients", database)?;
    // Two rows, as more would only wait for processors. Those for Java are one of them: Maven's local repository is not
    // made for several that fill it at once.
    let (mut of_java, mut others) = (Vec::new(), Vec::new());
    for program in programs {
        let row = if program.language() == Language::Java { &mut of_java } else { &mut others };
        let commands = commands(*program, workspace, &server, python.as_deref());
        row.push((program.name().to_owned(), one_after_the_other(commands)));
    }
    let mut steps = Steps::new("clients");
    steps.beside_each_other(vec![of_java, others]);
    server.stop(steps.finish())
}

fn install_tools(programs: &[Program]) -> Result<()> {
    let needs = |language: Language| programs.iter().any(|program| program.language() == language);
    if needs(Language::Java) {
        // The compiler says that it is a whole JDK, the option that it is not too old.
        let has_jdk = || succeeds(Command::new("javac").args(["--release", "17", "-version"]));
        apt::ensure(has_jdk, &["default-jdk-headless"])?;
        apt::ensure(|| succeeds(Command::new("mvn").arg("--version")), &["maven"])?;
    }
    if needs(Language::JavaScript) || programs.contains(&Program::Kcreg) {
        apt::ensure(|| succeeds(Command::new("node").arg("--version")), &["nodejs"])?;
    }
    if needs(Language::JavaScript) {
        apt::ensure(|| succeeds(Command::new("npm").arg("--version")), &["npm"])?;
    }
    Ok(())
}

/// What installs a program, if anything does, and runs its tests.
fn commands(program: Program, workspace: &Workspace, server: &Server, python: Option<&Path>) -> Vec<Command> {
    let folder = workspace.root.join("tests/clients").join(program.name());
    let (installs, mut tests) = match program.language() {
        Language::Java if program == Program::Kcreg => (None, kcreg()),
        Language::Java => (None, line("mvn", &["--batch-mode", "--quiet", "--no-transfer-progress", "test"])),
        Language::JavaScript => {
            let installs = line("npm", &["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
            (Some(installs), line("npm", &["test", "--silent"]))
        }
        Language::Python => {
            let python = python.unwrap_or(Path::new("python3"));
            (None, line(python, &["-m", "pytest"]))
        }
        // Its own workspace: what it is built from is a folder of its own, too.
        Language::Rust => {
            let cargo = |arguments: &[&str]| {
                let mut cargo = workspace.cargo(arguments);
                cargo.env("CARGO_TARGET_DIR", workspace.target.join("clients"));
                cargo
            };
            (Some(cargo(&["test", "--locked", "--no-run"])), cargo(&["test", "--locked", "--quiet"]))
        }
    };
    server.tell(&mut tests);
    let mut commands: Vec<_> = installs.into_iter().chain([tests]).collect();
    for command in &mut commands {
        command.current_dir(&folder);
    }
    commands
}

/// kcreg.sh is found or got first: it is part of a large archive.
fn kcreg() -> Command {
    line("sh", &["-c", "KCREG=$(./install.sh) && export KCREG && exec node --test --test-reporter=spec kcreg.test.mjs"])
}

fn line(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}
