//! Sweeps each target when its interval is over: one node of all, a few targets at a time.

use std::sync::Arc;
use std::time::Duration;

use matricula_contract::connectors::Abilities;
use matricula_store::sweeps::{self, Swept};
use matricula_store::{StoreError, Write, targets};
use matricula_system::clock;
use tokio::sync::Semaphore;

use super::{Begun, Order};
use crate::targets::deliveries::Deliveries;

/// How often it is looked which target is to be swept.
const LOOK: Duration = Duration::from_secs(10);
/// Targets that this node sweeps at a time without being asked.
const AT_ONCE: usize = 2;

/// Runs until the server stops.
pub(in crate::targets) async fn run(deliveries: Deliveries) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = deliveries.hub().stopping.begun() => return,
        }
        if let Err(error) = begin_due(&deliveries, &turns).await {
            tracing::warn!(%error, "targets could not be swept; they are another time");
        }
    }
}

async fn begin_due(deliveries: &Deliveries, turns: &Arc<Semaphore>) -> Result<(), StoreError> {
    if turns.available_permits() == 0 {
        return Ok(());
    }
    for swept in sweeps::all(&deliveries.hub().store.database).await? {
        if !is_due(&swept) {
            continue;
        }
        let Ok(turn) = Arc::clone(turns).try_acquire_owned() else { break };
        if let Some(begun) = begin(deliveries, &swept).await? {
            tokio::spawn(async move {
                // Whatever becomes of it.
                let _ = begun.ended.await;
                drop(turn);
            });
        }
    }
    Ok(())
}

fn is_due(swept: &Swept) -> bool {
    let interval = i64::try_from(swept.settings.sweep_interval).unwrap_or(i64::MAX).saturating_mul(1000);
    interval > 0 && clock::now_ms() >= swept.last_ms.saturating_add(interval)
}

/// Begins it, unless another node has, or it can't be looked at.
async fn begin(deliveries: &Deliveries, swept: &Swept) -> Result<Option<Begun>, StoreError> {
    let hub = deliveries.hub();
    let components = hub.wasm.current();
    let Some(realm) = hub.realms.get(&swept.realm).await?.filter(|realm| realm.id == swept.realm_id) else {
        return Ok(None);
    };
    let Some((target, _)) = targets::by_name(&hub.store.database, &swept.realm_id, &swept.target).await? else {
        return Ok(None);
    };
    let connector = components.connector(&target.connector);
    let Some(connector) = connector.filter(|connector| connector.is_able(Abilities::ENUMERATES)) else {
        return Ok(None);
    };
    let order =
        Order { dry_run: false, repair: target.settings.repair, force: false, scheduled_after_ms: Some(swept.last_ms) };
    deliveries.sweep(&realm, &target, connector, order, Write::default()).await
}
