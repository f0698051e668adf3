//! A case: one call of a component and the answer that is expected, as data. `tests/cases/README.md` says what is in it;
//! `web/bench/src/engine/cases.ts` reads the same files, and `tests/case-format` holds both to it.

use std::path::Path;

use anyhow::{Context, bail};
use matricula_wasm::fixed::FixedFacts;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value, json};

use super::cases::json_of;

/// A call, what is known around it, and its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, as a sentence.
    #[serde(default)]
    pub(super) name: String,
    call: Option<Call>,
    /// The configured policy.
    pub(super) policy: Option<Part>,
    /// The configured condition of client policies.
    pub(super) condition: Option<Part>,
    /// The configured executor of client policies.
    pub(super) executor: Option<Part>,
    /// When a policy is asked.
    pub(super) hook: Option<String>,
    /// When a condition or executor is asked.
    pub(super) event: Option<String>,
    #[serde(default)]
    context: Map<String, Value>,
    /// The client that is sent or about to be stored.
    pub(super) proposed: Option<Value>,
    stored: Option<Value>,
    /// Whose document it is.
    pub(super) provider: Option<String>,
    operation: Option<String>,
    document: Option<CaseDocument>,
    #[serde(default)]
    issued: Map<String, Value>,
    #[serde(default)]
    registration: Map<String, Value>,
    field: Option<String>,
    /// What the host answers.
    #[serde(default)]
    pub(super) facts: FixedFacts,
    /// The answer; null is one.
    #[serde(default, deserialize_with = "present")]
    pub(super) expected: Option<Value>,
    #[serde(rename = "comment")]
    _comment: Option<Value>,
    #[serde(rename = "$schema")]
    _schema: Option<Value>,
}

/// A value that is there, null included.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// The functions of the contract that cases call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    /// A policy decides.
    Evaluate,
    /// Settings are looked at.
    CheckConfig,
    /// A policy names web origins.
    AllowedOrigins,
    /// A condition says whether it holds.
    Judge,
    /// An executor says what it wants.
    Execute,
    /// A provider reads a document.
    Parse,
    /// A provider makes a full client.
    Complete,
    /// A provider checks a client and makes the document of the answer.
    Finish,
    /// A provider makes the document of a stored client.
    Render,
    /// A provider tells the name of a field.
    DocumentName,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A registration policy.
    Policy,
    /// A condition of client policies.
    Condition,
    /// An executor of client policies.
    Executor,
    /// A registration provider.
    Provider,
}

impl Subject {
    /// In a sentence, and as the member of a case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Subject::Policy => "policy",
            Subject::Condition => "condition",
            Subject::Executor => "executor",
            Subject::Provider => "provider",
        }
    }
}

/// A configured policy, condition or executor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Its kind; absent: the only one that the component has.
    pub(super) provider: Option<String>,
    /// Its name in the realm; of a condition or executor that of the client policy.
    pub(super) name: Option<String>,
    /// Its settings.
    #[serde(default)]
    pub(super) config: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct CaseDocument {
    content_type: Option<String>,
    body: Value,
}

impl Case {
    /// A case of its JSON.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub(super) fn of(mut json: Value) -> anyhow::Result<Case> {
        whole_numbers(&mut json)?;
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, value| name == "expected" || !value.is_null());
            for (name, value) in members {
                match name.as_str() {
                    "document" => without_nulls(value, false),
                    "policy" | "condition" | "executor" | "facts" | "context" | "issued" | "registration" => {
                        without_nulls(value, true);
                    }
                    _ => {}
                }
            }
        } else {
            bail!("an object is expected");
        }
        Ok(serde_json::from_value(json)?)
    }

    /// Which function is called: what the case says, else what goes with the part that it configures.
    pub(super) fn call(&self) -> Call {
        self.call.unwrap_or(match (&self.condition, &self.executor) {
            (Some(_), _) => Call::Judge,
            (None, Some(_)) => Call::Execute,
            (None, None) => Call::Evaluate,
        })
    }

    /// What is called.
    pub(super) fn subject(&self) -> Subject {
        match self.call() {
            Call::Evaluate | Call::AllowedOrigins => Subject::Policy,
            Call::Judge => Subject::Condition,
            Call::Execute => Subject::Executor,
            Call::CheckConfig if self.condition.is_some() => Subject::Condition,
            Call::CheckConfig if self.executor.is_some() => Subject::Executor,
            Call::CheckConfig => Subject::Policy,
            Call::Parse | Call::Complete | Call::Finish | Call::Render | Call::DocumentName => Subject::Provider,
        }
    }

    /// Interface and function, as the contract names them.
    pub(super) fn function(&self) -> (&'static str, &'static str) {
        let interface = match self.subject() {
            Subject::Policy => "policies",
            Subject::Condition | Subject::Executor => "client-policies",
            Subject::Provider => "providers",
        };
        let function = match self.call() {
            Call::Evaluate => "evaluate",
            Call::CheckConfig => "check-config",
            Call::AllowedOrigins => "allowed-origins",
            Call::Judge => "judge",
            Call::Execute => "execute",
            Call::Parse => "parse",
            Call::Complete => "complete",
            Call::Finish => "finish",
            Call::Render => "render",
            Call::DocumentName => "document-name",
        };
        (interface, function)
    }

    /// The configured part that is called; of a provider there is none.
    pub(super) fn part(&mut self) -> Option<&mut Part> {
        let part = match self.subject() {
            Subject::Policy => &mut self.policy,
            Subject::Condition => &mut self.condition,
            Subject::Executor => &mut self.executor,
            Subject::Provider => return None,
        };
        Some(part.get_or_insert_default())
    }

    /// The value for a parameter of the function, under its name in the contract.
    pub(super) fn argument(&self, parameter: &str) -> anyhow::Result<Value> {
        Ok(match parameter {
            "hook" => json!(self.hook.as_deref().context("`hook` is missing: when the policy is asked")?),
            "event" => json!(self.event.as_deref().context("`event` is missing: what happens to the client")?),
            "context" => self.context(),
            "proposed" => self.proposed.clone().unwrap_or_default(),
            "stored" => self.stored.clone().unwrap_or_default(),
            "policy" => configured(self.policy.as_ref(), "name"),
            "policies" => json!([configured(self.policy.as_ref(), "name")]),
            "conditions" => json!([configured(self.condition.as_ref(), "policy")]),
            "executors" => json!([configured(self.executor.as_ref(), "policy")]),
            "role" if self.subject() == Subject::Condition => json!("condition"),
            "role" => json!("executor"),
            "part" if self.subject() == Subject::Condition => configured(self.condition.as_ref(), "policy"),
            "part" => configured(self.executor.as_ref(), "policy"),
            "provider" => json!(self.provider.as_deref().context("`provider` is missing")?),
            "operation" => self.context()["operation"].clone(),
            "document" => {
                let document = self.document.as_ref().context("`document` is missing")?;
                json!({"content-type": document.content_type.as_deref().unwrap_or("application/json"), "body": document.body})
            }
            "issued" => {
                let id = "00000000-0000-4000-8000-000000000001";
                let mut issued =
                    json!({"id": id, "secret": "secret", "salt": "salt", "now": 1_700_000_000, "attributes": {}});
                overlay(&mut issued, &self.issued);
                issued
            }
            // Of `finish` and `render`.
            "client" => match self.call() {
                Call::Finish => self.proposed.clone().context("`proposed` is missing: the client that is answered")?,
                _ => self.stored.clone().context("`stored` is missing: the client that is shown")?,
            },
            "registration" => {
                let mut registration = json!({"client-uri": "https://id.example/client", "issued-at": 1_700_000_000});
                overlay(&mut registration, &self.registration);
                registration
            }
            "field" => json!(self.field.as_deref().context("`field` is missing: of the record `client`")?),
            other => bail!("the component asks for `{other}`, which cases don't have"),
        })
    }

    /// For a policy, condition or executor that is asked about a document: the call that reads it.
    ///
    /// # Errors
    /// When the client is given twice.
    pub(super) fn reading(&self) -> anyhow::Result<Option<Case>> {
        let asks = matches!(self.call(), Call::Evaluate | Call::Judge | Call::Execute);
        let Some(document) = self.document.as_ref().filter(|_| asks) else { return Ok(None) };
        if self.proposed.is_some() {
            bail!("the client is given twice: `document` and `proposed`");
        }
        let context = self.context();
        Ok(Some(Case {
            call: Some(Call::Parse),
            provider: context["provider"].as_str().map(str::to_owned),
            operation: context["operation"].as_str().map(str::to_owned),
            document: Some(document.clone()),
            ..Case::default()
        }))
    }

    /// For one that is asked about a full client: the call that makes it of the one that was sent.
    pub(super) fn completing(&self, sent: &Value) -> Option<Case> {
        let hooks = ["after-register", "after-update"].map(Some);
        let events = ["registered", "updated"].map(Some);
        let is_full = hooks.contains(&self.hook.as_deref()) || events.contains(&self.event.as_deref());
        is_full.then(|| Case {
            call: Some(Call::Complete),
            provider: self.context()["provider"].as_str().map(str::to_owned),
            proposed: Some(sent.clone()),
            stored: self.stored.clone(),
            issued: self.issued.clone(),
            ..Case::default()
        })
    }

    /// The request's, or what goes with the hook or event.
    fn operation(&self) -> &str {
        let asked = self.hook.as_deref().or(self.event.as_deref());
        match (&self.operation, asked) {
            (Some(operation), _) => operation,
            (None, Some("before-update" | "after-update" | "update" | "updated")) => "update",
            (None, Some("before-view" | "before-install" | "view")) => "read",
            (None, Some("before-delete" | "unregister")) => "delete",
            (None, _) => "register",
        }
    }

    fn context(&self) -> Value {
        let mut context = json!({
            "realm": "cases",
            "provider": "openid-connect",
            "operation": self.operation(),
            "caller": {"kind": "anonymous", "roles": [], "groups": [], "address": "127.0.0.1"},
            "registration-auth": "anonymous",
            "now": 1_700_000_000,
            // Only contract 0.2.0 tells it.
            "decision": "",
            "attributes": {},
        });
        overlay(&mut context, &self.context);
        context
    }
}

/// A configured part as the contract has it; its name is called otherwise in each interface.
fn configured(part: Option<&Part>, name: &str) -> Value {
    let part = part.cloned().unwrap_or_default();
    let provider = part.provider.unwrap_or_default();
    json!({name: part.name.unwrap_or_else(|| provider.clone()), "provider": provider, "config": part.config})
}

/// Puts members over those that are there; in objects (`caller`) one by one.
fn overlay(below: &mut Value, above: &Map<String, Value>) {
    for (name, value) in above {
        match (&mut below[name.as_str()], value) {
            (inner @ Value::Object(_), Value::Object(members)) => overlay(inner, members),
            (inner, value) => *inner = value.clone(),
        }
    }
}

/// Takes out members that are null: they say as much as absent ones.
fn without_nulls(json: &mut Value, deep: bool) {
    let Some(members) = json.as_object_mut() else { return };
    members.retain(|_, value| !value.is_null());
    if deep {
        members.values_mut().for_each(|value| without_nulls(value, true));
    }
}

/// Numbers as every reader of JSON knows them: `200.0` is 200, and none is beyond what a browser can hold.
///
/// # Errors
/// One is.
pub(super) fn whole_numbers(json: &mut Value) -> anyhow::Result<()> {
    /// 2^53 - 1 (JavaScript: `Number.MAX_SAFE_INTEGER`).
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    match json {
        Value::Number(number) => {
            let value = number.as_f64().unwrap_or(f64::INFINITY);
            if value.abs() > LARGEST {
                bail!("{number} is too large a number: beyond 9007199254740991 a text is needed");
            }
            if number.is_f64() && value.fract() == 0.0 {
                // It is in the range, see above.
                *number = Number::from(value as i64);
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(whole_numbers),
        Value::Object(members) => members.values_mut().try_for_each(whole_numbers),
        _ => Ok(()),
    }
}

/// The case of a file that holds one; a request to try has neither name nor answer.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn one(file: &Path) -> anyhow::Result<Case> {
    Case::of(json_of(file)?).with_context(|| format!("{} is no case", file.display()))
}

/// A case that has a name and an answer.
///
/// # Errors
/// It has not, or something is wrong with its form.
pub(super) fn complete(json: Value) -> anyhow::Result<Case> {
    let case = Case::of(json)?;
    if case.name.trim().is_empty() || case.expected.is_none() {
        bail!("it has no `name` or no `expected`");
    }
    Ok(case)
}
