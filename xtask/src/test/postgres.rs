//! A PostgreSQL server of the tests' own: empty, on a free port, gone afterwards.

use crate::apt;
use crate::command::{output, run, succeeds, wait_at_most};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long it may take until it accepts connections, and to stop.
const LIMIT: Duration = Duration::from_secs(30);
/// The user that it runs as when we are root, as which it refuses to run: Debian's package makes this one.
const USER: &str = "postgres";

/// What must be on disk when a commit is acknowledged.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Keep {
    /// Nothing: the tests end nodes, never this server, and what they lose must be the nodes' own fault.
    Nothing,
    /// Everything, as it should be.
    Everything,
}

/// A running server. It is stopped when dropped.
pub(crate) struct Postgres {
    process: Child,
    folder: PathBuf,
    address: String,
}

impl Postgres {
    /// Installs PostgreSQL if it is missing, and starts a server on an empty folder.
    ///
    /// # Errors
    /// It is missing and cannot be installed, or it does not start; the end of its log says why.
    pub(crate) fn start(keep: Keep) -> Result<Postgres> {
        apt::ensure(|| programs().is_ok() && succeeds(Command::new("psql").arg("--version")), &["postgresql"])?;
        let programs = programs()?;
        let folder = env::temp_dir().join(format!("matricula-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let password = password()?;
        fs::write(folder.join("password"), &password)?;
        if is_root()? {
            run(Command::new("chown").args(["-R", USER]).arg(&folder))?;
        }
        let initdb = programs.join("initdb");
        output(
            as_user(&initdb, &folder)?
                .args(["--username=matricula", "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8"])
                .args(["--no-sync", "--pgdata=data"]),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(folder.join("log"))?;
        let process = as_user(&programs.join("postgres"), &folder)?
            .args(["-D", "data", "-k", "", "-c", "listen_addresses=127.0.0.1", "-p", &port.to_string()])
            .args(["-c", "max_connections=400"])
            .args(["-c", if keep == Keep::Nothing { "fsync=off" } else { "fsync=on" }])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start postgres")?;
        let address = format!("postgres://matricula:{password}@127.0.0.1:{port}");
        let mut server = Postgres { process, folder, address };
        server.wait_until_ready(port)?;
        eprintln!("postgres: port {port}, process {}", server.process.id());
        Ok(server)
    }

    /// The address of its database `postgres`, in which others can be made.
    pub(crate) fn address(&self) -> String {
        format!("{}/postgres", self.address)
    }

    /// Its main process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Makes an empty database; its address.
    pub(crate) fn database(&self, name: &str) -> Result<String> {
        let sql = format!("CREATE DATABASE {name}");
        output(Command::new("psql").args(["--quiet", "--command", &sql]).arg(self.address()))?;
        Ok(format!("{}/{name}", self.address))
    }

    fn wait_until_ready(&mut self, port: u16) -> Result<()> {
        let ready = wait_at_most(LIMIT, || {
            if let Some(status) = self.process.try_wait()? {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("postgres ended before it was ready ({status}):\n{log}");
            }
            let ready = succeeds(Command::new("pg_isready").args(["-h", "127.0.0.1", "-p", &port.to_string()]));
            Ok(ready.then_some(()))
        })?;
        ready.with_context(|| format!("postgres accepted no connection within {} s", LIMIT.as_secs()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT ends it and its processes at once; nothing of it is needed any more.
        let pid = self.process.id().to_string();
        if !succeeds(Command::new("sh").args(["-c", "kill -QUIT \"$1\"", "sh", &pid]))
            || !matches!(wait_at_most(LIMIT, || Ok(self.process.try_wait()?)), Ok(Some(_)))
        {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder with the server's programs, the newest version's: Debian does not put them into the path.
fn programs() -> Result<PathBuf> {
    let is_complete = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path).find(|folder| is_complete(folder));
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let of_debian = || {
        let installed = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
        let newest = installed.filter(|folder| is_complete(&folder.join("bin"))).max_by_key(version)?;
        Some(newest.join("bin"))
    };
    in_path.or_else(of_debian).context("no initdb")
}

/// A program of the server's, run in this folder and as a user that it accepts.
fn as_user(program: &Path, folder: &Path) -> Result<Command> {
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

fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// Others on this machine are not to come in.
fn password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
