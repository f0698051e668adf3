//! What requests may wait for the world outside: how long each, and how many calls of components at the same time, as
//! each keeps its instance meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::engine::{LOOKUPS, WAITING_CALLS, WAITING_CALLS_OF_REALM, WAITING_TIME, WAITING_TIME_OF_WATCHED};
use super::facts::RealmKey;

/// What one request has waited for so far, in all its calls of components. What is known already costs nothing.
#[derive(Default)]
pub struct Waits {
    micros: AtomicU64,
    /// The part of it that went to what is only watched.
    watched_micros: AtomicU64,
    lookups: AtomicU32,
    unanswered: AtomicBool,
}

impl Waits {
    /// How long the next question outside may take. `None`: it cannot be asked any more, and counts as unanswered unless
    /// it is one of a policy that is only watched: such a one takes little from those that decide, and nothing comes of
    /// what it does not learn.
    pub(super) fn left(&self, watched: bool) -> Option<Duration> {
        let spent = |micros: &AtomicU64| Duration::from_micros(micros.load(Relaxed));
        let mut left = WAITING_TIME.saturating_sub(spent(&self.micros));
        if watched {
            left = left.min(WAITING_TIME_OF_WATCHED.saturating_sub(spent(&self.watched_micros)));
        }
        if left.is_zero() || self.lookups.fetch_add(1, Relaxed) >= LOOKUPS {
            self.give_up(watched);
            return None;
        }
        Some(left)
    }

    /// A question has taken so long.
    pub(super) fn spend(&self, watched: bool, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Relaxed);
        if watched {
            self.watched_micros.fetch_add(micros, Relaxed);
        }
    }

    /// A question has no answer, as the request may not wait any longer.
    pub(super) fn give_up(&self, watched: bool) {
        self.unanswered.fetch_or(!watched, Relaxed);
    }

    /// Whether something that was asked has no answer, as the request may not wait any longer. Not every component tells
    /// that from a name without an address, so nothing may be let through then.
    pub(crate) fn has_given_up(&self) -> bool {
        self.unanswered.load(Relaxed)
    }
}

/// The places of calls that wait, of all components.
#[derive(Clone, Default)]
pub struct Places {
    /// The realms whose calls wait; as often as they have calls.
    taken: Arc<Mutex<Vec<RealmKey>>>,
}

/// The place of one call.
pub(super) struct Place {
    places: Places,
    realm: RealmKey,
}

impl Places {
    /// A place, if there is one for this realm.
    pub(super) fn take(&self, realm: RealmKey) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_realm = taken.iter().filter(|other| **other == realm).count();
        if taken.len() >= WAITING_CALLS || of_realm >= WAITING_CALLS_OF_REALM {
            return None;
        }
        taken.push(realm);
        Some(Place { places: self.clone(), realm })
    }

    /// Calls that wait now.
    pub fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = taken.iter().position(|realm| *realm == self.realm) {
            taken.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_waits_for_ten_seconds_altogether() {
        let waits = Waits::default();
        assert_eq!(waits.left(false), Some(WAITING_TIME));
        waits.spend(false, Duration::from_secs(4));
        waits.spend(false, Duration::from_secs(5));
        assert_eq!(waits.left(false), Some(Duration::from_secs(1)));
        assert!(!waits.has_given_up());
        waits.spend(false, Duration::from_secs(1));
        assert_eq!(waits.left(false), None);
        assert!(waits.has_given_up());
    }

    #[test]
    fn a_request_asks_so_often_however_quick_the_answers_are() {
        let waits = Waits::default();
        for lookup in 0..LOOKUPS {
            assert!(waits.left(false).is_some(), "{lookup}");
        }
        assert_eq!(waits.left(false), None);
    }

    #[test]
    fn what_is_only_watched_takes_little_from_those_that_decide() {
        let waits = Waits::default();
        assert_eq!(waits.left(true), Some(WAITING_TIME_OF_WATCHED));
        waits.spend(true, WAITING_TIME_OF_WATCHED);
        assert_eq!(waits.left(true), None);
        assert!(!waits.has_given_up());
        assert_eq!(waits.left(false), Some(WAITING_TIME - WAITING_TIME_OF_WATCHED));
    }

    #[test]
    fn no_realm_takes_all_places() {
        let places = Places::default();
        let realms = WAITING_CALLS / WAITING_CALLS_OF_REALM;
        let mut taken = Vec::new();
        for realm in 0..realms as u64 {
            let of_realm: Vec<_> = (0..=WAITING_CALLS_OF_REALM).map(|_| places.take(RealmKey(realm))).collect();
            assert_eq!(of_realm.iter().flatten().count(), WAITING_CALLS_OF_REALM);
            taken.extend(of_realm);
        }
        assert_eq!(places.taken(), WAITING_CALLS);
        assert!(places.take(RealmKey(99)).is_none(), "all are taken");
        taken.pop();
        taken.pop();
        assert!(places.take(RealmKey(99)).is_some());
        drop(taken);
        assert_eq!(places.taken(), 0);
    }
}
