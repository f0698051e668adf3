//! What is kept of a decision: which policies ran, what each said, what it changed.

use matricula_contract::Violation;
use matricula_wasm::no_answer::NoAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use super::VALUE_LENGTH;
use super::amendment::Change;

/// Longest message of a target that is shown.
const TARGETS_WORDS: usize = 500;

/// One objection of a policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyViolation {
    /// Name of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) policy: String,
    /// Which kind of policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) provider: String,
    /// Name of the target, if it is one that objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// Member of the document that is at fault, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Its offending value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// What is not allowed.
    pub(crate) message: String,
    /// Why, and which setting allows it; for administrators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip)]
    pub(crate) error: Option<String>,
}

impl PolicyViolation {
    /// What a target objects to; `field`: what the document of the caller calls it.
    pub(crate) fn of_target(target: &str, field: Option<String>, violation: Violation) -> PolicyViolation {
        let value = violation.value.filter(|_| field.is_some());
        PolicyViolation {
            policy: String::new(),
            provider: String::new(),
            target: Some(target.to_owned()),
            value: value.map(|value| value.chars().take(VALUE_LENGTH).collect()),
            field,
            message: violation.message.chars().take(TARGETS_WORDS).collect(),
            hint: violation.hint,
            error: None,
        }
    }

    /// As the caller is told it.
    pub(crate) fn told(&self) -> PolicyViolation {
        PolicyViolation { hint: None, ..self.clone() }
    }
}

/// What a policy said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// No objection.
    Accept,
    /// No objection, but something is changed.
    Amend,
    /// An administrator shall look at it first.
    Hold,
    /// Refused.
    Reject,
    /// It has no answer: its component failed.
    Fail,
}

impl Verdict {
    /// Its name, as in the record.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Amend => "amend",
            Verdict::Hold => "hold",
            Verdict::Reject => "reject",
            Verdict::Fail => "fail",
        }
    }
}

/// Whether a policy's answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// It does.
    Enforce,
    /// It is only watched.
    Shadow,
}

/// The initial access token that a policy came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TokenOfPolicy {
    /// Its id.
    pub(crate) id: String,
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// One policy at one hook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Evaluation {
    /// Its name in the realm.
    pub(crate) name: String,
    /// Which kind of policy.
    pub(crate) provider: String,
    /// The component that was asked: name and digest; absent: there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) component: String,
    /// What the component calls this version of the kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) version: String,
    /// Whether its answer counts.
    pub(crate) mode: Mode,
    /// When it was asked.
    pub(crate) hook: &'static str,
    /// What it said.
    pub(crate) verdict: Verdict,
    /// The token that it came with; absent: it is of the realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenOfPolicy>,
    /// Why it holds the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Why it has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<NoAnswer>,
    /// What it objects to.
    pub(crate) violations: Vec<PolicyViolation>,
    /// What it changed.
    pub(crate) changes: Vec<Change>,
    /// Its share of the time of the call, in microseconds.
    pub(crate) micros: u64,
}

impl Evaluation {
    /// Whether its answer counts.
    pub(crate) fn decides(&self) -> bool {
        self.mode == Mode::Enforce
    }
}
