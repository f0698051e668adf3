//! Figures of the gate.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What the gate said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The client may go on.
    Pass,
    /// It may not.
    Refused,
    /// It may in a moment.
    Waiting,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    realm: Arc<str>,
    answer: &'static str,
}

/// Answers of the gate. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct GateAnswers {
    answers: Family<Labels, Counter>,
    durations: Histogram,
}

impl GateAnswers {
    /// Nothing counted yet.
    pub(crate) fn new() -> GateAnswers {
        // 16 µs to 4 s, and what is longer.
        GateAnswers { answers: Family::default(), durations: Histogram::new(exponential_buckets(0.000_016, 4.0, 10)) }
    }

    /// Shows them.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("gate_answers", "Answers of the gate: pass, refused, waiting", self.answers.clone());
        let help = "Time from a question at the gate to its answer";
        registry.register_with_unit("gate", help, Unit::Seconds, self.durations.clone());
    }

    /// A question was answered.
    pub(crate) fn answered(&self, realm: &str, answer: Answer, took: Duration) {
        let answer = match answer {
            Answer::Pass => "pass",
            Answer::Refused => "refused",
            Answer::Waiting => "waiting",
        };
        self.answers.get_or_create(&Labels { realm: realm.into(), answer }).inc();
        self.durations.observe(took.as_secs_f64());
    }
}
