//! What is kept of client policies for a dry run or a decision record: which applied, what each of their conditions and
//! executors said.

use matricula_contract::Verdict;
use matricula_wasm::no_answer::NoAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::policies::{Change, Mode, PolicyViolation};

/// One client policy at one event. Policies none of whose executors acts on the event are left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClientPolicyEvaluation {
    /// Its name in the realm.
    pub(crate) name: String,
    /// When it was asked: `register`, `registered`, `update`, `updated`, `view` or `unregister`.
    pub(crate) event: &'static str,
    /// `shadow`: a version of a component that is only watched was asked; absent: its answer counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    /// Whether its conditions hold, so that its executors run.
    pub(crate) applies: bool,
    /// Its conditions, in their order.
    pub(crate) conditions: Vec<ConditionEvaluation>,
    /// Its executors that ran, in their order.
    pub(crate) executors: Vec<ExecutorEvaluation>,
}

impl ClientPolicyEvaluation {
    /// The components that were asked, as they are labelled.
    pub(crate) fn components(&self) -> impl Iterator<Item = &str> {
        let conditions = self.conditions.iter().map(|condition| condition.component.as_str());
        conditions.chain(self.executors.iter().map(|executor| executor.component.as_str()))
    }
}

impl ExecutorEvaluation {
    /// Whether it did more than agree.
    pub(crate) fn matters(&self) -> bool {
        self.verdict != ExecutorVerdict::Accept
    }
}

/// One condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConditionEvaluation {
    /// Which kind.
    pub(crate) condition: String,
    /// The component that was asked: name and digest; absent: there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) component: String,
    /// What the component calls this version of the kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) version: String,
    /// What it said.
    pub(crate) verdict: ConditionVerdict,
    /// Why it has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<NoAnswer>,
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
    /// It has no answer: its component failed, or says so.
    Fail,
}

impl From<Verdict> for ConditionVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Yes => ConditionVerdict::Yes,
            Verdict::No => ConditionVerdict::No,
            Verdict::Abstain => ConditionVerdict::Abstain,
        }
    }
}

/// One executor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExecutorEvaluation {
    /// Which kind.
    pub(crate) executor: String,
    /// The component that was asked: name and digest; absent: there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) component: String,
    /// What the component calls this version of the kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) version: String,
    /// What it did.
    pub(crate) verdict: ExecutorVerdict,
    /// Why it has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<NoAnswer>,
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
    /// It has no answer: its component failed, or says so.
    Fail,
}
