//! Clients that the gate has let pass, so that it need not ask the database each time. Whatever changes a client, here or at
//! another node, takes it out: the memory of a realm follows the changes of the realm's clients as the change feed does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use matricula_realms::Realm;
use matricula_store::client_changes::{self, Changed};
use matricula_store::targets::Target;
use matricula_store::{Change, Follower, Store, StoreError};
use matricula_system::clock;
use tokio::sync::watch::Receiver;

use crate::app::App;

/// Clients that are remembered at most.
const CLIENTS: usize = 10_000;
/// Realms whose clients are remembered at most; those of others are looked up each time.
const REALMS: usize = 512;
/// Changes that are read at a time.
const BATCH: i64 = 1_000;
/// How long nobody asks before a realm is forgotten.
const IDLE: Duration = Duration::from_secs(600);
/// How long what is remembered counts while the database is away.
const WITHOUT_DATABASE: Duration = Duration::from_secs(60);
/// The pause after the database gave no answer.
const PAUSE: Duration = Duration::from_millis(200);

/// A client that may pass.
#[derive(Clone)]
pub(crate) struct Remembered {
    /// Its internal id.
    id: Arc<str>,
    /// The targets that it was looked for at.
    targets: Arc<[Target]>,
    /// When its document has had its time, Unix time in milliseconds.
    until_ms: i64,
}

impl Remembered {
    /// One that was found good with this realm as it is.
    pub(super) fn new(id: Arc<str>, realm: &Realm, until_ms: i64) -> Remembered {
        Remembered { id, targets: Arc::clone(&realm.targets), until_ms }
    }
}

/// When a client began to be looked up: how many changes of the realm had been heard of. Absent: nobody listens.
pub(crate) struct Moment(Option<u64>);

/// The memory. Cloning it is cheap.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<RwLock<Memory>>);

#[derive(Default)]
struct Memory {
    realms: HashMap<String, OfRealm>,
    /// Clients of all realms.
    clients: usize,
    /// Since when the database is away.
    away: Option<Instant>,
}

/// What is remembered of a realm.
struct OfRealm {
    /// How often changes were heard of; absent: nobody listens yet.
    heard: Option<u64>,
    /// The number of the last change of this node, and up to which one they were heard of.
    numbers: Receiver<u64>,
    up_to: u64,
    /// Seconds since `since` at which somebody asked last.
    asked: AtomicU64,
    since: Instant,
    by_client_id: HashMap<String, Remembered>,
    /// The `client_id` under which a client is remembered, by its internal id.
    by_id: HashMap<Arc<str>, String>,
}

impl OfRealm {
    /// Whether every change of this node was heard of.
    fn is_current(&self) -> bool {
        *self.numbers.borrow() == self.up_to
    }
}

impl Gate {
    /// A client that may pass, if it is remembered.
    pub(super) fn remembered(&self, app: &App, realm: &Realm, client_id: &str) -> Option<Arc<str>> {
        let memory = self.read();
        let of_realm = memory.realms.get(&realm.id)?;
        of_realm.asked.store(of_realm.since.elapsed().as_secs(), Ordering::Relaxed);
        let known = of_realm.by_client_id.get(client_id).filter(|_| of_realm.is_current())?;
        let is_fresh = !realm.settings.client_id_metadata_documents.enabled || clock::now_ms() < known.until_ms;
        let id = (is_fresh && Arc::ptr_eq(&known.targets, &realm.targets)).then(|| Arc::clone(&known.id))?;
        let away = memory.away;
        drop(memory);
        match (app.store.database.check(), away) {
            (Ok(()), None) => Some(id),
            (Ok(()), Some(_)) => {
                self.write().away = None;
                Some(id)
            }
            (Err(_), Some(since)) => (since.elapsed() < WITHOUT_DATABASE).then_some(id),
            (Err(_), None) => {
                self.write().away = Some(Instant::now());
                Some(id)
            }
        }
    }

    /// To be called before a client is looked up that may be remembered. The first one of a realm begins to listen.
    pub(super) fn begin(&self, app: &App, realm: &Realm) -> Moment {
        if let Some(of_realm) = self.read().realms.get(&realm.id) {
            return Moment(of_realm.heard.filter(|_| of_realm.is_current()));
        }
        let mut memory = self.write();
        if memory.realms.len() < REALMS && !memory.realms.contains_key(&realm.id) {
            let follower = app.store.followers.watch(&realm.id);
            let of_realm = OfRealm {
                heard: None,
                numbers: follower.numbers(),
                up_to: 0,
                asked: AtomicU64::new(0),
                since: Instant::now(),
                by_client_id: HashMap::new(),
                by_id: HashMap::new(),
            };
            memory.realms.insert(realm.id.clone(), of_realm);
            tokio::spawn(self.clone().listen(app.store.clone(), follower, realm.id.clone()));
        }
        Moment(None)
    }

    /// Remembers a client, unless something changed in its realm since that moment.
    pub(super) fn remember(&self, realm: &Realm, client_id: &str, moment: Moment, client: Remembered) {
        let Moment(Some(heard)) = moment else { return };
        let mut memory = self.write();
        if memory.clients >= CLIENTS {
            memory.forget_one();
        }
        let Some(of_realm) = memory.realms.get_mut(&realm.id) else { return };
        if of_realm.heard != Some(heard) || !of_realm.is_current() {
            return;
        }
        of_realm.by_id.insert(Arc::clone(&client.id), client_id.to_owned());
        let is_new = of_realm.by_client_id.insert(client_id.to_owned(), client).is_none();
        memory.clients += usize::from(is_new);
    }

    /// To be called when other nodes changed something.
    pub(crate) fn announced(&self, change: &Change) {
        if matches!(change, Change::Everything) {
            // The database was away, perhaps: those who listen begin anew.
            self.write().forget_all();
        }
    }

    /// Takes out what changes, until nobody asks any more.
    async fn listen(self, store: Store, mut follower: Follower, realm_id: String) {
        let mut seen = None;
        loop {
            let number = follower.reads();
            if let Err(error) = self.hear(&store, &realm_id, &mut seen, number).await {
                tracing::debug!(%error, "the changes of a realm's clients could not be read; they are another time");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if let Some(seen) = seen {
                follower.has_read(seen);
            }
            if let Ok(goes_on) = tokio::time::timeout(IDLE, follower.news()).await {
                if !goes_on {
                    return;
                }
            } else if self.write().end_if_idle(&realm_id) {
                return;
            }
        }
    }

    /// Hears of all changes up to this number.
    async fn hear(&self, store: &Store, realm_id: &str, seen: &mut Option<i64>, number: u64) -> Result<(), StoreError> {
        let mut from = match *seen {
            Some(seen) => seen,
            None => client_changes::last(&store.database, realm_id).await?,
        };
        loop {
            let changed = client_changes::ids_behind(&store.database, realm_id, from, BATCH).await?;
            from = changed.last().map_or(from, |last| last.generation);
            *seen = Some(from);
            let is_end = i64::try_from(changed.len()).is_ok_and(|count| count < BATCH);
            self.write().heard(realm_id, &changed, is_end.then_some(number));
            if is_end {
                return Ok(());
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Memory> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Memory> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// These clients are not what they were; that was all up to this number.
    fn heard(&mut self, realm_id: &str, changed: &[Changed], up_to: Option<u64>) {
        let Some(of_realm) = self.realms.get_mut(realm_id) else { return };
        let before = of_realm.by_client_id.len();
        for Changed { id, client_id, .. } in changed {
            of_realm.by_client_id.remove(client_id);
            // It may have had another name.
            if let Some(client_id) = of_realm.by_id.remove(id.as_str()) {
                of_realm.by_client_id.remove(&client_id);
            }
        }
        if !changed.is_empty() || of_realm.heard.is_none() {
            of_realm.heard = Some(of_realm.heard.map_or(0, |heard| heard.wrapping_add(1)));
        }
        of_realm.up_to = up_to.unwrap_or(of_realm.up_to);
        self.clients -= before - of_realm.by_client_id.len();
    }

    /// Makes room for another client.
    fn forget_one(&mut self) {
        let Some(of_realm) = self.realms.values_mut().find(|of_realm| !of_realm.by_client_id.is_empty()) else {
            return;
        };
        let Some(client_id) = of_realm.by_client_id.keys().next().cloned() else { return };
        if let Some(client) = of_realm.by_client_id.remove(&client_id) {
            of_realm.by_id.remove(&client.id);
            self.clients -= 1;
        }
    }

    /// Nobody knows what changed.
    fn forget_all(&mut self) {
        for of_realm in self.realms.values_mut() {
            of_realm.by_client_id.clear();
            of_realm.by_id.clear();
            // Whoever looks a client up now has seen it before.
            of_realm.heard = of_realm.heard.map(|heard| heard.wrapping_add(1));
        }
        (self.clients, self.away) = (0, None);
    }

    /// Forgets a realm that nobody asks about; whether it did.
    fn end_if_idle(&mut self, realm_id: &str) -> bool {
        let is_idle = |of_realm: &OfRealm| {
            let asked = Duration::from_secs(of_realm.asked.load(Ordering::Relaxed));
            of_realm.since.elapsed().saturating_sub(asked) >= IDLE
        };
        if !self.realms.get(realm_id).is_none_or(is_idle) {
            return false;
        }
        if let Some(of_realm) = self.realms.remove(realm_id) {
            self.clients -= of_realm.by_client_id.len();
        }
        true
    }
}
