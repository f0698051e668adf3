//! Where things are: the sources, cargo's target directory and what is built into them.

use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The checkout this xtask belongs to, and what was asked for on its command line.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory: `CARGO_TARGET_DIR`, or `target` of the workspace.
    pub(crate) target: PathBuf,
    /// How long `rustup target add` may take; zero skips it.
    pub(crate) wasm_target_timeout: Duration,
}

impl Workspace {
    /// The workspace of the running `cargo xtask`.
    ///
    /// It is asked of the environment at run time, not of the compiler: a target directory may serve several checkouts.
    pub(crate) fn find(wasm_target_timeout: Duration) -> Result<Workspace> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR").context("not started by cargo; run `cargo xtask`")?;
        let root = Path::new(&manifest_dir).parent().context("xtask has no workspace around it")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => std::path::absolute(target).context("CARGO_TARGET_DIR")?,
            None => root.join("target"),
        };
        Ok(Workspace { root, target, wasm_target_timeout })
    }

    /// The components that the server has built in: always in the workspace, where the host's sources name them.
    pub(crate) fn components(&self) -> PathBuf {
        self.root.join("target/components")
    }

    /// The ill-behaved components of the tests.
    pub(crate) fn test_components(&self) -> PathBuf {
        self.root.join("target/test-components")
    }

    /// The sources of the web pages, a folder each.
    pub(crate) fn web(&self) -> PathBuf {
        self.root.join("web")
    }

    /// The server's executable.
    pub(crate) fn server(&self) -> PathBuf {
        self.target.join("release/matricula")
    }

    /// `cargo` with these arguments, the same cargo that runs xtask.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}
