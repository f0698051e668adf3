//! `cargo xtask run`: build, then become `matricula serve`.

use crate::build::build;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Builds the server and replaces this process by it, so that signals reach it and its exit status is ours.
///
/// # Errors
/// Those of the build; after it only a server that cannot be started.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    build(workspace)?;
    let server = workspace.server();
    Err(Command::new(&server).arg("serve").args(arguments).exec())
        .with_context(|| format!("cannot start {}", server.display()))
}
