//! What a component has done since the server started: calls, refusals, failures, how long calls took, how much memory
//! they needed. The versions of a component share their figures.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::no_answer::Unanswered;

/// Classes of durations: four for each doubling, from 1 µs to over a minute.
const CLASSES: usize = 108;

/// The last time that a request got no answer of a component.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// Unix time in milliseconds.
    pub time: i64,
    /// Name of the realm.
    pub realm: String,
    /// Id of the decision record.
    pub decision: String,
    /// Who was asked, and why there was no answer.
    #[serde(flatten)]
    pub unanswered: Unanswered,
}

/// Counters; they only grow.
pub struct Figures {
    calls: AtomicU64,
    refusals: AtomicU64,
    failures: AtomicU64,
    memory: AtomicU64,
    total_micros: AtomicU64,
    durations: [AtomicU64; CLASSES],
    last_failure: Mutex<Option<LastFailure>>,
}

impl Default for Figures {
    fn default() -> Self {
        Figures {
            calls: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            total_micros: AtomicU64::new(0),
            durations: array::from_fn(|_| AtomicU64::new(0)),
            last_failure: Mutex::default(),
        }
    }
}

impl Figures {
    /// A call has ended; it had this much linear memory, in bytes.
    pub(super) fn called(&self, took: Duration, memory: u64, failed: bool) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Relaxed);
        self.failures.fetch_add(failed.into(), Relaxed);
        self.total_micros.fetch_add(micros, Relaxed);
        self.memory.fetch_max(memory, Relaxed);
        if let Some(class) = self.durations.get(class(micros)) {
            class.fetch_add(1, Relaxed);
        }
    }

    /// A call that was not made, as the component is not fit to be asked, or whose answer made no sense.
    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    /// A request was refused because of it.
    pub(super) fn failed_at(&self, failure: LastFailure) {
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// The last request that was refused because of it.
    pub fn last_failure(&self) -> Option<LastFailure> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of its policies or executors refused a request.
    pub fn refused(&self) {
        self.refusals.fetch_add(1, Relaxed);
    }

    /// Calls that have ended.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Requests that it refused.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Relaxed)
    }

    /// Calls without an answer.
    pub fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    /// The most linear memory that an instance has had, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory.load(Relaxed)
    }

    /// Time that all calls took together, in microseconds.
    pub fn total_micros(&self) -> u64 {
        self.total_micros.load(Relaxed)
    }

    /// The duration that this share of the calls did not exceed, in microseconds, to a quarter of a doubling.
    pub fn quantile(&self, share: f64) -> u64 {
        let counts: Vec<u64> = self.durations.iter().map(|count| count.load(Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let rank = (all as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (class, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return upper(class);
            }
        }
        0
    }
}

/// The class of a duration.
fn class(micros: u64) -> usize {
    if micros < 4 {
        // One class each for 0 to 3.
        return usize::try_from(micros).unwrap_or(0);
    }
    let doublings = micros.ilog2();
    let quarter = (micros >> (doublings - 2)) & 3;
    let class = (u64::from(doublings) - 1) * 4 + quarter;
    usize::try_from(class).map_or(CLASSES - 1, |class| class.min(CLASSES - 1))
}

/// The longest duration of a class.
fn upper(class: usize) -> u64 {
    if class < 4 {
        return class as u64;
    }
    let (doublings, quarter) = (class / 4 + 1, class as u64 % 4);
    ((5 + quarter) << (doublings - 2)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_within_a_quarter_of_its_class() {
        for micros in (0..5000).chain([65_535, 65_536, 1_000_000, 59_000_000]) {
            let upper = upper(class(micros));
            assert!(upper >= micros && upper <= micros + micros / 4 + 1, "{micros} {upper}");
        }
    }

    #[test]
    fn quantiles_are_of_all_calls() {
        let figures = Figures::default();
        assert_eq!(figures.quantile(0.5), 0);
        for micros in 1..=100 {
            figures.called(Duration::from_micros(micros), 1, false);
        }
        let (median, late) = (figures.quantile(0.5), figures.quantile(0.99));
        assert!((50..=63).contains(&median), "{median}");
        assert!((99..=127).contains(&late), "{late}");
        assert_eq!((figures.calls(), figures.failures(), figures.memory()), (100, 0, 1));
    }
}
