//! Table `events`.

use super::{Database, StoreError, Write, values};
use crate::events::Event;

/// Adds an event.
pub(crate) fn insert(write: &mut Write, realm_id: &str, event: &Event) {
    write.run(
        "INSERT INTO events (realm_id, id, time_ms, type, client_id, address, error, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            realm_id,
            &event.id,
            event.time,
            event.event_type.as_ref(),
            event.client_id.clone(),
            &event.ip_address,
            event.error.clone(),
            event.details.as_ref().map(|details| serde_json::json!(details).to_string()),
        ],
    );
}

/// Events of a realm, newest first; of these types only, unless there are none.
pub(crate) async fn list(
    database: &Database,
    realm_id: &str,
    types: &[String],
    first: i64,
    max: i64,
) -> Result<Vec<Event>, StoreError> {
    let rows = database
        .all(
            "SELECT id, time_ms, type, client_id, address, error, details FROM events WHERE realm_id = $1 \
             AND ($2 = ',' OR replace($2, ',' || type || ',', '') <> $2) ORDER BY number DESC LIMIT $3 OFFSET $4",
            // A name between commas is in the list if taking it out changes the list: no name has a comma in it.
            values![realm_id, types.iter().fold(",".to_owned(), |list, name| list + name + ","), max, first],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let details: Option<String> = row.get(6)?;
            Ok(Event {
                id: row.get(0)?,
                time: row.get(1)?,
                event_type: row.get::<String>(2)?.into(),
                realm_id: realm_id.to_owned(),
                client_id: row.get(3)?,
                ip_address: row.get(4)?,
                error: row.get(5)?,
                details: details
                    .map(|text| serde_json::from_str(&text))
                    .transpose()
                    .map_err(|error| StoreError::Damaged(error.to_string()))?,
            })
        })
        .collect()
}

/// Removes every event of a realm.
pub(crate) fn delete_all(write: &mut Write, realm_id: &str) {
    write.run("DELETE FROM events WHERE realm_id = $1", values![realm_id]);
}
