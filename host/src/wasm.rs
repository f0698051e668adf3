//! The components that decide requests: loaded once, called often, swapped as one value.

pub(crate) mod client_policy_provider;
pub(crate) mod compiler;
pub(crate) mod component;
pub(crate) mod contract;
pub(crate) mod engine;
pub(crate) mod facts;
pub(crate) mod figures;
pub(crate) mod fitness;
pub(crate) mod fixed;
mod instances;
pub(crate) mod limits;
pub(crate) mod load;
pub(crate) mod policy_exports;
pub(crate) mod policy_provider;
pub(crate) mod provider;
mod set;
pub(crate) mod trap;
mod turns;
pub(crate) mod waits;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::store::Database;
use instances::Instances;
pub(crate) use set::ComponentSet;

/// Why a call of a component has no answer. The request is refused then; the details are for the log.
#[derive(Debug, thiserror::Error)]
#[error("component {component}: {failure}: {detail}")]
pub(crate) struct WasmError {
    /// Name of the component.
    pub(crate) component: String,
    /// What went wrong.
    pub(crate) failure: Failure,
    /// The engine's words.
    pub(crate) detail: String,
}

/// Ways in which a call of a component fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No instance could be made.
    #[error("no instance")]
    Instance,
    /// It trapped, or ran into a limit of memory, stack or returned data.
    #[error("trapped")]
    Trap,
    /// It took too long.
    #[error("out of time")]
    Time,
    /// Its answer makes no sense.
    #[error("nonsense")]
    Nonsense,
    /// It is left alone for a while, as it was too slow.
    #[error("not asked")]
    Resting,
    /// There is no component for it.
    #[error("not loaded")]
    Missing,
    /// Too many others are before it.
    #[error("no turn")]
    Busy,
    /// What it asked others has no answer, as the request may not wait any longer.
    #[error("not answered")]
    Unanswered,
    /// The database did not answer what it asked.
    #[error("no database")]
    Database,
}

impl Failure {
    /// Whether it will pass, and no component is to blame.
    pub(crate) fn is_passing(self) -> bool {
        matches!(self, Failure::Busy | Failure::Unanswered | Failure::Database)
    }
}

/// The components as of now and the way to call them.
#[derive(Clone)]
pub(crate) struct Wasm {
    current: Arc<ArcSwap<ComponentSet>>,
    pub(crate) instances: Instances,
    /// For conditions of policies.
    pub(crate) database: Database,
}

impl Wasm {
    /// No components yet.
    pub(crate) fn new(database: Database) -> Wasm {
        Wasm { current: Arc::default(), instances: Instances::default(), database }
    }

    /// The components as of now.
    pub(crate) fn current(&self) -> Arc<ComponentSet> {
        self.current.load_full()
    }

    /// Lets requests that begin from now on use another set. Those under way finish on theirs.
    pub(crate) fn replace(&self, set: ComponentSet) {
        self.current.store(Arc::new(set));
    }
}
