//! npm packages of this workspace: the web pages, and those for authorization servers.

use crate::apt;
use crate::command::{output, run, succeeds};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The oldest Node.js that the packages and their tools run on.
const NODE: (u32, u32) = (20, 19);

/// Folders of a folder that hold an npm package, by name.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn packages(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().join("package.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Puts the packages of a package's lock file into its `node_modules`, unless they are there.
///
/// # Errors
/// Node.js or npm is missing and cannot be installed, or a package cannot be had.
pub(crate) fn install(package: &Path) -> Result<()> {
    ensure_node()?;
    let stamp = package.join("node_modules/.installed");
    let lock = fs::read_to_string(package.join("package-lock.json")).context("package-lock.json")?;
    if fs::read_to_string(&stamp).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    run(command(package)?.args(["ci", "--prefer-offline", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, lock).with_context(|| stamp.display().to_string())
}

/// `npm` in the folder of a package.
///
/// # Errors
/// There is no such folder.
pub(crate) fn command(package: &Path) -> Result<Command> {
    if !package.is_dir() {
        bail!("{} is missing", package.display());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(package);
    Ok(npm)
}

/// Installs Node.js and npm, if they are missing.
///
/// # Errors
/// They cannot be installed.
pub(crate) fn ensure_node() -> Result<()> {
    apt::ensure(has_node, &["nodejs", "npm"])
        .with_context(|| format!("npm packages need Node.js {}.{} or newer, and npm", NODE.0, NODE.1))
}

fn has_node() -> bool {
    let version = output(Command::new("node").arg("--version")).unwrap_or_default();
    let mut numbers = version.trim().trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found >= NODE && succeeds(Command::new("npm").arg("--version"))
}
