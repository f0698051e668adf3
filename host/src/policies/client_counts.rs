//! How many clients realms had a moment ago: enough to let a registration go on whose transaction counts once more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// Realms that are remembered at most.
const REALMS: usize = 2_000;
/// For how long a count is of use.
const FRESH: Duration = Duration::from_millis(250);

/// A count, and when it was made.
#[derive(Clone, Copy)]
struct Counted {
    clients: u64,
    at: Instant,
}

/// Counts by the internal id of the realm. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct ClientCounts(Arc<Cache<String, Counted>>);

impl ClientCounts {
    /// None yet.
    pub(crate) fn none() -> ClientCounts {
        ClientCounts(Arc::new(Cache::new(REALMS)))
    }

    /// Whether the realm had fewer clients than this a moment ago; `false` if nobody counted.
    pub(super) fn was_below(&self, realm_id: &str, limit: u32) -> bool {
        self.0.get(realm_id).is_some_and(|counted| counted.at.elapsed() < FRESH && counted.clients < u64::from(limit))
    }

    /// Somebody counted.
    pub(super) fn counted(&self, realm_id: &str, clients: u64) {
        self.0.insert(realm_id.to_owned(), Counted { clients, at: Instant::now() });
    }

    /// The count was wrong.
    pub(super) fn forget(&self, realm_id: &str) {
        self.0.remove(realm_id);
    }
}
