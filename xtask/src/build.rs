//! `cargo xtask build`: the components, the web pages that show them, then the server with both built in.

use crate::command::run;
use crate::components;
use crate::web;
use crate::workspace::Workspace;
use anyhow::Result;

/// Leaves the server at [`Workspace::server`].
///
/// # Errors
/// Something does not compile, or no WebAssembly toolchain or no Node.js is found.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    components::build(workspace)?;
    web::build(workspace)?;
    run(&mut workspace.build_server())
}
