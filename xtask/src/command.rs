//! Running other programs, with errors that name them.

use anyhow::{Context, Result, anyhow, bail};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
/// It cannot be started or does not exit with 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", program(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(command));
    }
    Ok(())
}

/// Runs a command to its end, saying nothing: what it printed, its errors last, and whether it exited with 0.
pub(crate) fn run_quietly(command: &mut Command) -> (String, Result<()>) {
    let output = match command.output().with_context(|| format!("cannot start {}", program(command))) {
        Ok(output) => output,
        Err(error) => return (String::new(), Err(error)),
    };
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    let failed = || anyhow!("{} failed ({})", line(command), output.status);
    (printed, if output.status.success() { Ok(()) } else { Err(failed()) })
}

/// Runs a command to its end; what it printed on its standard output.
///
/// # Errors
/// It cannot be started, does not exit with 0, or prints something that is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", program(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", line(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a command can be started and exits with 0. Nothing of what it says is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command for at most this long; `None` if it had to be ended.
///
/// # Errors
/// It cannot be started.
pub(crate) fn run_at_most(limit: Duration, command: &mut Command) -> Result<Option<ExitStatus>> {
    let mut child =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {}", program(command)))?;
    let status = wait_at_most(limit, || child.try_wait().map_err(Into::into))?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(status)
}

/// Asks again and again until there is an answer or the time is up.
///
/// # Errors
/// Those of the question, at once.
pub(crate) fn wait_at_most<T>(limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        if started.elapsed() >= limit {
            return Ok(None);
        }
        sleep(Duration::from_millis(20));
    }
}

/// The name of the program, without its folder.
fn program(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    path.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program(command)).chain(arguments).collect::<Vec<_>>().join(" ")
}
