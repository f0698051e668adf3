//! `matricula target show`

use reqwest::Method;
use serde_json::Value;

use crate::cli::connection::Server;
use crate::cli::moment::{ago, moment};
use crate::cli::table;
use crate::config::target::Named;

/// States in which somebody may have something to do, and how many clients in each are shown.
const TROUBLED: [&str; 3] = ["refused", "failing", "leaving"];
const SHOWN: usize = 20;

/// Prints a target, and the clients that it lacks.
pub(super) async fn show(target: &Named) -> anyhow::Result<()> {
    let server = Server::connect(&target.connection).await?;
    let shown = server.json(Method::GET, &target.path(), None).await?;
    for (name, value) in settings(&shown).into_iter().filter(|(_, value)| !value.is_empty()) {
        println!("{name:<13} {value}");
    }
    for state in TROUBLED {
        let count = shown["deliveries"][state].as_u64().unwrap_or_default();
        if count == 0 {
            continue;
        }
        let path = format!("{}/deliveries?state={state}&max={SHOWN}", target.path());
        let deliveries = server.json(Method::GET, &path, None).await?;
        let rows: Vec<[String; 4]> = deliveries.as_array().into_iter().flatten().map(row).collect();
        println!("\n{count} {state}{}", if rows.len() < SHOWN { "" } else { "; the oldest:" });
        table::print(["CLIENT", "SINCE", "NEXT", "MESSAGE"], &rows);
    }
    Ok(())
}

fn settings(target: &Value) -> [(&'static str, String); 18] {
    let text = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
    let yes = |name: &str| if target[name] == true { "yes" } else { "no" }.to_owned();
    [
        ("name", text("name")),
        ("state", text("state")),
        ("message", text("message")),
        ("connector", text("connector")),
        ("component", text("component")),
        ("url", text("url")),
        ("config", config(&target["config"])),
        ("credentials", credentials(&target["credentials"])),
        ("enabled", yes("enabled")),
        ("required", yes("required")),
        ("wait", format!("{} ms", target["wait"])),
        ("concurrency", target["concurrency"].to_string()),
        ("clients", text("clients")),
        ("protocols", list(&target["protocols"])),
        ("sweeps", sweeps(target)),
        ("last sweep", last_sweep(&target["lastSweep"])),
        ("deliveries", deliveries(&target["deliveries"])),
        ("created", target["created"].as_i64().map(|created| moment(created / 1000)).unwrap_or_default()),
    ]
}

fn list(values: &Value) -> String {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn config(config: &Value) -> String {
    let settings = config.as_object().into_iter().flatten();
    settings.map(|(name, values)| format!("{name}={}", list(values))).collect::<Vec<_>>().join("; ")
}

/// The type, and whose they are. The secrets are masked and tell nothing.
fn credentials(credentials: &Value) -> String {
    let words = ["type", "clientId", "user", "tokenUrl"].into_iter().filter_map(|name| credentials[name].as_str());
    words.collect::<Vec<_>>().join(" ")
}

fn sweeps(target: &Value) -> String {
    let often = match target["sweepInterval"].as_u64().unwrap_or_default() {
        0 => "on demand".to_owned(),
        seconds => format!("each {seconds} s"),
    };
    let does = if target["repair"] == true { "repair what they find" } else { "only show what they find" };
    format!("{often}; {does}")
}

fn last_sweep(report: &Value) -> String {
    let Some(state) = report["state"].as_str() else { return String::new() };
    let when = report["finished"].as_i64().filter(|finished| *finished > 0).map(ago);
    let reason = report["reason"].as_str().map(|reason| format!(": {reason}"));
    format!("{state} {}{}", when.unwrap_or_default(), reason.unwrap_or_default())
}

fn deliveries(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten().filter(|(_, count)| **count != 0);
    let counts: Vec<String> = counts.map(|(state, count)| format!("{count} {state}")).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

fn row(delivery: &Value) -> [String; 4] {
    let text = |name: &str| delivery[name].as_str().unwrap_or("-").to_owned();
    let time = |name: &str| delivery[name].as_i64().map_or_else(|| "-".to_owned(), ago);
    // One line each.
    [text("clientId"), time("since"), time("nextAttempt"), text("message").replace(['\r', '\n'], " ")]
}
