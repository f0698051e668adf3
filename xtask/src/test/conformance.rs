//! The conformance suite (`tests/conformance`) against a server process of its own.

use super::python;
use super::server::{ADMIN_PASSWORD, ADMIN_USER, Server};
use crate::command::run;
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::OsString;
use std::process::Command;

/// Starts a server on this database, or on SQLite, runs the suite with these arguments for pytest, stops the server.
///
/// # Errors
/// A test failed, or the server did not start or stop as it should.
pub(crate) fn test(workspace: &Workspace, arguments: &[OsString], database: Option<&str>) -> Result<()> {
    let suite = workspace.root.join("tests/conformance");
    let python = python::environment(workspace, &suite.join("requirements.txt"))?;
    let server = Server::start(&workspace.server(), "conformance", database)?;
    let tested = run(Command::new(python)
        .args(["-m", "pytest", "-q", "-n", "4"])
        .args(arguments)
        .current_dir(suite)
        // The server is on this machine, whatever proxy there is for the rest of the world.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("CONFORMANCE_URL", server.url())
        .env("CONFORMANCE_TARGET", "matricula")
        .env("CONFORMANCE_ADMIN_USER", ADMIN_USER)
        .env("CONFORMANCE_ADMIN_PASSWORD", ADMIN_PASSWORD)
        // For the tests of the command line, and of realm files: they go into the database itself.
        .env("MATRICULA_BIN", workspace.server())
        .env("MATRICULA_DATABASE", server.database()));
    server.stop(tested)
}
