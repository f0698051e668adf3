//! Takes over a client that a target had before: what is to be done for it is done with it, as soon as can be.

use std::time::Duration;

use matricula_store::deliveries::compared;
use matricula_store::deliveries::queue::Key;
use matricula_store::deliveries::shown::{self, Shown, State};
use matricula_store::{StoreError, Write};
use tokio::time::Instant;

use super::deliveries::Deliveries;

/// How long an administrator waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at what other nodes did.
const LOOK: Duration = Duration::from_millis(100);

impl Deliveries {
    /// Adopts a client with this write, and waits until its delivery has ended in some way, or for a while; `None`: the
    /// target shall not have it any more.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the target shall not have this client.
    pub(crate) async fn adopt(&self, key: &Key, mut write: Write) -> Result<Option<Shown>, StoreError> {
        let store = &self.hub().store;
        let carrier = self.carrier(true);
        compared::adopt(&mut write, key, carrier.node.as_deref());
        store.writer.write(write).await?;
        self.wake(&key.realm_id);
        let began = Instant::now();
        loop {
            let all = shown::of_client(&store.database, &key.realm_id, &key.client).await?;
            let found = all.into_iter().find(|one| one.target == key.target);
            let is_open = found.as_ref().is_some_and(|one| one.state == State::Pending && !one.is_paused);
            if !is_open || began.elapsed() > PATIENCE {
                return Ok(found);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
