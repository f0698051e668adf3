//! Whether a component is fit to be asked. One that runs into the time limit several times in a row is not asked for a
//! while: its requests are refused at once, instead of after a second each. One of whose last calls several failed, in
//! whatever way, is told to administrators, and still asked. One that has just replaced another is on trial: failures
//! among its first calls bring the old one back.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Failure;

/// Calls in a row that ran out of time.
const IN_A_ROW: u32 = 3;
/// How long it is not asked then. After it one call at a time tries.
const REST: Duration = Duration::from_secs(10);

/// Failures among the last 32 calls that make a component a failing one, until the last eight have gone well. They need
/// not come in a row: at most hooks it may have nothing to do, and answer well.
const FAILURES: u32 = 3;
/// Length of what is noted of a failure.
const NOTED: usize = 300;
/// The last eight calls.
const LATEST: u32 = 0xff;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With an answer.
    Well,
    /// Without one: it trapped, ran into a limit other than that of time, or had no instance.
    Failed,
    /// It ran out of time.
    Late,
    /// Without one, and the component is not to blame.
    Unserved,
}

impl Ended {
    /// Whether the component failed.
    pub(super) fn is_failure(self) -> bool {
        matches!(self, Ended::Failed | Ended::Late)
    }
}

impl From<Option<Failure>> for Ended {
    fn from(failure: Option<Failure>) -> Ended {
        match failure {
            None => Ended::Well,
            Some(Failure::Time) => Ended::Late,
            Some(failure) if failure.is_passing() => Ended::Unserved,
            Some(_) => Ended::Failed,
        }
    }
}

/// How the calls of one version have gone lately.
#[derive(Default)]
pub(super) struct Fitness {
    /// The last 32 calls, the latest as the lowest bit: 1 for each that failed.
    recent: AtomicU32,
    /// What became of the last one that failed.
    last: Mutex<String>,
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
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Relaxed) >= IN_A_ROW
    }

    /// The same, or whether several of its last calls failed.
    pub(super) fn is_failing(&self) -> bool {
        let recent = self.recent.load(Relaxed);
        self.is_late() || recent.count_ones() >= FAILURES && recent & LATEST != 0
    }

    /// A call has ended.
    pub(super) fn ended(&self, ended: Ended) {
        match ended {
            Ended::Well | Ended::Failed => self.quick(),
            Ended::Late => self.late(),
            Ended::Unserved => return,
        }
        let failed = u32::from(ended.is_failure());
        // Of calls that go well nothing is written as long as all do.
        if failed == 1 || self.recent.load(Relaxed) != 0 {
            // It never gives up, so there is no error.
            let _ = self.recent.fetch_update(Relaxed, Relaxed, |recent| Some(recent << 1 | failed));
        }
    }

    /// The last call seemed to have gone well.
    pub(super) fn recant(&self) {
        self.recent.fetch_or(1, Relaxed);
    }

    /// What became of a call that failed, for administrators: a line of the engine's words.
    pub(super) fn note(&self, failure: Failure, detail: &str) {
        let line: String = detail.lines().next().unwrap_or_default().chars().take(NOTED).collect();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = format!("{failure}: {line}");
    }

    /// Why it is failing, if it is.
    pub(super) fn reason(&self) -> Option<String> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.is_failing().then(|| format!("several of its last calls failed, the last one so: {}", last()))
    }

    /// A call has ended in time.
    fn quick(&self) {
        if self.late.load(Relaxed) > 0 {
            self.late.store(0, Relaxed);
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// A call has run out of time.
    fn late(&self) {
        if self.late.fetch_add(1, Relaxed) + 1 >= IN_A_ROW {
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        }
    }
}

/// What it takes to pass a trial.
#[derive(Clone, Copy, Debug)]
pub struct TrialRules {
    /// First calls that are watched; 0: none, there is no trial.
    pub calls: u32,
    /// Share of them that may fail, in percent.
    pub failures_percent: u32,
}

/// A version that did not pass.
#[derive(Debug)]
pub struct Failed {
    /// Name of the component.
    pub name: String,
    /// Digest of the version.
    pub digest: String,
    /// Calls that failed, and how many were made.
    pub failures: u32,
    /// Calls that were made.
    pub calls: u32,
}

/// The first calls of a version that has replaced another.
pub struct Trial {
    rules: TrialRules,
    calls: AtomicU32,
    failures: AtomicU32,
    /// It did not pass.
    failed: AtomicBool,
    /// Where to say that.
    alarm: mpsc::Sender<Failed>,
}

impl Trial {
    /// A trial that has not begun.
    pub fn new(rules: TrialRules, alarm: mpsc::Sender<Failed>) -> Trial {
        let (calls, failures) = (AtomicU32::new(0), AtomicU32::new(0));
        Trial { rules, calls, failures, failed: AtomicBool::new(false), alarm }
    }

    /// A call has ended. More failures than the rules allow end the trial.
    pub(super) fn called(&self, name: &str, digest: &str, failed: bool) {
        // It is over after one call more.
        if self.calls.load(Relaxed) > self.rules.calls {
            return;
        }
        let calls = self.calls.fetch_add(1, Relaxed) + 1;
        if failed && calls <= self.rules.calls {
            self.failed(name, digest, calls);
        }
    }

    /// The last call seemed to have gone well.
    pub(super) fn recanted(&self, name: &str, digest: &str) {
        let calls = self.calls.load(Relaxed);
        if calls <= self.rules.calls {
            self.failed(name, digest, calls);
        }
    }

    fn failed(&self, name: &str, digest: &str, calls: u32) {
        let failures = self.failures.fetch_add(1, Relaxed) + 1;
        let allowed = u64::from(self.rules.calls) * u64::from(self.rules.failures_percent) / 100;
        if u64::from(failures) > allowed && !self.failed.swap(true, Relaxed) {
            let failed = Failed { name: name.to_owned(), digest: digest.to_owned(), failures, calls };
            // When the queue is full, others have said so already.
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
        assert!(fitness.may_be_asked() && !fitness.is_late());
        for _ in 0..IN_A_ROW {
            fitness.late();
        }
        assert!(!fitness.may_be_asked() && fitness.is_late());
        *fitness.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        assert!(fitness.may_be_asked(), "one call tries");
        assert!(!fitness.may_be_asked(), "others wait for it");
        fitness.quick();
        assert!(fitness.may_be_asked() && !fitness.is_late());
    }

    #[test]
    fn a_component_is_failing_when_several_of_its_last_calls_failed() {
        let fitness = Fitness::default();
        for failures in 1..=FAILURES {
            assert!(!fitness.is_failing(), "{failures}");
            // Most calls of it go well; some that seemed to did not.
            for _ in 0..4 {
                fitness.ended(Ended::Well);
                fitness.ended(Ended::Unserved);
            }
            if failures == 2 {
                fitness.recant();
            } else {
                fitness.ended(Ended::Failed);
            }
        }
        assert!(fitness.is_failing() && fitness.may_be_asked());
        for _ in 0..7 {
            fitness.ended(Ended::Well);
            assert!(fitness.is_failing());
        }
        fitness.ended(Ended::Well);
        assert!(!fitness.is_failing());
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
    fn an_answer_that_makes_no_sense_is_a_failure_of_the_call_that_gave_it() {
        let (alarm, mut alarms) = mpsc::channel(4);
        let trial = Trial::new(TrialRules { calls: 2, failures_percent: 50 }, alarm);
        for _ in 0..2 {
            trial.called("a", "1", false);
            assert!(alarms.try_recv().is_err());
            trial.recanted("a", "1");
        }
        assert_eq!(alarms.try_recv().map(|failed| (failed.failures, failed.calls)).ok(), Some((2, 2)));
    }

    #[test]
    fn a_trial_is_passed_after_its_calls() {
        let (alarm, mut alarms) = mpsc::channel(4);
        let trial = Trial::new(TrialRules { calls: 2, failures_percent: 0 }, alarm);
        for failed in [false, false, true] {
            trial.called("a", "1", failed);
        }
        trial.recanted("a", "1");
        assert!(alarms.try_recv().is_err());
    }
}
