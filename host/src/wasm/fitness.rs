//! Whether a component is fit to be asked. One that runs into the time limit several times in a row is not asked for a
//! while: its requests are refused at once, instead of after a second each. One that has just replaced another is on
//! trial: failures among its first calls bring the old one back.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// Calls in a row that ran out of time.
const IN_A_ROW: u32 = 3;
/// How long it is not asked then. After it one call at a time tries.
const REST: Duration = Duration::from_secs(10);

/// How the calls of one version have gone lately.
#[derive(Default)]
pub(super) struct Fitness {
    /// Calls in a row that ran out of time.
    late: AtomicU32,
    /// Not to be asked before.
    rests_until: Mutex<Option<Instant>>,
}

impl Fitness {
    /// Whether a call may be made now.
    pub(super) fn may_be_asked(&self) -> bool {
        if self.late.load(Relaxed) < IN_A_ROW {
            return true;
        }
        let mut until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        match *until {
            Some(time) if Instant::now() < time => false,
            // This call tries; others wait for what comes of it.
            Some(_) => {
                *until = Some(Instant::now() + REST);
                true
            }
            None => true,
        }
    }

    /// Whether it has been too slow too often and was not quick since.
    pub(super) fn is_failing(&self) -> bool {
        self.late.load(Relaxed) >= IN_A_ROW
    }

    /// A call has ended in time.
    pub(super) fn quick(&self) {
        if self.late.load(Relaxed) > 0 {
            self.late.store(0, Relaxed);
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// A call has run out of time.
    pub(super) fn late(&self) {
        if self.late.fetch_add(1, Relaxed) + 1 >= IN_A_ROW {
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        }
    }
}

/// What it takes to pass a trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrialRules {
    /// First calls that are watched; 0: none, there is no trial.
    pub(crate) calls: u32,
    /// Share of them that may fail, in percent.
    pub(crate) failures_percent: u32,
}

/// A version that did not pass.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Name of the component.
    pub(crate) name: String,
    /// Digest of the version.
    pub(crate) digest: String,
    /// Calls that failed, and how many were made.
    pub(crate) failures: u32,
    /// Calls that were made.
    pub(crate) calls: u32,
}

/// The first calls of a version that has replaced another.
pub(crate) struct Trial {
    rules: TrialRules,
    calls: AtomicU32,
    failures: AtomicU32,
    /// Where to say that it did not pass.
    alarm: mpsc::Sender<Failed>,
}

impl Trial {
    /// A trial that has not begun.
    pub(crate) fn new(rules: TrialRules, alarm: mpsc::Sender<Failed>) -> Trial {
        Trial { rules, calls: AtomicU32::new(0), failures: AtomicU32::new(0), alarm }
    }

    /// A call has ended. More failures than the rules allow end the trial.
    pub(super) fn called(&self, name: &str, digest: &str, failed: bool) {
        if self.calls.load(Relaxed) >= self.rules.calls {
            return;
        }
        let calls = self.calls.fetch_add(1, Relaxed) + 1;
        if !failed {
            return;
        }
        let failures = self.failures.fetch_add(1, Relaxed) + 1;
        let allowed = u64::from(self.rules.calls) * u64::from(self.rules.failures_percent) / 100;
        if u64::from(failures) > allowed {
            // It is over. When the queue is full, others have said so already.
            self.calls.store(self.rules.calls, Relaxed);
            let failed = Failed { name: name.to_owned(), digest: digest.to_owned(), failures, calls };
            let _ = self.alarm.try_send(failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_rests_after_three_late_calls_in_a_row() {
        let fitness = Fitness::default();
        for _ in 0..2 {
            fitness.late();
            fitness.late();
            fitness.quick();
        }
        assert!(fitness.may_be_asked() && !fitness.is_failing());
        for _ in 0..IN_A_ROW {
            fitness.late();
        }
        assert!(!fitness.may_be_asked() && fitness.is_failing());
        *fitness.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        assert!(fitness.may_be_asked(), "one call tries");
        assert!(!fitness.may_be_asked(), "others wait for it");
        fitness.quick();
        assert!(fitness.may_be_asked() && !fitness.is_failing());
    }

    #[test]
    fn a_trial_ends_with_one_failure_more_than_allowed() {
        let (alarm, mut alarms) = mpsc::channel(4);
        let trial = Trial::new(TrialRules { calls: 50, failures_percent: 10 }, alarm);
        for call in 0..5 {
            trial.called("a", "1", true);
            assert!(alarms.try_recv().is_err(), "{call}");
        }
        trial.called("a", "1", false);
        trial.called("a", "1", true);
        assert_eq!(alarms.try_recv().map(|failed| (failed.failures, failed.calls)).ok(), Some((6, 7)));
        trial.called("a", "1", true);
        assert!(alarms.try_recv().is_err(), "it is over");
    }

    #[test]
    fn a_trial_is_passed_after_its_calls() {
        let (alarm, mut alarms) = mpsc::channel(4);
        let trial = Trial::new(TrialRules { calls: 2, failures_percent: 0 }, alarm);
        for failed in [false, false, true] {
            trial.called("a", "1", failed);
        }
        assert!(alarms.try_recv().is_err());
    }
}
