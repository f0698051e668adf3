//! A running server and an administrator's access to it.

use std::io::{IsTerminal, Write as _};

use anyhow::{Context, bail};
use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::config::Connection;

/// A server that knows who asks.
pub(crate) struct Server {
    client: Client,
    base: String,
    token: String,
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
        let answer = client
            .post(format!("{base}/realms/master/protocol/openid-connect/token"))
            .form(&[
                ("grant_type", "password"),
                ("client_id", "admin-cli"),
                ("username", &connection.user),
                ("password", &password),
            ])
            .send()
            .await
            .with_context(|| format!("reaching the server at {base}; is it running?"))?;
        let answer = checked(answer, "signing in").await?;
        let body: Value = answer.json().await.context("reading the server's answer")?;
        let token = body["access_token"].as_str().context("the server gave no access token")?.to_owned();
        Ok(Server { client, base, token })
    }

    /// One call of the Admin API; `path` begins behind `/admin/realms`.
    ///
    /// # Errors
    /// When the server refuses it: with its words.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Response> {
        let mut request =
            self.client.request(method, format!("{}/admin/realms{path}", self.base)).bearer_auth(&self.token);
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
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
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
        let mut request = self.client.put(url).bearer_auth(&self.token).header("Content-Type", "application/wasm");
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

/// An answer that is no error.
async fn checked(answer: Response, doing: &str) -> anyhow::Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body: Value = answer.json().await.unwrap_or_default();
    let words = ["error_description", "errorMessage", "error"].iter().find_map(|member| body[member].as_str());
    bail!("{doing}: {} (status {})", words.unwrap_or("no reason given"), status.as_u16())
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
