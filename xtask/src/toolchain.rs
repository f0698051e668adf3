//! A compiler for WebAssembly: rustup's target if it is there or can be had soon, else Debian's compiler.

mod debian;

use crate::command::{output, run_at_most};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The compile target of components.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What compiles components.
pub(crate) enum Toolchain {
    /// The compiler that builds everything else, too: it has the target.
    Installed,
    /// Debian's compiler, unpacked into a cache; std is compiled from source.
    Debian(debian::Compiler),
}

impl Toolchain {
    /// The first of: installed, Debian's if an earlier build had to unpack it, `rustup target add`, Debian's.
    ///
    /// # Errors
    /// There is none; the error says what to do.
    pub(crate) fn find(rustup_timeout: Duration) -> Result<Toolchain> {
        if is_installed()? {
            say(&format!("{TARGET} is installed"));
            return Ok(Toolchain::Installed);
        }
        if let Some(compiler) = debian::unpacked_earlier()? {
            say(&format!("{TARGET} is not installed; using Debian's compiler, unpacked earlier"));
            return Ok(Toolchain::Debian(compiler));
        }
        if add_by_rustup(rustup_timeout)? {
            say("rustup has installed it");
            return Ok(Toolchain::Installed);
        }
        say("using Debian's compiler for WebAssembly instead");
        let compiler = debian::unpack().with_context(|| {
            format!("no WebAssembly toolchain; get one with `rustup target add {TARGET}`, then try again")
        })?;
        Ok(Toolchain::Debian(compiler))
    }

    /// Makes a cargo command build with this toolchain, for [`TARGET`].
    pub(crate) fn apply(&self, cargo: &mut Command) {
        // What is set for the machine's own code (a linker, a processor) does not fit this target.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").args(["--target", TARGET]);
        if let Toolchain::Debian(compiler) = self {
            compiler.apply(cargo);
        }
    }

    /// Gives a command that runs cargo itself this toolchain, by the environment alone.
    pub(crate) fn provide(&self, command: &mut Command) {
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Toolchain::Debian(compiler) = self {
            compiler.provide(command);
        }
    }
}

/// Whether the compiler at hand has the target.
fn is_installed() -> Result<bool> {
    let folder = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .context("no Rust compiler; see https://rustup.rs")?;
    Ok(Path::new(folder.trim()).is_dir())
}

/// Asks rustup for the target; whether it is there afterwards. A rustup that is missing, hangs or fails is no error.
fn add_by_rustup(timeout: Duration) -> Result<bool> {
    if timeout.is_zero() {
        say("`rustup target add` is skipped (time limit 0)");
        return Ok(false);
    }
    say(&format!("rustup target add {TARGET} (at most {} s)", timeout.as_secs()));
    match run_at_most(timeout, Command::new("rustup").args(["target", "add", TARGET])) {
        Ok(Some(status)) if status.success() => is_installed(),
        Ok(Some(status)) => {
            say(&format!("rustup failed ({status})"));
            Ok(false)
        }
        Ok(None) => {
            say("rustup was not done in time (see --wasm-target-timeout)");
            Ok(false)
        }
        Err(error) => {
            say(&format!("{error:#}"));
            Ok(false)
        }
    }
}

/// One line about the search.
fn say(text: &str) {
    eprintln!("wasm toolchain: {text}");
}
