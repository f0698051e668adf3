//! `matricula target sweep`: what a target has, compared with what it should have.

use std::time::Duration;

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::difference::{Difference, differences};
use super::{entries, text};
use crate::cli::connection::{Server, segment};
use crate::cli::progress::Progress;
use crate::cli::table;
use crate::config::target::Named;

/// Between two looks at a sweep that goes on.
const PAUSE: Duration = Duration::from_secs(1);

/// Sweeps, and prints what was found and done.
pub(super) async fn sweep(target: &Named, dry_run: bool, force: bool) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let report = swept(&server, target, json!({"dryRun": dry_run, "force": force})).await?;
    print(&target.name, &report);
    let reason = report["reason"].as_str().unwrap_or("no reason given");
    match report["state"].as_str() {
        Some("done") => Ok(()),
        Some("stopped") => bail!("{}: {reason}; --force removes them", target.name),
        _ => bail!("{}: {reason}", target.name),
    }
}

/// The report of a sweep that has ended.
pub(super) async fn swept(server: &Server, target: &Named, wish: Value) -> anyhow::Result<Value> {
    let _progress = Progress::of(format!("{} is compared", target.name));
    let mut report = server.json(Method::POST, &format!("{}/sweep", target.path()), Some(wish)).await?;
    while report["state"] == "running" {
        tokio::time::sleep(PAUSE).await;
        let path = format!("{}/sweeps/{}", target.path(), segment(text(&report, "id")));
        report = server.json(Method::GET, &path, None).await?;
    }
    Ok(report)
}

fn print(name: &str, report: &Value) {
    let number = |of: &str| report[of].as_u64().unwrap_or_default();
    println!(
        "{name}: {} clients, {} at the target are ours, {} are the same",
        number("clients"),
        number("marked"),
        number("same")
    );
    let found = ["missing", "different", "orphans", "unmarked"].into_iter();
    let rows: Vec<[String; 5]> =
        found.flat_map(|what| entries(report, what).flat_map(move |client| rows(what, client))).collect();
    if !rows.is_empty() {
        table::print(["FOUND", "CLIENT", "FIELD", "THERE", "HERE"], &rows);
    }
    if report["truncated"] == true {
        println!("These are not all: a report has at most 1,000 of a kind");
    }
    println!("{} filled, {} repaired, {} removed", number("filled"), number("repaired"), number("removed"));
}

/// What was found of a client: a line for each field that differs, else one.
fn rows(what: &str, client: &Value) -> Vec<[String; 5]> {
    let known = [text(client, "clientId"), text(client, "key")].into_iter().find(|name| !name.is_empty());
    let name = known.unwrap_or("-").to_owned();
    let mut rows: Vec<[String; 5]> = differences(client)
        .map(|Difference { field, there, here }| [what.to_owned(), name.clone(), field, there, here])
        .collect();
    if rows.is_empty() {
        rows.push([what, &name, "", "", ""].map(str::to_owned));
    }
    rows
}
