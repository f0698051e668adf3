//! The built server as a process, for tests that speak HTTP to it.

use crate::command::{run, wait_at_most};
use anyhow::{Context, Result, anyhow, bail};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The administrator of the server's realm `master`, whom tests have to know.
pub(crate) const ADMIN_USER: &str = "admin";
/// That administrator's password.
pub(crate) const ADMIN_PASSWORD: &str = "admin";

/// How long the server may take until it prints its address.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long the server may take to stop after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How much of the server's output is shown after a failure.
const TAIL_LINES: usize = 40;

/// A running server on a port of its own, with a folder of its own. It is killed when dropped.
pub(crate) struct Server {
    process: Child,
    /// Holds the data and `server.log`; kept after a failure.
    folder: PathBuf,
    database: Option<String>,
    /// More options of `matricula serve`.
    options: Vec<String>,
    url: String,
}

impl Server {
    /// Starts the server on this database, or on an empty SQLite database, and waits until it is ready: until it prints its address.
    ///
    /// `step` tells its folder from those that other steps left after a failure.
    ///
    /// # Errors
    /// It ends or prints no address in time; what it printed has been shown.
    pub(crate) fn start(executable: &Path, step: &str, database: Option<&str>) -> Result<Server> {
        Server::start_with(executable, step, database, &[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(crate) fn start_with(
        executable: &Path,
        step: &str,
        database: Option<&str>,
        options: &[&str],
    ) -> Result<Server> {
        let folder = env::temp_dir().join(format!("matricula-{step}-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let database = database.map(str::to_owned);
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = spawn(executable, &folder, database.as_deref(), &options)?;
        let mut server = Server { process, folder, database, options, url: String::new() };
        server.greet()?;
        Ok(server)
    }

    /// Stops the server and starts it again on what it has stored.
    ///
    /// # Errors
    /// As [`Server::start`], and when it does not stop cleanly.
    pub(crate) fn restart(&mut self, executable: &Path) -> Result<()> {
        self.terminate()?;
        self.process = spawn(executable, &self.folder, self.database.as_deref(), &self.options)?;
        self.greet()
    }

    /// Waits for the server's address.
    fn greet(&mut self) -> Result<()> {
        match self.wait_until_ready() {
            Ok(url) => {
                eprintln!("server: {url}, process {}", self.process.id());
                self.url = url;
                Ok(())
            }
            Err(error) => {
                self.show_log();
                Err(error)
            }
        }
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The server's base address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The address of the server's database, as option `--database` takes it.
    pub(crate) fn database(&self) -> String {
        let embedded = || format!("sqlite://{}", self.folder.join("data/matricula.db").display());
        self.database.clone().unwrap_or_else(embedded)
    }

    /// Tells tests that another program runs where the server is and who its administrator is.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            // The server is on this machine, whatever proxy there is for the rest of the world.
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("MATRICULA_URL", &self.url)
            .env("MATRICULA_ADMIN_USER", ADMIN_USER)
            .env("MATRICULA_ADMIN_PASSWORD", ADMIN_PASSWORD)
    }

    /// Stops the server as an operator would, and judges the end of it together with the outcome of the tests.
    ///
    /// # Errors
    /// The tests' own, or the server was gone before or did not exit with 0 in time. The end of its log has been shown.
    pub(crate) fn stop(mut self, tested: Result<()>) -> Result<()> {
        let error = match (tested, self.terminate()) {
            (Ok(()), Ok(())) => {
                return fs::remove_dir_all(&self.folder).with_context(|| self.folder.display().to_string());
            }
            (Err(error), Ok(())) | (Ok(()), Err(error)) => error,
            (Err(tests), Err(server)) => anyhow!("{tests:#}; {server:#}"),
        };
        self.show_log();
        Err(error)
    }

    /// The address in the server's output, once it is there.
    fn wait_until_ready(&mut self) -> Result<String> {
        let ready = wait_at_most(START_LIMIT, || {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended before it was ready ({status})");
            }
            Ok(address(&self.log()?))
        })?;
        ready.with_context(|| format!("the server printed no address within {} s", START_LIMIT.as_secs()))
    }

    /// Sends SIGTERM and expects exit status 0.
    fn terminate(&mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the server ended during the tests ({status})");
        }
        run(Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &self.process.id().to_string()]))?;
        match wait_at_most(STOP_LIMIT, || Ok(self.process.try_wait()?))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(anyhow!("the server did not stop cleanly after SIGTERM ({status})")),
            None => Err(anyhow!("the server still runs {} s after SIGTERM", STOP_LIMIT.as_secs())),
        }
    }

    /// Everything the server has printed.
    fn log(&self) -> Result<String> {
        let file = self.folder.join("server.log");
        let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Prints the end of the log and where the rest is.
    fn show_log(&self) {
        let log = self.log().unwrap_or_else(|error| format!("{error:#}"));
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        eprintln!("── the end of the server's log ({})", self.folder.join("server.log").display());
        eprintln!("{}\n──", tail.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, unless something went wrong: then there is nobody left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the server in this folder, in which its data and its log are.
fn spawn(executable: &Path, folder: &Path, database: Option<&str>, options: &[String]) -> Result<Child> {
    let log = File::create(folder.join("server.log"))?;
    let mut command = Command::new(executable);
    // Neither settings nor files of whoever runs the tests are to matter.
    let is_setting = |name: &str| name.starts_with("MATRICULA_") || name.starts_with("OTEL_");
    for (name, _) in env::vars_os().filter(|(name, _)| is_setting(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--allow-private-fetch", "--data"])
        .arg(folder.join("data"))
        .args(database.into_iter().flat_map(|url| ["--database", url]))
        .args(options)
        .env("MATRICULA_ADMIN_USER", ADMIN_USER)
        .env("MATRICULA_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().with_context(|| format!("cannot start {}", executable.display()))
}

/// An address of this machine that nobody listens on at the moment.
///
/// # Errors
/// There is none.
pub(crate) fn free_address() -> Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("finding a free port")?;
    Ok(listener.local_addr()?.to_string())
}

/// The first `http://127.0.0.1:PORT` of a complete line.
fn address(log: &str) -> Option<String> {
    const START: &str = "http://127.0.0.1:";
    let (complete, _) = log.rsplit_once('\n')?;
    complete.match_indices(START).find_map(|(at, _)| {
        let port: String = complete[at + START.len()..].chars().take_while(char::is_ascii_digit).collect();
        (!port.is_empty()).then(|| format!("{START}{port}"))
    })
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn reads_the_address_of_a_complete_line() {
        for (log, found) in [
            ("", None),
            ("Matricula 0.1.0\n", None),
            ("listens on http://127.0.0.1:34", None),
            (
                "password: x\nlistens on http://127.0.0.1:34567\ncurl http://127.0.0.1:1/",
                Some("http://127.0.0.1:34567"),
            ),
            ("{\"message\":\"ready\",\"url\":\"http://127.0.0.1:8080/\"}\n", Some("http://127.0.0.1:8080")),
        ] {
            assert_eq!(address(log).as_deref(), found, "{log}");
        }
    }
}
