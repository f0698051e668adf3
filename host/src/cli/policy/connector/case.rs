//! A case of a connector: a task, the calls that it makes with recorded answers, and how it ends. `tests/cases/README.md`
//! says what is in it; an author's unit tests in Rust read the same files (`policies/sdk/src/connector/case.rs`).

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, as a sentence.
    #[serde(default)]
    pub(super) name: String,
    /// Instead of a task: a function that calls nothing.
    pub(super) call: Option<Call>,
    client: Option<Value>,
    #[serde(default)]
    target: Map<String, Value>,
    task: Option<Value>,
    /// Steps in their order.
    #[serde(default)]
    pub(super) exchange: Vec<Exchange>,
    /// The answer to `call`.
    pub(super) expected: Option<Value>,
    #[serde(rename = "comment")]
    _comment: Option<Value>,
}

/// The functions that call nothing.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    /// Settings are looked at.
    CheckConfig,
    /// What a target would lose.
    Review,
    /// The owned fields as a target should show them.
    Wanted,
}

impl Call {
    /// As the contract names it.
    pub(super) fn function(self) -> &'static str {
        match self {
            Call::CheckConfig => "check-config",
            Call::Review => "review",
            Call::Wanted => "wanted",
        }
    }
}

/// A step of a task, and what its call is answered with.
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    response: Option<Response>,
    unreachable: Option<String>,
    /// The step itself, under its name.
    #[serde(flatten)]
    pub(super) step: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Case {
    /// A case of its JSON.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub(super) fn of(json: Value) -> anyhow::Result<Case> {
        let case: Case = serde_json::from_value(json)?;
        if case.name.trim().is_empty() {
            bail!("it has no `name`");
        }
        match (&case.call, &case.task) {
            (Some(_), None) if case.expected.is_some() => Ok(case),
            (None, Some(_)) if !case.exchange.is_empty() => Ok(case),
            _ => bail!("it has neither a `task` with an `exchange` nor a `call` with what is `expected`"),
        }
    }

    /// The target; its kind is the component's first one, unless the case names another.
    pub(super) fn target(&self, first: &str) -> Value {
        let mut target = json!({
            "kind": first,
            "name": "target",
            "realm": "cases",
            "realm-id": "realm-id",
            "now": 1_700_000_000,
            "config": {},
        });
        for (name, value) in &self.target {
            target[name] = value.clone();
        }
        target
    }

    /// The client of a function that calls nothing.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn client(&self) -> anyhow::Result<Value> {
        self.client.clone().context("`client` is missing")
    }

    /// The task as the contract has it.
    pub(super) fn task(&self) -> Value {
        let mut task = self.task.clone().unwrap_or_default();
        for (name, data) in task.as_object_mut().into_iter().flatten() {
            if name == "enumerate" {
                *data = bytes(data);
                continue;
            }
            let Some(members) = data.as_object_mut() else { continue };
            if name != "look" {
                members.entry("generation").or_insert(json!(1));
            }
            if let Some(known) = members.get_mut("known") {
                *known = bytes(known);
            }
            if name == "held" {
                members.entry("reason").or_insert(json!(""));
                members.entry("decision").or_insert(json!(""));
            }
        }
        task
    }
}

impl Exchange {
    /// What the call is answered with. Absent: nobody looks further.
    pub(super) fn answer(&self) -> Option<Value> {
        if let Some(why) = &self.unreachable {
            return Some(json!({"unreachable": why}));
        }
        let Response { status, headers, body } = self.response.as_ref()?;
        let body = if body.is_null() { json!("") } else { bytes(body) };
        Some(json!({"response": {"status": status, "headers": headers, "body": body}}))
    }
}

/// A text as it is, other JSON as its text; null stays.
fn bytes(json: &Value) -> Value {
    match json {
        Value::Null | Value::String(_) => json.clone(),
        other => Value::String(other.to_string()),
    }
}
