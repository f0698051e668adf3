//! `cargo xtask pictures`: the pictures of the documentation, which the tests of the web pages make.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;

/// Pictures below `target/screenshots`, and what they are in `docs/images`.
const PICTURES: [(&str, &str); 2] =
    [("console/documentation.png", "console.png"), ("bench/documentation.png", "bench.png")];

/// Puts what the last `cargo xtask test web` saw into `docs/images`.
///
/// # Errors
/// A picture is not there, or cannot be written.
pub(crate) fn pictures(workspace: &Workspace) -> Result<()> {
    for (made, shown) in PICTURES {
        let from = workspace.root.join("target/screenshots").join(made);
        let to = workspace.root.join("docs/images").join(shown);
        fs::copy(&from, &to)
            .with_context(|| format!("{}: run `cargo xtask test web`, which makes it", from.display()))?;
        println!("docs/images/{shown}");
    }
    Ok(())
}
