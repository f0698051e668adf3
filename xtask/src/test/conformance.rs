//! The conformance suite (`tests/conformance`) against server processes of its own.

use super::python;
use super::server::{ADMIN_PASSWORD, ADMIN_USER, Server};
use crate::command::run;
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::OsString;
use std::process::Command;

/// The tests that speak as a proxy, to a server that trusts this machine.
const PROXIES: &str = "test_trusted_proxy.py";

/// Starts a server on this database, or on SQLite, runs the suite with these arguments for pytest, stops the server.
///
/// # Errors
/// A test failed, or the server did not start or stop as it should.
pub(crate) fn test(workspace: &Workspace, arguments: &[OsString], database: Option<&str>) -> Result<()> {
    run_on(workspace, Server::start(&workspace.server(), "conformance", database)?, arguments, None)
}

/// Runs the tests of proxies, once for each family of headers.
///
/// # Errors
/// As [`test()`].
pub(crate) fn test_proxies(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let all = [OsString::from(PROXIES)];
    let arguments = if arguments.is_empty() { &all[..] } else { arguments };
    for family in ["xforwarded", "forwarded"] {
        let options = ["--trusted-proxy", "127.0.0.1/32", "--proxy-headers", family];
        let server = Server::start_with(&workspace.server(), &format!("conformance-{family}"), None, &options)?;
        run_on(workspace, server, arguments, Some(family))?;
    }
    Ok(())
}

/// Whether these arguments of pytest ask for the tests of proxies by name, or for everything.
pub(crate) fn asks_for_proxies(arguments: &[OsString]) -> bool {
    arguments.is_empty() || arguments.iter().any(|argument| argument.to_string_lossy().contains(PROXIES))
}

/// Runs the suite on a server and stops it.
fn run_on(workspace: &Workspace, server: Server, arguments: &[OsString], family: Option<&str>) -> Result<()> {
    let suite = workspace.root.join("tests/conformance");
    let python = python::environment(workspace, &suite.join("requirements.txt"))?;
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
        .envs(family.map(|family| ("CONFORMANCE_PROXY_HEADERS", family)))
        // For the tests of the command line, and of realm files: they go into the database itself.
        .env("MATRICULA_BIN", workspace.server())
        .env("MATRICULA_DATABASE", server.database()));
    server.stop(tested)
}
