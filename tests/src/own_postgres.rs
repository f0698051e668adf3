//! A PostgreSQL server of a test's own, which it may kill.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// The user that runs it where root would: PostgreSQL refuses to be root.
const USER: &str = "postgres";
/// Time in which it must accept connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server; it ends with the test.
pub struct OwnPostgres {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// Starts a server on an empty folder. It waits for the disk, as one in earnest does.
    ///
    /// # Errors
    /// When PostgreSQL is missing or does not start.
    pub fn start() -> anyhow::Result<OwnPostgres> {
        let folder = std::env::temp_dir().join(format!("matricula-own-postgres-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)?;
        if is_root()? {
            ensure!(Command::new("chown").arg(USER).arg(&folder).status()?.success(), "chown");
        }
        let made = program("initdb", &folder)?
            .args(["--username=matricula", "--auth=trust", "--encoding=UTF8", "--no-sync", "--pgdata=data"])
            .output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = launch(&folder, port)?;
        let server = OwnPostgres { process, folder, port };
        server.wait()?;
        Ok(server)
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        format!("postgres://matricula@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills its first process, as the kernel does when memory is short; the others notice and end.
    ///
    /// # Errors
    /// When it had ended before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again on the same folder; it recovers from its log.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.process = launch(&self.folder, self.port)?;
            // As long as processes of before have its memory, a new one ends at once.
            if self.wait().is_ok() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "PostgreSQL does not start again: see {}", self.folder.display());
        }
    }

    fn wait(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        let port = self.port.to_string();
        loop {
            let ready = Command::new("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port]).status()?;
            if ready.success() {
                return Ok(());
            }
            let running = Path::new(&format!("/proc/{}/fd/0", self.process.id())).exists();
            ensure!(running && Instant::now() < until, "PostgreSQL does not become ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn launch(folder: &Path, port: u16) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
    program("postgres", folder)?
        .args(["-D", "data", "-k", "", "-c", "listen_addresses=127.0.0.1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting postgres")
}

/// A program of PostgreSQL's, as a user that it accepts. Debian does not put them into the path.
fn program(name: &str, folder: &Path) -> anyhow::Result<Command> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").map(|entries| entries.flatten().map(|entry| entry.path()));
    let newest = versions.ok().and_then(|versions| versions.max()).map(|version| version.join("bin").join(name));
    let program = newest.filter(|program| program.exists()).unwrap_or_else(|| name.into());
    let mut command = if is_root()? {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    Ok(command)
}

fn is_root() -> anyhow::Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout == b"0\n")
}
