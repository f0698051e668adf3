//! Figures of the calls of targets.

mod sweeps;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use sweeps::TargetSweeps;

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

/// The same and how a delivery ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    realm: Arc<str>,
    target: Arc<str>,
    outcome: &'static str,
}

/// Calls of all targets. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct TargetCalls {
    answers: Family<Answer, Counter>,
    durations: Family<Target, Histogram>,
    deliveries: Family<Outcome, Counter>,
    waiting: Family<Target, Gauge>,
    oldest: Family<Target, Gauge>,
    resting: Family<Target, Gauge>,
    /// Those of sweeps.
    pub(crate) sweeps: TargetSweeps,
}

impl TargetCalls {
    /// Nothing counted yet.
    pub(crate) fn new() -> TargetCalls {
        let durations = Family::<Target, Histogram>::new_with_constructor(|| {
            // 1 ms to 16 s.
            Histogram::new(exponential_buckets(0.001, 2.0, 15))
        });
        TargetCalls {
            answers: Family::default(),
            durations,
            deliveries: Family::default(),
            waiting: Family::default(),
            oldest: Family::default(),
            resting: Family::default(),
            sweeps: TargetSweeps::default(),
        }
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
        let help = "Deliveries by how they ended: delivered, refused, failed, waited (the target asked for a pause)";
        registry.register("target_deliveries", help, self.deliveries.clone());
        let help = "Clients whose latest state a target lacks";
        registry.register("target_waiting", help, self.waiting.clone());
        let help = "How long the oldest of them waits";
        registry.register_with_unit("target_oldest", help, Unit::Seconds, self.oldest.clone());
        let help = "1: nothing is asked of the target for a while, as it failed again and again";
        registry.register("target_resting", help, self.resting.clone());
        self.sweeps.register(registry);
    }

    /// A delivery has ended.
    pub(crate) fn delivered(&self, realm: &str, target: &str, outcome: &'static str) {
        self.deliveries.get_or_create(&Outcome { realm: realm.into(), target: target.into(), outcome }).inc();
    }

    /// How a target stands: how many clients it lacks the latest state of, since how many seconds, whether it rests.
    pub(crate) fn stands(&self, realm: &str, target: &str, (waiting, oldest): (i64, i64), rests: bool) {
        let target = Target { realm: realm.into(), target: target.into() };
        self.waiting.get_or_create(&target).set(waiting);
        self.oldest.get_or_create(&target).set(oldest);
        self.resting.get_or_create(&target).set(i64::from(rests));
    }

    /// A target is gone.
    pub(crate) fn gone(&self, realm: &str, target: &str) {
        self.sweeps.gone(realm, target);
        let target = Target { realm: realm.into(), target: target.into() };
        for gauges in [&self.waiting, &self.oldest, &self.resting] {
            gauges.remove(&target);
        }
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
