//! What is kept and told of a component that has no answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::WasmError;
use super::component::LoadedComponent;

/// Why a component has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct NoAnswer {
    /// `trap`, `time`, `memory`, `instance`, `nonsense`, `error`, `resting` or `missing`.
    pub(crate) kind: &'static str,
    /// The same in words. The server's log says more, under the decision's id.
    pub(crate) message: String,
}

impl NoAnswer {
    /// What is told of a failure of this component; of one that is not there nothing else is known.
    pub(crate) fn new(error: &WasmError, component: Option<&LoadedComponent>) -> NoAnswer {
        NoAnswer {
            kind: error.failure.name(),
            message: error.in_words(component.map(|component| &*component.allowance)),
        }
    }
}

/// The component that failed, so that the request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Unanswered {
    /// What it was asked: a hook, an event of client policies, or a step of a provider.
    pub(crate) step: &'static str,
    /// Name of the policy or client policy; absent: it was the provider of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    /// Which kind of policy, condition, executor or provider.
    pub(crate) provider: String,
    /// Name and digest; absent: no component has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    /// Why.
    #[serde(flatten)]
    pub(crate) failure: NoAnswer,
}
