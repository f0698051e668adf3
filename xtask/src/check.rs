//! `cargo xtask check`: what a look at the sources tells, before anything runs.

use crate::command::run;
use crate::components;
use crate::rooms;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::Result;

/// Checks format, the arrows between rooms, lints and documentation. All of them run, whatever the one before says.
///
/// # Errors
/// A check failed.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new("check");
    steps.run("format", || run(&mut workspace.cargo(&["fmt", "--all", "--check"])));
    steps.run("rooms", || rooms::check(workspace));
    // The server's sources include the built components.
    if steps.run("components", || components::build(workspace)) {
        // The release profile: what it compiles of build scripts and macros serves the build and the tests, too.
        steps.run("clippy", || {
            let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--", "--deny", "warnings"];
            run(&mut workspace.cargo(&clippy))
        });
        steps.run("documentation", || {
            let mut doc =
                workspace.cargo(&["doc", "--release", "--workspace", "--no-deps", "--document-private-items"]);
            // The crates are programs: their pages are for those who change them, private items included.
            run(doc.env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links"))
        });
    }
    steps.finish()
}
