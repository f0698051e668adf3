//! What a target issued: the client has it from then on, and all other targets are to get it.

use super::outcomes::{Delivered, record};
use super::queue::Key;
use super::{Carrier, deliver_issued};
use crate::clients::ClientRow;
use crate::{Lost, StoreError, Value, Write, document, realms, values};

/// After a put: the target has the client with what it issued. [`Lost::Changed`] when the client is another one by now.
pub fn delivered(
    key: &Key,
    node: &str,
    now: &Delivered,
    (client, is_proposed): (&ClientRow, bool),
    carrier: &Carrier,
) -> Result<Write, StoreError> {
    let mut write = Write::default();
    realms::count_change(&mut write, &key.realm_id);
    let sql = match is_proposed {
        true => {
            "UPDATE leaving_clients SET document = $3, client_id = $4, generation = $5, \
             secrets_version = secrets_version + $6 WHERE realm_id = $1 AND id = $2 AND generation = $7 \
             AND proposed_by IS NOT NULL"
        }
        false => {
            "UPDATE clients SET document = $3, client_id = $4, generation = $5, secrets_version = secrets_version + $6, \
             version = version + 1 WHERE realm_id = $1 AND id = $2 AND generation = $7"
        }
    };
    let other_secrets = i64::from(client.has_other_secrets());
    write.require(
        sql,
        values![
            &key.realm_id,
            &key.client,
            document::encode(&client.id, &client.client)?,
            client.client_id(),
            Value::Generation,
            other_secrets,
            now.generation,
        ],
        Lost::Changed,
    );
    record(&mut write, key, node, now);
    deliver_issued(&mut write, &key.realm_id, client, (&key.target, is_proposed), carrier);
    let sql = match is_proposed {
        true => {
            "UPDATE deliveries SET generation = l.generation, delivered_generation = l.generation, \
             client_id = l.client_id, delivered_secrets = l.secrets_version FROM leaving_clients l \
             WHERE deliveries.realm_id = $1 AND deliveries.client = $2 AND deliveries.target = $3 \
             AND l.realm_id = $1 AND l.id = $2"
        }
        false => {
            "UPDATE deliveries SET generation = c.generation, delivered_generation = c.generation, \
             client_id = c.client_id, delivered_secrets = c.secrets_version FROM clients c \
             WHERE deliveries.realm_id = $1 AND deliveries.client = $2 AND deliveries.target = $3 \
             AND c.realm_id = $1 AND c.id = $2"
        }
    };
    write.run(sql, values![&key.realm_id, &key.client, &key.target]);
    Ok(write)
}
