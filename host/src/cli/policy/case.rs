//! A case: one call of a component and the answer that is expected, as data. `tests/cases/README.md` says what is in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::wasm::fixed::FixedFacts;

/// A call, what is known around it, and its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, as a sentence.
    #[serde(default)]
    pub(super) name: String,
    /// Which function is called.
    #[serde(default)]
    pub(super) call: Call,
    /// The configured policy.
    pub(super) policy: Option<CasePolicy>,
    /// When it is asked.
    pub(super) hook: Option<String>,
    #[serde(default)]
    context: Map<String, Value>,
    pub(super) proposed: Option<Value>,
    stored: Option<Value>,
    provider: Option<String>,
    operation: Option<String>,
    document: Option<CaseDocument>,
    #[serde(default)]
    issued: Map<String, Value>,
    /// What the host answers.
    #[serde(default)]
    pub(super) facts: FixedFacts,
    /// The answer.
    pub(super) expected: Option<Value>,
    #[serde(rename = "comment")]
    _comment: Option<Value>,
    #[serde(rename = "$schema")]
    _schema: Option<String>,
}

/// The functions of the contract that cases call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    /// A policy decides.
    #[default]
    Evaluate,
    /// A policy looks at its settings.
    CheckConfig,
    /// A policy names web origins.
    AllowedOrigins,
    /// A provider reads a document.
    Parse,
    /// A provider makes a full client.
    Complete,
}

impl Call {
    /// Interface and function, as the contract names them.
    pub(super) fn function(self) -> (&'static str, &'static str) {
        match self {
            Call::Evaluate => ("policies", "evaluate"),
            Call::CheckConfig => ("policies", "check-config"),
            Call::AllowedOrigins => ("policies", "allowed-origins"),
            Call::Parse => ("providers", "parse"),
            Call::Complete => ("providers", "complete"),
        }
    }
}

/// A configured policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasePolicy {
    /// Its kind; absent: the only one that the component has.
    pub(super) provider: Option<String>,
    /// Its name in the realm.
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
    /// The value for a parameter of the function, under its name in the contract.
    pub(super) fn argument(&self, parameter: &str) -> anyhow::Result<Value> {
        Ok(match parameter {
            "hook" => json!(self.hook.as_deref().context("`hook` is missing: when the policy is asked")?),
            "context" => self.context(),
            "proposed" => self.proposed.clone().unwrap_or_default(),
            "stored" => self.stored.clone().unwrap_or_default(),
            "policy" => self.policy(),
            "policies" => json!([self.policy()]),
            "provider" => json!(self.provider.as_deref().context("`provider` is missing")?),
            "operation" => json!(self.operation()),
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
            other => bail!("the component asks for `{other}`, which cases don't have"),
        })
    }

    /// For a policy that is asked about a document: the call that reads it.
    ///
    /// # Errors
    /// When the client is given twice.
    pub(super) fn reading(&self) -> anyhow::Result<Option<Case>> {
        let Some(document) = self.document.as_ref().filter(|_| self.call == Call::Evaluate) else { return Ok(None) };
        if self.proposed.is_some() {
            bail!("the client is given twice: `document` and `proposed`");
        }
        let provider = self.context()["provider"].as_str().unwrap_or_default().to_owned();
        let operation = Some(self.operation().to_owned());
        let document = Some(document.clone());
        Ok(Some(Case { call: Call::Parse, provider: Some(provider), operation, document, ..Case::default() }))
    }

    /// For a policy that is asked about a full client: the call that makes it of the one that was sent.
    pub(super) fn completing(&self, sent: &Value) -> Option<Case> {
        let provider = self.context()["provider"].as_str().unwrap_or_default().to_owned();
        self.hook.as_deref().is_some_and(|hook| hook.starts_with("after-")).then(|| Case {
            call: Call::Complete,
            provider: Some(provider),
            proposed: Some(sent.clone()),
            stored: self.stored.clone(),
            issued: self.issued.clone(),
            ..Case::default()
        })
    }

    fn policy(&self) -> Value {
        let policy = self.policy.clone().unwrap_or_default();
        let provider = policy.provider.unwrap_or_default();
        json!({"name": policy.name.unwrap_or_else(|| provider.clone()), "provider": provider, "config": policy.config})
    }

    /// The request's, or what goes with the hook.
    fn operation(&self) -> &str {
        match (&self.operation, self.hook.as_deref()) {
            (Some(operation), _) => operation,
            (None, Some("before-update" | "after-update")) => "update",
            (None, Some("before-view")) => "read",
            (None, Some("before-delete")) => "delete",
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
            "attributes": {},
        });
        overlay(&mut context, &self.context);
        context
    }
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

/// The case of a file that holds one; a request to try has neither name nor answer.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn one(file: &Path) -> anyhow::Result<Case> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no case", file.display()))
}

/// The cases of a file that holds one or a list of them.
fn several(file: &Path) -> anyhow::Result<Vec<Case>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct List(Vec<Case>);
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let cases = if text.trim_start().starts_with('[') {
        serde_json::from_str::<List>(&text).map(|list| list.0)
    } else {
        serde_json::from_str(&text).map(|case| vec![case])
    };
    let cases = cases.with_context(|| format!("{} holds no cases", file.display()))?;
    for (index, case) in cases.iter().enumerate() {
        if case.name.is_empty() || case.expected.is_none() {
            bail!("{}: case {} has no `name` or no `expected`", file.display(), index + 1);
        }
    }
    Ok(cases)
}

/// The cases of these files and of the `.json` files in these folders, with the files' names.
///
/// # Errors
/// Why one cannot be read, or that there are none.
pub(super) fn all(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Vec<Case>)>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let reading = || format!("reading the folder {}", path.display());
            for entry in fs::read_dir(path).with_context(reading)? {
                let file = entry.with_context(reading)?.path();
                if file.extension().is_some_and(|extension| extension == "json") {
                    files.push(file);
                }
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    let cases: Vec<_> =
        files.into_iter().map(|file| Ok((file.clone(), several(&file)?))).collect::<anyhow::Result<_>>()?;
    if cases.iter().all(|(_, cases)| cases.is_empty()) {
        bail!("no cases in {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "));
    }
    Ok(cases)
}
