//! What became of writes since the server started, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::StoreError;

/// Counters; they only grow.
pub struct Figures {
    stored: AtomicU64,
    lost: AtomicU64,
    failed: AtomicU64,
    /// Time from a write to its answer.
    pub durations: Histogram,
}

impl Default for Figures {
    fn default() -> Self {
        Figures {
            stored: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            // 0.25 ms to 4 s.
            durations: Histogram::new(exponential_buckets(0.000_25, 2.0, 15)),
        }
    }
}

impl Figures {
    /// A write was answered.
    pub(super) fn written(&self, result: &Result<(), StoreError>, took: Duration) {
        let outcome = match result {
            Ok(()) => &self.stored,
            Err(StoreError::Lost(_)) => &self.lost,
            Err(_) => &self.failed,
        };
        outcome.fetch_add(1, Relaxed);
        self.durations.observe(took.as_secs_f64());
    }

    /// Number of writes by what became of them.
    pub fn outcomes(&self) -> [(&'static str, u64); 3] {
        [("stored", &self.stored), ("lost", &self.lost), ("failed", &self.failed)]
            .map(|(name, count)| (name, count.load(Relaxed)))
    }
}
