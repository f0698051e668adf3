//! Uses of clients, on their way into the table of the last ones. Requests only note them, in memory; they are written
//! beside, in groups. What a crash takes along comes again with the client's next use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matricula_store::client_uses::{self, Client, HOUR_MS, Kind, Use};
use matricula_store::{Store, StoreError, Write};
use matricula_system::clock;
use quick_cache::sync::Cache;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often what was noted is written.
const EVERY: Duration = Duration::from_secs(10);
/// Uses of one statement.
const GROUP: usize = 500;
/// Clients whose use may wait to be written. The uses of further ones are not noted.
const WAITING: usize = 50_000;
/// Clients of which it is remembered what is recorded.
const REMEMBERED: usize = 50_000;

/// Collects uses. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Uses(Arc<Collected>);

struct Collected {
    store: Store,
    waiting: Mutex<HashMap<Client, (i64, Kind)>>,
    /// What is recorded, as this node saw it last: another node may have recorded a later use.
    recorded: Cache<Client, i64>,
    /// One writes at a time: who waits for what was noted waits for what is under way, too.
    writing: tokio::sync::Mutex<()>,
}

impl Uses {
    /// Begins to write what is noted.
    pub(crate) fn start(store: Store) -> Uses {
        let uses = Uses(Arc::new(Collected {
            store,
            waiting: Mutex::default(),
            recorded: Cache::new(REMEMBERED),
            writing: tokio::sync::Mutex::default(),
        }));
        let writer = uses.clone();
        tokio::spawn(async move {
            let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                writer.write().await;
            }
        });
        uses
    }

    /// Notes a use of now, of the client with this internal id.
    pub(crate) fn note(&self, realm_id: &str, client: &str, kind: Kind) {
        let (client, now) = ((realm_id.to_owned(), client.to_owned()), clock::now_ms());
        if self.0.recorded.get(&client).is_some_and(|recorded| now < recorded + HOUR_MS) {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.len() < WAITING || waiting.contains_key(&client) {
            waiting.insert(client, (now, kind));
        }
    }

    /// Records uses, each of another client, and returns when they are on disk.
    pub(crate) async fn record(&self, uses: &[Use]) -> Result<(), StoreError> {
        for group in uses.chunks(GROUP) {
            self.record_group(group).await?;
        }
        Ok(())
    }

    /// Writes what was noted until now. To be called when the server stops.
    pub(crate) async fn write(&self) {
        let _alone = self.0.writing.lock().await;
        let mut uses: Vec<Use> = std::mem::take(&mut *self.waiting())
            .into_iter()
            .map(|(client, (at_ms, kind))| Use { client, at_ms, kind })
            .collect();
        // Nodes that write at the same time lock rows in the same order.
        uses.sort_unstable_by(|one, other| one.client.cmp(&other.client));
        let mut groups = uses.chunks(GROUP);
        while let Some(group) = groups.next() {
            if let Err(error) = self.record_group(group).await {
                tracing::warn!(%error, "uses of clients could not be recorded; they are another time");
                group.iter().chain(groups.flatten()).for_each(|one| self.put_back(one));
                return;
            }
        }
    }

    async fn record_group(&self, group: &[Use]) -> Result<(), StoreError> {
        let Collected { store, recorded, .. } = &*self.0;
        let before = client_uses::recorded(&store.database, group).await?;
        let is_new = |one: &&Use| before.get(&one.client).is_none_or(|recorded| one.at_ms >= recorded + HOUR_MS);
        let new: Vec<Use> = group.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            let mut write = Write::default();
            client_uses::record(&store.database, &mut write, &new);
            store.writer.write(write).await?;
        }
        for (client, at_ms) in before.into_iter().chain(new.into_iter().map(|one| (one.client, one.at_ms))) {
            recorded.insert(client, at_ms);
        }
        Ok(())
    }

    /// Notes a use again, unless there was another one meanwhile.
    fn put_back(&self, one: &Use) {
        let mut waiting = self.waiting();
        if waiting.len() < WAITING {
            waiting.entry(one.client.clone()).or_insert((one.at_ms, one.kind));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Client, (i64, Kind)>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
