//! Table `events`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Database, StoreError, Write, values};
use crate::clock;
use crate::ids;

/// A stored event, as the Admin API shows it (Keycloak: EventRepresentation).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// UUID.
    pub id: String,
    /// Unix time in milliseconds.
    pub time: i64,
    /// `CLIENT_REGISTER`, …
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub event_type: Cow<'static, str>,
    /// Internal id of the realm.
    pub realm_id: String,
    /// The client in question, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Address of the caller.
    pub ip_address: String,
    /// Keycloak's error code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More about it: `reason`, `client_registration_policy`, `decision`, `client_auth_method`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<BTreeMap<String, String>>,
}

impl Event {
    /// What became of a component; told in realm `master`, whatever it stores of its clients.
    pub fn of_component(event_type: &'static str, realm_id: &str, details: &[(&str, &str)]) -> Event {
        Event {
            id: ids::fresh(),
            time: clock::now_ms(),
            event_type: Cow::Borrowed(event_type),
            realm_id: realm_id.to_owned(),
            client_id: None,
            ip_address: String::new(),
            error: None,
            details: Some(details.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
        }
    }
}

/// Adds an event.
pub fn insert(write: &mut Write, realm_id: &str, event: &Event) {
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

/// Which events to list.
pub struct Filter<'a> {
    /// Of these types; empty: of any.
    pub types: &'a [String],
    /// About the client with this `client_id`.
    pub client_id: Option<&'a str>,
    /// Caused by a caller at this address.
    pub address: Option<&'a str>,
    /// Not older than this, Unix milliseconds.
    pub from_ms: i64,
    /// Not younger than this, Unix milliseconds.
    pub to_ms: i64,
}

/// Events of a realm, newest first.
pub async fn list(
    database: &Database,
    realm_id: &str,
    filter: &Filter<'_>,
    first: i64,
    max: i64,
) -> Result<Vec<Event>, StoreError> {
    let rows = database
        .scan(
            "SELECT id, time_ms, type, client_id, address, error, details FROM events WHERE realm_id = $1 \
             AND ($2 = ',' OR replace($2, ',' || type || ',', '') <> $2) \
             AND ($5 = '' OR client_id = $5) AND ($6 = '' OR address = $6) AND time_ms BETWEEN $7 AND $8 \
             ORDER BY number DESC LIMIT $3 OFFSET $4",
            values![
                realm_id,
                // A name between commas is in the list if taking it out changes the list: no name has a comma in it.
                filter.types.iter().fold(",".to_owned(), |list, name| list + name + ","),
                max,
                first,
                filter.client_id.unwrap_or_default(),
                filter.address.unwrap_or_default(),
                filter.from_ms,
                filter.to_ms,
            ],
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
pub fn delete_all(write: &mut Write, realm_id: &str) {
    write.run("DELETE FROM events WHERE realm_id = $1", values![realm_id]);
}
