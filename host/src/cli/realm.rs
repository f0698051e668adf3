//! `matricula realm …`

use reqwest::Method;
use serde_json::json;

use super::connection::Server;
use super::table;
use crate::config::RealmCommand;
use crate::logs;
use crate::realm_document::{export, import};

/// Runs the command.
pub(crate) async fn run(command: RealmCommand) -> anyhow::Result<()> {
    match command {
        RealmCommand::Create { name, connection } => {
            let server = Server::connect(&connection).await?;
            server.call(Method::POST, "", Some(json!({"realm": name, "enabled": true}))).await?;
            println!("Realm {name} is ready. Let software register clients in it:");
            println!("  matricula token create --realm {name}");
        }
        RealmCommand::List { connection } => {
            let realms =
                Server::connect(&connection).await?.json(Method::GET, "?briefRepresentation=true", None).await?;
            let rows: Vec<[String; 3]> = realms
                .as_array()
                .into_iter()
                .flatten()
                .map(|realm| {
                    let text = |name: &str| realm[name].as_str().unwrap_or_default().to_owned();
                    let enabled = if realm["enabled"] == true { "yes" } else { "no" };
                    [text("realm"), enabled.to_owned(), text("id")]
                })
                .collect();
            table::print(["REALM", "ENABLED", "ID"], &rows);
        }
        RealmCommand::Import(options) => {
            logs::start(None)?;
            import::run(options).await?;
        }
        RealmCommand::Export(options) => {
            logs::start(None)?;
            export::run(options).await?;
        }
    }
    Ok(())
}
