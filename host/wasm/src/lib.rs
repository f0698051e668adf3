//! The components that decide requests: loaded once, called often, swapped as one value.

pub mod client_policy_provider;
pub mod compiler;
pub mod component;
pub mod engine;
pub mod facts;
pub mod figures;
pub mod fitness;
pub mod fixed;
pub mod instances;
pub mod limits;
pub mod load;
mod mismatch;
pub mod no_answer;
pub mod policy_exports;
pub mod policy_provider;
pub mod provider;
pub mod resident_memory;
pub mod self_check;
mod set;
pub mod shape;
pub mod trap;
mod turns;
pub mod unfit;
pub mod waits;

use std::sync::Arc;

use arc_swap::ArcSwap;
use matricula_store::Database;

use instances::Instances;
use limits::Allowance;
pub use set::{ComponentSet, WatchedVersion};

/// Why a call of a component has no answer. The request is refused then; the details are for the log.
#[derive(Debug, thiserror::Error)]
#[error("component {component}: {failure}: {detail}")]
pub struct WasmError {
    /// Name of the component.
    pub component: String,
    /// What went wrong.
    pub failure: Failure,
    /// What is known of the reason.
    pub detail: String,
}

/// Ways in which a call of a component fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No instance could be made.
    #[error("no instance")]
    Instance,
    /// It trapped, or ran into a limit of stack or returned data.
    #[error("trapped")]
    Trap,
    /// It wanted more memory than it may have.
    #[error("out of memory")]
    Memory,
    /// It took too long.
    #[error("out of time")]
    Time,
    /// Its answer makes no sense.
    #[error("nonsense")]
    Nonsense,
    /// It says itself that it has no answer.
    #[error("error")]
    Reported,
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
    pub fn is_passing(self) -> bool {
        matches!(self, Failure::Busy | Failure::Unanswered | Failure::Database)
    }

    /// Its name in decision records.
    pub fn name(self) -> &'static str {
        match self {
            Failure::Instance => "instance",
            Failure::Trap => "trap",
            Failure::Memory => "memory",
            Failure::Time => "time",
            Failure::Nonsense => "nonsense",
            Failure::Reported => "error",
            Failure::Resting => "resting",
            Failure::Missing => "missing",
            Failure::Busy => "busy",
            Failure::Unanswered => "unanswered",
            Failure::Database => "database",
        }
    }

    /// Whether the component was asked and what it made of it is the failure: asked once more, it fails again.
    pub fn is_of_an_answer(self) -> bool {
        matches!(self, Failure::Trap | Failure::Memory | Failure::Time | Failure::Nonsense)
    }
}

/// The longest text of a component that is kept of a failure, in characters.
const REPORT: usize = 1_000;

impl WasmError {
    /// What went wrong, in a sentence for administrators; `allowance` is what the component may use.
    pub(crate) fn in_words(&self, allowance: Option<&Allowance>) -> String {
        let short = |text: &str| text.chars().take(REPORT).collect::<String>();
        match self.failure {
            Failure::Instance => "No instance of the component could be made.".to_owned(),
            Failure::Trap => format!("The component crashed and gave no answer: {}.", short(&self.detail)),
            Failure::Memory => match allowance {
                Some(allowance) => format!(
                    "The component wanted more memory than the {} MiB that it may have.",
                    allowance.memory_mib()
                ),
                None => "The component wanted more memory than it may have.".to_owned(),
            },
            Failure::Time => match allowance {
                Some(allowance) => format!(
                    "The component gave no answer within the {} ms that a call may take.",
                    allowance.call_millis()
                ),
                None => "The component gave no answer in time.".to_owned(),
            },
            Failure::Nonsense => format!("The component's answer makes no sense: {}.", short(&self.detail)),
            Failure::Reported => format!("The component says that it cannot tell: {}", short(&self.detail)),
            Failure::Resting => {
                "The component was not asked: it failed several times in a row and is left alone for a while."
                    .to_owned()
            }
            Failure::Missing => format!("No component of this server has {:?}.", self.component),
            Failure::Busy => "The server had too much to do to ask the component.".to_owned(),
            Failure::Unanswered => "Names and documents of others that this needs did not come in time.".to_owned(),
            Failure::Database => "The database did not answer what the component asked.".to_owned(),
        }
    }
}

/// The components as of now and the way to call them.
#[derive(Clone)]
pub struct Wasm {
    current: Arc<ArcSwap<ComponentSet>>,
    /// Where components are called.
    pub instances: Instances,
    /// For conditions of policies.
    pub database: Database,
}

impl Wasm {
    /// No components yet.
    pub fn new(database: Database) -> Wasm {
        Wasm { current: Arc::default(), instances: Instances::default(), database }
    }

    /// The components as of now.
    pub fn current(&self) -> Arc<ComponentSet> {
        self.current.load_full()
    }

    /// Lets requests that begin from now on use another set. Those under way finish on theirs.
    pub fn replace(&self, set: ComponentSet) {
        self.current.store(Arc::new(set));
    }
}
