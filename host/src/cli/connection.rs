//! A running server and an administrator's access to it.

use std::error::Error;
use std::fmt;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::config::Connection;

/// A token that ends so soon is replaced first.
const SOON: Duration = Duration::from_secs(10);

/// A server that knows who asks.
pub(crate) struct Server {
    client: Client,
    base: String,
    user: String,
    password: String,
    token: Mutex<Token>,
}

/// An access token of the administrator.
struct Token {
    text: String,
    /// When to sign in again.
    until: Instant,
}

impl Server {
    /// Signs in.
    ///
    /// # Errors
    /// When the server cannot be reached or does not accept the credentials.
    pub(crate) async fn connect(connection: &Connection) -> anyhow::Result<Server> {
        let base = connection.server.trim_end_matches('/').to_owned();
        let password = match &connection.password {
            Some(password) => password.clone(),
            None => ask_password(&connection.user)?,
        };
        let client = Client::builder().build()?;
        let user = connection.user.clone();
        let token = Mutex::new(sign_in(&client, &base, &user, &password).await?);
        Ok(Server { client, base, user, password, token })
    }

    /// A token that is still good: what lasts long outlives one.
    async fn token(&self) -> anyhow::Result<String> {
        let mut token = self.token.lock().await;
        if token.until <= Instant::now() {
            *token = sign_in(&self.client, &self.base, &self.user, &self.password).await?;
        }
        Ok(token.text.clone())
    }

    /// One call of the Admin API; `path` begins behind `/admin/realms`.
    ///
    /// # Errors
    /// When the server refuses it: with its words.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Response> {
        let url = format!("{}/admin/realms{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(self.token().await?);
        if let Some(body) = body {
            request = request.json(&body);
        }
        checked(request.send().await.context("reaching the server")?, "the server refuses").await
    }

    /// One call about components, `path` begins behind `/admin/components`; null when there is no answer to read.
    ///
    /// # Errors
    /// When the server refuses it: with its words.
    pub(crate) async fn components(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let url = format!("{}/admin/components{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(self.token().await?);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = checked(request.send().await.context("reaching the server")?, "the server refuses").await?;
        let text = answer.text().await.context("reading the server's answer")?;
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(&text).context("reading the server's answer")
        }
    }

    /// Sends a component file.
    ///
    /// # Errors
    /// When the server refuses it: with its words.
    pub(crate) async fn upload(&self, path: &str, bytes: Vec<u8>, signature: Option<&str>) -> anyhow::Result<Value> {
        let url = format!("{}/admin/components{path}", self.base);
        let mut request =
            self.client.put(url).bearer_auth(self.token().await?).header("Content-Type", "application/wasm");
        if let Some(signature) = signature {
            request = request.header("Matricula-Signature", signature);
        }
        let sent = request.body(bytes).send().await.context("reaching the server")?;
        checked(sent, "the server refuses").await?.json().await.context("reading the server's answer")
    }

    /// A call that answers JSON.
    ///
    /// # Errors
    /// As [`Server::call`].
    pub(crate) async fn json(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        self.call(method, path, body).await?.json().await.context("reading the server's answer")
    }
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What a server answers when it does not do what it is asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    doing: &'static str,
    /// Why, in its words.
    pub(crate) words: String,
    status: StatusCode,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (status {})", self.doing, self.words, self.status.as_u16())
    }
}

impl Error for Refusal {}

/// An answer that is no error.
async fn checked(answer: Response, doing: &'static str) -> anyhow::Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body: Value = answer.json().await.unwrap_or_default();
    let words = ["error_description", "errorMessage", "error"].iter().find_map(|member| body[member].as_str());
    Err(Refusal { doing, words: words.unwrap_or("no reason given").to_owned(), status }.into())
}

async fn sign_in(client: &Client, base: &str, user: &str, password: &str) -> anyhow::Result<Token> {
    let began = Instant::now();
    let answer = client
        .post(format!("{base}/realms/master/protocol/openid-connect/token"))
        .form(&[("grant_type", "password"), ("client_id", "admin-cli"), ("username", user), ("password", password)])
        .send()
        .await
        .with_context(|| format!("reaching the server at {base}; is it running?"))?;
    let answer = checked(answer, "signing in").await?;
    let body: Value = answer.json().await.context("reading the server's answer")?;
    let text = body["access_token"].as_str().context("the server gave no access token")?.to_owned();
    let seconds = body["expires_in"].as_u64().unwrap_or_default();
    Ok(Token { text, until: began + Duration::from_secs(seconds).saturating_sub(SOON) })
}

/// Asks for a password on the terminal.
fn ask_password(user: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("no password: set MATRICULA_ADMIN_PASSWORD or give --password");
    }
    let mut terminal = std::io::stderr();
    write!(terminal, "Password of {user}: ")?;
    terminal.flush()?;
    rpassword::read_password().context("reading the password")
}
