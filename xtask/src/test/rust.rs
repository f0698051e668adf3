//! `cargo test`: the unit tests beside the code, and package `tests`.

use crate::command::run;
use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::OsString;

/// Runs the tests of the whole workspace, with these arguments for `cargo test`.
///
/// # Errors
/// A test failed or does not compile.
pub(crate) fn test(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    run(workspace.cargo(&["test", "--release", "--workspace"]).args(arguments))
}
