//! Clients that hibernate, and come back when they are used.

use matricula_realms::Realm;
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, ClientRow};
use matricula_store::{Lost, StoreError, Write, events};

use crate::app::App;
use crate::events::{CLIENT_REVIVE, of_life};
use crate::registration::ATTEMPTS;

/// Revives a client that hibernates, as it is used by a caller from this address, and returns when that is on disk; `false`:
/// it does not hibernate any more. No policy is asked, and no target can refuse it. Who wants to wait for the targets does
/// so afterwards.
pub(crate) async fn revive(
    app: &App,
    realm: &Realm,
    client: &ClientRow,
    kind: Kind,
    address: &str,
) -> Result<bool, StoreError> {
    let mut found = Some(client.clone());
    for _ in 0..ATTEMPTS {
        let Some(mut row) = found.filter(|row| row.hibernation.is_some()) else { return Ok(false) };
        row.hibernation = None;
        let mut write = Write::default();
        clients::update(&mut write, &realm.id, &row, &app.deliveries.carrier(true))?;
        if let Some(event) = of_life(CLIENT_REVIVE, realm, row.client_id(), address, &[("use", kind.name())]) {
            events::insert(&mut write, &realm.id, &event);
        }
        match app.store.writer.write(write).await {
            Ok(()) => {
                app.deliveries.wake(&realm.id);
                return Ok(true);
            }
            Err(StoreError::Lost(Lost::Changed)) => {}
            Err(error) => return Err(error),
        }
        found = clients::by_id(&app.store.database, &realm.id, &client.id).await?;
    }
    Err(StoreError::Lost(Lost::Changed))
}
