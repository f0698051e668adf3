//! What is kept and told of a component that has no answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::WasmError;
use super::component::LoadedComponent;

/// Why a component has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoAnswer {
    /// `trap`, `time`, `memory`, `instance`, `nonsense`, `error`, `resting` or `missing`.
    pub kind: &'static str,
    /// The same in words. The server's log says more, under the decision's id.
    pub message: String,
}

impl NoAnswer {
    /// What is told of a failure of this component; of one that is not there nothing else is known.
    pub fn new(error: &WasmError, component: Option<&LoadedComponent>) -> NoAnswer {
        NoAnswer {
            kind: error.failure.name(),
            message: error.in_words(component.map(|component| &*component.allowance)),
        }
    }
}

/// The component that failed, so that the request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unanswered {
    /// What it was asked: a hook, an event of client policies, or a step of a provider.
    pub step: &'static str,
    /// Name of the policy or client policy; absent: it was the provider of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Which kind of policy, condition, executor or provider.
    pub provider: String,
    /// Name and digest; absent: no component has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Why.
    #[serde(flatten)]
    pub failure: NoAnswer,
}
