//! A task from its first step to its end, with answers from data.

use anyhow::{Context, anyhow, bail};
use matricula_wasm::trap;
use serde_json::{Map, Value, json};
use wasmtime::component::Val;

use super::case::{Call, Case};
use super::compare::differs;
use crate::cli::policy::cases::Difference;
use crate::cli::policy::trial::{self, Trial};
use crate::cli::policy::value;

const INTERFACE: &str = "connectors";

/// What a function is given: a value of its JSON, or one that a component made.
enum Argument {
    Json(Value),
    Made(Val),
}

/// Runs a case; what came out otherwise.
///
/// # Errors
/// What is wrong with the case, or why the component has no answer.
pub(super) async fn run(trial: &Trial, case: &Case) -> anyhow::Result<Option<Difference>> {
    let first = trial.offer.connectors.first().context("the component has no connector")?;
    let target = case.target(&first.id);
    match case.call {
        Some(function) => {
            let mut given = vec![("target", Argument::Json(target))];
            if !matches!(function, Call::CheckConfig) {
                given.push(("client", Argument::Json(case.client()?)));
            }
            let mut found = value::write(&call(trial, function.function(), given).await?);
            if let (Call::CheckConfig, Value::Object(result)) = (function, &mut found) {
                found = result.remove("err").unwrap_or_else(|| json!([]));
            }
            Ok(differs(case.expected.as_ref().unwrap_or(&Value::Null), &found))
        }
        None => task(trial, case, &target).await,
    }
}

/// A whole task, step by step.
async fn task(trial: &Trial, case: &Case, target: &Value) -> anyhow::Result<Option<Difference>> {
    let given = || {
        let arguments = [("task", case.task()), ("target", target.clone())];
        arguments.map(|(name, json)| (name, Argument::Json(json))).into_iter().collect::<Vec<_>>()
    };
    let mut step = call(trial, "begin", given()).await?;
    for (index, expected) in case.exchange.iter().enumerate() {
        let number = index + 1;
        if let Some(Difference { expected, found }) = unlike(&expected.step, &step_of(&step)) {
            return Ok(Some(Difference { expected: format!("step {number}: {expected}"), found }));
        }
        let Some(state) = state(&step) else {
            let rest = case.exchange.len() - number;
            return if rest == 0 { Ok(None) } else { bail!("the task ends with step {number}") };
        };
        let Some(answer) = expected.answer() else { return Ok(None) };
        let mut given = given();
        given.extend([("state", Argument::Made(state)), ("answer", Argument::Json(answer))]);
        step = call(trial, "proceed", given).await?;
    }
    bail!("the task goes on: {}", step_of(&step))
}

/// What differs of a step; of another kind of step, all of it.
fn unlike(expected: &Map<String, Value>, found: &Value) -> Option<Difference> {
    let wanted = Value::Object(expected.clone());
    if expected.keys().all(|name| found.get(name).is_some()) {
        return differs(&wanted, found);
    }
    Some(Difference { expected: wanted.to_string(), found: found.to_string() })
}

/// A step as cases write it; one without data is its name with an empty object.
fn step_of(step: &Val) -> Value {
    match value::write(step) {
        Value::String(name) => json!({name: {}}),
        other => other,
    }
}

/// The state that a step wants back, if it is a call.
fn state(step: &Val) -> Option<Val> {
    let Val::Variant(name, Some(data)) = step else { return None };
    let Val::Record(fields) = data.as_ref() else { return None };
    let state = fields.iter().find(|(field, _)| field == "state");
    state.filter(|_| name == "call").map(|(_, state)| state.clone())
}

/// Calls a function of a new instance: nothing is kept from one call to the next.
async fn call(trial: &Trial, name: &str, given: Vec<(&str, Argument)>) -> anyhow::Result<Val> {
    let mut instance = trial::instance(&trial.component).await?;
    let function = trial::function(&mut instance, (INTERFACE, name))?;
    let mut given: Vec<_> = given.into_iter().map(Some).collect();
    let mut arguments = Vec::new();
    for (parameter, wanted) in function.ty(&instance.store).params() {
        let found = given.iter_mut().find(|one| one.as_ref().is_some_and(|(name, _)| *name == parameter));
        let (_, argument) = found
            .and_then(Option::take)
            .with_context(|| format!("the component asks for `{parameter}`, which cases don't have"))?;
        arguments.push(match argument {
            Argument::Json(json) => value::read(&json, &wanted).with_context(|| format!("`{parameter}`"))?,
            Argument::Made(made) => made,
        });
    }
    let mut results = [Val::Bool(false)];
    let called = function.call_async(&mut instance.store, &arguments, &mut results).await;
    let log = trial.fixed.take_log().into_iter().map(|line| format!("\nlog: {line}")).collect::<String>();
    called.map_err(|error| {
        let why = trap::reason(instance.store.data(), &error);
        anyhow!("the connector has no answer: {why}\nA server tries such a task again later{log}")
    })?;
    let [result] = results;
    Ok(result)
}
