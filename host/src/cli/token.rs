//! `matricula token …`: initial access tokens.

use matricula_store::clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::connection::{Server, segment};
use super::table;
use crate::config::TokenCommand;

/// Runs the command.
pub(crate) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { realm, count, expiration, connection } => {
            let server = Server::connect(&connection).await?;
            let body = json!({"count": count, "expiration": expiration});
            let path = format!("/{}/clients-initial-access", segment(&realm));
            let made = server.json(Method::POST, &path, Some(body)).await?;
            println!("{}", made["token"].as_str().unwrap_or_default());
        }
        TokenCommand::List { realm, connection } => {
            let server = Server::connect(&connection).await?;
            let path = format!("/{}/clients-initial-access", segment(&realm));
            let tokens = server.json(Method::GET, &path, None).await?;
            let rows: Vec<[String; 5]> = tokens.as_array().into_iter().flatten().map(row).collect();
            table::print(["ID", "LEFT", "OF", "EXPIRES", "NAME"], &rows);
        }
        TokenCommand::Revoke { id, realm, connection } => {
            let server = Server::connect(&connection).await?;
            let path = format!("/{}/clients-initial-access/{}", segment(&realm), segment(&id));
            server.call(Method::DELETE, &path, None).await?;
        }
    }
    Ok(())
}

fn row(token: &Value) -> [String; 5] {
    let number = |name: &str| token[name].as_i64().unwrap_or_default();
    let expires = match number("expiration") {
        0 => "never".to_owned(),
        seconds => match number("timestamp") + seconds - clock::now() {
            left if left <= 0 => "expired".to_owned(),
            left => format!("in {left} s"),
        },
    };
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    [text("id"), number("remainingCount").to_string(), number("count").to_string(), expires, text("name")]
}
