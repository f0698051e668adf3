//! What is kept of client policies for a dry run or a decision record: which applied, what each of their conditions and
//! executors said.

use serde::Serialize;
use utoipa::ToSchema;

use crate::policies::{Change, PolicyViolation};
use crate::wasm::contract::{self, Event};

/// One client policy at one event. Policies none of whose executors acts on the event are left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClientPolicyEvaluation {
    /// Its name in the realm.
    pub(crate) name: String,
    /// When it was asked: `register`, `registered`, `update`, `updated`, `view` or `unregister`.
    pub(crate) event: &'static str,
    /// Whether its conditions hold, so that its executors run.
    pub(crate) applies: bool,
    /// Its conditions, in their order.
    pub(crate) conditions: Vec<ConditionEvaluation>,
    /// Its executors that ran, in their order.
    pub(crate) executors: Vec<ExecutorEvaluation>,
}

/// One condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConditionEvaluation {
    /// Which kind.
    pub(crate) condition: String,
    /// The component that was asked: name and digest.
    pub(crate) component: String,
    /// What it said.
    pub(crate) verdict: ConditionVerdict,
}

/// What a condition said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConditionVerdict {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It has nothing to say about this event.
    Abstain,
}

impl From<contract::Verdict> for ConditionVerdict {
    fn from(verdict: contract::Verdict) -> Self {
        match verdict {
            contract::Verdict::Yes => ConditionVerdict::Yes,
            contract::Verdict::No => ConditionVerdict::No,
            contract::Verdict::Abstain => ConditionVerdict::Abstain,
        }
    }
}

/// One executor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExecutorEvaluation {
    /// Which kind.
    pub(crate) executor: String,
    /// The component that was asked: name and digest.
    pub(crate) component: String,
    /// What it did.
    pub(crate) verdict: ExecutorVerdict,
    /// What it objects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) violation: Option<PolicyViolation>,
    /// What it changed.
    pub(crate) changes: Vec<Change>,
    /// Its share of the time of the call, in microseconds.
    pub(crate) micros: u64,
}

/// What an executor did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExecutorVerdict {
    /// Nothing.
    Accept,
    /// It changed something.
    Amend,
    /// It lets the caller keep its registration access token.
    Keep,
    /// It refused the request.
    Reject,
}

/// An event under its name in the contract.
pub(crate) fn event_name(event: Event) -> &'static str {
    match event {
        Event::Register => "register",
        Event::Registered => "registered",
        Event::Update => "update",
        Event::Updated => "updated",
        Event::View => "view",
        Event::Unregister => "unregister",
    }
}
