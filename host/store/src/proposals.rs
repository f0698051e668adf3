//! Clients that are not there yet, and changes that are not made yet: some target must take them first. Only targets see
//! them; their names are in use, and a crash ends them. They wait in the table of those that leave, as that is what becomes
//! of a new one when a target refuses.

pub mod changes;

use super::clients::{ClientRow, row, select};
use super::deliveries::{self, Carrier};
use super::{Database, Lost, StoreError, Value, Write, document, policies, realms, values};
use matricula_system::clock;

/// A proposal that is older than this, in seconds, has nobody who waits for it.
const AGE: i64 = 60;

/// Proposes a client, which the write counts; [`Lost::Taken`] when its id is in use.
pub fn insert(
    write: &mut Write,
    realm_id: &str,
    client: &ClientRow,
    node: &str,
    carrier: &Carrier,
) -> Result<(), StoreError> {
    write.require(
        "INSERT INTO leaving_clients (realm_id, id, client_id, enabled, document, registration_token_id, \
         initial_access_token, token_policies, held, held_reason, resource_server, created_at, updated_at, version, origin, \
         generation, secrets_version, proposed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, NULL, $9, $10, $10, 1, \
         $11, $12, 1, $13) ON CONFLICT DO NOTHING",
        values![
            realm_id,
            &client.id,
            client.client_id(),
            client.enabled(),
            document::encode(&client.id, &client.client)?,
            client.registration_token_id.clone(),
            client.initial_access_token.clone(),
            (!client.token_policies.is_empty()).then(|| policies::list_to_json(&client.token_policies)),
            client.resource_server,
            client.created_at,
            client.origin.as_ref().map(|origin| serde_json::json!(origin).to_string()),
            Value::Generation,
            node,
        ],
        Lost::Taken,
    );
    deliveries::deliver_proposed(write, realm_id, client, carrier);
    Ok(())
}

/// The proposed client with this internal id.
pub async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<ClientRow>, StoreError> {
    let sql = select!("", "leaving_clients", "WHERE realm_id = $1 AND id = $2 AND proposed_by IS NOT NULL");
    let found = database.first(sql, values![realm_id, id]).await?;
    found.as_ref().map(row).transpose()
}

/// What is still known of a client that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is proposed to targets that must take it first.
    Proposed,
    /// It was removed, and some target may still have it.
    Leaving,
}

/// What is known of the client with this `client_id`, which is not among the clients.
pub async fn state(database: &Database, realm_id: &str, client_id: &str) -> Result<Option<State>, StoreError> {
    let sql =
        "SELECT proposed_by IS NOT NULL AS is_proposed FROM leaving_clients WHERE realm_id = $1 AND client_id = $2";
    let found = database.first(sql, values![realm_id, client_id]).await?;
    let state = |is_proposed| if is_proposed { State::Proposed } else { State::Leaving };
    found.map(|row| row.get(0).map(state)).transpose()
}

/// Whether something is proposed of the client with this internal id.
pub async fn is_proposed(database: &Database, realm_id: &str, id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM leaving_clients WHERE realm_id = $1 AND id = $2 AND proposed_by IS NOT NULL";
    Ok(!database.all(sql, values![realm_id, id]).await?.is_empty())
}

/// Holds a proposal until the end of the write; [`Lost::Changed`] when it has ended.
fn hold(write: &mut Write, realm_id: &str, id: &str) {
    write.require(
        "UPDATE leaving_clients SET version = version WHERE realm_id = $1 AND id = $2 AND proposed_by IS NOT NULL",
        values![realm_id, id],
        Lost::Changed,
    );
}

/// After a proposal became a client or its state: what a target has of it is this state, and what it has of another one is
/// not. The proposal is gone.
fn end(write: &mut Write, realm_id: &str, client: &ClientRow) {
    write.run(
        "UPDATE deliveries SET delivered_generation = CASE WHEN delivered_generation = l.generation THEN c.generation \
         ELSE delivered_generation END, due_ms = CASE WHEN deliveries.generation = l.generation THEN due_ms ELSE $3 END, \
         generation = c.generation FROM clients c, leaving_clients l WHERE deliveries.realm_id = $1 \
         AND deliveries.client = $2 AND c.realm_id = $1 AND c.id = $2 AND l.realm_id = $1 AND l.id = $2",
        values![realm_id, &client.id, clock::now_ms()],
    );
    write.run("DELETE FROM leaving_clients WHERE realm_id = $1 AND id = $2", values![realm_id, &client.id]);
    deliveries::deliver_missing(write, realm_id, client, &Carrier::default());
}

/// Makes it a client. [`Lost::Changed`] when the proposal has ended, [`Lost::Taken`] when its `client_id` is in use.
pub fn confirm(write: &mut Write, realm_id: &str, client: &ClientRow) {
    realms::count_change(write, realm_id);
    let id = client.id.as_str();
    hold(write, realm_id, id);
    // Whoever follows the changes of the realm sees it only now: as one of now.
    write.require(
        "INSERT INTO clients (realm_id, id, client_id, enabled, document, registration_token_id, initial_access_token, \
         token_policies, held, held_reason, resource_server, created_at, updated_at, version, origin, secrets_version, \
         generation) SELECT c.realm_id, c.id, c.client_id, c.enabled, c.document, c.registration_token_id, \
         c.initial_access_token, c.token_policies, c.held, c.held_reason, c.resource_server, c.created_at, c.updated_at, \
         c.version, c.origin, c.secrets_version, $3 FROM leaving_clients c WHERE c.realm_id = $1 AND c.id = $2 \
         ON CONFLICT DO NOTHING",
        values![realm_id, id, Value::Generation],
        Lost::Taken,
    );
    end(write, realm_id, client);
}

/// Ends the proposal of a client: what may have reached a target leaves, and the use of its initial access token is given back.
/// [`Lost::Changed`] when it has ended already.
pub fn withdraw(write: &mut Write, realm_id: &str, id: &str, carrier: &Carrier) {
    realms::discount_client(write, realm_id);
    hold(write, realm_id, id);
    write.run(
        "UPDATE initial_access_tokens SET remaining_count = remaining_count + 1 WHERE realm_id = $1 AND id = \
         (SELECT c.initial_access_token FROM leaving_clients c WHERE c.realm_id = $1 AND c.id = $2)",
        values![realm_id, id],
    );
    write.run("UPDATE leaving_clients SET proposed_by = NULL WHERE realm_id = $1 AND id = $2", values![realm_id, id]);
    deliveries::withdraw_from_all(write, realm_id, id, carrier);
    deliveries::outcomes::gone(write, realm_id, id);
}

/// Proposals that nobody waits for any more: id of the realm and internal id of the client.
pub async fn abandoned(database: &Database) -> Result<Vec<(String, String)>, StoreError> {
    let rows = database
        .all(
            "SELECT realm_id, id FROM leaving_clients WHERE proposed_by IS NOT NULL AND (updated_at < $1 OR NOT EXISTS \
             (SELECT 1 FROM delivering_nodes n WHERE n.id = leaving_clients.proposed_by AND n.alive_until_ms > $2))",
            values![clock::now() - AGE, clock::now_ms()],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
