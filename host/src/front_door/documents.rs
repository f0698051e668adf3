//! The metadata of all authorization servers: fetched when it is asked for, kept for a while, then renewed behind
//! everybody's back. The last good one stays while the server is away, over restarts too.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use matricula_network::named::Named;
use matricula_store::realm_settings::AuthorizationServer;
use matricula_store::{Store, Write, authorization_servers};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::document::Document;
use super::fetch::{Reason, fetch};

/// Bytes that documents may take at most; one that is not among them is read again.
const MEMORY: u64 = 64 << 20;
/// Documents that are expected; only a hint.
const SERVERS: usize = 1_024;
/// Bytes that an entry takes without its document.
const ENTRY: u64 = 512;

/// How long a document is used before it is fetched again, and how long after a failure nothing is fetched.
#[derive(Clone, Copy)]
struct Times {
    fresh: Duration,
    pause: Duration,
}

const TIMES: Times = Times { fresh: Duration::from_secs(300), pause: Duration::from_secs(1) };

/// The settings of one realm, so that none is another's matter, and a change of them counts at once.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    realm_id: String,
    server: AuthorizationServer,
}

/// What is known of a server.
#[derive(Default)]
struct Known {
    state: RwLock<State>,
    /// Held while it is fetched: one fetch at a time.
    fetching: Arc<Mutex<()>>,
}

#[derive(Clone, Default)]
struct State {
    /// The last good one.
    document: Option<Arc<Document>>,
    /// When that was fetched; absent: before this server was started.
    fetched: Option<Instant>,
    /// Why there was none at the last attempt, and when that was.
    failed: Option<(Instant, Reason)>,
}

impl Known {
    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    /// Whether it is time to ask the server.
    fn is_due(&self, times: Times) -> bool {
        let rests = self.failed.as_ref().is_some_and(|(at, _)| at.elapsed() < times.pause);
        let is_fresh = self.fetched.is_some_and(|at| at.elapsed() < times.fresh);
        !rests && !is_fresh
    }

    /// What callers get.
    fn found(&self) -> Option<Found> {
        let document = self.document.as_ref()?;
        Some(Found { document: Arc::clone(document), stale: self.failed.is_some() })
    }
}

/// Weighs entries by the bytes of their documents.
#[derive(Clone)]
struct Bytes;

impl Weighter<Place, Arc<Known>> for Bytes {
    fn weight(&self, _place: &Place, known: &Arc<Known>) -> u64 {
        ENTRY + known.state().document.map_or(0, |document| document.bytes())
    }
}

/// A document that is to be had.
pub(super) struct Found {
    pub(super) document: Arc<Document>,
    /// The server had no better one when it was asked last.
    pub(super) stale: bool,
}

/// The documents. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Documents {
    inner: Arc<Inner>,
}

struct Inner {
    named: Named,
    store: Store,
    times: Times,
    known: Cache<Place, Arc<Known>, Bytes>,
}

impl Documents {
    /// None in memory yet.
    pub(crate) fn new(named: Named, store: Store) -> Documents {
        Documents::with(named, store, TIMES)
    }

    fn with(named: Named, store: Store, times: Times) -> Documents {
        let known = Cache::with_weighter(SERVERS, MEMORY, Bytes);
        Documents { inner: Arc::new(Inner { named, store, times, known }) }
    }

    /// The way to the servers.
    pub(super) fn named(&self) -> &Named {
        &self.inner.named
    }

    /// The metadata of the server that a realm stands before. Only the first one is waited for.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn get(&self, realm_id: &str, server: &AuthorizationServer) -> Result<Found, Reason> {
        let place = Place { realm_id: realm_id.to_owned(), server: server.clone() };
        let inner = &self.inner;
        let known = inner.known.get(&place).unwrap_or_else(|| {
            let known = Arc::new(Known::default());
            inner.known.insert(place.clone(), Arc::clone(&known));
            known
        });
        let state = known.state();
        if let Some(found) = state.found() {
            if state.is_due(inner.times)
                && let Ok(fetching) = Arc::clone(&known.fetching).try_lock_owned()
            {
                tokio::spawn(Arc::clone(inner).renew(place, known, fetching));
            }
            return Ok(found);
        }
        inner.first(place, known).await
    }
}

impl Inner {
    /// The first document: what was stored, else what the server says.
    async fn first(self: &Arc<Self>, place: Place, known: Arc<Known>) -> Result<Found, Reason> {
        let fetching = Arc::clone(&known.fetching).lock_owned().await;
        let state = known.state();
        match (state.found(), &state.failed) {
            (Some(found), _) => return Ok(found),
            (None, Some((_, reason))) if !state.is_due(self.times) => return Err(reason.clone()),
            (None, _) => {}
        }
        let stored = authorization_servers::metadata(&self.store.database, &place.realm_id, &place.server).await;
        // The server is asked all the same: perhaps it is there, and the database back by then.
        let stored = stored.unwrap_or_else(|error| {
            tracing::warn!(%error, "the stored metadata of an authorization server cannot be read");
            None
        });
        if let Some(text) = stored {
            known.change(|state| state.document = Some(Arc::new(Document::new(text))));
            let found = known.state().found();
            tokio::spawn(Arc::clone(self).renew(place, known, fetching));
            return found.ok_or(Reason::NoObject);
        }
        // Somebody who goes away ends no fetch that others wait for.
        let renewed = tokio::spawn(Arc::clone(self).renew(place, Arc::clone(&known), fetching)).await;
        let state = known.state();
        let reason = || state.failed.as_ref().map(|(_, reason)| reason.clone());
        match (state.found(), renewed) {
            (Some(found), Ok(())) => Ok(found),
            _ => Err(reason().unwrap_or(Reason::NoObject)),
        }
    }

    /// Asks the server, and keeps what it says.
    async fn renew(self: Arc<Self>, place: Place, known: Arc<Known>, _fetching: OwnedMutexGuard<()>) {
        let before = known.state();
        match fetch(&self.named, &place.server).await {
            Ok(text) => {
                let same = before.document.filter(|document| document.text() == text);
                let is_new = same.is_none();
                let document = same.unwrap_or_else(|| Arc::new(Document::new(text)));
                known.change(|state| {
                    *state =
                        State { document: Some(Arc::clone(&document)), fetched: Some(Instant::now()), failed: None };
                });
                if is_new {
                    self.keep(&place, &document).await;
                    // It has another weight now.
                    self.known.insert(place, known);
                }
            }
            Err(reason) => {
                if before.failed.is_none_or(|(_, told)| told != reason) {
                    let issuer = place.server.issuer;
                    tracing::warn!(issuer, %reason, "the metadata of an authorization server can't be fetched");
                }
                known.change(|state| state.failed = Some((Instant::now(), reason)));
            }
        }
    }

    /// Stores a document for the time when the server is away.
    async fn keep(&self, place: &Place, document: &Document) {
        let mut write = Write::default();
        authorization_servers::keep(&mut write, &place.realm_id, &place.server, document.text());
        if let Err(error) = self.store.writer.write(write).await {
            tracing::warn!(%error, "the metadata of an authorization server was not stored");
        }
    }
}

#[cfg(test)]
mod tests;
