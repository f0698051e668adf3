//! How fast callers poll: a registration that waits may be asked for once in its interval.
//!
//! What is remembered is bounded and this node's own, so no poll writes; a restart forgets it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use matricula_store::pending_registrations::CodeHash;
use quick_cache::sync::Cache;

/// Registrations that are remembered; who was not seen for longest is forgotten then.
const ENTRIES: usize = 65_536;

/// When each registration was asked for last. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Pace(Arc<Cache<CodeHash, Instant>>);

impl Pace {
    /// Nobody has asked.
    pub(crate) fn new() -> Pace {
        Pace(Arc::new(Cache::new(ENTRIES)))
    }

    /// Notes a poll, and tells whether it came too soon after the one before.
    pub(crate) fn is_too_fast(&self, code: &CodeHash, interval: Duration) -> bool {
        let before = self.0.get(code);
        self.0.insert(*code, Instant::now());
        before.is_some_and(|before| before.elapsed() < interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registration_may_be_asked_for_once_in_its_interval() {
        let (pace, interval) = (Pace::new(), Duration::from_millis(50));
        assert!(!pace.is_too_fast(&[1; 32], interval));
        assert!(pace.is_too_fast(&[1; 32], interval));
        assert!(!pace.is_too_fast(&[2; 32], interval));
        std::thread::sleep(interval);
        assert!(!pace.is_too_fast(&[1; 32], interval));
    }
}
