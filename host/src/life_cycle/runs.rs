//! Runs of the rules: by the clock on one node of all, or when an administrator wants one. A run is a job.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use matricula_contract::Client;
use matricula_realms::Realm;
use matricula_store::client_jobs::{self, Became, Job, State};
use matricula_store::client_lives::{self, Life};
use matricula_store::client_software::OfSoftware;
use matricula_store::clients::{self, ClientRow, Hibernation};
use matricula_store::realm_settings::LifeCycle;
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, client_software, client_uses, events};
use matricula_system::{clock, ids};

use super::duplicates;
use super::jobs::Jobs;
use super::rules::{self, Action, Due, Times};
use crate::app::App;
use crate::events::{CLIENT_DELETE, CLIENT_HIBERNATE, of_life};

/// Clients that are read at a time.
const PAGE: i64 = 1000;
/// Clients that are changed at a time: each a write of its own, which the writer stores together.
const BATCH: usize = 50;
/// A run that concerns fewer clients does not ask.
const FEW: i64 = 10;

/// How it ended; `None`: this node is not at it any more.
pub(super) async fn carry_out(jobs: &Jobs, app: &App, job: &Job, realm: &Realm) -> Result<Option<State>, StoreError> {
    let settings = realm.settings.life_cycle.clone();
    // One that was begun before takes no more than was found then.
    let left = job.matched.map(|matched| matched - job.done - job.passed - job.failed);
    let most = left.unwrap_or(settings.max_per_run).max(0);
    let Some(mut found) = found(jobs, app, job, realm, most).await? else { return Ok(None) };
    if left.is_none() {
        let asks = found.concerned >= FEW && found.concerned * 10 > found.clients && !job.confirmed;
        let matched = if asks { found.concerned } else { i64::try_from(found.due.len()).unwrap_or(i64::MAX) };
        let mut write = Write::default();
        let rules = found.rules(asks);
        client_jobs::matched(&mut write, job, matched, &serde_json::json!(rules).to_string());
        app.store.writer.write(write).await?;
        if asks {
            return asked(app, job).await;
        }
    }
    let mut left = left.unwrap_or_else(|| i64::try_from(found.due.len()).unwrap_or(i64::MAX));
    while !found.due.is_empty() {
        if !jobs.live(app, job).await? {
            return Ok(None);
        }
        let batch: Vec<Found> = found.due.drain(..found.due.len().min(BATCH)).collect();
        left -= i64::try_from(batch.len()).unwrap_or_default();
        for result in join_all(batch.iter().map(|one| change(jobs, app, job, realm, one))).await {
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
async fn asked(app: &App, job: &Job) -> Result<Option<State>, StoreError> {
    if job.by_user.is_some() || !client_jobs::was_asked(&app.store.database, job).await? {
        return Ok(Some(State::Asks));
    }
    let mut write = Write::default();
    client_jobs::forget(&mut write, job);
    app.store.writer.write(write).await?;
    Ok(None)
}

/// The clients that rules take, at most so many: what is to be deleted first, then what is unused longest.
async fn found(jobs: &Jobs, app: &App, job: &Job, realm: &Realm, most: i64) -> Result<Option<All>, StoreError> {
    let database = &app.store.database;
    let mut all = All { settings: realm.settings.life_cycle.clone(), now_ms: clock::now_ms(), ..All::default() };
    all.most = usize::try_from(most).unwrap_or(0);
    let Some(recorded) = client_uses::of_realm(database, &realm.id).await? else { return Ok(None) };
    all.is_blind = rules::is_blind(&all.settings, &recorded, all.now_ms);
    all.since_ms = recorded.since_ms;
    let mut last = String::new();
    let mut pages = 0;
    loop {
        let page = client_lives::behind(database, &realm.id, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.client_id);
        pages += 1;
        if pages % 10 == 0 && !jobs.live(app, job).await? {
            return Ok(None);
        }
        // Reading clients takes some time: other requests need the thread.
        let seen = tokio::task::spawn_blocking(move || all.see_all(page).map(|()| all)).await;
        all = seen.map_err(|_| StoreError::Damaged("clients could not be looked at".to_owned()))??;
        if !all.uncounted.is_empty() {
            let mut write = Write::default();
            client_software::insert_old(database, &mut write, &realm.id, &std::mem::take(&mut all.uncounted));
            app.store.writer.write(write).await?;
        }
    }
    all.keep_first();
    Ok(Some(all))
}

/// Changes a client, if it is as it was found.
async fn change(jobs: &Jobs, app: &App, job: &Job, realm: &Realm, found: &Found) -> Result<(), StoreError> {
    let row = clients::by_id(&app.store.database, &realm.id, &found.id).await?;
    let mut write = match row {
        Some(row) if is_due(app, realm, found, &row).await? => changes(app, job, realm, found, row)?,
        _ => Write::default(),
    };
    let became = if write.is_empty() {
        Became { passed: 1, ..Became::default() }
    } else {
        Became { done: 1, ..Became::default() }
    };
    jobs.at(&mut write, job);
    client_jobs::count(&mut write, job, became);
    match app.store.writer.write(write).await {
        // Somebody changed it meanwhile: that is a sign of life, too.
        Err(StoreError::Lost(Lost::Changed)) => {
            let mut write = Write::default();
            jobs.at(&mut write, job);
            client_jobs::count(&mut write, job, Became { passed: 1, ..Became::default() });
            app.store.writer.write(write).await
        }
        stored => stored,
    }
}

/// Whether the rule still takes a client.
async fn is_due(app: &App, realm: &Realm, found: &Found, row: &ClientRow) -> Result<bool, StoreError> {
    let settings = &realm.settings.life_cycle;
    let last = client_uses::last(&app.store.database, &realm.id, &row.id).await?;
    let times = Times {
        created_ms: row.created_at * 1000,
        used_ms: last.map(|last| last.at_ms),
        hibernated_ms: row.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
    };
    let due = rules::next(settings, times, found.since_ms).filter(|due| due.at_ms <= clock::now_ms());
    let is_watched = matches!(row.state(), clients::State::Active | clients::State::Hibernating);
    Ok(is_watched && due.is_some_and(|due| due.rule == found.due.rule) && rules::exempt_row(settings, row).is_none())
}

/// Adds a run for each realm whose time has come.
pub(super) async fn plan(app: &App) -> Result<(), StoreError> {
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
    /// Nobody tells of uses: no rule does anything.
    is_blind: bool,
    /// Clients that the realm counts by their software, and did not before.
    uncounted: Vec<OfSoftware>,
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
        if self.settings.per_software.max > 0 {
            self.uncounted.extend(duplicates::counted_before(life)?);
        }
        let due = rules::next(&self.settings, times, self.since_ms)
            .filter(|due| !self.is_blind && due.at_ms <= self.now_ms && life.is_enabled && !life.is_held);
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
