//! The packages for authorization servers (`integrations/<name>`) against a server process of its own: each with the real
//! authorization server, up to a token.

use super::server::Server;
use crate::command::run;
use crate::npm;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Runs the tests of these packages, or of all if none is named. A package's script `test` builds it before, and is told
/// the server by its environment, as that of a web page is (`web.rs`).
///
/// # Errors
/// A test failed, the server did not start or stop as it should, or a tool is missing and cannot be installed.
pub(crate) fn test(workspace: &Workspace, packages: &[String], database: Option<&str>) -> Result<()> {
    let folder = workspace.root.join("integrations");
    let names = npm::packages(&folder)?;
    if let Some(unknown) = packages.iter().find(|package| !names.contains(package)) {
        bail!("integrations/ has no package {unknown}; there are: {}", names.join(", "));
    }
    let server = Server::start(&workspace.server(), "integrations", database)?;
    let mut steps = Steps::new("integrations");
    for name in names.iter().filter(|name| packages.is_empty() || packages.contains(name)) {
        steps.run(name, || package(folder.join(name), &server));
    }
    server.stop(steps.finish())
}

fn package(folder: PathBuf, server: &Server) -> Result<()> {
    npm::install(&folder)?;
    let mut npm = npm::command(&folder)?;
    run(server.tell(npm.args(["test", "--silent"])))
}
