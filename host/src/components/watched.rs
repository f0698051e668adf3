//! A version that is watched beside the one that decides, and what came of watching it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use matricula_store::clock;
use matricula_wasm::load::Ready;
use serde::Serialize;
use utoipa::ToSchema;

use crate::registration::decision::Record;
use crate::registration::difference::{Difference, Verdict};

/// Requests that are named.
const LATEST: usize = 20;

/// A version that is loaded to be watched.
pub(super) struct Shadow {
    pub(super) ready: Arc<Ready>,
    pub(super) figures: Arc<WatchFigures>,
}

impl Shadow {
    /// One that is watched from now on.
    pub(super) fn new(ready: Arc<Ready>) -> Shadow {
        let figures = WatchFigures { since: clock::now(), counted: Mutex::default() };
        Shadow { ready, figures: Arc::new(figures) }
    }

    pub(super) fn digest(&self) -> String {
        self.ready.component.digest.to_string()
    }
}

/// What came of watching a version, since this server began to.
pub(crate) struct WatchFigures {
    /// Unix seconds.
    since: i64,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    asked: u64,
    differs: u64,
    failed: u64,
    how: BTreeMap<(Verdict, Verdict), u64>,
    /// Newest first.
    latest: VecDeque<Difference>,
}

/// What is told of a version that is watched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchReport {
    /// Its digest.
    digest: String,
    /// Since when this server watches it, Unix seconds.
    since: i64,
    /// Requests that it would have had a say in.
    asked: u64,
    /// Of these, the ones that it would have decided otherwise.
    differs: u64,
    /// Of these, the ones that would have been refused because a component has no answer.
    failed: u64,
    /// What it would have decided otherwise, and how often.
    how: Vec<Otherwise>,
    /// The last requests that it would have decided otherwise, newest first.
    latest: Vec<Difference>,
}

/// One way to decide otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Otherwise {
    /// What was decided.
    before: Verdict,
    /// What it would have decided; the same where it changes something else.
    after: Verdict,
    /// How often.
    requests: u64,
}

impl WatchFigures {
    /// It has gone through a request.
    pub(crate) fn saw(&self, after: &Record, difference: Option<&Difference>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.asked += 1;
        let Some(difference) = difference else { return };
        counted.differs += 1;
        counted.failed += u64::from(after.verdict() == Verdict::Error);
        *counted.how.entry((difference.before, difference.after)).or_default() += 1;
        counted.latest.push_front(difference.clone());
        counted.latest.truncate(LATEST);
    }

    /// For administrators.
    pub(super) fn report(&self, digest: String) -> WatchReport {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let way = |(&(before, after), &requests): (&(Verdict, Verdict), &u64)| Otherwise { before, after, requests };
        WatchReport {
            digest,
            since: self.since,
            asked: counted.asked,
            differs: counted.differs,
            failed: counted.failed,
            how: counted.how.iter().map(way).collect(),
            latest: counted.latest.iter().cloned().collect(),
        }
    }
}
