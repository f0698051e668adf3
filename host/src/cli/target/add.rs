//! `matricula target add`

use anyhow::{Context, bail};
use clap::CommandFactory as _;
use clap::error::ErrorKind;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{in_vain, targets};
use crate::cli::connection::{Server, segment};
use crate::config::Cli;
use crate::config::target::{Add, CredentialsType};

/// Where the secret is, if it is in no file.
const SECRET: &str = "MATRICULA_TARGET_SECRET";

/// Tries a target and adds it.
pub(super) async fn add(target: &Add) -> anyhow::Result<()> {
    let secret = secret(target)?;
    let server = Server::connect(&target.target.connection).await?;
    let kind = match target.credentials {
        Some(kind) => kind.word().to_owned(),
        None => usual_credentials(&server, target).await?,
    };
    let credentials = credentials(target, &kind, secret.as_deref())?;
    let is_signed_anew = kind == CredentialsType::StandardWebhooks.word() && secret.is_none();
    let document = document(target, credentials);
    let (path, name) = (targets(&target.target.realm), &target.target.name);
    if !target.no_probe {
        let probed = server.json(Method::POST, &format!("{path}/probe"), Some(document.clone())).await?;
        if let Some(message) = in_vain(&probed) {
            let hint = if is_signed_anew {
                "; without a secret it was signed with one that the target can't know: give its secret, or --no-probe"
            } else {
                ""
            };
            bail!("{name} was not added: {message}{hint}");
        }
    }
    let made = server.json(Method::POST, &path, Some(document)).await?;
    if is_signed_anew {
        let made = made["credentials"]["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str);
        made.for_each(|secret| println!("Signing secret, shown this once: {secret}"));
    }
    println!("{name}: added; its clients are on their way:");
    println!("  matricula target show {name} --realm {}", target.target.realm);
    Ok(())
}

/// What the file or the environment holds.
fn secret(target: &Add) -> anyhow::Result<Option<String>> {
    let text = match &target.secret_file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?,
        None => match std::env::var(SECRET) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(error) => return Err(error).context(SECRET),
        },
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The type that is meant where none is named.
async fn usual_credentials(server: &Server, target: &Add) -> anyhow::Result<String> {
    if target.token_url.is_some() {
        return Ok(CredentialsType::ClientCredentials.word().to_owned());
    }
    let path = format!("/{}/target-connectors", segment(&target.target.realm));
    let connectors = server.json(Method::GET, &path, None).await?;
    let mut connectors = connectors.as_array().into_iter().flatten();
    let connector = connectors.find(|connector| connector["id"] == *target.connector);
    let types = connector.and_then(|connector| connector["credentials"].as_array());
    Ok(match types.map(Vec::as_slice) {
        Some([Value::String(only)]) => only.clone(),
        _ => CredentialsType::None.word().to_owned(),
    })
}

/// The member `credentials` of the target's document.
fn credentials(target: &Add, kind: &str, secret: Option<&str>) -> anyhow::Result<Value> {
    let id = if kind == CredentialsType::Basic.word() { "user" } else { "clientId" };
    let secret_of = match kind {
        "bearer" => Some("token"),
        "basic" => Some("password"),
        "client-credentials" => Some("clientSecret"),
        _ => None,
    };
    let mut credentials = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    for (name, given) in [(id, &target.client_id), ("tokenUrl", &target.token_url)] {
        if let Some(given) = given {
            credentials.insert(name.to_owned(), given.as_str().into());
        }
    }
    match (secret_of, secret) {
        (Some(name), Some(secret)) => {
            credentials.insert(name.to_owned(), secret.into());
        }
        (Some(name), None) => {
            return Err(usage(&format!("no {name} for --credentials {kind}: give --secret-file or set {SECRET}")));
        }
        (None, Some(secret)) if kind == CredentialsType::StandardWebhooks.word() => {
            let secrets: Vec<&str> = secret.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            credentials.insert("secrets".to_owned(), json!(secrets));
        }
        // None is needed, or one is made.
        (None, _) => {}
    }
    Ok(Value::Object(credentials))
}

/// A mistake of whoever wrote the command line.
fn usage(message: &str) -> anyhow::Error {
    Cli::command().error(ErrorKind::MissingRequiredArgument, message).into()
}

fn document(target: &Add, credentials: Value) -> Value {
    let mut config = Map::new();
    for (key, value) in &target.settings {
        let values = config.entry(key.clone()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(value.as_str().into());
        }
    }
    let mut document = json!({
        "name": target.target.name,
        "connector": target.connector,
        "url": target.url,
        "config": config,
        "credentials": credentials,
        "required": target.required,
    });
    if let Some(wait) = target.wait {
        document["wait"] = wait.into();
    }
    document
}
