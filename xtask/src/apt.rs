//! Tools of the tests that are missing: installed where that is possible, else named with the command that does it.

use crate::command::{output, run, succeeds};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Makes sure that `works` succeeds, by installing these Debian packages if it does not.
///
/// # Errors
/// Something is missing and we are not root on a Debian system: the error is the command to run.
pub(crate) fn ensure(works: impl Fn() -> bool, packages: &[&str]) -> Result<()> {
    if works() {
        return Ok(());
    }
    let packages_line = packages.join(" ");
    let by_hand = format!("missing: {packages_line}; run: sudo apt-get install {packages_line}");
    if !succeeds(Command::new("apt-get").arg("--version")) || output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("{by_hand} (or what your system calls them)");
    }
    eprintln!("apt-get install {packages_line}");
    let apt_get = || {
        let mut command = Command::new("apt-get");
        command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt_get().arg("update")).with_context(|| by_hand.clone())?;
    run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages)).context(by_hand)?;
    if !works() {
        bail!("{packages_line} installed, but it still does not work");
    }
    Ok(())
}
