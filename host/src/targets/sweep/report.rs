//! What a sweep found and did, as it is stored and shown.

use matricula_store::StoreError;
use matricula_store::sweeps::SweepRow;
use matricula_system::clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Order;
use super::fields::Field;

/// Entries of a list at most.
const LISTED: usize = 1_000;

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Not at its end.
    Running,
    /// Everything was looked at.
    Done,
    /// The same, but it would have removed too much.
    Stopped,
    /// The target could not be read.
    Failed,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Stopped => "stopped",
            State::Failed => "failed",
        }
    }
}

/// A client here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SweptClient)]
pub(crate) struct Client {
    id: String,
    client_id: String,
}

/// A client that is otherwise at the target.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DifferentClient)]
pub(crate) struct Different {
    id: String,
    client_id: String,
    fields: Vec<Field>,
}

/// A client at the target.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrphanedClient)]
pub(crate) struct Orphan {
    /// The target's id of it.
    key: String,
    client_id: String,
}

/// A sweep.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SweepReport)]
pub(crate) struct Report {
    id: String,
    pub(crate) state: State,
    /// Why it stopped or failed.
    pub(crate) reason: Option<String>,
    /// Unix milliseconds.
    started: i64,
    /// Unix milliseconds; absent while it is running.
    finished: Option<i64>,
    dry_run: bool,
    /// It puts right what is different, and removes orphans.
    repair: bool,
    /// Clients that the target shall have.
    pub(super) clients: u64,
    /// Clients at the target with our mark.
    pub(super) marked: u64,
    /// Of the clients those that are at the target as they were after their last put.
    pub(super) same: u64,
    /// Put once, and not there.
    missing: Vec<Client>,
    /// Other than after their last put.
    different: Vec<Different>,
    /// With our mark, and unknown here.
    orphans: Vec<Orphan>,
    /// There without our mark.
    unmarked: Vec<Client>,
    /// Missing ones that were put again.
    pub(super) filled: u64,
    /// Different ones that were put again.
    pub(super) repaired: u64,
    /// Orphans that were removed.
    pub(super) removed: u64,
    /// The lists are longer than shown here.
    truncated: bool,
    /// Whatever the lists show.
    #[serde(skip)]
    pub(super) found: Found,
}

/// How many were found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub(crate) missing: u64,
    pub(crate) different: u64,
    pub(crate) orphans: u64,
}

impl Report {
    /// Nothing found yet.
    pub(super) fn new(id: &str, order: &Order, started: i64) -> Report {
        Report {
            id: id.to_owned(),
            state: State::Running,
            reason: None,
            started,
            finished: None,
            dry_run: order.dry_run,
            repair: order.repair,
            clients: 0,
            marked: 0,
            same: 0,
            missing: Vec::new(),
            different: Vec::new(),
            orphans: Vec::new(),
            unmarked: Vec::new(),
            filled: 0,
            repaired: 0,
            removed: 0,
            truncated: false,
            found: Found::default(),
        }
    }

    /// A sweep as it is stored. One whose node is dead has failed.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn read(row: &SweepRow) -> Result<Report, StoreError> {
        let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
        let mut report: Report = serde_json::from_str(&row.report).map_err(damaged)?;
        if report.state == State::Running && !row.running {
            report.state = State::Failed;
            report.reason = Some("The server that swept has ended".to_owned());
        }
        Ok(report)
    }

    /// Its end.
    pub(super) fn end(&mut self, state: State, reason: Option<String>) {
        (self.state, self.reason) = (state, reason);
        self.finished = Some(clock::now_ms());
    }

    pub(super) fn add_missing(&mut self, id: &str, client_id: &str) {
        self.found.missing += 1;
        add(&mut self.missing, &mut self.truncated, || client(id, client_id));
    }

    pub(super) fn add_different(&mut self, id: &str, client_id: &str, fields: Vec<Field>) {
        self.found.different += 1;
        add(&mut self.different, &mut self.truncated, || Different {
            id: id.to_owned(),
            client_id: client_id.to_owned(),
            fields,
        });
    }

    pub(super) fn add_orphan(&mut self, key: &str, client_id: &str) {
        self.found.orphans += 1;
        add(&mut self.orphans, &mut self.truncated, || Orphan { key: key.to_owned(), client_id: client_id.to_owned() });
    }

    /// Orphans that were not looked at one by one.
    pub(super) fn add_further_orphans(&mut self, count: u64) {
        self.found.orphans += count;
        self.truncated |= count > 0;
    }

    pub(super) fn add_unmarked(&mut self, id: &str, client_id: &str) {
        add(&mut self.unmarked, &mut self.truncated, || client(id, client_id));
    }
}

fn client(id: &str, client_id: &str) -> Client {
    Client { id: id.to_owned(), client_id: client_id.to_owned() }
}

fn add<T>(list: &mut Vec<T>, truncated: &mut bool, entry: impl FnOnce() -> T) {
    if list.len() < LISTED {
        list.push(entry());
    } else {
        *truncated = true;
    }
}
