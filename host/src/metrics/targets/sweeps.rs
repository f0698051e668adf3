//! Figures of sweeps of targets.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::targets::sweep::report::Found;

/// A target of a realm, and how a sweep ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Sweep {
    realm: Arc<str>,
    target: Arc<str>,
    state: &'static str,
}

/// A target of a realm, and what a sweep found.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Drift {
    realm: Arc<str>,
    target: Arc<str>,
    kind: &'static str,
}

/// Sweeps of all targets. Cloning it is cheap.
#[derive(Clone, Default)]
pub(crate) struct TargetSweeps {
    sweeps: Family<Sweep, Counter>,
    drift: Family<Drift, Gauge>,
}

impl TargetSweeps {
    /// Shows them.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Sweeps by how they ended: done, stopped, failed";
        registry.register("target_sweeps", help, self.sweeps.clone());
        let help = "Clients that the last sweep found missing, different or orphaned";
        registry.register("target_drift", help, self.drift.clone());
    }

    /// A sweep has ended; without `found` it says nothing about the target.
    pub(crate) fn swept(&self, realm: &str, target: &str, state: &'static str, found: Option<Found>) {
        let (realm, target): (Arc<str>, Arc<str>) = (realm.into(), target.into());
        self.sweeps.get_or_create(&Sweep { realm: Arc::clone(&realm), target: Arc::clone(&target), state }).inc();
        let Some(Found { missing, different, orphans }) = found else { return };
        for (kind, count) in [("missing", missing), ("different", different), ("orphan", orphans)] {
            let drift = Drift { realm: Arc::clone(&realm), target: Arc::clone(&target), kind };
            self.drift.get_or_create(&drift).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// A target is gone.
    pub(super) fn gone(&self, realm: &str, target: &str) {
        for kind in ["missing", "different", "orphan"] {
            self.drift.remove(&Drift { realm: realm.into(), target: target.into(), kind });
        }
    }
}
