//! Carries out deliveries: what a write left to be done at a target is begun as soon as the write is on disk, and what a
//! crash or another node left is taken up. One [`Lane`](super::lane) for each target of the server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matricula_realms::Realms;
use matricula_store::deliveries::{Carrier, queue};
use matricula_store::{Change, Database, Store, StoreError, proposals, targets};
use matricula_system::clock;
use matricula_system::ids;
use matricula_wasm::Wasm;
use tokio::sync::{Notify, watch};

use super::lane::{self, Lane};
use super::proposing;
use super::runner::Runner;
use super::sweep::schedule;
use super::waiting::Waiting;

/// How often a node says that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);
/// How long those that are under way may take when the server stops.
const AT_THE_END: Duration = Duration::from_secs(5);

/// What carries out deliveries. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Deliveries(Arc<Hub>);

/// What all lanes share.
pub(super) struct Hub {
    pub(super) store: Store,
    pub(super) realms: Realms,
    pub(super) wasm: Wasm,
    pub(super) runner: Runner,
    /// The name of this node in deliveries.
    pub(super) node: String,
    /// Until when others believe it.
    alive_until_ms: AtomicI64,
    /// By id of the realm and name of the target.
    lanes: Mutex<HashMap<(String, String), Arc<Notify>>>,
    /// Requests that wait.
    pub(super) waiting: Waiting,
    pub(super) stopping: Stopping,
}

/// Whether the server stops.
#[derive(Default)]
pub(super) struct Stopping(watch::Sender<bool>);

impl Stopping {
    fn begin(&self) {
        self.0.send_replace(true);
    }

    fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it does.
    pub(super) async fn begun(&self) {
        // It fails when the sender is gone, which is here.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

impl Deliveries {
    /// Begins with what is to be done.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) async fn start(
        store: Store,
        realms: Realms,
        wasm: Wasm,
        runner: Runner,
    ) -> Result<Deliveries, StoreError> {
        if matches!(store.database, Database::Sqlite(_)) {
            // Nobody shares it: whoever was at something is gone.
            queue::end(&store.writer, None).await?;
        }
        let hub = Hub {
            store,
            realms,
            wasm,
            runner,
            node: ids::fresh(),
            alive_until_ms: AtomicI64::new(0),
            lanes: Mutex::default(),
            waiting: Waiting::default(),
            stopping: Stopping::default(),
        };
        let deliveries = Deliveries(Arc::new(hub));
        let all = targets::all(&deliveries.0.store.database).await?;
        deliveries.open(all).await;
        tokio::spawn(Arc::clone(&deliveries.0).live());
        tokio::spawn(schedule::run(deliveries.clone()));
        Ok(deliveries)
    }

    /// Who takes care of what a write of this node leaves to be done.
    pub(crate) fn carrier(&self, awaited: bool) -> Carrier {
        let lives = self.0.alive_until_ms.load(Ordering::Relaxed) > clock::now_ms() + queue::LIFE_MS / 4;
        Carrier { node: lives.then(|| self.0.node.clone()), awaited }
    }

    /// To be called when the targets of a realm were changed here.
    pub(crate) async fn changed(&self, realm_id: &str) {
        self.0.runner.client.connect_anew();
        match targets::of_realm(&self.0.store.database, realm_id).await {
            Ok(all) => self.open(all).await,
            Err(error) => tracing::error!(%error, "the targets of a realm could not be read"),
        }
        self.wake(realm_id);
    }

    /// To be called when another node changed something.
    pub(crate) fn announced(&self, change: &Change) {
        let deliveries = self.clone();
        match change {
            Change::Realm(id) => {
                let id = id.clone();
                tokio::spawn(async move { deliveries.changed(&id).await });
            }
            Change::Everything => {
                tokio::spawn(async move {
                    match targets::all(&deliveries.0.store.database).await {
                        Ok(all) => deliveries.open(all).await,
                        Err(error) => tracing::error!(%error, "the targets could not be read"),
                    }
                    deliveries.0.lanes().values().for_each(|lane| lane.notify_one());
                });
            }
            Change::Components | Change::Clients => self.0.lanes().values().for_each(|lane| lane.notify_one()),
        }
    }

    /// The name of this node.
    pub(crate) fn node(&self) -> &str {
        &self.0.node
    }

    /// Looks at what is to be done at the targets of a realm.
    pub(crate) fn wake(&self, realm_id: &str) {
        self.0.wake(realm_id);
    }

    /// What requests wait with.
    pub(super) fn hub(&self) -> &Hub {
        &self.0
    }

    /// For tasks that no delivery asks for.
    pub(crate) fn runner(&self) -> &Runner {
        &self.0.runner
    }

    /// Begins nothing more, and gives what is under way a moment to end. What is left over is others' at once.
    pub(crate) async fn stop(&self) {
        self.0.stopping.begin();
        let ended = async {
            while !self.0.lanes().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // What does not end by then is a call whose answer nobody reads.
        let _ = tokio::time::timeout(AT_THE_END, ended).await;
        if self.0.alive_until_ms.load(Ordering::Relaxed) > 0
            && let Err(error) = queue::end(&self.0.store.writer, Some(&self.0.node)).await
        {
            tracing::warn!(%error, "other nodes will take up deliveries only after a while");
        }
    }

    /// Opens a lane for each of these targets that has none.
    async fn open(&self, all: Vec<(String, String, String)>) {
        if all.is_empty() || self.0.stopping.has_begun() {
            return;
        }
        if self.0.alive_until_ms.load(Ordering::Relaxed) == 0 {
            self.0.say_alive().await;
        }
        for (realm_id, realm, name) in all {
            let mut lanes = self.0.lanes();
            let lane = lanes.entry((realm_id.clone(), name.clone())).or_insert_with(|| {
                let wake = Arc::new(Notify::new());
                let lane = Lane::new(Arc::clone(&self.0), realm_id, name, Arc::clone(&wake));
                tokio::spawn(lane::run(lane, realm));
                wake
            });
            lane.notify_one();
        }
    }
}

impl Hub {
    fn lanes(&self) -> MutexGuard<'_, HashMap<(String, String), Arc<Notify>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is to be done at the targets of a realm.
    pub(super) fn wake(&self, realm_id: &str) {
        self.lanes().iter().filter(|((of, _), _)| of == realm_id).for_each(|(_, lane)| lane.notify_one());
    }

    /// A lane has ended: its target is gone, or the server stops.
    pub(super) fn closed(&self, realm_id: &str, name: &str) {
        self.lanes().remove(&(realm_id.to_owned(), name.to_owned()));
    }

    /// Keeps what this node is at from others, as long as there are targets.
    async fn live(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(SIGN_OF_LIFE) => {}
                () = self.stopping.begun() => break,
            }
            if !self.lanes().is_empty() {
                self.say_alive().await;
                if let Err(error) = self.end_abandoned().await {
                    tracing::warn!(%error, "clients that nobody waits for could not be withdrawn");
                }
            }
        }
    }

    /// Ends what a crash left of requests that waited for a target.
    async fn end_abandoned(&self) -> Result<(), StoreError> {
        for (realm_id, id) in proposals::abandoned(&self.store.database).await? {
            proposing::withdraw(&self.store, &realm_id, &id, &Carrier::default()).await?;
        }
        Ok(())
    }

    async fn say_alive(&self) {
        let until = clock::now_ms() + queue::LIFE_MS;
        match queue::live(&self.store.writer, &self.node).await {
            Ok(()) => self.alive_until_ms.store(until, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "this node could not say that it lives"),
        }
    }
}
