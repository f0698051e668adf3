//! Targets that make a client id or a secret of their own: what they issue is the client's from then on, here and at the
//! other targets.

use matricula_contract::connectors::{Abilities, Credentials};
use matricula_realms::Realm;
use matricula_store::clients::ClientRow;
use matricula_store::deliveries::outcomes::{self, Delivered};
use matricula_store::deliveries::queue::Key;
use matricula_store::deliveries::{Carrier, issued};
use matricula_store::targets::Target;
use matricula_store::{StoreError, proposals};

use super::deliveries::{Deliveries, Hub};

impl Deliveries {
    /// Whether some target of the realm makes client ids or secrets of its own.
    pub(crate) fn any_issues(&self, realm: &Realm) -> bool {
        realm.targets.iter().any(|target| target.is_asked() && self.issues(target))
    }

    /// Whether this one does.
    pub(super) fn issues(&self, target: &Target) -> bool {
        let components = self.hub().wasm.current();
        components.connector(&target.connector).is_some_and(|connector| connector.is_able(Abilities::ISSUES))
    }
}

/// A client with what a target issued; absent: that is nothing new.
pub(super) fn with_issued(client: &ClientRow, issued: Option<&Credentials>) -> Option<ClientRow> {
    let Credentials { client_id, secret } = issued?;
    let mut changed = client.clone();
    if client_id.is_some() {
        changed.client.client_id.clone_from(client_id);
    }
    if secret.is_some() {
        changed.client.secret.clone_from(secret);
    }
    (changed.client != client.client).then_some(changed)
}

/// Stores that a target has a client, and what it issued.
pub(super) async fn store(hub: &Hub, key: &Key, delivered: &Delivered, client: &ClientRow) -> Result<(), StoreError> {
    let is_proposed = proposals::is_proposed(&hub.store.database, &key.realm_id, &key.client).await?;
    let carrier = Carrier { node: Some(hub.node.clone()), awaited: true };
    let write = issued::delivered(key, &hub.node, delivered, (client, is_proposed), &carrier)?;
    match hub.store.writer.write(write).await {
        // It was changed meanwhile, and is delivered again.
        Err(StoreError::Lost(_)) => {
            tracing::warn!(client = key.client, target = key.target, "what a target issued is lost");
            outcomes::delivered(&hub.store.writer, key, &hub.node, delivered).await
        }
        other => {
            hub.wake(&key.realm_id);
            other
        }
    }
}
