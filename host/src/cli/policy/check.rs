//! `matricula policy check`: whether a server can use a component; if so, what it is and how it behaves.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::case::Case;
use super::run::readable;
use super::trial::{self, Offer, Trial};
use crate::client_policies::event_name;
use crate::policies::{HOST_KEYS, hook_name};
use crate::wasm::contract::{ConfigProperty, Hook, PolicyProvider};

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
    trial.stands_beside_ours(&engine).await.with_context(refused)?;
    for kind in &trial.offer.policies {
        describe(kind);
        described_well(kind).with_context(refused)?;
    }
    describe_others(&trial.offer);
    let cost = self_check(&trial).await.with_context(refused)?;
    println!("{cost}ok");
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
        let operations: Vec<String> = kind.operations.iter().map(|one| format!("{one:?}").to_lowercase()).collect();
        println!("  offers {}", listed(&operations));
    }
}

fn settings(properties: &[ConfigProperty]) {
    for property in properties {
        let default = property.default_value.as_ref().map(|value| format!(", at first {value}")).unwrap_or_default();
        println!("  setting {} ({}){default}: {}", property.name, property.type_, property.label);
    }
}

/// What `describe` says must make sense.
fn described_well(kind: &PolicyProvider) -> anyhow::Result<()> {
    if kind.id.is_empty() {
        bail!("`describe` names a policy without an id");
    }
    if kind.hooks.is_empty() && !kind.allows_origins {
        bail!("policy {} is never asked: `describe` names no hooks, and `allows-origins` is false", kind.id);
    }
    for property in &kind.properties {
        if property.name.is_empty() {
            bail!("policy {} has a setting without a name", kind.id);
        }
        if HOST_KEYS.contains(&property.name.as_str()) {
            bail!("policy {} has a setting `{}`: that name belongs to the server", kind.id, property.name);
        }
        let default = property.default_value.as_deref();
        if default.is_some_and(|default| serde_json::from_str::<Value>(default).is_err()) {
            bail!("policy {}: the default of setting `{}` is no JSON", kind.id, property.name);
        }
    }
    Ok(())
}

/// Asks every policy at each of its hooks about a client of which nothing is known, with the settings that a form
/// starts with. What it decides is its own affair; it must decide, and with what belongs to the hook.
async fn self_check(trial: &Trial) -> anyhow::Result<String> {
    let mut asked = 0_u32;
    let (mut slowest, mut memory) = (Duration::ZERO, 0);
    for kind in &trial.offer.policies {
        let policy = json!({"provider": kind.id, "config": defaults(kind)});
        let hooks = kind.hooks.iter().map(|hook| {
            let empty = json!({});
            let updates = matches!(hook, Hook::BeforeUpdate | Hook::AfterUpdate);
            let proposes = !matches!(hook, Hook::BeforeView | Hook::BeforeDelete | Hook::BeforeInstall);
            let proposed = if proposes { empty.clone() } else { Value::Null };
            let stored = if updates || !proposes { empty } else { Value::Null };
            (Some(*hook), json!({"policy": policy, "hook": hook_name(*hook), "proposed": proposed, "stored": stored}))
        });
        let mut calls: Vec<_> = hooks.collect();
        calls.push((None, json!({"policy": policy, "call": "check-config"})));
        if kind.allows_origins {
            calls.push((None, json!({"policy": policy, "call": "allowed-origins"})));
        }
        for (hook, call) in calls {
            let case = Case::of(call)?;
            let function = case.function().1;
            let doing = || match hook {
                Some(hook) => format!("self-check of {} at {} with an empty client", kind.id, hook_name(hook)),
                None => format!("self-check of {}: `{function}`", kind.id),
            };
            let answer = trial.ask(case).await.with_context(doing)?;
            if let Some(hook) = hook {
                fits(hook, &answer.value).with_context(doing)?;
            }
            asked += 1;
            slowest = slowest.max(answer.instantiated + answer.took);
            memory = memory.max(answer.memory_peak);
        }
    }
    if asked == 0 {
        return Ok(String::new());
    }
    Ok(format!(
        "self-check: {asked} calls, at most {} in a new instance, {:.1} MiB of memory\n",
        readable(slowest),
        memory as f64 / f64::from(1 << 20),
    ))
}

/// The settings that a form starts with.
fn defaults(kind: &PolicyProvider) -> Value {
    let default = |value: &str| match serde_json::from_str(value) {
        Ok(Value::Array(values)) => Value::Array(values),
        Ok(Value::String(text)) => json!([text]),
        Ok(other) => json!([other.to_string()]),
        Err(_) => json!([value]),
    };
    let set = kind.properties.iter().filter_map(|one| Some((one.name.clone(), default(one.default_value.as_deref()?))));
    Value::Object(set.collect())
}

/// Some decisions belong to some hooks.
fn fits(hook: Hook, decision: &Value) -> anyhow::Result<()> {
    if decision.get("amend").is_some() && !matches!(hook, Hook::AfterRegister | Hook::AfterUpdate) {
        bail!("it amends; that is possible in after-register and after-update only");
    }
    if decision.get("hold").is_some() && hook != Hook::AfterRegister {
        bail!("it holds the client; that is possible in after-register only");
    }
    if decision.get("reject").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        bail!("it rejects without a violation; at least one is expected");
    }
    Ok(())
}
