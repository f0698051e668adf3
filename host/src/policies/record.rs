//! What is kept of a decision: which policies ran, what each said, what it changed.

use serde::Serialize;
use utoipa::ToSchema;

use super::amendment::Change;
use crate::store::policies::Policy;
use crate::wasm::contract::Hook;

/// One objection of a policy, as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyViolation {
    /// Name of the policy.
    pub(crate) policy: String,
    /// Which kind of policy.
    pub(crate) provider: String,
    /// Member of the document that is at fault, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Its offending value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// What is not allowed.
    pub(crate) message: String,
    #[serde(skip)]
    pub(crate) error: Option<String>,
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
}

impl Verdict {
    /// Its name, as in the record.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Amend => "amend",
            Verdict::Hold => "hold",
            Verdict::Reject => "reject",
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

/// One policy at one hook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Evaluation {
    /// Its name in the realm.
    pub(crate) name: String,
    /// Which kind of policy.
    pub(crate) provider: String,
    /// The component that was asked: name and digest.
    pub(crate) component: String,
    /// Whether its answer counts.
    pub(crate) mode: Mode,
    /// When it was asked.
    pub(crate) hook: &'static str,
    /// What it said.
    pub(crate) verdict: Verdict,
    /// What it objects to.
    pub(crate) violations: Vec<PolicyViolation>,
    /// What it changed.
    pub(crate) changes: Vec<Change>,
    /// Its share of the time of the call, in microseconds.
    pub(crate) micros: u64,
}

impl Evaluation {
    /// A policy that was asked and has not said anything yet.
    pub(super) fn of(policy: &Policy, component: String, mode: Mode, hook: Hook, micros: u64) -> Evaluation {
        Evaluation {
            name: policy.name.clone().unwrap_or_default(),
            provider: policy.provider_id.clone(),
            component,
            mode,
            hook: hook_name(hook),
            verdict: Verdict::Accept,
            violations: Vec::new(),
            changes: Vec::new(),
            micros,
        }
    }
}

/// A hook under its name in the contract.
pub(crate) fn hook_name(hook: Hook) -> &'static str {
    match hook {
        Hook::BeforeRegister => "before-register",
        Hook::AfterRegister => "after-register",
        Hook::BeforeUpdate => "before-update",
        Hook::AfterUpdate => "after-update",
        Hook::BeforeView => "before-view",
        Hook::BeforeDelete => "before-delete",
        Hook::BeforeInstall => "before-install",
    }
}
