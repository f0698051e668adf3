//! Requests that wait until the targets of their client have its latest state, and what their answers say if some have not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use matricula_realms::Realm;
use matricula_store::deliveries::outcomes::IN_A_ROW;
use matricula_store::deliveries::shown::{self, Shown, State};
use matricula_store::targets::Target;
use matricula_system::clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::deliveries::Deliveries;

/// Names the targets that lack the latest state of the client, with commas.
const PENDING: HeaderName = HeaderName::from_static("matricula-pending");
/// How often it is looked at what other nodes did.
pub(super) const LOOK: Duration = Duration::from_millis(200);
/// How long a target may be waited for.
const LONGEST: Duration = Duration::from_secs(10);
/// Entries among which those that nobody waits for need not be looked for.
const FEW: usize = 64;

/// Who waits for which client, by its internal id.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<String, Weak<Notify>>>);

impl Waiting {
    /// What tells of a client.
    pub(super) fn of(&self, client: &str) -> Arc<Notify> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = waiting.get(client).and_then(Weak::upgrade) {
            return known;
        }
        if waiting.len() >= FEW {
            waiting.retain(|_, notify| notify.strong_count() > 0);
        }
        let notify = Arc::new(Notify::new());
        waiting.insert(client.to_owned(), Arc::downgrade(&notify));
        notify
    }

    /// Something became of a delivery of this client.
    pub(super) fn tell(&self, client: &str) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get(client).map(Weak::upgrade) {
            Some(Some(notify)) => notify.notify_waiters(),
            Some(None) => drop(waiting.remove(client)),
            None => {}
        }
    }
}

/// The targets that lack the latest state of a client when its request is answered, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<String>);

impl Pending {
    /// Says so in an answer.
    pub(crate) fn mark(&self, response: &mut Response) {
        if self.0.is_empty() {
            return;
        }
        // Names are letters, digits and hyphens.
        if let Ok(names) = HeaderValue::from_str(&self.0.join(", ")) {
            response.headers_mut().insert(PENDING, names);
        }
    }
}

/// What became of a change that some target must take.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Each of those has it.
    Taken(Pending),
    /// One of them never takes it.
    Refused { target: String, message: String },
    /// One of them did not take it in time; when it is tried again, in seconds.
    Late { target: String, again: u64 },
}

impl Deliveries {
    /// Waits, after a change of this client is on disk, until each target has it or its time is over.
    pub(crate) async fn settled(&self, realm: &Realm, client: &str) -> Pending {
        match self.decided(realm, client, false).await {
            Verdict::Taken(pending) => pending,
            Verdict::Refused { .. } | Verdict::Late { .. } => Pending::default(),
        }
    }

    /// The same, until it is known whether the targets that must take it do, if that `counts`.
    pub(crate) async fn decided(&self, realm: &Realm, client: &str, counts: bool) -> Verdict {
        if realm.targets.is_empty() {
            return Verdict::Taken(Pending::default());
        }
        let changed = self.hub().waiting.of(client);
        self.wake(&realm.id);
        let began = Instant::now();
        loop {
            let told = changed.notified();
            tokio::pin!(told);
            // From here on nothing is missed.
            told.as_mut().enable();
            let deliveries = match shown::of_client(&self.hub().store.database, &realm.id, client).await {
                Ok(deliveries) => deliveries,
                Err(error) => {
                    tracing::error!(%error, "nobody knows which targets have a client");
                    return self.unknown(realm, counts);
                }
            };
            let lacking: Vec<(&Target, &Shown)> = realm
                .targets
                .iter()
                .filter(|target| target.is_asked())
                .filter_map(|target| Some((target, deliveries.iter().find(|one| one.target == target.name)?)))
                .filter(|(_, delivery)| delivery.state != State::Delivered)
                .collect();
            let is_open = |(target, delivery): &&(&Target, &Shown)| {
                may_come(delivery) && began + self.patience(target) > Instant::now()
            };
            // What a target lets go of late was taken all the same.
            let required = |(target, delivery): &&(&Target, &Shown)| {
                counts && delivery.state != State::Leaving && self.must_take(target)
            };
            let failed = lacking.iter().filter(required).find(|one| !is_open(one));
            if let Some((target, delivery)) = failed {
                return refusal(target, delivery);
            }
            let until = lacking.iter().filter(is_open).map(|(target, _)| began + self.patience(target)).max();
            match until {
                None => {
                    return Verdict::Taken(Pending(lacking.into_iter().map(|(target, _)| name_of(target)).collect()));
                }
                Some(until) => {
                    tokio::select! {
                        () = told => {}
                        () = tokio::time::sleep_until(until.min(Instant::now() + LOOK)) => {}
                    }
                }
            }
        }
    }

    /// The database does not say.
    fn unknown(&self, realm: &Realm, counts: bool) -> Verdict {
        let asked = || realm.targets.iter().filter(|one| one.is_asked());
        match asked().find(|target| counts && self.must_take(target)) {
            Some(target) => Verdict::Late { target: name_of(target), again: 1 },
            None => Verdict::Taken(Pending(asked().map(name_of).collect())),
        }
    }

    /// Whether nothing is stored that a target does not take: as an administrator wants it, or because the answer says what
    /// it issued.
    pub(super) fn must_take(&self, target: &Target) -> bool {
        target.settings.required || self.issues(target)
    }

    /// How long a target is waited for. Without what it issues there is no answer, however little patience it gets.
    fn patience(&self, target: &Target) -> Duration {
        let patience = target.settings.patience();
        if patience.is_zero() && self.issues(target) { LONGEST } else { patience }
    }
}

/// What a target says that must take a client and has not.
fn refusal(target: &Target, delivery: &Shown) -> Verdict {
    let target = name_of(target);
    if delivery.state == State::Refused {
        return Verdict::Refused { target, message: delivery.message.clone().unwrap_or_default() };
    }
    let next = delivery.due_ms.unwrap_or_default().max(delivery.not_before_ms) - clock::now_ms();
    Verdict::Late { target, again: u64::try_from(next / 1000 + 1).unwrap_or(1).clamp(1, 60) }
}

fn name_of(target: &Target) -> String {
    target.name.clone()
}

/// Whether a delivery may end soon: not when the target has refused, is paused or rests.
fn may_come(delivery: &Shown) -> bool {
    let rests = delivery.failures >= IN_A_ROW || delivery.not_before_ms > clock::now_ms();
    matches!(delivery.state, State::Pending | State::Failing | State::Leaving) && !delivery.is_paused && !rests
}
