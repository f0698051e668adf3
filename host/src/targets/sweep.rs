//! Sweeps: everything that a target has is compared with what it should have, and put right.
//!
//! A sweep looks, and changes nothing by itself: what it finds becomes due, and is carried out like everything else that is
//! to be done at the target, so a newer state is never undone by an older look.

mod comparison;
pub(crate) mod fields;
mod inventory;
mod orphans;
pub(crate) mod report;
pub(super) mod schedule;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use matricula_realms::Realm;
use matricula_store::deliveries::queue::Key;
use matricula_store::sweeps::{self, NewSweep, SweepKey};
use matricula_store::targets::TargetRow;
use matricula_store::{Lost, Store, StoreError, Write};
use matricula_system::{clock, ids};
use matricula_wasm::connector::ConnectorHandle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use report::{Report, State};

use super::deliveries::Deliveries;
use super::task::Reach;

/// How often it is stored how far a sweep is.
const TELL: Duration = Duration::from_secs(2);

/// How to sweep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// Changes nothing.
    pub(crate) dry_run: bool,
    /// Puts right what is different, and removes orphans.
    pub(crate) repair: bool,
    /// Removes orphans, however many they are.
    pub(crate) force: bool,
    /// Nobody asked for it; when the one before began, Unix milliseconds.
    pub(crate) scheduled_after_ms: Option<i64>,
}

/// A sweep that goes on.
pub(crate) struct Begun {
    /// Its id.
    pub(crate) id: String,
    /// Tells its end.
    pub(crate) ended: oneshot::Receiver<Report>,
}

/// One under way.
struct Sweep {
    deliveries: Deliveries,
    connector: Arc<ConnectorHandle>,
    reach: Reach,
    key: SweepKey,
    order: Order,
    /// Looks at a time: callers shall not wait for a sweep.
    at_once: usize,
    report: Report,
    told: Instant,
}

/// Why a sweep ended early.
enum Stop {
    /// The target can't be read: its words.
    Target(String),
    Store(StoreError),
}

impl Stop {
    fn nonsense() -> Stop {
        Stop::Target("The connector ended with something else than it was asked for".to_owned())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

impl Deliveries {
    /// Begins a sweep with this write, which goes on though nobody waits for it; `None`: one of this target is running.
    ///
    /// # Errors
    /// When the write cannot be stored.
    pub(crate) async fn sweep(
        &self,
        realm: &Arc<Realm>,
        target: &TargetRow,
        connector: &Arc<ConnectorHandle>,
        order: Order,
        mut write: Write,
    ) -> Result<Option<Begun>, StoreError> {
        if self.carrier(false).node.is_none() {
            // A sweep ends with its node.
            self.changed(&realm.id).await;
        }
        let key = SweepKey { realm_id: realm.id.clone(), target: target.name.clone(), id: ids::fresh() };
        let now = clock::now_ms();
        let report = Report::new(&key.id, &order, now);
        let new = NewSweep {
            key: &key,
            node: self.node(),
            scheduled_after_ms: order.scheduled_after_ms,
            dry_run: order.dry_run,
            started_ms: now,
            report: json(&report)?,
        };
        sweeps::begin(&mut write, &new);
        match self.hub().store.writer.write(write).await {
            Ok(()) => {}
            Err(StoreError::Lost(Lost::Taken)) => return Ok(None),
            Err(error) => return Err(error),
        }
        let id = key.id.clone();
        let sweep = Sweep {
            deliveries: self.clone(),
            connector: Arc::clone(connector),
            reach: Reach::of(realm, target),
            key,
            order,
            at_once: (target.settings.concurrency / 2).max(1),
            report,
            told: Instant::now(),
        };
        let (tell, ended) = oneshot::channel();
        tokio::spawn(async move {
            // Whoever asked may have gone.
            let _ = tell.send(sweep.conclude().await);
        });
        Ok(Some(Begun { id, ended }))
    }
}

fn json(report: &Report) -> Result<String, StoreError> {
    serde_json::to_string(report).map_err(|error| StoreError::Damaged(error.to_string()))
}

impl Sweep {
    /// Sweeps, and stores the report.
    async fn conclude(self) -> Report {
        let (deliveries, key, dry_run) = (self.deliveries.clone(), self.key.clone(), self.order.dry_run);
        let scheduled = self.order.scheduled_after_ms.is_some();
        let (realm, mut failed) = (Arc::clone(&self.reach.realm), self.report.clone());
        let report = match tokio::spawn(self.run()).await {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(%error, target = key.target, "a sweep ended by a fault of the server");
                failed.end(State::Failed, Some("The server failed".to_owned()));
                failed
            }
        };
        if scheduled && let Some(reason) = &report.reason {
            tracing::warn!(realm = realm.name, target = key.target, reason, "a sweep did not do everything");
        }
        let hub = deliveries.hub();
        let found = (!dry_run && report.state != State::Failed).then_some(report.found);
        hub.runner.figures.sweeps.swept(&realm.name, &key.target, report.state.name(), found);
        // As long as it is not stored, no other one can begin.
        while let Err(error) = store(hub.store.clone(), &key, deliveries.node(), &report).await {
            tracing::warn!(%error, target = key.target, "the report of a sweep waits for the database");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = hub.stopping.begun() => break,
            }
        }
        report
    }

    async fn run(mut self) -> Report {
        let deliveries = self.deliveries.clone();
        let ended = tokio::select! {
            ended = self.steps() => ended,
            () = deliveries.hub().stopping.begun() => Err(Stop::Target("The server stopped".to_owned())),
        };
        match ended {
            Ok(None) => self.report.end(State::Done, None),
            Ok(Some(reason)) => self.report.end(State::Stopped, Some(reason)),
            Err(Stop::Target(words)) => self.report.end(State::Failed, Some(words)),
            Err(Stop::Store(error)) => {
                tracing::warn!(%error, target = self.key.target, "a sweep failed");
                self.report.end(State::Failed, Some("The database gave no answer".to_owned()));
            }
        }
        self.report
    }

    /// All of it; tells why it did not do everything.
    async fn steps(&mut self) -> Result<Option<String>, Stop> {
        let inventory = self.read_all().await?;
        self.compare_all(&inventory).await?;
        self.remove_orphans(inventory).await
    }

    fn store(&self) -> &Store {
        &self.deliveries.hub().store
    }

    /// Who takes care of what becomes due.
    fn node(&self) -> Option<String> {
        self.deliveries.carrier(false).node
    }

    /// The delivery of a client.
    fn delivery(&self, client: &str) -> Key {
        Key { realm_id: self.key.realm_id.clone(), client: client.to_owned(), target: self.key.target.clone() }
    }

    /// Stores every now and then how far it is.
    async fn tell(&mut self) -> Result<(), StoreError> {
        if self.told.elapsed() < TELL {
            return Ok(());
        }
        self.told = Instant::now();
        store(self.store().clone(), &self.key, self.deliveries.node(), &self.report).await
    }
}

async fn store(store: Store, key: &SweepKey, node: &str, report: &Report) -> Result<(), StoreError> {
    let running = report.state == State::Running;
    sweeps::report(&store.writer, key, node, json(report)?, running).await
}
