//! Runs of the rules: by the clock on one node of all, or when an administrator wants one. A run is a job; whoever is at
//! it says so, and another node goes on where a dead one was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use matricula_contract::Client;
use matricula_realms::Realm;
use matricula_store::client_jobs::{self, Became, Job, State};
use matricula_store::client_lives::{self, Life};
use matricula_store::clients::{self, ClientRow, Hibernation};
use matricula_store::realm_settings::LifeCycle;
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, client_uses, events};
use matricula_system::{clock, ids};
use tokio::sync::Notify;
use tokio::sync::watch;

use super::rules::{self, Action, Due, Times};
use crate::app::App;
use crate::events::{CLIENT_DELETE, CLIENT_HIBERNATE, of_life};
use crate::registration::decision::Record;

/// How often it is looked what is to be done.
const LOOK: Duration = Duration::from_secs(5);
/// Clients that are read at a time.
const PAGE: i64 = 1000;
/// Clients that are changed at a time: each a write of its own, which the writer stores together.
const BATCH: usize = 50;
/// A run that concerns fewer clients does not ask.
const FEW: i64 = 10;
/// Runs that this node is at, at a time.
const AT_ONCE: usize = 2;

/// Carries out jobs. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Runs(Arc<Inner>);

struct Inner {
    /// The name of this node at jobs.
    node: String,
    wake: Notify,
    stopping: watch::Sender<bool>,
}

impl Runs {
    /// Carries out nothing before it is [begun](Self::begin).
    pub(crate) fn new() -> Runs {
        Runs(Arc::new(Inner { node: ids::fresh(), wake: Notify::new(), stopping: watch::Sender::new(false) }))
    }

    /// Begins to carry out what is to be done.
    pub(crate) fn begin(&self, app: &App) {
        let (runs, app) = (self.clone(), app.clone());
        tokio::spawn(async move { runs.carry_out(&app).await });
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

    fn stops(&self) -> bool {
        *self.0.stopping.borrow()
    }

    async fn carry_out(&self, app: &App) {
        let turns = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
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
    async fn look(&self, app: &App, turns: &Arc<tokio::sync::Semaphore>) -> Result<(), StoreError> {
        plan(app).await?;
        for job in client_jobs::undone(&app.store.database).await? {
            let Ok(turn) = Arc::clone(turns).try_acquire_owned() else { break };
            if self.stops() || !client_jobs::take(&app.store.writer, &job, &self.0.node).await? {
                continue;
            }
            let (runs, app) = (self.clone(), app.clone());
            tokio::spawn(async move {
                runs.run(&app, &job).await;
                drop(turn);
                runs.wake();
            });
        }
        Ok(())
    }

    /// Carries out a run to its end.
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
        Record::of_run(&job.id, job.by_user.as_deref()).store(&job.realm_id, &mut write, None);
        match app.store.writer.write(write).await {
            Ok(()) | Err(StoreError::Lost(_)) => {}
            Err(error) => tracing::warn!(%error, job = job.id, "the end of a job could not be stored"),
        }
    }

    /// How it ended; `None`: this node is not at it any more.
    async fn ended(&self, app: &App, job: &Job) -> Result<Option<State>, StoreError> {
        let Some(realm) = realm_of(app, job).await? else { return Ok(None) };
        let settings = realm.settings.life_cycle.clone();
        // One that was begun before takes no more than was found then.
        let left = job.matched.map(|matched| matched - job.done - job.passed - job.failed);
        let most = left.unwrap_or(settings.max_per_run).max(0);
        let Some(mut found) = self.found(app, job, &realm, most).await? else { return Ok(None) };
        if left.is_none() {
            let asks = found.concerned >= FEW && found.concerned * 10 > found.clients && !job.confirmed;
            let matched = if asks { found.concerned } else { i64::try_from(found.due.len()).unwrap_or(i64::MAX) };
            let mut write = Write::default();
            let rules = found.rules(asks);
            client_jobs::matched(&mut write, job, matched, &serde_json::json!(rules).to_string());
            app.store.writer.write(write).await?;
            if asks {
                return self.asks(app, job).await;
            }
        }
        let mut left = left.unwrap_or_else(|| i64::try_from(found.due.len()).unwrap_or(i64::MAX));
        while !found.due.is_empty() {
            if self.stops() || !client_jobs::live(&app.store.writer, job, &self.0.node).await? {
                return Ok(None);
            }
            let batch: Vec<Found> = found.due.drain(..found.due.len().min(BATCH)).collect();
            left -= i64::try_from(batch.len()).unwrap_or_default();
            for result in join_all(batch.iter().map(|one| self.change(app, job, &realm, one))).await {
                result?;
            }
        }
        // What was found before and is not any more was used meanwhile.
        if left > 0 {
            let mut write = Write::default();
            client_jobs::count(&mut write, job, Became { passed: left, ..Became::default() });
            app.store.writer.write(write).await?;
        }
        Ok(Some(State::Finished))
    }

    /// A run by the clock that would ask what the last one asks is none.
    async fn asks(&self, app: &App, job: &Job) -> Result<Option<State>, StoreError> {
        if job.by_user.is_some() || !client_jobs::was_asked(&app.store.database, job).await? {
            return Ok(Some(State::Asks));
        }
        let mut write = Write::default();
        client_jobs::forget(&mut write, job);
        app.store.writer.write(write).await?;
        Ok(None)
    }

    /// The clients that rules take, at most so many: what is to be deleted first, then what is unused longest.
    async fn found(&self, app: &App, job: &Job, realm: &Realm, most: i64) -> Result<Option<All>, StoreError> {
        let database = &app.store.database;
        let mut all = All { settings: realm.settings.life_cycle.clone(), now_ms: clock::now_ms(), ..All::default() };
        all.most = usize::try_from(most).unwrap_or(0);
        let Some(recorded) = client_uses::of_realm(database, &realm.id).await? else { return Ok(None) };
        if rules::is_blind(&all.settings, &recorded, all.now_ms) {
            return Ok(Some(all));
        }
        all.since_ms = recorded.since_ms;
        let mut last = String::new();
        let mut pages = 0;
        loop {
            let page = client_lives::behind(database, &realm.id, &last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last.clone_from(&end.client_id);
            pages += 1;
            if pages % 10 == 0 && !client_jobs::live(&app.store.writer, job, &self.0.node).await? {
                return Ok(None);
            }
            // Reading clients takes some time: other requests need the thread.
            let seen = tokio::task::spawn_blocking(move || all.see_all(page).map(|()| all)).await;
            all = seen.map_err(|_| StoreError::Damaged("clients could not be looked at".to_owned()))??;
        }
        all.keep_first();
        Ok(Some(all))
    }

    /// Changes a client, if it is as it was found.
    async fn change(&self, app: &App, job: &Job, realm: &Realm, found: &Found) -> Result<(), StoreError> {
        let row = clients::by_id(&app.store.database, &realm.id, &found.id).await?;
        let mut write = match row {
            Some(row) if self.is_due(app, realm, found, &row).await? => changes(app, job, realm, found, row)?,
            _ => Write::default(),
        };
        let became = if write.is_empty() {
            Became { passed: 1, ..Became::default() }
        } else {
            Became { done: 1, ..Became::default() }
        };
        client_jobs::at(&mut write, job, &self.0.node);
        client_jobs::count(&mut write, job, became);
        match app.store.writer.write(write).await {
            // Somebody changed it meanwhile: that is a sign of life, too.
            Err(StoreError::Lost(Lost::Changed)) => {
                let mut write = Write::default();
                client_jobs::at(&mut write, job, &self.0.node);
                client_jobs::count(&mut write, job, Became { passed: 1, ..Became::default() });
                app.store.writer.write(write).await
            }
            stored => stored,
        }
    }

    /// Whether the rule still takes a client.
    async fn is_due(&self, app: &App, realm: &Realm, found: &Found, row: &ClientRow) -> Result<bool, StoreError> {
        let settings = &realm.settings.life_cycle;
        let last = client_uses::last(&app.store.database, &realm.id, &row.id).await?;
        let times = Times {
            created_ms: row.created_at * 1000,
            used_ms: last.map(|last| last.at_ms),
            hibernated_ms: row.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
        };
        let due = rules::next(settings, times, found.since_ms).filter(|due| due.at_ms <= clock::now_ms());
        let is_watched = matches!(row.state(), clients::State::Active | clients::State::Hibernating);
        Ok(is_watched
            && due.is_some_and(|due| due.rule == found.due.rule)
            && rules::exempt_row(settings, row).is_none())
    }
}

/// Adds a run for each realm whose time has come.
async fn plan(app: &App) -> Result<(), StoreError> {
    for due in client_jobs::due(&app.store.database).await? {
        let Some(realm) = app.realms.get(&due.realm).await?.filter(|realm| realm.id == due.realm_id) else { continue };
        let mut write = Write::default();
        client_jobs::next(&mut write, &due, realm.settings.life_cycle.run_every);
        client_jobs::add_run(&mut write, &due.realm_id, &ids::fresh(), None, false);
        match app.store.writer.write(write).await {
            // Another node was faster, or one is running: it is looked at again when that has ended.
            Ok(()) | Err(StoreError::Lost(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The realm of a job, as it is now.
async fn realm_of(app: &App, job: &Job) -> Result<Option<Arc<Realm>>, StoreError> {
    let Some(row) = matricula_store::realms::by_id(&app.store.database, &job.realm_id).await? else { return Ok(None) };
    app.realms.get(&row.name).await
}

/// What a rule does with a client.
fn changes(app: &App, job: &Job, realm: &Realm, found: &Found, mut row: ClientRow) -> Result<Write, StoreError> {
    let mut write = Write::default();
    let rule = found.due.rule;
    let carrier = app.deliveries.carrier(false);
    let event_type = match found.due.action {
        Action::Hibernate => {
            row.hibernation = Some(Hibernation { since_ms: clock::now_ms(), rule: Some(rule.to_owned()) });
            clients::update(&mut write, &realm.id, &row, &carrier)?;
            CLIENT_HIBERNATE
        }
        Action::Delete => {
            let removal = Removal { rule: Some(rule), ..Removal::by_hand(&realm.settings) };
            clients::delete(&mut write, &realm.id, &row, removal, &carrier);
            CLIENT_DELETE
        }
    };
    let details = [("rule", rule), ("job", job.id.as_str())];
    if let Some(event) = of_life(event_type, realm, row.client_id(), "", &details) {
        events::insert(&mut write, &realm.id, &event);
    }
    Ok(write)
}

/// A client that a rule takes.
struct Found {
    /// Internal id.
    id: String,
    due: Due,
    /// Since when it is unused, Unix milliseconds.
    unused_since_ms: i64,
    /// Since when uses are recorded, Unix milliseconds.
    since_ms: i64,
}

/// All that rules take, and how much that is.
#[derive(Default)]
struct All {
    settings: LifeCycle,
    now_ms: i64,
    since_ms: i64,
    most: usize,
    /// Clients of the realm without those of the server.
    clients: i64,
    concerned: i64,
    by_rule: BTreeMap<&'static str, i64>,
    due: Vec<Found>,
}

impl All {
    fn see_all(&mut self, page: Vec<Life>) -> Result<(), StoreError> {
        page.into_iter().try_for_each(|life| self.see(&life))
    }

    fn see(&mut self, life: &Life) -> Result<(), StoreError> {
        let times = Times { created_ms: life.created_ms, used_ms: life.used_ms, hibernated_ms: life.hibernated_ms };
        let due = rules::next(&self.settings, times, self.since_ms)
            .filter(|due| due.at_ms <= self.now_ms && life.is_enabled && !life.is_held);
        // What it takes time to read is read of those only where it matters.
        if due.is_none() && life.origin.is_some() {
            self.clients += 1;
            return Ok(());
        }
        let client: Client = life.document.decode()?;
        let token = life.initial_access_token.as_deref();
        let exempt = rules::exempt(&self.settings, &client, life.origin.is_some(), token);
        self.clients += i64::from(exempt != Some("server"));
        if let Some(due) = due.filter(|_| exempt.is_none()) {
            self.concerned += 1;
            *self.by_rule.entry(due.rule).or_default() += 1;
            let unused_since_ms = life.used_ms.unwrap_or(life.created_ms);
            self.due.push(Found { id: life.id.clone(), due, unused_since_ms, since_ms: self.since_ms });
            if self.due.len() > 2 * self.most.max(1000) {
                self.keep_first();
            }
        }
        Ok(())
    }

    fn keep_first(&mut self) {
        let order = |found: &Found| (found.due.action != Action::Delete, found.unused_since_ms);
        self.due.sort_by(|one, other| order(one).cmp(&order(other)).then_with(|| one.id.cmp(&other.id)));
        self.due.truncate(self.most);
    }

    /// How many each rule takes: of all, or of those that are changed.
    fn rules(&self, of_all: bool) -> BTreeMap<&'static str, i64> {
        let mut rules: BTreeMap<_, _> = ["neverUsedAfter", "idleAfter", "deleteAfter"].map(|rule| (rule, 0)).into();
        match of_all {
            true => rules.extend(self.by_rule.iter().map(|(rule, number)| (*rule, *number))),
            false => self.due.iter().for_each(|found| *rules.entry(found.due.rule).or_default() += 1),
        }
        rules
    }
}
