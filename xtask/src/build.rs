//! `cargo xtask build`: the components, then the server with them built in.

use crate::command::run;
use crate::components;
use crate::workspace::Workspace;
use anyhow::Result;

/// Leaves the server at [`Workspace::server`].
///
/// # Errors
/// Something does not compile, or no WebAssembly toolchain is found.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    components::build(workspace)?;
    run(&mut workspace.cargo(&["build", "--release", "--package", "matricula"]))
}
