//! `matricula policy run`: one request, the decision, and what it took.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Map, Value};

use super::case::{self, Call};
use super::trial::{self, Trial};

/// Calls that are timed after the first.
const AGAIN: usize = 100;

/// Asks the component about a request; the settings of `config` stand in for the request's.
///
/// # Errors
/// The component does not load, the request cannot be read, or the component has no answer.
pub(super) async fn run(file: &Path, request: &Path, config: Option<&Path>) -> anyhow::Result<()> {
    let mut case = case::one(request)?;
    if let Some(config) = config {
        let reading = || format!("reading {}", config.display());
        let text = std::fs::read_to_string(config).with_context(reading)?;
        let settings: Map<_, _> = serde_json::from_str(&text).with_context(reading)?;
        let part = case.part().context("a provider has no settings")?;
        part.config = settings;
    }
    let trial = Trial::load(&trial::engine()?, file).await?;
    let (call, function) = (case.call(), case.function().1);
    let mut answer = trial.ask(case).await?;
    let (verdict, details) = match (call, &answer.value) {
        (Call::Evaluate | Call::Judge | Call::Execute, Value::String(verdict)) => (verdict.clone(), Value::Null),
        (Call::Evaluate | Call::Judge | Call::Execute, Value::Object(decision)) => match decision.iter().next() {
            Some((verdict, details)) => (verdict.clone(), details.clone()),
            None => (String::new(), answer.value.clone()),
        },
        (_, value) => (function.to_owned(), value.clone()),
    };
    println!("{verdict}");
    let is_empty = details.is_null() || details.as_array().is_some_and(Vec::is_empty);
    if !is_empty {
        println!("{}", serde_json::to_string_pretty(&details)?);
    }
    for line in &answer.log {
        println!("log: {line}");
    }
    let again = answer.again(AGAIN).await?;
    let median = again.get(again.len() / 2).copied().unwrap_or_default();
    println!(
        "took {} in a new instance (made in {}), {} in one that is used again; {:.1} MiB of memory",
        readable(answer.took),
        readable(answer.instantiated),
        readable(median),
        answer.memory_peak as f64 / f64::from(1 << 20),
    );
    Ok(())
}

/// A duration for people: `63 µs`, `1.25 ms`, `4.1 s`.
pub(super) fn readable(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    if micros < 1e3 {
        format!("{micros:.0} µs")
    } else if micros < 1e6 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{:.1} s", micros / 1e6)
    }
}
