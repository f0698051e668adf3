//! What the installed compiler says of itself.

use crate::command::output;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// The folder that it is installed in.
///
/// # Errors
/// It cannot be asked.
pub(crate) fn sysroot() -> Result<PathBuf> {
    Ok(output(Command::new("rustc").args(["--print", "sysroot"]))?.trim().into())
}

/// What `rustc -vV` has behind this name: `host`, `commit-hash`, …
///
/// # Errors
/// It cannot be asked, or has no such line.
pub(crate) fn version(name: &str) -> Result<String> {
    let lines = output(Command::new("rustc").arg("-vV"))?;
    let value = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Ok(value.with_context(|| format!("rustc names no {name}"))?.to_owned())
}
