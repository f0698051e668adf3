//! `matricula policy check`: whether a server can use a component; if so, what it is and how it behaves.

use std::path::Path;

use anyhow::Context;
use matricula_contract::names::{event_name, hook_name};
use matricula_contract::{ConfigProperty, PolicyProvider};

use super::run::readable;
use super::trial::{self, Offer, Trial};
use crate::registration::decision::operation_name;

/// Loads a component as the server does, shows what it offers, and asks it about an empty client.
///
/// # Errors
/// Why a server cannot use it.
pub(super) async fn check(file: &Path) -> anyhow::Result<()> {
    let engine = trial::engine()?;
    let trial = Trial::load(&engine, file).await?;
    println!("{}: {} kB, loaded in {}", file.display(), trial.size.div_ceil(1000), readable(trial.loaded));
    println!("exports {}", listed(&trial.shape.exports));
    println!("imports {}", listed(&trial.shape.imports));
    let refused = || format!("{} is refused", file.display());
    trial.offer.policies.iter().for_each(describe);
    describe_others(&trial.offer);
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let cost = trial.examine(&engine, &bytes).await.with_context(refused)?;
    println!(
        "self-check: {} calls, at most {} in a new instance, {:.1} MiB of memory",
        cost.calls,
        readable(cost.slowest),
        cost.memory as f64 / f64::from(1 << 20),
    );
    println!("ok");
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn describe(kind: &PolicyProvider) {
    println!("policy {} {}: {}", kind.id, kind.version, kind.help_text);
    let hooks: Vec<_> = kind.hooks.iter().map(|hook| hook_name(*hook)).collect();
    println!("  asked at {}", if hooks.is_empty() { "no hook".to_owned() } else { hooks.join(", ") });
    if kind.allows_origins {
        println!("  names web origins");
    }
    settings(&kind.properties);
}

/// What is offered beside registration policies.
fn describe_others(offer: &Offer) {
    for kind in &offer.conditions {
        println!("condition {} {}: {}", kind.id, kind.version, kind.help_text);
        println!("  reads {}", kind.reads.as_ref().map_or_else(|| "any field".to_owned(), |fields| listed(fields)));
        settings(&kind.properties);
    }
    for kind in &offer.executors {
        println!("executor {} {}: {}", kind.id, kind.version, kind.help_text);
        let events: Vec<String> = kind.events.iter().map(|event| event_name(*event).to_owned()).collect();
        println!("  run on {}", listed(&events));
        settings(&kind.properties);
    }
    for kind in &offer.providers {
        println!("provider {}: {}", kind.id, listed(&kind.content_types));
        let operations: Vec<String> = kind.operations.iter().map(|one| operation_name(*one).to_owned()).collect();
        println!("  offers {}", listed(&operations));
    }
}

fn settings(properties: &[ConfigProperty]) {
    for property in properties {
        let default = property.default_value.as_ref().map(|value| format!(", at first {value}")).unwrap_or_default();
        println!("  setting {} ({}){default}: {}", property.name, property.type_, property.label);
    }
}
