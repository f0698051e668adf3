//! Table `deliveries`: what is still to be done for a client at a target, written with the client.
//!
//! A delivery says what the target shall have, never what happened: that the client is there in its latest state, or that
//! it is not there. There is one for each client and target, so a hundred changes are one delivery.

pub mod compared;
pub mod issued;
pub mod outcomes;
pub mod queue;
pub mod shown;

use super::clients::ClientRow;
use super::{Value, Write, values};
use matricula_system::clock;

/// The attribute of a client that names the targets it goes to.
pub const TARGETS: &str = "registration.targets";

/// Who takes care of what a write leaves to be done.
#[derive(Clone, Debug, Default)]
pub struct Carrier {
    /// The node that is at it from the beginning; absent: whoever takes it.
    pub node: Option<String>,
    /// Somebody waits for it.
    pub awaited: bool,
}

/// The text that makes deliveries of a client, with its rank, a further condition, and which of those that are there
/// change. A client that shall not be at a target, and has no delivery to it, gets none.
macro_rules! deliver {
    ($clients:literal, $rank:literal, $and:literal, $changes:literal) => {
        concat!(
            "INSERT INTO deliveries (realm_id, client, target, client_id, present, generation, rank, due_ms, since_ms, node) \
             SELECT c.realm_id, c.id, t.name, c.client_id, ",
            deliver!(present),
            ", c.generation, CASE WHEN c.enabled THEN ",
            $rank,
            " ELSE 0 END, $3, $3, $4 \
             FROM targets t CROSS JOIN ",
            $clients,
            " c LEFT JOIN deliveries d ON d.realm_id = t.realm_id AND d.client = c.id AND d.target = t.name \
             WHERE t.realm_id = $1 AND c.realm_id = $1 AND c.id = $2 ",
            $and,
            " AND (d.client IS NOT NULL OR ",
            deliver!(present),
            ") ON CONFLICT (realm_id, client, target) DO UPDATE SET client_id = excluded.client_id, \
             present = excluded.present, generation = excluded.generation, rank = excluded.rank, \
             due_ms = excluded.due_ms, attempts = 0, refused = FALSE, \
             since_ms = CASE WHEN deliveries.due_ms IS NULL AND NOT deliveries.refused \
                 THEN excluded.since_ms ELSE deliveries.since_ms END, \
             node = coalesce(deliveries.node, excluded.node) WHERE ",
            $changes
        )
    };
    (present) => {
        "(NOT t.leaving AND NOT c.held AND c.hibernated_ms IS NULL AND (c.enabled OR t.disables) AND (NOT t.registered_only OR c.origin IS NOT NULL) \
         AND CASE WHEN $5 THEN t.saml ELSE t.openid_connect END AND ($6 IS NULL OR $6 LIKE '%,' || t.name || ',%'))"
    };
}
/// After a client was added or changed in this write: each target that shall have it shall have this state; the others,
/// where it is or may be, shall not. A disabled client stays where targets can keep it so; a held one and one that
/// hibernates go nowhere.
///
/// Which targets there are is decided by the database: whoever makes one holds the realm's row as this write does.
pub(super) fn deliver(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) {
    let rank: i64 = if carrier.awaited { 1 } else { 2 };
    let mut values = routed(realm_id, client, carrier);
    values.push(rank.into());
    write.run_apart(deliver!("clients", "$7", "", "TRUE"), values);
}

/// The same for a client that is not one yet.
pub(super) fn deliver_proposed(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) {
    let mut values = routed(realm_id, client, carrier);
    values.push(1_i64.into());
    write.run_apart(deliver!("leaving_clients", "$7", "", "TRUE"), values);
}

/// The same for targets that were added since a client was proposed: where a delivery is, it stays.
pub(super) fn deliver_missing(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) {
    let mut values = routed(realm_id, client, carrier);
    values.push(2_i64.into());
    write.run_apart(deliver!("clients", "$7", "AND d.client IS NULL", "FALSE"), values);
}

/// The same for all targets but the one that issued what is new; `is_proposed`: the client is not one yet, or its state.
fn deliver_issued(
    write: &mut Write,
    realm_id: &str,
    client: &ClientRow,
    (issuer, is_proposed): (&str, bool),
    carrier: &Carrier,
) {
    let mut values = routed(realm_id, client, carrier);
    values.push(issuer.into());
    let sql = match is_proposed {
        true => deliver!("leaving_clients", "1", "AND t.name <> $7", "TRUE"),
        false => deliver!("clients", "1", "AND t.name <> $7", "TRUE"),
    };
    write.run_apart(sql, values);
}

/// The same for one target that may lack its delivery, as it is new or its settings are: what is right already stays.
pub fn fill(write: &mut Write, realm_id: &str, client: &ClientRow, target: &str) {
    let mut values = routed(realm_id, client, &Carrier::default());
    values.push(target.into());
    write.run_apart(deliver!("clients", "2", "AND t.name = $7", "deliveries.present <> excluded.present"), values);
}

/// The parameters up to the sixth.
fn routed(realm_id: &str, client: &ClientRow, carrier: &Carrier) -> Vec<Value> {
    let named = client.client.attributes.iter().find(|attribute| attribute.name == TARGETS);
    // A comma on both sides of each name; `-` names no target.
    let named = named.map(|attribute| {
        let names: Vec<&str> = attribute.value.split(',').map(str::trim).collect();
        format!(",{},", names.join(","))
    });
    let is_saml = client.client.protocol.as_deref() == Some("saml");
    values![realm_id, &client.id, clock::now_ms(), carrier.node.clone(), is_saml, named]
}

/// Before a client is removed in this write: no target shall have it. Where it may be it leaves, and is kept until each
/// target has confirmed. A change of it that was proposed to them ends.
pub(super) fn withdraw(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) {
    write.run_apart(
        "INSERT INTO leaving_clients (realm_id, id, client_id, enabled, document, registration_token_id, \
         initial_access_token, token_policies, held, held_reason, resource_server, created_at, updated_at, version, origin, \
         generation, secrets_version) SELECT c.realm_id, c.id, c.client_id, c.enabled, c.document, c.registration_token_id, \
         c.initial_access_token, c.token_policies, c.held, c.held_reason, c.resource_server, c.created_at, c.updated_at, \
         c.version, c.origin, c.generation, c.secrets_version FROM clients c WHERE c.realm_id = $1 AND c.id = $2 \
         AND EXISTS (SELECT 1 FROM deliveries d WHERE d.realm_id = $1 AND d.client = $2) \
         ON CONFLICT (realm_id, id) DO UPDATE SET client_id = excluded.client_id, proposed_by = NULL",
        values![realm_id, &client.id],
    );
    withdraw_from_all(write, realm_id, &client.id, carrier);
}

/// No target shall have a client.
pub(super) fn withdraw_from_all(write: &mut Write, realm_id: &str, client: &str, carrier: &Carrier) {
    write.run_apart(
        "UPDATE deliveries SET present = FALSE, generation = $3, rank = 0, due_ms = $4, attempts = 0, refused = FALSE, \
         since_ms = CASE WHEN due_ms IS NULL AND NOT refused THEN $4 ELSE since_ms END, node = coalesce(node, $5) \
         WHERE realm_id = $1 AND client = $2",
        values![realm_id, client, Value::Generation, clock::now_ms(), carrier.node.clone()],
    );
}
