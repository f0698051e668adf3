//! `matricula component …`: the files that policies and providers are in.

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::connection::{Server, segment};
use super::moment::moment;
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
                let digest = match digest {
                    Some(beginning) => version(&server, &name, &beginning).await?,
                    None => newest_other(&server, &name).await?,
                };
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
            let digest = version(&server, &name, &digest).await?;
            let body = json!({"digest": digest, "last": last});
            let path = format!("/{}/compare", segment(&name));
            print_comparison(&server.components(Method::POST, &path, Some(body)).await?);
        }
        ComponentCommand::Rollback { name, to, force, connection } => {
            let server = Server::connect(&connection).await?;
            let digest = match to {
                Some(beginning) => version(&server, &name, &beginning).await?,
                None => previous(&server, &name).await?,
            };
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
                    let digest = version(&server, &name, &wanted).await?;
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

/// What the server tells of a component.
async fn component(server: &Server, name: &str) -> anyhow::Result<Value> {
    let components = server.components(Method::GET, "", None).await?;
    let found = components.as_array().into_iter().flatten().find(|component| component["name"] == name);
    found.cloned().with_context(|| format!("there is no component {name:?}"))
}

/// The digest of the newest version of those that don't decide.
async fn newest_other(server: &Server, name: &str) -> anyhow::Result<String> {
    let component = component(server, name).await?;
    let mut digests = component["versions"].as_array().into_iter().flatten().filter_map(|it| it["digest"].as_str());
    let newest = digests.find(|digest| component["active"] != *digest).map(str::to_owned);
    newest.with_context(|| format!("{name} has no other version"))
}

/// The digest of the version that begins like this.
async fn version(server: &Server, name: &str, beginning: &str) -> anyhow::Result<String> {
    let component = component(server, name).await?;
    let digests = component["versions"].as_array().into_iter().flatten().filter_map(|it| it["digest"].as_str());
    let mut found: Vec<&str> = digests.filter(|digest| digest.starts_with(beginning)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(digest), true) => Ok(digest.to_owned()),
        (None, _) => bail!("{name} has no version {beginning:?}"),
        (Some(_), false) => bail!("several versions of {name} begin like this"),
    }
}

/// The digest of the version that decided before the one that does.
async fn previous(server: &Server, name: &str) -> anyhow::Result<String> {
    let component = component(server, name).await?;
    let previous = component["previous"].as_str().map(str::to_owned);
    previous.with_context(|| {
        format!("no other version of {name} has decided before; `--to` names one, `component list` says which decides")
    })
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
    let rows: Vec<[String; 6]> = different
        .iter()
        .map(|it| [text(it, "decision"), text(it, "realm"), text(it, "before"), text(it, "after"), names(it), why(it)])
        .collect();
    if !rows.is_empty() {
        table::print(["DECISION", "REALM", "NOW", "THEN", "POLICIES", "WHY"], &rows);
    }
}

/// Why a registration would be held or refused with the other version; else why it is now.
fn why(difference: &Value) -> String {
    // One line each.
    [difference, &difference["was"]].into_iter().find_map(reasons).unwrap_or_default().replace(['\r', '\n'], " ")
}

fn reasons(of: &Value) -> Option<String> {
    let violations = of["violations"].as_array().into_iter().flatten();
    let messages: Vec<&str> = violations.filter_map(|violation| violation["message"].as_str()).collect();
    let failure = of["failure"]["message"].as_str().or(of["reason"].as_str()).map(str::to_owned);
    failure.or_else(|| (!messages.is_empty()).then(|| messages.join("; ")))
}
