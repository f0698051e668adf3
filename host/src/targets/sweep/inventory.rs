//! What a target has of ours, page by page: of each client a digest, so that a million of them fit into memory.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use matricula_contract::connectors::{Listed, Page, Task};
use matricula_store::deliveries::compared::{self, Compared};

use super::{Stop, Sweep};
use crate::targets::task::Ended;

/// Clients of one look that are unknown here and kept in memory; what is more is for the next sweep.
const STRANGERS: usize = 10_000;

/// Everything with our mark.
#[derive(Default)]
pub(super) struct Inventory {
    hasher: RandomState,
    /// By the digest of the internal id: that of what the target showed.
    seen: HashMap<u64, u64>,
    /// Those without a delivery.
    pub(super) strangers: Vec<Stranger>,
    /// How many there were.
    pub(super) strangers_found: u64,
}

/// A client at the target that no delivery is about.
pub(super) struct Stranger {
    /// What it is named by in deliveries.
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) known: Vec<u8>,
}

impl Inventory {
    /// Whether the target shows just what it showed after the last put.
    pub(super) fn shows(&self, delivery: &Compared) -> bool {
        let Some(known) = &delivery.known else { return false };
        let shown = self.digest(known, delivery.fingerprint.as_deref());
        self.seen.get(&self.hasher.hash_one(&delivery.client)) == Some(&shown)
    }

    fn digest(&self, known: &[u8], fingerprint: Option<&str>) -> u64 {
        self.hasher.hash_one((known, fingerprint))
    }

    fn see(&mut self, id: &str, listed: &Listed) {
        let shown = self.digest(&listed.known, listed.fingerprint.as_deref());
        self.seen.insert(self.hasher.hash_one(id), shown);
    }

    fn see_stranger(&mut self, id: String, listed: Listed) {
        self.strangers_found += 1;
        if self.strangers.len() < STRANGERS {
            self.strangers.push(Stranger { id, client_id: listed.client_id, known: listed.known });
        }
    }
}

impl Sweep {
    /// Reads all that the target has with our mark. Nothing is changed before it has been read to its end.
    pub(super) async fn read_all(&mut self) -> Result<Inventory, Stop> {
        let mut inventory = Inventory::default();
        let mut after = None;
        loop {
            let Page { clients, next } = match self.ask(&Task::Enumerate(after.clone())).await? {
                Ended::Page(page) => page,
                Ended::Refused(violation) => return Err(Stop::Target(violation.message)),
                _ => return Err(Stop::nonsense()),
            };
            self.report.marked += clients.len() as u64;
            self.sort(clients, &mut inventory).await?;
            self.tell().await?;
            match next {
                None => return Ok(inventory),
                Some(next) if after.as_ref() == Some(&next) => {
                    return Err(Stop::Target("The target's list of clients has no end".to_owned()));
                }
                Some(next) => after = Some(next),
            }
        }
    }

    /// Tells those that a delivery is about from strangers.
    async fn sort(&self, clients: Vec<Listed>, inventory: &mut Inventory) -> Result<(), Stop> {
        let ids: Vec<&str> = clients.iter().filter_map(|listed| listed.id.as_deref()).collect();
        let (database, key) = (&self.store().database, &self.key);
        let deliveries = compared::of_clients(database, &key.realm_id, &key.target, &ids).await?;
        for mut listed in clients {
            let id = listed.id.take();
            match id.as_ref().and_then(|id| deliveries.get(id)) {
                // Renamed there it is still the one that was put.
                Some((client_id, known)) if *client_id == listed.client_id || known.as_ref() == Some(&listed.known) => {
                    inventory.see(&id.unwrap_or_default(), &listed);
                }
                // Somebody copied it there with its mark.
                Some(_) => inventory.see_stranger(listed.client_id.clone(), listed),
                None => inventory.see_stranger(id.unwrap_or_else(|| listed.client_id.clone()), listed),
            }
        }
        Ok(())
    }
}
