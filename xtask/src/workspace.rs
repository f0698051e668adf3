//! Where things are: the sources, cargo's target directory and what is built into them.

use crate::rustc;
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
    /// The profile of the root `Cargo.toml` that the server is built with: `release` daily, `dist` for users.
    profile: &'static str,
    /// Variables for cargo; `None` removes one.
    environment: Vec<(&'static str, Option<String>)>,
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
        Ok(Workspace { root, target, wasm_target_timeout, profile: "release", environment: Vec::new() })
    }

    /// The same sources as users get them: optimised as a whole program (profile `dist`), and built so that nothing
    /// tells where and when (`time`, seconds since 1970, stands for that), the same from wherever it was made.
    ///
    /// It has a target directory of its own, as other flags make everything compile anew.
    ///
    /// # Errors
    /// cargo or the compiler do not tell where they are.
    pub(crate) fn for_release(&self, time: i64) -> Result<Workspace> {
        let target = self.target.join("dist/build");
        let commit = rustc::version("commit-hash")?;
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo"))).context("no CARGO_HOME")?;
        // Of two that fit, the compiler takes the last.
        let places = [
            (self.root.clone(), "/matricula".to_owned()),
            (target.clone(), "/target".to_owned()),
            (home, "/cargo".to_owned()),
            // Where the sources of the standard library are installed, they stand for those it was compiled from.
            (rustc::sysroot()?.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")),
        ];
        let flags = |option: &str| {
            let flags = places.iter().map(|(place, name)| format!("{option}={}={name}", place.display()));
            Some(flags.collect::<Vec<_>>().join(" "))
        };
        let environment = vec![
            ("RUSTFLAGS", None),
            ("CARGO_ENCODED_RUSTFLAGS", None),
            ("CARGO_BUILD_RUSTFLAGS", flags("--remap-path-prefix")),
            ("CFLAGS", flags("-ffile-prefix-map")),
            ("CXXFLAGS", flags("-ffile-prefix-map")),
            // Code in C that tells when it was compiled.
            ("SOURCE_DATE_EPOCH", Some(time.to_string())),
        ];
        let (root, wasm_target_timeout) = (self.root.clone(), self.wasm_target_timeout);
        Ok(Workspace { root, target, wasm_target_timeout, profile: "dist", environment })
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
        self.target.join(self.profile).join("matricula")
    }

    /// Builds the server, into [`Workspace::server`].
    pub(crate) fn build_server(&self) -> Command {
        self.cargo(&["build", "--profile", self.profile, "--package", "matricula"])
    }

    /// `cargo` with these arguments, the same cargo that runs xtask.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        for (name, value) in &self.environment {
            match value {
                Some(value) => cargo.env(name, value),
                None => cargo.env_remove(name),
            };
        }
        cargo
    }
}
