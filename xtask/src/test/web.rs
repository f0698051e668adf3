//! The web pages in a browser: the tests of each npm package in `web/` against a server process of its own.

use super::python;
use super::server::Server;
use crate::apt;
use crate::command::{output, run_quietly};
use crate::steps::{Quietly, Steps};
use crate::web;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The browser: the one that the distribution keeps up to date.
const BROWSER: &str = "chromium";

/// Runs the tests of these packages, or of all if none is named. A package's script `test` is told by its environment:
///
/// - `MATRICULA_URL`, `MATRICULA_ADMIN_USER`, `MATRICULA_ADMIN_PASSWORD`: a server that it may do with what it wants;
/// - `MATRICULA_PROGRAM`: the server's executable, which is the command line tool too;
/// - `BROWSER`: the path of Chromium;
/// - `SCREENSHOTS`: an empty folder for pictures.
///
/// # Errors
/// A test failed, the server did not start or stop as it should, or a tool is missing and cannot be installed.
pub(crate) fn test(workspace: &Workspace, pages: &[String]) -> Result<()> {
    let names = web::names(workspace)?;
    if let Some(unknown) = pages.iter().find(|page| !names.contains(page)) {
        bail!("web/ has no page {unknown}; there are: {}", names.join(", "));
    }
    apt::ensure(|| browser().is_ok(), &[BROWSER]).context("the web pages are tested in Chromium")?;
    python::ensure().context("the bench is given a policy in Python")?;
    let mut steps = Steps::new("web");
    let chosen: Vec<_> = names.iter().filter(|name| pages.is_empty() || pages.contains(name)).collect();
    for name in &chosen {
        web::install(workspace, name)?;
    }
    // A browser waits for its pages half of the time.
    let rows = chosen.into_iter().map(|name| {
        let step: Quietly<'_> = Box::new(|| page(workspace, name).unwrap_or_else(|error| (String::new(), Err(error))));
        vec![(name.clone(), step)]
    });
    steps.beside_each_other(rows.collect());
    steps.finish()
}

/// What the tests of a package printed, and how they went.
fn page(workspace: &Workspace, name: &str) -> Result<(String, Result<()>)> {
    let screenshots = workspace.root.join("target/screenshots").join(name);
    emptied(&screenshots)?;
    let program = workspace.server();
    let server = Server::start(&program, name, None)?;
    let tested = web::npm(workspace, name).and_then(|mut npm| {
        npm.args(["run", "--silent", "test"]).env("MATRICULA_PROGRAM", &program);
        Ok(run_quietly(server.tell(&mut npm).env("BROWSER", browser()?).env("SCREENSHOTS", &screenshots)))
    });
    let (printed, tested) = tested.unwrap_or_else(|error| (String::new(), Err(error)));
    Ok((printed, server.stop(tested)))
}

/// Where the browser is.
fn browser() -> Result<String> {
    Ok(output(Command::new("sh").args(["-c", "command -v \"$1\"", "sh", BROWSER]))?.trim().to_owned())
}

/// Makes the folder, without the pictures of an earlier run.
fn emptied(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())
}
