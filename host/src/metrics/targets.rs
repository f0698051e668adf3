//! Figures of the calls of targets.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// A target of a realm.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Target {
    realm: Arc<str>,
    target: Arc<str>,
}

/// The same and the status of an answer; `none`: there was no answer.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    realm: Arc<str>,
    target: Arc<str>,
    status: Arc<str>,
}

/// Calls of all targets. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct TargetCalls {
    answers: Family<Answer, Counter>,
    durations: Family<Target, Histogram>,
}

impl TargetCalls {
    /// Nothing counted yet.
    pub(crate) fn new() -> TargetCalls {
        let durations = Family::<Target, Histogram>::new_with_constructor(|| {
            // 1 ms to 16 s.
            Histogram::new(exponential_buckets(0.001, 2.0, 15))
        });
        TargetCalls { answers: Family::default(), durations }
    }

    /// Shows them.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("target_calls", "Calls of targets by the status of their answers", self.answers.clone());
        let durations = self.durations.clone();
        registry.register_with_unit(
            "target_call",
            "Time from a call of a target to its answer",
            Unit::Seconds,
            durations,
        );
    }

    /// A call has ended; without a status there was no answer.
    pub(crate) fn called(&self, realm: &str, target: &str, status: Option<u16>, took: Duration) {
        let (realm, target): (Arc<str>, Arc<str>) = (realm.into(), target.into());
        let status = status.map_or_else(|| "none".into(), |status| status.to_string().into());
        let answer = Answer { realm: Arc::clone(&realm), target: Arc::clone(&target), status };
        self.answers.get_or_create(&answer).inc();
        self.durations.get_or_create(&Target { realm, target }).observe(took.as_secs_f64());
    }
}
