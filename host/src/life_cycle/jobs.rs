//! Jobs: what is done with many clients beside the requests, one at a time in a realm. Whoever is at one says so, and
//! another node goes on where a dead one was.

use std::sync::Arc;
use std::time::Duration;

use matricula_realms::Realm;
use matricula_store::client_jobs::{self, Job, State};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::ids;
use tokio::sync::{Notify, Semaphore, watch};

use super::{bulk, runs};
use crate::app::App;
use crate::registration::decision::Record;

/// How often it is looked what is to be done.
const LOOK: Duration = Duration::from_secs(5);
/// Jobs that this node is at, at a time.
const AT_ONCE: usize = 2;

/// Carries out jobs. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Inner>);

struct Inner {
    /// The name of this node at jobs.
    node: String,
    wake: Notify,
    stopping: watch::Sender<bool>,
}

impl Jobs {
    /// Carries out nothing before it is [begun](Self::begin).
    pub(crate) fn new() -> Jobs {
        Jobs(Arc::new(Inner { node: ids::fresh(), wake: Notify::new(), stopping: watch::Sender::new(false) }))
    }

    /// Begins to carry out what is to be done.
    pub(crate) fn begin(&self, app: &App) {
        let (jobs, app) = (self.clone(), app.clone());
        tokio::spawn(async move { jobs.carry_out(&app).await });
    }

    /// Looks at once what is to be done.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Begins nothing more; others go on.
    pub(crate) async fn stop(&self, app: &App) {
        self.0.stopping.send_replace(true);
        if let Err(error) = client_jobs::leave(&app.store.writer, &self.0.node).await {
            tracing::warn!(%error, "other nodes will take up jobs only after a while");
        }
    }

    /// Returns when it stops.
    async fn stopped(&self) {
        // It fails when the sender is gone, which is here.
        let _ = self.0.stopping.subscribe().wait_for(|stops| *stops).await;
    }

    /// Whether this node is still at a job, and says so.
    pub(super) async fn live(&self, app: &App, job: &Job) -> Result<bool, StoreError> {
        if *self.0.stopping.borrow() {
            return Ok(false);
        }
        client_jobs::live(&app.store.writer, job, &self.0.node).await
    }

    /// Lets a write be lost, [`Lost::Condition`], if this node is not at the job any more.
    pub(super) fn at(&self, write: &mut Write, job: &Job) {
        client_jobs::at(write, job, &self.0.node);
    }

    async fn carry_out(&self, app: &App) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            if let Err(error) = self.look(app, &turns).await {
                tracing::warn!(%error, "jobs wait for the database");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.0.wake.notified() => {}
                () = self.stopped() => return,
            }
        }
    }

    /// Plans what the clock wants, and begins what nobody is at.
    async fn look(&self, app: &App, turns: &Arc<Semaphore>) -> Result<(), StoreError> {
        runs::plan(app).await?;
        let database = &app.store.database;
        for job in client_jobs::undone(database).await? {
            let Ok(turn) = Arc::clone(turns).try_acquire_owned() else { break };
            if *self.0.stopping.borrow() || !client_jobs::take(&app.store.writer, &job, &self.0.node).await? {
                continue;
            }
            let Some(job) = client_jobs::whole(database, &job).await? else { continue };
            let (jobs, app) = (self.clone(), app.clone());
            tokio::spawn(async move {
                jobs.run(&app, &job).await;
                drop(turn);
                jobs.wake();
            });
        }
        Ok(())
    }

    /// Carries out a job to its end.
    async fn run(&self, app: &App, job: &Job) {
        let ended = match self.ended(app, job).await {
            Ok(Some(state)) => state,
            // It was stopped, or another node is at it.
            Ok(None) | Err(StoreError::Lost(Lost::Condition(_))) => return,
            // Whoever looks next goes on.
            Err(StoreError::Unavailable(detail)) => {
                tracing::warn!(detail, job = job.id, "a job waits for the database");
                return;
            }
            Err(error) => {
                tracing::error!(%error, job = job.id, "a job cannot go on");
                State::Failed
            }
        };
        let mut write = Write::default();
        client_jobs::end(&mut write, &job.realm_id, &job.id, ended);
        if job.kind == client_jobs::LIFE_CYCLE {
            Record::of_run(&job.id, job.by_user.as_deref()).store(&job.realm_id, &mut write, None);
        }
        match app.store.writer.write(write).await {
            Ok(()) | Err(StoreError::Lost(_)) => {}
            Err(error) => tracing::warn!(%error, job = job.id, "the end of a job could not be stored"),
        }
    }

    /// How it ended; `None`: this node is not at it any more.
    async fn ended(&self, app: &App, job: &Job) -> Result<Option<State>, StoreError> {
        let Some(realm) = realm_of(app, job).await? else { return Ok(None) };
        match job.kind.as_str() {
            client_jobs::LIFE_CYCLE => runs::carry_out(self, app, job, &realm).await,
            _ => bulk::carry_out(self, app, job, &realm).await,
        }
    }
}

/// The realm of a job, as it is now.
async fn realm_of(app: &App, job: &Job) -> Result<Option<Arc<Realm>>, StoreError> {
    let Some(row) = matricula_store::realms::by_id(&app.store.database, &job.realm_id).await? else { return Ok(None) };
    app.realms.get(&row.name).await
}
