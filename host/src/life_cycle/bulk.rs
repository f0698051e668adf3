//! Bulk actions: one thing is done with many clients, which are named or searched for. They are dealt with in the order of
//! their `client_id`, a batch at a time; who goes on after a crash finds how far that was.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use matricula_contract::server_clients::is_of_the_server;
use matricula_realms::Realm;
use matricula_store::client_jobs::{self, Became, Job, State, Wanted};
use matricula_store::client_lives::{self, Life};
use matricula_store::clients::{self, ClientRow, Hibernation};
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, events};
use matricula_system::clock;
use serde::{Deserialize, Serialize};

use super::jobs::Jobs;
use super::search::Search;
use crate::app::App;
use crate::events::{CLIENT_DELETE, CLIENT_HIBERNATE, CLIENT_REVIVE, CLIENT_UPDATE, of_life};
use crate::registration::ATTEMPTS;

/// Clients that are changed at a time: each a write of its own, which the writer stores together.
const BATCH: usize = 100;
/// Clients that are read at a time.
const PAGE: i64 = 1000;
/// Clients that are named, of those that a dry run finds.
pub(crate) const SAMPLE: usize = 50;
/// Clients that are named with the reason, of those that could not be changed.
const FAILURES: usize = 100;

/// What is done with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Disable,
    Enable,
    Hibernate,
    Revive,
    Delete,
}

impl Action {
    const ALL: [Action; 5] = [Action::Disable, Action::Enable, Action::Hibernate, Action::Revive, Action::Delete];

    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Disable => "disable",
            Action::Enable => "enable",
            Action::Hibernate => "hibernate",
            Action::Revive => "revive",
            Action::Delete => "delete",
        }
    }

    /// The action with this word.
    pub(crate) fn of_name(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What it does with a client.
    fn verdict(self, row: &ClientRow) -> Verdict {
        use clients::State::{Active, Disabled, Held, Hibernating, Leaving};
        if is_of_the_server(&row.client) {
            return Verdict::Fails("It is a client of the server");
        }
        match (self, row.state()) {
            (_, Held) => Verdict::Fails("It waits for an administrator"),
            (_, Leaving) => Verdict::Fails("It leaves"),
            (Action::Delete, _)
            | (Action::Disable, Active | Hibernating)
            | (Action::Enable, Disabled | Hibernating)
            | (Action::Hibernate, Active)
            | (Action::Revive, Hibernating) => Verdict::Changes,
            (Action::Disable, Disabled) | (Action::Enable | Action::Revive, Active) => Verdict::Passes,
            (Action::Hibernate, Hibernating) => Verdict::Passes,
            (Action::Hibernate | Action::Revive, Disabled) => Verdict::Fails("It is disabled"),
        }
    }
}

/// What becomes of a client.
enum Verdict {
    Changes,
    /// It is so already.
    Passes,
    /// It cannot be done, for this reason.
    Fails(&'static str),
}

/// A client that could not be changed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    client_id: String,
    reason: String,
}

/// What a search finds.
pub(crate) struct Found {
    pub(crate) matched: i64,
    /// `client_id` of the first ones.
    pub(crate) sample: Vec<String>,
}

/// Looks through all clients of a realm.
pub(crate) async fn find(app: &App, realm_id: &str, search: Search) -> Result<Found, StoreError> {
    let mut found = Found { matched: 0, sample: Vec::new() };
    let mut look = Look { search, before_ms: i64::MAX, reached: String::new() };
    while let Some(page) = look.next(app, realm_id).await? {
        found.matched += i64::try_from(page.len()).unwrap_or(i64::MAX);
        let room = SAMPLE.saturating_sub(found.sample.len());
        found.sample.extend(page.into_iter().take(room));
    }
    Ok(found)
}

/// A search that is under way.
struct Look {
    search: Search,
    /// Only clients that were made before, Unix milliseconds.
    before_ms: i64,
    /// `client_id` of the last client that was looked at.
    reached: String,
}

impl Look {
    /// What is found among the next clients, by `client_id`; `None`: there are no more clients.
    async fn next(&mut self, app: &App, realm_id: &str) -> Result<Option<Vec<String>>, StoreError> {
        let page = client_lives::behind(&app.store.database, realm_id, &self.reached, PAGE).await?;
        let Some(end) = page.last() else { return Ok(None) };
        self.reached.clone_from(&end.client_id);
        let (search, before_ms) = (std::mem::take(&mut self.search), self.before_ms);
        // Reading clients takes some time: other requests need the thread.
        let looked = tokio::task::spawn_blocking(move || {
            let found = found_among(&search, before_ms, page);
            (search, found)
        });
        let (search, found) =
            looked.await.map_err(|_| StoreError::Damaged("clients could not be looked at".to_owned()))?;
        self.search = search;
        found.map(Some)
    }
}

fn found_among(search: &Search, before_ms: i64, page: Vec<Life>) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for life in page {
        if life.created_ms <= before_ms && search.finds(&life)? {
            found.push(life.client_id);
        }
    }
    Ok(found)
}

/// Carries out a job to its end; `None`: this node is not at it any more.
pub(super) async fn carry_out(jobs: &Jobs, app: &App, job: &Job, realm: &Realm) -> Result<Option<State>, StoreError> {
    let Some(action) = job.action.as_deref().and_then(Action::of_name) else { return Ok(Some(State::Failed)) };
    let failures = serde_json::from_str(&job.failures).map_err(|_| damaged())?;
    let left = job.matched.unwrap_or(0) - job.done - job.passed - job.failed;
    let mut work = Work { jobs, app, job, realm, action, failures, left };
    let finished = match &job.wanted {
        Some(Wanted::Clients(all)) => work.through_list(all).await?,
        Some(Wanted::Search(text)) => work.through_search(Search::parse(text).map_err(|_| damaged())?).await?,
        None => return Ok(Some(State::Failed)),
    };
    if !finished {
        return Ok(None);
    }
    // What was found before and is not any more was changed meanwhile.
    if work.left > 0 {
        let mut write = Write::default();
        jobs.at(&mut write, job);
        client_jobs::count(&mut write, job, Became { passed: work.left, ..Became::default() });
        app.store.writer.write(write).await?;
    }
    Ok(Some(State::Finished))
}

fn damaged() -> StoreError {
    StoreError::Damaged("a job that cannot be read".to_owned())
}

/// A job that this node is at.
struct Work<'a> {
    jobs: &'a Jobs,
    app: &'a App,
    job: &'a Job,
    realm: &'a Realm,
    action: Action,
    failures: Vec<Failure>,
    /// How many clients are still to be counted.
    left: i64,
}

impl Work<'_> {
    /// Deals with the clients of a list; `false`: this node is not at it any more.
    async fn through_list(&mut self, all: &[String]) -> Result<bool, StoreError> {
        let begin = all.partition_point(|client_id| *client_id <= self.job.reached);
        for batch in all[begin..].chunks(BATCH) {
            if !self.jobs.live(self.app, self.job).await? {
                return Ok(false);
            }
            self.batch(batch, true).await?;
        }
        Ok(true)
    }

    /// Deals with the clients that a search finds; `false`: this node is not at it any more.
    async fn through_search(&mut self, search: Search) -> Result<bool, StoreError> {
        let mut look = Look { search, before_ms: self.job.created_ms, reached: self.job.reached.clone() };
        // What was changed before a crash may not be found again: it is counted.
        while let Some(found) = look.next(self.app, &self.realm.id).await? {
            for batch in found.chunks(BATCH) {
                let most = usize::try_from(self.left).unwrap_or(0);
                let batch = &batch[..batch.len().min(most)];
                if batch.is_empty() {
                    return Ok(true);
                }
                if !self.jobs.live(self.app, self.job).await? {
                    return Ok(false);
                }
                self.batch(batch, false).await?;
            }
        }
        Ok(true)
    }

    /// Deals with some clients; `named`: who is not there is a failure.
    async fn batch(&mut self, client_ids: &[String], named: bool) -> Result<(), StoreError> {
        let Some(last) = client_ids.last() else { return Ok(()) };
        let ahead: Vec<&str> =
            client_ids.iter().filter(|id| !self.job.at_hand.contains(id)).map(String::as_str).collect();
        // No client has U+0000 in its id, and no database looks for it.
        let asked: Vec<&str> = ahead.iter().copied().filter(|id| !id.contains('\0')).collect();
        let rows = clients::by_client_ids(&self.app.store.database, &self.realm.id, &asked).await?;
        let mut rows: HashMap<String, ClientRow> =
            rows.into_iter().map(|row| (row.client_id().to_owned(), row)).collect();
        let mut became = Became::default();
        let mut changed = Vec::new();
        for client_id in &ahead {
            match rows.remove(*client_id) {
                Some(row) => match self.action.verdict(&row) {
                    Verdict::Changes => changed.push(row),
                    Verdict::Passes => became.passed += 1,
                    Verdict::Fails(reason) => self.fail(&mut became, client_id, reason),
                },
                None if named => self.fail(&mut became, client_id, "It does not exist"),
                None => became.passed += 1,
            }
        }
        let ids: Vec<String> = changed.iter().map(|row| row.client_id().to_owned()).collect();
        let outcomes = try_join_all(changed.into_iter().map(|row| self.change(row))).await?;
        for (client_id, outcome) in ids.iter().zip(outcomes) {
            match outcome {
                Verdict::Changes => {}
                Verdict::Passes => became.passed += 1,
                Verdict::Fails(reason) => self.fail(&mut became, client_id, reason),
            }
        }
        self.left -= i64::try_from(ahead.len()).unwrap_or_default();
        let mut write = Write::default();
        self.jobs.at(&mut write, self.job);
        client_jobs::count(&mut write, self.job, became);
        client_jobs::reached(&mut write, self.job, last, &serde_json::json!(self.failures).to_string());
        self.app.store.writer.write(write).await?;
        self.app.deliveries.wake(&self.realm.id);
        Ok(())
    }

    fn fail(&mut self, became: &mut Became, client_id: &str, reason: &str) {
        became.failed += 1;
        if self.failures.len() < FAILURES {
            self.failures.push(Failure { client_id: client_id.to_owned(), reason: reason.to_owned() });
        }
    }

    /// Changes a client, over again when somebody else was faster.
    async fn change(&self, row: ClientRow) -> Result<Verdict, StoreError> {
        let id = row.id.clone();
        let mut found = Some(row);
        for _ in 0..ATTEMPTS {
            let Some(row) = found else { return Ok(Verdict::Passes) };
            let verdict = self.action.verdict(&row);
            if !matches!(verdict, Verdict::Changes) {
                return Ok(verdict);
            }
            match self.app.store.writer.write(self.write(row)?).await {
                Ok(()) => return Ok(Verdict::Changes),
                Err(StoreError::Lost(Lost::Changed)) => {}
                Err(error) => return Err(error),
            }
            found = clients::by_id(&self.app.store.database, &self.realm.id, &id).await?;
        }
        Ok(Verdict::Fails("It was changed by others at the same time"))
    }

    /// What is stored of the change of a client.
    fn write(&self, mut row: ClientRow) -> Result<Write, StoreError> {
        let (realm, carrier) = (self.realm, self.app.deliveries.carrier(false));
        let mut write = Write::default();
        let event_type = match self.action {
            Action::Delete => CLIENT_DELETE,
            Action::Hibernate => CLIENT_HIBERNATE,
            Action::Revive => CLIENT_REVIVE,
            Action::Enable | Action::Disable => CLIENT_UPDATE,
        };
        if let Some(event) = of_life(event_type, realm, row.client_id(), "", &[("job", self.job.id.as_str())]) {
            events::insert(&mut write, &realm.id, &event);
        }
        client_jobs::changed(&mut write, self.job, row.client_id());
        self.jobs.at(&mut write, self.job);
        if self.action == Action::Delete {
            clients::delete(&mut write, &realm.id, &row, Removal::by_hand(&realm.settings), &carrier);
            return Ok(write);
        }
        row.hibernation = match self.action {
            Action::Hibernate => Some(Hibernation { since_ms: clock::now_ms(), rule: None }),
            _ => None,
        };
        if matches!(self.action, Action::Enable | Action::Disable) {
            row.client.enabled = Some(self.action == Action::Enable);
            // Whether it is enabled is the administrator's word from now on, not its document's.
            if let Some(document) = row.origin.as_mut().and_then(|origin| origin.document.as_mut())
                && document.problem.take().is_some()
                && let Some(origin) = &row.origin
            {
                clients::keep_document(&mut write, &realm.id, &row.id, origin);
            }
        }
        clients::update(&mut write, &realm.id, &row, &carrier)?;
        Ok(write)
    }
}
