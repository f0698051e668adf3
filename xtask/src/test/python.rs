//! A Python environment with the packages that tests need, made once for each list of them.

use crate::apt;
use crate::command::{output, run, succeeds};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment that has these requirements installed.
///
/// # Errors
/// Python or its module `venv` is missing and cannot be installed, or pip cannot get a package.
pub(crate) fn environment(workspace: &Workspace, requirements: &Path) -> Result<PathBuf> {
    ensure()?;
    let version = output(Command::new("python3").arg("--version"))?;
    let packages = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;

    let folder = workspace.target.join("python-venv").join(key(&version, &packages));
    let python = folder.join("bin/python");
    // An environment cannot be moved once made, so a file says that it is complete.
    let complete = folder.join("complete");
    if !complete.is_file() {
        let names = packages.lines().filter(|line| !line.starts_with('#')).map(str::trim);
        eprintln!("python: installing {}", names.collect::<Vec<_>>().join(", "));
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
        fs::write(complete, "")?;
    }
    Ok(python)
}

/// Makes sure that environments can be made.
///
/// # Errors
/// Python or its module `venv` is missing and cannot be installed.
pub(crate) fn ensure() -> Result<()> {
    let has_venv = || succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    apt::ensure(has_venv, &["python3", "python3-venv"])
}

/// Names an environment by what is in it.
fn key(version: &str, packages: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (version, packages).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
