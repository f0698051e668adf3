//! Those who wait for a change of a realm's clients. A write of this node wakes the ones of its realm when it is stored;
//! what other nodes write is looked for at once for all realms that somebody waits for (`changes.rs` tells when).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, watch};

use super::{Change, Database, StoreError, client_changes};

/// Callers that may wait at a time, and those for one realm.
const PLACES: usize = 1024;
const PLACES_OF_REALM: usize = 128;

/// Everybody who waits. Cloning it is cheap.
#[derive(Clone, Default)]
pub struct Followers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    places: Mutex<Places>,
    /// Held by whoever looks for the changes of other nodes: one is enough.
    looking: AsyncMutex<()>,
    /// Something was announced since somebody began to look.
    is_behind: AtomicBool,
}

#[derive(Default)]
struct Places {
    realms: HashMap<String, OfRealm>,
    taken: usize,
    /// Those that there were so far: each has a number.
    given: u64,
    /// The server stops: nobody waits any more.
    stopped: bool,
}

/// Those who wait for changes of one realm.
struct OfRealm {
    /// Counts what they are woken for.
    wake: watch::Sender<u64>,
    taken: usize,
    /// Those of the server itself, which take no place.
    own: usize,
    /// The last generation that each of them has read.
    read: HashMap<u64, i64>,
}

/// A place among those who wait, given back when it is dropped.
pub struct Follower {
    followers: Followers,
    realm_id: String,
    woken: watch::Receiver<u64>,
    is_own: bool,
    number: u64,
}

impl Followers {
    /// A place to wait for changes of this realm; `None` when all are taken.
    pub fn follow(&self, realm_id: &str) -> Option<Follower> {
        let mut places = self.places();
        if places.taken >= PLACES {
            return None;
        }
        if places.of_realm(realm_id).taken >= PLACES_OF_REALM {
            return None;
        }
        places.taken += 1;
        Some(self.add(&mut places, realm_id, false))
    }

    /// The same for the server itself: it takes no place. Whoever calls it bounds how many there are.
    pub fn watch(&self, realm_id: &str) -> Follower {
        self.add(&mut self.places(), realm_id, true)
    }

    fn add(&self, places: &mut Places, realm_id: &str, is_own: bool) -> Follower {
        places.given += 1;
        let number = places.given;
        let of_realm = places.of_realm(realm_id);
        if is_own {
            of_realm.own += 1;
        } else {
            of_realm.taken += 1;
        }
        of_realm.read.insert(number, 0);
        let woken = of_realm.wake.subscribe();
        Follower { followers: self.clone(), realm_id: realm_id.to_owned(), woken, is_own, number }
    }

    /// To be called when a change of this realm's clients is stored.
    pub(super) fn changed(&self, realm_id: &str) {
        if let Some(of_realm) = self.places().realms.get(realm_id) {
            of_realm.wake();
        }
    }

    /// To be called with what other nodes changed.
    pub fn announced(&self, change: &Change, database: &Database) {
        if !matches!(change, Change::Clients | Change::Everything) || self.places().realms.is_empty() {
            return;
        }
        self.0.is_behind.store(true, Ordering::Release);
        let (followers, database) = (self.clone(), database.clone());
        tokio::spawn(async move { followers.catch_up(&database).await });
    }

    /// Looks until nothing more was announced. Who looks already may have read before this was written: it looks again.
    async fn catch_up(&self, database: &Database) {
        while self.0.is_behind.load(Ordering::Acquire) {
            let Ok(_looking) = self.0.looking.try_lock() else { return };
            while self.0.is_behind.swap(false, Ordering::AcqRel) {
                if let Err(error) = self.look(database).await {
                    tracing::debug!(%error, "the changes of other nodes could not be looked for; they are another time");
                }
            }
        }
    }

    /// Wakes those for whom there is something, wherever it was written.
    async fn look(&self, database: &Database) -> Result<(), StoreError> {
        let realms: Vec<String> = self.places().realms.keys().cloned().collect();
        for (realm_id, last) in client_changes::last_of_each(database, &realms).await? {
            if let Some(of_realm) = self.places().realms.get(&realm_id)
                && of_realm.read.values().any(|read| *read < last)
            {
                of_realm.wake();
            }
        }
        Ok(())
    }

    /// Lets nobody wait any more.
    pub fn stop(&self) {
        let mut places = self.places();
        places.stopped = true;
        places.realms.values().for_each(OfRealm::wake);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn of_realm(&mut self, realm_id: &str) -> &mut OfRealm {
        self.realms.entry(realm_id.to_owned()).or_insert_with(|| OfRealm {
            wake: watch::Sender::default(),
            taken: 0,
            own: 0,
            read: HashMap::new(),
        })
    }
}

impl OfRealm {
    fn wake(&self) {
        self.wake.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Follower {
    /// To be called before the changes are read: what is stored from then on ends the next wait. Gives the number of what
    /// was stored before.
    pub fn reads(&mut self) -> u64 {
        *self.woken.borrow_and_update()
    }

    /// Numbers what is stored: a change of this node counts before its writer hears that it is.
    pub fn numbers(&self) -> watch::Receiver<u64> {
        self.woken.clone()
    }

    /// To be called after everything up to this generation was read.
    pub fn has_read(&self, generation: i64) {
        if let Some(of_realm) = self.followers.places().realms.get_mut(&self.realm_id) {
            of_realm.read.insert(self.number, generation);
        }
    }

    /// Waits until there is something to be read; false when the server stops.
    pub async fn news(&mut self) -> bool {
        if self.followers.places().stopped {
            return false;
        }
        // The sender lives as long as the place.
        self.woken.changed().await.is_ok() && !self.followers.places().stopped
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut places = self.followers.places();
        if !self.is_own {
            places.taken -= 1;
        }
        if let Some(of_realm) = places.realms.get_mut(&self.realm_id) {
            let count = if self.is_own { &mut of_realm.own } else { &mut of_realm.taken };
            *count -= 1;
            of_realm.read.remove(&self.number);
            if of_realm.taken == 0 && of_realm.own == 0 {
                places.realms.remove(&self.realm_id);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn is_woken(follower: &mut Follower) -> bool {
        timeout(Duration::from_millis(20), follower.news()).await.is_ok()
    }

    #[tokio::test]
    async fn a_change_wakes_those_of_its_realm_and_what_came_before_reading_does_not() {
        let followers = Followers::default();
        followers.changed("r");
        let (mut one, mut other) = (followers.follow("r").unwrap(), followers.follow("s").unwrap());
        one.reads();
        assert!(!is_woken(&mut one).await);
        followers.changed("r");
        assert!(is_woken(&mut one).await);
        followers.changed("r");
        one.reads();
        assert!(!is_woken(&mut one).await);
        assert!(!is_woken(&mut other).await);
    }

    #[test]
    fn places_are_limited_and_given_back() {
        let followers = Followers::default();
        let taken: Vec<_> = (0..PLACES_OF_REALM).map(|_| followers.follow("r").unwrap()).collect();
        assert!(followers.follow("r").is_none());
        let others: Vec<_> = (0..PLACES - PLACES_OF_REALM).map(|n| followers.follow(&n.to_string()).unwrap()).collect();
        assert!(followers.follow("another").is_none());
        drop(taken);
        assert!(followers.follow("r").is_some());
        drop(others);
        assert!(followers.places().realms.is_empty());
        assert_eq!(followers.places().taken, 0);
    }

    #[tokio::test]
    async fn nobody_waits_when_the_server_stops() {
        let followers = Followers::default();
        let mut waiting = followers.follow("r").unwrap();
        waiting.reads();
        let (goes_on, ()) = tokio::join!(waiting.news(), async { followers.stop() });
        assert!(!goes_on);
        assert!(!followers.follow("r").unwrap().news().await);
    }
}
