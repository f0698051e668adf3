//! One target on this node: takes what is due there, in order, as many at once as the target wants.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use matricula_contract::connectors;
use matricula_store::deliveries::outcomes::IN_A_ROW;
use matricula_store::deliveries::queue::{self, Key};
use matricula_store::deliveries::shown;
use matricula_store::targets::{self, Standing, TargetRow};
use matricula_store::{StoreError, Write};
use matricula_system::clock;
use matricula_target::settings::Settings;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::carrying::Errand;
use super::deliveries::Hub;
use super::task::Reach;

/// How often an idle lane looks whether another node left something; a write of this node wakes it.
const LOOK: Duration = Duration::from_secs(2);
/// How often its figures are looked at.
const FIGURES: Duration = Duration::from_secs(5);
/// How long it waits when the database gives no answer.
const AGAIN: Duration = Duration::from_secs(1);

/// A target on this node.
pub(super) struct Lane {
    hub: Arc<Hub>,
    realm_id: String,
    name: String,
    wake: Arc<Notify>,
    /// What is under way.
    under_way: HashSet<Key>,
    tasks: JoinSet<Key>,
    /// When its figures were looked at.
    counted: Option<Instant>,
}

impl Lane {
    pub(super) fn new(hub: Arc<Hub>, realm_id: String, name: String, wake: Arc<Notify>) -> Lane {
        Lane { hub, realm_id, name, wake, under_way: HashSet::new(), tasks: JoinSet::new(), counted: None }
    }
}

/// Runs a lane until its target is gone or the server stops.
pub(super) async fn run(mut lane: Lane, mut realm: String) {
    loop {
        let next = match lane.round(&mut realm).await {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, target = lane.name, "deliveries wait for the database");
                AGAIN
            }
        };
        tokio::select! {
            () = lane.wake.notified() => {}
            () = tokio::time::sleep(next) => {}
            Some(done) = lane.tasks.join_next() => lane.done(done.ok()),
            () = lane.hub.stopping.begun() => break,
        }
        while let Some(done) = lane.tasks.try_join_next() {
            lane.done(done.ok());
        }
    }
    // What is under way may end; nothing new begins.
    while lane.tasks.join_next().await.is_some() {}
    lane.hub.runner.figures.gone(&realm, &lane.name);
    lane.hub.closed(&lane.realm_id, &lane.name);
}

impl Lane {
    fn done(&mut self, done: Option<Key>) {
        match done {
            Some(key) => drop(self.under_way.remove(&key)),
            // A fault of ours: what it was at is looked at again.
            None => self.under_way.clear(),
        }
    }

    /// Begins what can begin, and tells when to look again; `None`: the target is gone.
    async fn round(&mut self, realm: &mut String) -> Result<Option<Duration>, StoreError> {
        let hub = Arc::clone(&self.hub);
        let database = &hub.store.database;
        let Some((target, standing)) = targets::by_name(database, &self.realm_id, &self.name).await? else {
            return Ok(None);
        };
        if let Some(behind) = &standing.filled_to {
            targets::fill(&hub.store, &self.realm_id, &self.name, behind).await?;
            self.wake.notify_one();
        }
        let Some(errand) = self.errand(realm, &target).await? else { return Ok(Some(LOOK)) };
        self.count(realm, &standing).await?;
        if target.paused || !target.enabled {
            return Ok(Some(LOOK));
        }
        let now = clock::now_ms();
        if standing.not_before_ms > now {
            return Ok(Some(millis(standing.not_before_ms - now).min(LOOK)));
        }
        let free = at_once(&target, &standing).saturating_sub(self.under_way.len());
        if free == 0 {
            return Ok(Some(LOOK));
        }
        // Those that are under way here are among them.
        let most = i64::try_from(free + self.under_way.len()).unwrap_or(i64::MAX);
        let due = queue::due(database, &self.realm_id, &self.name, &hub.node, most).await?;
        let fewer = i64::try_from(due.len()).is_ok_and(|found| found < most);
        let new: Vec<_> = due.into_iter().filter(|due| !self.under_way.contains(&due.key)).take(free).collect();
        for due in new {
            self.under_way.insert(due.key.clone());
            let errand = Arc::clone(&errand);
            self.tasks.spawn(async move {
                let key = due.key.clone();
                errand.carry_out(due).await;
                key
            });
        }
        if !fewer {
            return Ok(Some(LOOK));
        }
        if target.leaving && self.under_way.is_empty() {
            let mut write = Write::default();
            targets::gone(&mut write, &self.realm_id, &self.name);
            hub.store.writer.write(write).await?;
            hub.realms.changed(realm);
        }
        let next = queue::next(database, &self.realm_id, &self.name).await?;
        let next = next.map_or(LOOK, |due| millis(due - clock::now_ms()).min(LOOK));
        Ok(Some(next))
    }

    /// Keeps the figures of this target, which nobody needs to the second.
    async fn count(&mut self, realm: &str, standing: &Standing) -> Result<(), StoreError> {
        if self.counted.is_some_and(|counted| counted.elapsed() < FIGURES) {
            return Ok(());
        }
        self.counted = Some(Instant::now());
        let (waiting, since) = shown::undone(&self.hub.store.database, &self.realm_id, &self.name).await?;
        let oldest = since.map_or(0, |since| (clock::now_ms() - since) / 1000);
        let rests = standing.failures >= IN_A_ROW;
        self.hub.runner.figures.stands(realm, &self.name, (waiting, oldest), rests);
        Ok(())
    }

    /// What every delivery to this target needs; absent: its component is missing, or its realm.
    async fn errand(&self, realm: &mut String, target: &TargetRow) -> Result<Option<Arc<Errand>>, StoreError> {
        let hub = &self.hub;
        let mut found = hub.realms.get(realm).await?.filter(|realm| realm.id == self.realm_id);
        if found.is_none() {
            // It has another name by now.
            let Some(row) = matricula_store::realms::by_id(&hub.store.database, &self.realm_id).await? else {
                return Ok(None);
            };
            *realm = row.name;
            found = hub.realms.get(realm).await?;
        }
        let components = hub.wasm.current();
        let (Some(realm), Some(connector)) = (found, components.connector(&target.connector)) else { return Ok(None) };
        let reach = Reach {
            target: told(&realm, target),
            realm,
            url: target.settings.url.clone(),
            further_urls: std::collections::BTreeMap::new(),
            credentials: Arc::clone(&target.credentials),
        };
        Ok(Some(Arc::new(Errand { hub: Arc::clone(hub), connector: Arc::clone(connector), reach })))
    }
}

/// A target as its connector sees it; the runner says the time.
pub(crate) fn told(realm: &matricula_realms::Realm, target: &TargetRow) -> connectors::Target {
    told_of(realm, &target.name, &target.connector, &target.settings)
}

/// The same of the target of this name, connector and settings.
pub(super) fn told_of(
    realm: &matricula_realms::Realm,
    name: &str,
    connector: &str,
    settings: &Settings,
) -> connectors::Target {
    let config = settings
        .config
        .iter()
        .map(|(name, values)| matricula_contract::ConfigEntry { name: name.clone(), values: values.clone() });
    connectors::Target {
        kind: connector.to_owned(),
        name: name.to_owned(),
        realm: realm.name.clone(),
        realm_id: realm.id.clone(),
        now: 0,
        config: config.collect(),
    }
}

/// Calls that may be under way: of a target that failed again and again one, which decides.
fn at_once(target: &TargetRow, standing: &Standing) -> usize {
    if standing.failures >= IN_A_ROW { 1 } else { target.settings.concurrency }
}

fn millis(time: i64) -> Duration {
    Duration::from_millis(u64::try_from(time).unwrap_or(0)).max(Duration::from_millis(5))
}
