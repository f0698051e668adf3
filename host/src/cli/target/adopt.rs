//! `matricula target adopt`: clients that the target had before become ours.

use std::collections::BTreeSet;

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::difference::{Difference, differences};
use super::sweep::swept;
use super::{entries, text};
use crate::cli::connection::{Refusal, Server};
use crate::cli::table;
use crate::config::target::Named;

/// Takes over one client, or shows how it differs.
pub(super) async fn one(target: &Named, client: &str, dry_run: bool) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let adoption = adopt(&server, target, client, dry_run).await?;
    let rows: Vec<[String; 3]> =
        differences(&adoption).map(|Difference { field, there, here }| [field, there, here]).collect();
    if !rows.is_empty() {
        table::print(["FIELD", "THERE", "HERE"], &rows);
    }
    let (is, was) =
        if rows.len() == 1 { ("field differs", "field differed") } else { ("fields differ", "fields differed") };
    if adoption["adopted"] == true {
        println!("{client}: {} {was}, adopted", rows.len());
    } else {
        println!("{client}: {} {is}, not adopted", rows.len());
    }
    Ok(())
}

/// Takes over all that the target has without our mark, one after the other.
pub(super) async fn all(target: &Named, dry_run: bool) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let (mut seen, mut adopted, mut failed) = (BTreeSet::new(), 0, 0);
    loop {
        let found = unmarked(&server, target).await?;
        let news: Vec<String> = found.clients.into_iter().filter(|client| seen.insert(client.clone())).collect();
        let is_over = news.is_empty() || dry_run || !found.is_truncated;
        for client in news {
            match adopt(&server, target, &client, dry_run).await {
                Ok(adoption) if adoption["adopted"] == true => adopted += 1,
                Ok(adoption) => println!("{client}: {}", fields(&adoption)),
                Err(error) => {
                    // Only what the server says of this client is no reason to end.
                    let refusal = error.downcast::<Refusal>()?;
                    println!("{client}: {}", refusal.words);
                    failed += 1;
                }
            }
        }
        if is_over {
            break;
        }
    }
    println!("{}: {} unmarked, {adopted} adopted", target.name, seen.len());
    if failed > 0 {
        bail!("{}: {failed} were not adopted", target.name);
    }
    Ok(())
}

async fn adopt(server: &Server, target: &Named, client: &str, dry_run: bool) -> anyhow::Result<Value> {
    let body = json!({"clientId": client, "dryRun": dry_run});
    server.json(Method::POST, &format!("{}/adopt", target.path()), Some(body)).await
}

/// What a report holds of the clients without our mark.
struct Unmarked {
    clients: Vec<String>,
    /// There may be more.
    is_truncated: bool,
}

/// The clients that a target has without our mark.
async fn unmarked(server: &Server, target: &Named) -> anyhow::Result<Unmarked> {
    let report = swept(server, target, json!({"dryRun": true})).await?;
    if report["state"] == "failed" {
        bail!("{}: {}", target.name, report["reason"].as_str().unwrap_or("no reason given"));
    }
    let clients = entries(&report, "unmarked").map(|client| text(client, "clientId").to_owned()).collect();
    Ok(Unmarked { clients, is_truncated: report["truncated"] == true })
}

/// The names of the fields that differ.
fn fields(adoption: &Value) -> String {
    let names: Vec<String> = differences(adoption).map(|difference| difference.field).collect();
    if names.is_empty() { "no field differs".to_owned() } else { format!("{} differ", names.join(", ")) }
}
