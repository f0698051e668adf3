//! The harness of the tests from outside: the real server as a process of its own, with a database of its own, and the
//! callers of it.

mod cable;
mod compiled;
mod own_postgres;
mod postgres;
mod raw;
mod realm_keys;

pub use cable::Cable;
pub use own_postgres::OwnPostgres;
pub use postgres::new_database;
pub use raw::{speak, status_of};

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Password of the administrator of every server that a test starts.
pub const PASSWORD: &str = "a test's password";
/// Time in which a server must be ready, and in which it must stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program under test, beside the tests in the target folder.
///
/// # Errors
/// When it has not been built.
pub fn program() -> anyhow::Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let program = tests.ancestors().nth(2).context("the tests lie in no target folder")?.join("matricula");
    ensure!(program.exists(), "{} is missing: run `cargo xtask build`, which makes it", program.display());
    Ok(program)
}

/// The components that only tests use.
///
/// # Errors
/// When they have not been built.
pub fn guests() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-components");
    ensure!(folder.exists(), "{} is missing: run `cargo xtask build`, which makes it", folder.display());
    Ok(folder)
}

/// A running server; it ends with the test.
pub struct Service {
    process: Child,
    data: PathBuf,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    /// Address of the server.
    pub url: String,
    /// Where callers send their requests: the server, or what stands before several of them.
    pub front: String,
    /// What it printed until it was ready.
    pub greeting: String,
    /// For requests.
    pub http: Client,
}

impl Service {
    /// Starts a server on an empty folder and an empty database.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start() -> anyhow::Result<Service> {
        Service::start_with(&[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_with(options: &[&str]) -> anyhow::Result<Service> {
        Service::start_in(&[], options)
    }

    /// The same with variables in its environment, which it keeps when it starts again.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_in(environment: &[(&str, &str)], options: &[&str]) -> anyhow::Result<Service> {
        if postgres::is_chosen() {
            let database = new_database()?;
            return Service::launch(environment, &[&["--database", &database], options].concat());
        }
        Service::launch(environment, options)
    }

    /// Starts a server on this database, which others may use too.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_on(database: &str, options: &[&str]) -> anyhow::Result<Service> {
        Service::launch(&[], &[&["--database", database], options].concat())
    }

    /// Whether its database is PostgreSQL.
    pub fn is_on_postgres(&self) -> bool {
        self.database().is_some_and(|database| database.starts_with("postgres"))
    }

    fn launch(environment: &[(&str, &str)], options: &[&str]) -> anyhow::Result<Service> {
        let data = std::env::temp_dir().join(format!("matricula-test-{}", uuid::Uuid::new_v4()));
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (process, url, greeting) = launch(&data, &options, &environment)?;
        Ok(Service { process, data, options, environment, front: url.clone(), url, greeting, http: Client::new() })
    }

    /// Ends the server as if the machine had lost its power, and starts it again on the same folder.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        self.start_again()
    }

    /// Stops the server in an orderly way and starts it again on the same folder.
    ///
    /// # Errors
    /// When it does not stop cleanly or does not become ready again.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Tells the server to stop; it may take its time.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn terminate(&self) -> anyhow::Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        ensure!(told.success(), "SIGTERM could not be sent");
        Ok(())
    }

    /// Stops the server in an orderly way.
    ///
    /// # Errors
    /// When it does not stop cleanly.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.terminate()?;
        self.ended()
    }

    /// Waits until the server, which was told to stop, has ended.
    ///
    /// # Errors
    /// When it does not, or not cleanly.
    pub fn ended(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.process.try_wait()? {
                break status;
            }
            ensure!(Instant::now() < until, "the server did not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Starts the server again, which has ended, on the same folder.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        (self.process, self.url, self.greeting) = launch(&self.data, &self.options, &self.environment)?;
        self.front.clone_from(&self.url);
        Ok(())
    }

    /// What the server has logged, a JSON object a line.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(log_file(&self.data))?)
    }

    /// Changes an option for the next start.
    pub fn set_option(&mut self, name: &str, value: &str) {
        if let Some(at) = self.options.iter().position(|option| option == name) {
            self.options.truncate(at);
        }
        self.options.extend([name.to_owned(), value.to_owned()]);
    }

    /// Changes the environment for the next start.
    pub fn set_environment(&mut self, environment: &[(&str, &str)]) {
        self.environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    }

    /// Runs the program on this server's database, in its environment; what it printed.
    ///
    /// # Errors
    /// What it printed when it ended with an error.
    pub fn maintain(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(program()?);
        command.args(arguments).arg("--data").arg(&self.data);
        if let Some(database) = self.database() {
            command.args(["--database", database]);
        }
        let output = command.envs(self.environment.iter().cloned()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Where the server keeps everything, as options of commands that work without one.
    pub fn place(&self) -> Vec<String> {
        let database = self.options.iter().position(|option| option == "--database");
        let database = database.map(|at| self.options[at..self.options.len().min(at + 2)].to_vec());
        let mut place = vec!["--data".to_owned(), self.data.display().to_string()];
        place.extend(database.into_iter().flatten());
        place
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The folder of the server's data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// An access token of the administrator.
    ///
    /// # Errors
    /// When the server gives none.
    pub async fn administrator(&self) -> anyhow::Result<String> {
        let form =
            [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", PASSWORD)];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.url);
        let answer: Value = self.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
        Ok(answer["access_token"].as_str().context("no access token")?.to_owned())
    }

    /// A call of the Admin API as the administrator; `path` begins behind `/admin/realms`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Response> {
        let token = self.administrator().await?;
        let mut request = self.http.request(method, format!("{}/admin/realms{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?)
    }

    /// Makes a realm.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn realm(&self, name: &str) -> anyhow::Result<()> {
        let made = self.admin(Method::POST, "", Some(json!({"realm": name, "enabled": true}))).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
        Ok(())
    }

    /// Makes an initial access token; `body` as for `clients-initial-access`.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn initial_access_token(&self, realm: &str, body: Value) -> anyhow::Result<String> {
        let made = self.admin(Method::POST, &format!("/{realm}/clients-initial-access"), Some(body)).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
        let made: Value = made.json().await?;
        Ok(made["token"].as_str().context("no token")?.to_owned())
    }

    /// Adds a policy to a set of a realm.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn policy(&self, realm: &str, sub_type: &str, provider: &str, config: Value) -> anyhow::Result<()> {
        let body = json!({
            "name": provider,
            "providerId": provider,
            "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
            "subType": sub_type,
            "config": config,
        });
        let made = self.admin(Method::POST, &format!("/{realm}/components"), Some(body)).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
        Ok(())
    }

    /// Removes every policy of a set, so that it accepts everything.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn open(&self, realm: &str, sub_type: &str) -> anyhow::Result<()> {
        let listed = self.admin(Method::GET, &format!("/{realm}/components"), None).await?;
        let policies: Vec<Value> = listed.json().await?;
        for policy in policies.iter().filter(|policy| policy["subType"] == sub_type) {
            let id = policy["id"].as_str().context("no id")?;
            let gone = self.admin(Method::DELETE, &format!("/{realm}/components/{id}"), None).await?;
            ensure!(gone.status() == 204, "{}", gone.text().await?);
        }
        Ok(())
    }

    /// A registration request; without a token it is anonymous.
    pub fn register(&self, realm: &str, provider: &str, token: Option<&str>) -> RequestBuilder {
        let url = format!("{}/realms/{realm}/clients-registrations/{provider}", self.front);
        let request = self.http.post(url);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Runs the program with these arguments against this server, as its administrator; what it printed.
    ///
    /// # Errors
    /// What it printed when it ended with an error.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(program()?)
            .args(arguments)
            .args(["--server", &self.url])
            .env("MATRICULA_ADMIN_PASSWORD", PASSWORD)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The clients of a realm whose id has `part` in it.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn clients(&self, realm: &str, part: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("/{realm}/clients?search=true&clientId={part}");
        Ok(self.admin(Method::GET, &path, None).await?.error_for_status()?.json().await?)
    }
}

/// Waits until something holds.
///
/// # Errors
/// When it does not in this time.
pub async fn within(time: Duration, holds: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let until = Instant::now() + time;
    while !holds().await? {
        ensure!(Instant::now() < until, "it did not come true within {time:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log().unwrap_or_default());
        }
        // It may have ended already; the folder is only in the way of nobody.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
        let _ = std::fs::remove_file(log_file(&self.data));
    }
}

/// Where the server's log goes: beside its folder, as it is there before the folder.
fn log_file(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Starts the program and waits until it says where it listens.
fn launch(
    data: &Path,
    options: &[String],
    environment: &[(String, String)],
) -> anyhow::Result<(Child, String, String)> {
    let program = program()?;
    compiled::provide(data, &program)?;
    let mut process = Command::new(&program)
        .arg("serve")
        .args(if options.iter().any(|option| option == "--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] })
        .arg("--data")
        .arg(data)
        .args(options)
        .env("MATRICULA_ADMIN_PASSWORD", PASSWORD)
        .env("MATRICULA_LOG", "warn")
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::OpenOptions::new().create(true).append(true).open(log_file(data))?)
        .spawn()
        .context("starting the server")?;
    let mut lines = BufReader::new(process.stdout.take().context("no output")?).lines();
    let first = lines.next().context("the server ended at once")??;
    let Some(at) = first.find("http") else { bail!("no address in {first:?}") };
    let url = first[at..].trim().to_owned();
    // The rest of the greeting comes in one piece with its first line.
    let (rest, greeting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if rest.send(line).is_err() {
                return;
            }
        }
    });
    let mut text = first;
    while let Ok(line) = greeting.recv_timeout(Duration::from_millis(100)) {
        text.push('\n');
        text.push_str(&line);
    }
    compiled::keep(data, &program)?;
    Ok((process, url, text))
}
