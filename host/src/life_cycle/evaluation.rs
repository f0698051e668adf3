//! What the rules of a realm would do at a moment: every client is looked at, and nothing is changed.

use std::collections::{BTreeMap, HashMap};

use matricula_realms::Realm;
use matricula_store::client_lives::{self, Life};
use matricula_store::clients::Origin;
use matricula_store::realm_settings::LifeCycle;
use matricula_store::{StoreError, client_uses, initial_access_tokens};
use matricula_system::clock;
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{self, Action, Times};
use crate::app::App;

/// Clients that are looked at, at most.
const CLIENTS: usize = 100_000;
/// Clients that are read at a time.
const PAGE: i64 = 1000;
/// Kinds of software that are told, at most.
const SOFTWARE: usize = 100;
/// Clients that are named, at most.
const SAMPLE: usize = 50;
/// A run that concerns fewer clients does not ask.
const FEW: u64 = 10;
/// Where the name of a client's software is among its attributes.
pub(super) const SOFTWARE_ID: &str = "metadata.software_id";

/// What the rules would do. Times are Unix milliseconds.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluation {
    /// The moment that is looked at.
    at: i64,
    /// Since when uses are recorded.
    uses_recorded_since: i64,
    /// Clients without those of the server.
    clients: u64,
    /// Would hibernate.
    hibernate: u64,
    /// Would be deleted.
    delete: u64,
    /// No rule takes them, whatever is set.
    exempt: u64,
    /// Nobody tells of uses, so no rule does anything.
    blind: bool,
    /// A run would concern so many clients that it asks first.
    asks: bool,
    /// There are more clients than were looked at: what is counted is a part.
    truncated: bool,
    /// Clients by the rule that takes them.
    #[schema(value_type = Object)]
    rules: BTreeMap<&'static str, u64>,
    /// By software, those with most to do.
    by_software: Vec<OfSoftware>,
    /// By who made them.
    by_origin: Vec<OfOrigin>,
    /// Some that a rule takes: what is deleted before what hibernates, longest unused first.
    sample: Vec<Sample>,
}

/// Clients of one software.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OfSoftware {
    /// What its clients call it; null: they go by their name.
    software_id: Option<String>,
    /// The name of a client.
    name: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

/// Clients that came the same way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OfOrigin {
    /// `anonymous`, `initial-access-token`, `bearer` or `administrator`.
    kind: &'static str,
    /// The token that they were registered with; null: they were with none.
    initial_access_token: Option<Token>,
    #[serde(flatten)]
    counts: Counts,
}

/// An initial access token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
struct Token {
    id: String,
    /// Null: it has none.
    name: Option<String>,
}

/// How many clients, and what would become of them.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Counts {
    clients: u64,
    hibernate: u64,
    delete: u64,
}

impl Counts {
    fn add(&mut self, action: Option<Action>) {
        self.clients += 1;
        match action {
            Some(Action::Hibernate) => self.hibernate += 1,
            Some(Action::Delete) => self.delete += 1,
            None => {}
        }
    }

    /// What has most to do is first.
    fn order(&self) -> (std::cmp::Reverse<u64>, std::cmp::Reverse<u64>) {
        (std::cmp::Reverse(self.hibernate + self.delete), std::cmp::Reverse(self.clients))
    }
}

/// A client that a rule takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sample {
    client_id: String,
    /// `hibernate` or `delete`.
    action: &'static str,
    rule: &'static str,
    created: i64,
    last_used: Option<i64>,
}

/// Looks at the clients of a realm as rules with these settings would at this moment.
pub(crate) async fn evaluate(
    app: &App,
    realm: &Realm,
    settings: LifeCycle,
    at_ms: i64,
) -> Result<Evaluation, StoreError> {
    let (database, realm_id) = (&app.store.database, &realm.id);
    let recorded = client_uses::of_realm(database, realm_id).await?;
    let since_ms = recorded.as_ref().map_or(0, |recorded| recorded.since_ms);
    let is_blind = recorded.is_none_or(|recorded| rules::is_blind(&settings, &recorded, clock::now_ms()));
    let mut look = Look { settings, at_ms, since_ms, is_blind, ..Look::default() };
    let mut last = String::new();
    let mut looked_at = 0;
    let truncated = loop {
        let page = client_lives::behind(database, realm_id, &last, PAGE).await?;
        let Some(end) = page.last() else { break false };
        if looked_at >= CLIENTS {
            break true;
        }
        looked_at += page.len();
        last.clone_from(&end.client_id);
        // Reading them takes some time: other requests need the thread.
        let seen = tokio::task::spawn_blocking(move || look.see_all(page).map(|()| look)).await;
        look = seen.map_err(|_| StoreError::Damaged("clients could not be looked at".to_owned()))??;
    };
    let mut evaluation = look.ended();
    evaluation.truncated = truncated;
    for origin in &mut evaluation.by_origin {
        if let Some(token) = origin.initial_access_token.as_mut().filter(|token| token.name.is_none()) {
            token.name = initial_access_tokens::by_id(database, realm_id, &token.id).await?.and_then(|row| row.name);
        }
    }
    Ok(evaluation)
}

/// The way that clients of this origin came.
pub(super) fn kind_of(origin: Option<&Origin>) -> &'static str {
    match origin.map(|origin| origin.kind.as_str()) {
        None => "administrator",
        Some("bearer") => "bearer",
        Some("initial-access-token") => "initial-access-token",
        // With another client's registration access token, too, it is under the policies of those.
        Some(_) => "anonymous",
    }
}

/// A `software_id`, or else the name of a client.
type Software = (Option<String>, Option<String>);
/// Clients, and the name of one of them or of their token.
type Named = (Option<String>, Counts);

/// What was seen so far.
#[derive(Default)]
struct Look {
    settings: LifeCycle,
    at_ms: i64,
    since_ms: i64,
    is_blind: bool,
    all: Counts,
    exempt: u64,
    rules: HashMap<&'static str, u64>,
    /// By `software_id`, else name; with the name of one of them.
    software: HashMap<Software, Named>,
    origins: HashMap<(&'static str, Option<String>), Named>,
    /// With the time since which they are unused.
    due: Vec<(bool, i64, Sample)>,
}

impl Look {
    fn see_all(&mut self, page: Vec<Life>) -> Result<(), StoreError> {
        page.into_iter().try_for_each(|life| self.see(life))
    }

    fn see(&mut self, life: Life) -> Result<(), StoreError> {
        let client = life.document.decode()?;
        let token = life.initial_access_token.as_deref();
        let exempt = rules::exempt(&self.settings, &client, life.origin.is_some(), token);
        if exempt == Some("server") {
            return Ok(());
        }
        let is_exempt = exempt.is_some() || life.is_held || !life.is_enabled;
        let times = Times { created_ms: life.created_ms, used_ms: life.used_ms, hibernated_ms: life.hibernated_ms };
        let due = rules::next(&self.settings, times, self.since_ms)
            .filter(|due| !is_exempt && !self.is_blind && due.at_ms <= self.at_ms);
        let action = due.map(|due| due.action);
        self.all.add(action);
        self.exempt += u64::from(is_exempt);

        let software_id = client.attributes.iter().find(|one| one.name == SOFTWARE_ID).map(|one| one.value.clone());
        let key = if software_id.is_some() { (software_id, None) } else { (None, client.name.clone()) };
        self.software.entry(key).or_insert_with(|| (client.name.clone(), Counts::default())).1.add(action);
        let kind = kind_of(life.origin.as_ref());
        let token_name = life.origin.and_then(|origin| origin.token_name);
        let counts = self.origins.entry((kind, life.initial_access_token));
        counts.or_insert_with(|| (token_name, Counts::default())).1.add(action);

        if let Some(due) = due {
            *self.rules.entry(due.rule).or_default() += 1;
            let unused_since_ms = life.used_ms.unwrap_or(life.created_ms);
            let sample = Sample {
                client_id: life.client_id,
                action: due.action.name(),
                rule: due.rule,
                created: life.created_ms,
                last_used: life.used_ms,
            };
            self.due.push((due.action != Action::Delete, unused_since_ms, sample));
            if self.due.len() >= 2 * CLIENTS.min(SAMPLE * 100) {
                self.keep_first();
            }
        }
        Ok(())
    }

    /// Keeps of those that a rule takes the ones that are named in the end.
    fn keep_first(&mut self) {
        self.due.sort_by(|one, other| (one.0, one.1, &one.2.client_id).cmp(&(other.0, other.1, &other.2.client_id)));
        self.due.truncate(SAMPLE);
    }

    fn ended(mut self) -> Evaluation {
        self.keep_first();
        let mut by_software: Vec<OfSoftware> = self
            .software
            .into_iter()
            .map(|((software_id, _), (name, counts))| OfSoftware { software_id, name, counts })
            .collect();
        by_software.sort_by(|one, other| {
            let key = |of: &OfSoftware| (of.software_id.clone(), of.name.clone());
            one.counts.order().cmp(&other.counts.order()).then_with(|| key(one).cmp(&key(other)))
        });
        by_software.truncate(SOFTWARE);
        let mut by_origin: Vec<OfOrigin> = self
            .origins
            .into_iter()
            .map(|((kind, token), (name, counts))| {
                let initial_access_token = token.map(|id| Token { id, name });
                OfOrigin { kind, initial_access_token, counts }
            })
            .collect();
        by_origin.sort_by(|one, other| {
            let key = |of: &OfOrigin| (of.kind, of.initial_access_token.clone());
            one.counts.order().cmp(&other.counts.order()).then_with(|| key(one).cmp(&key(other)))
        });
        let concerned = self.all.hibernate + self.all.delete;
        let rules = ["neverUsedAfter", "idleAfter", "deleteAfter"];
        Evaluation {
            at: self.at_ms,
            uses_recorded_since: self.since_ms,
            clients: self.all.clients,
            hibernate: self.all.hibernate,
            delete: self.all.delete,
            exempt: self.exempt,
            blind: self.is_blind,
            asks: concerned >= FEW && concerned * 10 > self.all.clients,
            truncated: false,
            rules: rules.map(|rule| (rule, self.rules.get(rule).copied().unwrap_or(0))).into(),
            by_software,
            by_origin,
            sample: self.due.into_iter().map(|(_, _, sample)| sample).collect(),
        }
    }
}
