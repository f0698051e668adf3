//! `matricula component …`: the files that policies and providers are in.

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::connection::{Server, segment};
use super::progress::Progress;
use super::table;
use crate::config::ComponentCommand;

/// Runs the command.
pub(crate) async fn run(command: ComponentCommand) -> anyhow::Result<()> {
    match command {
        ComponentCommand::List { connection } => {
            let components = Server::connect(&connection).await?.components(Method::GET, "", None).await?;
            let rows: Vec<[String; 9]> = components.as_array().into_iter().flatten().map(row).collect();
            let head = ["NAME", "STATE", "FROM", "VERSION", "CALLS", "REFUSALS", "FAILURES", "MEDIAN µs", "99 % µs"];
            table::print(head, &rows);
            for component in components.as_array().into_iter().flatten() {
                if let Some(reason) = component["reason"].as_str() {
                    println!("\n{}: {reason}", component["name"].as_str().unwrap_or_default());
                }
            }
        }
        ComponentCommand::Versions { name, connection } => {
            let server = Server::connect(&connection).await?;
            let component = component(&server, &name).await?;
            let versions = component["versions"].as_array().into_iter().flatten();
            let rows: Vec<[String; 6]> = versions.map(|version| version_row(&component, version)).collect();
            table::print(["VERSION", "STATE", "FROM", "SINCE", "kB", "CONTRACT"], &rows);
            if let Some(reason) = component["reason"].as_str() {
                println!("\n{reason}");
            }
        }
        ComponentCommand::Watch { name, digest, end, connection } => {
            let server = Server::connect(&connection).await?;
            let path = format!("/{}/shadow", segment(&name));
            if end {
                server.components(Method::DELETE, &path, None).await?;
                println!("{name}: no version is watched");
            } else {
                let digest = version(&server, &name, digest.as_deref()).await?;
                server.components(Method::PUT, &path, Some(json!({"digest": digest}))).await?;
                println!("{name}: version {} is watched", short(&digest));
            }
        }
        ComponentCommand::Put { name, file, signature, inactive, force, connection } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let signature = signature
                .map(|file| std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display())))
                .transpose()?;
            let server = Server::connect(&connection).await?;
            let path = format!("/{}?activate={}&force={force}", segment(&name), !inactive);
            let progress = Progress::of(format!("the server checks and compiles {name}"));
            let put = server.upload(&path, bytes, signature.as_deref().map(str::trim)).await;
            drop(progress);
            let put = put?;
            let newest = put["versions"][0]["digest"].as_str().unwrap_or_default();
            let doing = if inactive { "stored" } else { "active" };
            println!(
                "{name}: version {} is {doing}",
                short(put["active"].as_str().filter(|_| !inactive).unwrap_or(newest))
            );
        }
        ComponentCommand::Compare { name, digest, last, connection } => {
            let server = Server::connect(&connection).await?;
            let digest = version(&server, &name, Some(&digest)).await?;
            let body = json!({"digest": digest, "last": last});
            let path = format!("/{}/compare", segment(&name));
            print_comparison(&server.components(Method::POST, &path, Some(body)).await?);
        }
        ComponentCommand::Rollback { name, to, force, connection } => {
            let server = Server::connect(&connection).await?;
            let digest = version(&server, &name, to.as_deref()).await?;
            let path = format!("/{}/activate?force={force}", segment(&name));
            server.components(Method::POST, &path, Some(json!({"digest": digest}))).await?;
            println!("{name}: version {} is active", short(&digest));
        }
        ComponentCommand::Limit { name, call_millis, memory_mib, connection } => {
            let server = Server::connect(&connection).await?;
            let limits = json!({"callMillis": call_millis, "memoryMib": memory_mib});
            server.components(Method::PUT, &format!("/{}/limits", segment(&name)), Some(limits)).await?;
            let components = server.components(Method::GET, "", None).await?;
            let mut all = components.as_array().into_iter().flatten();
            let limits = all.find(|component| component["name"] == *name).map(|component| &component["limits"]);
            let limits = limits.with_context(|| format!("there is no component {name:?} any more"))?;
            println!("{name}: {} ms a call, {} MiB of memory", limits["callMillis"], limits["memoryMib"]);
        }
        ComponentCommand::Remove { name, version: wanted, force, connection } => {
            let server = Server::connect(&connection).await?;
            let path = match wanted {
                None => format!("/{}?force={force}", segment(&name)),
                Some(wanted) => {
                    let digest = version(&server, &name, Some(&wanted)).await?;
                    format!("/{}/versions/{digest}?force={force}", segment(&name))
                }
            };
            server.components(Method::DELETE, &path, None).await?;
        }
    }
    Ok(())
}

fn row(component: &Value) -> [String; 9] {
    let text = |name: &str| component[name].as_str().unwrap_or("-").to_owned();
    let number = |name: &str| component[name].as_u64().unwrap_or_default().to_string();
    [
        text("name"),
        text("state"),
        text("source"),
        short(&text("active")).to_owned(),
        number("calls"),
        number("refusals"),
        number("failures"),
        number("medianMicros"),
        number("p99Micros"),
    ]
}

/// Enough of a digest to tell versions apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// A version of a component: what it is to it, and where it comes from.
fn version_row(component: &Value, version: &Value) -> [String; 6] {
    let digest = version["digest"].as_str().unwrap_or_default();
    let is = |role: &str| component[role] == digest;
    let state = if is("active") {
        "active"
    } else if is("shadow") {
        "watched"
    } else {
        "-"
    };
    let text = |name: &str| version[name].as_str().unwrap_or("-").to_owned();
    let since = version["uploaded"].as_i64().filter(|since| *since > 0);
    [
        short(digest).to_owned(),
        state.to_owned(),
        text("source"),
        since.map_or_else(|| "-".to_owned(), moment),
        version["size"].as_u64().unwrap_or_default().div_ceil(1000).to_string(),
        text("contract"),
    ]
}

/// Unix seconds for people, in UTC.
fn moment(seconds: i64) -> String {
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(time) => format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute()),
        Err(_) => seconds.to_string(),
    }
}

/// What the server tells of a component.
async fn component(server: &Server, name: &str) -> anyhow::Result<Value> {
    let components = server.components(Method::GET, "", None).await?;
    let found = components.as_array().into_iter().flatten().find(|component| component["name"] == name);
    found.cloned().with_context(|| format!("there is no component {name:?}"))
}

/// The digest of the version that begins like this; without a beginning the newest of those that don't decide.
async fn version(server: &Server, name: &str, beginning: Option<&str>) -> anyhow::Result<String> {
    let component = component(server, name).await?;
    let digests = component["versions"].as_array().into_iter().flatten().filter_map(|it| it["digest"].as_str());
    let mut found: Vec<&str> = match beginning {
        Some(beginning) => digests.filter(|digest| digest.starts_with(beginning)).collect(),
        None => digests.filter(|digest| component["active"] != *digest).take(1).collect(),
    };
    match (found.pop(), found.is_empty(), beginning) {
        (Some(digest), true, _) => Ok(digest.to_owned()),
        (None, _, None) => bail!("{name} has no other version"),
        (None, _, Some(beginning)) => bail!("{name} has no version {beginning:?}"),
        (Some(_), false, _) => bail!("several versions of {name} begin like this"),
    }
}

fn print_comparison(comparison: &Value) {
    let number = |name: &str| comparison[name].as_u64().unwrap_or_default();
    let different: Vec<&Value> = comparison["different"].as_array().into_iter().flatten().collect();
    println!(
        "{} registrations replayed: {} the same, {} different",
        number("replayed"),
        number("same"),
        different.len()
    );
    let text = |difference: &Value, name: &str| difference[name].as_str().unwrap_or_default().to_owned();
    let names = |difference: &Value| {
        let names = difference["policies"].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(", ")
    };
    let rows: Vec<[String; 5]> = different
        .iter()
        .map(|it| [text(it, "decision"), text(it, "realm"), text(it, "before"), text(it, "after"), names(it)])
        .collect();
    if !rows.is_empty() {
        table::print(["DECISION", "REALM", "NOW", "THEN", "POLICIES"], &rows);
    }
}
