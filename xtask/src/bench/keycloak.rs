//! The reference: a real Keycloak from Maven Central, in production mode on the same PostgreSQL.

use super::has;
use crate::apt;
use crate::command::{output, run, succeeds, wait_at_most};
use crate::test::postgres::Postgres;
use crate::test::server::{ADMIN_PASSWORD, ADMIN_USER, free_address};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const VERSION: &str = "26.7.0";
/// How long it may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(180);

/// A running Keycloak. It is stopped when dropped.
pub(crate) struct Keycloak {
    process: Child,
    address: String,
}

impl Keycloak {
    /// Fetches it once, and starts it with an empty database; `None` where Maven or a JDK is missing.
    ///
    /// # Errors
    /// It cannot be fetched or does not start; its log says why.
    pub(crate) fn start(workspace: &Workspace, postgres: &Postgres) -> Result<Option<Keycloak>> {
        if !has("mvn") || !has("java") {
            eprintln!("keycloak: left out, as Maven or a JDK is missing");
            return Ok(None);
        }
        let home = fetch(workspace)?;
        let program = home.join("bin/kc.sh");
        let address = free_address()?;
        let (_, port) = address.split_once(':').context("no port")?;
        let database = jdbc(&postgres.database("keycloak")?)?;
        let log = File::create(home.join("server.log"))?;
        let process = Command::new(&program)
            .args(["start", "--optimized", "--http-enabled=true", "--hostname-strict=false", "--cache=local"])
            .args(["--http-host=127.0.0.1", "--http-port", port, "--db-url", &database])
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN_USER)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start Keycloak")?;
        let mut keycloak = Keycloak { process, address };
        let answers = || {
            if let Some(status) = keycloak.process.try_wait()? {
                bail!("Keycloak ended before it was ready ({status}); see {}", home.join("server.log").display());
            }
            let realm = format!("http://{}/realms/master", keycloak.address);
            Ok(succeeds(Command::new("curl").args(["--silent", "--fail", &realm])).then_some(()))
        };
        wait_at_most(START_LIMIT, answers)?.context("Keycloak gave no answer in time")?;
        eprintln!("keycloak: {}, process {}", keycloak.url(), keycloak.pid());
        Ok(Some(keycloak))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The start script, whose child is the server.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        // The script's child first: it does not end with the script.
        let end = "kill -KILL $(cat /proc/$1/task/$1/children) $1";
        let _ = succeeds(Command::new("sh").args(["-c", end, "sh", &pid]));
        let _ = self.process.wait();
    }
}

/// The folder of an unpacked Keycloak that is built for PostgreSQL.
fn fetch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("keycloak");
    let home = folder.join(format!("keycloak-{VERSION}"));
    let built = home.join("built-for-postgresql");
    if built.is_file() {
        return Ok(home);
    }
    apt::ensure(|| has("unzip") && has("curl"), &["unzip", "curl"])?;
    fs::create_dir_all(&folder)?;
    run(Command::new("mvn")
        .args(["-q", "dependency:copy", &format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip")])
        .arg(format!("-DoutputDirectory={}", folder.display())))?;
    let archive = folder.join(format!("keycloak-quarkus-dist-{VERSION}.zip"));
    run(Command::new("unzip").args(["-q", "-o"]).arg(archive).arg("-d").arg(&folder))?;
    output(Command::new(home.join("bin/kc.sh")).args(["build", "--db=postgres"]))?;
    fs::write(built, "")?;
    Ok(home)
}

/// `postgres://user:password@host:port/name` in Java's words.
fn jdbc(url: &str) -> Result<String> {
    let (user, place) = url
        .strip_prefix("postgres://")
        .and_then(|rest| rest.split_once('@'))
        .with_context(|| "an address of another form")?;
    let (user, password) = user.split_once(':').context("an address without a password")?;
    Ok(format!("jdbc:postgresql://{place}?user={user}&password={password}"))
}
