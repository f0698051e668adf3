//! Changes of clients that some target must take first. The client stays what it is, for everybody but the targets, until
//! they have taken it.

use super::{end, hold};
use crate::clients::ClientRow;
use crate::deliveries::{self, Carrier};
use crate::{Lost, StoreError, Value, Write, document, realms, values};
use matricula_system::clock;

/// Proposes another state of a client that still is as it was read; [`Lost::Changed`] when somebody was faster, be it with
/// a proposal. Who has read the client before loses.
pub fn propose(
    write: &mut Write,
    realm_id: &str,
    client: &ClientRow,
    node: &str,
    carrier: &Carrier,
) -> Result<(), StoreError> {
    realms::count_change(write, realm_id);
    write.replace(
        "UPDATE clients SET version = version + 1 WHERE realm_id = $1 AND id = $2 AND version = $3",
        values![realm_id, &client.id, client.version],
        Lost::Changed,
    );
    write.require(
        "INSERT INTO leaving_clients (realm_id, id, client_id, enabled, document, registration_token_id, \
         initial_access_token, token_policies, held, held_reason, resource_server, created_at, updated_at, version, origin, \
         generation, secrets_version, proposed_by) SELECT c.realm_id, c.id, $3, $4, $5, $6, c.initial_access_token, \
         c.token_policies, $7, $8, $9, c.created_at, $10, c.version, c.origin, $11, c.secrets_version + $12, $13 \
         FROM clients c WHERE c.realm_id = $1 AND c.id = $2 ON CONFLICT DO NOTHING",
        values![
            realm_id,
            &client.id,
            client.client_id(),
            client.enabled(),
            document::encode(&client.id, &client.client)?,
            client.registration_token_id.clone(),
            client.is_held(),
            client.held.clone(),
            client.resource_server,
            clock::now(),
            Value::Generation,
            i64::from(client.has_other_secrets()),
            node,
        ],
        Lost::Changed,
    );
    deliveries::deliver_proposed(write, realm_id, client, carrier);
    Ok(())
}

/// Makes it the state of the client. [`Lost::Changed`] when the proposal has ended, or the client was changed meanwhile.
pub fn confirm(write: &mut Write, realm_id: &str, client: &ClientRow) {
    realms::count_change(write, realm_id);
    hold(write, realm_id, &client.id);
    // Whoever follows the changes of the realm sees it only now: as one of now.
    write.require(
        "UPDATE clients SET client_id = l.client_id, enabled = l.enabled, document = l.document, \
         registration_token_id = l.registration_token_id, resource_server = l.resource_server, updated_at = $3, \
         held = l.held, held_reason = l.held_reason, version = l.version + 1, generation = $4, \
         secrets_version = l.secrets_version FROM leaving_clients l WHERE clients.realm_id = $1 AND clients.id = $2 \
         AND l.realm_id = $1 AND l.id = $2 AND l.version = clients.version",
        values![realm_id, &client.id, clock::now(), Value::Generation],
        Lost::Changed,
    );
    end(write, realm_id, client);
}

/// Ends the proposal: the targets shall have the client as it is here, as a further generation. [`Lost::Changed`] when it
/// has ended already.
pub fn withdraw(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) {
    realms::count_change(write, realm_id);
    hold(write, realm_id, &client.id);
    // A target may have the secrets that were proposed: later ones have a version that neither those nor these have.
    write.run(
        "UPDATE clients SET generation = $3, secrets_version = CASE WHEN l.secrets_version = clients.secrets_version \
         THEN clients.secrets_version ELSE l.secrets_version + 1 END FROM leaving_clients l \
         WHERE clients.realm_id = $1 AND clients.id = $2 AND l.realm_id = $1 AND l.id = $2",
        values![realm_id, &client.id, Value::Generation],
    );
    write.run("DELETE FROM leaving_clients WHERE realm_id = $1 AND id = $2", values![realm_id, &client.id]);
    deliveries::deliver(write, realm_id, client, carrier);
}
