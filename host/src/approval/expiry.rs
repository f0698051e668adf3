//! Ends registrations whose time is over though nobody asks for them.

use std::sync::Arc;
use std::time::Duration;

use matricula_realms::{Realm, Realms};
use matricula_store::{Store, StoreError, pending_registrations, realms};
use matricula_system::clock;
use tokio::time::{MissedTickBehavior, interval};

use super::ending::{self, End};
use crate::targets::deliveries::Deliveries;

/// How often it is looked for them; who polls is told at once.
const EVERY: Duration = Duration::from_secs(5);
/// So many are read at a time.
const STEP: i64 = 100;

/// Looks for them as long as the server runs. Of several nodes the first one ends each.
pub(crate) async fn run(store: Store, realms: Realms, deliveries: Deliveries) {
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = end_all(&store, &realms, &deliveries).await {
            tracing::warn!(%error, "registrations whose time is over could not be ended; they are another time");
        }
    }
}

async fn end_all(store: &Store, realms: &Realms, deliveries: &Deliveries) -> Result<(), StoreError> {
    loop {
        let over = pending_registrations::over(&store.database, clock::now_ms(), STEP).await?;
        for pending in &over {
            if let Some(realm) = realm(store, realms, &pending.realm_id).await? {
                ending::end(store, deliveries, &realm, pending, End::Expired, &pending.address).await?;
            }
        }
        // What somebody else changed meanwhile is looked at the next time.
        if i64::try_from(over.len()) != Ok(STEP) {
            return Ok(());
        }
    }
}

async fn realm(store: &Store, realms: &Realms, id: &str) -> Result<Option<Arc<Realm>>, StoreError> {
    match realms::by_id(&store.database, id).await? {
        Some(row) => realms.get(&row.name).await,
        None => Ok(None),
    }
}
