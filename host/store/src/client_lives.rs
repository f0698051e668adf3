//! The lives of a realm's clients, for those who look at all of them: tables `clients` and `client_uses`.

use super::clients::{Origin, read_origin};
use super::document::Undecoded;
use super::{Database, Row, StoreError, values};

/// A client with what decides about its life.
pub struct Life {
    /// Internal id.
    pub id: String,
    /// The identifier in the protocol.
    pub client_id: String,
    /// Unix milliseconds.
    pub created_ms: i64,
    /// When it was used last, Unix milliseconds; absent: never.
    pub used_ms: Option<i64>,
    /// Since when it hibernates, Unix milliseconds; absent: it does not.
    pub hibernated_ms: Option<i64>,
    /// It may be used.
    pub is_enabled: bool,
    /// It waits for an administrator.
    pub is_held: bool,
    /// Where it came from; absent: an administrator or the server made it.
    pub origin: Option<Origin>,
    /// The initial access token it was registered with.
    pub initial_access_token: Option<String>,
    /// It is counted by its software.
    pub is_counted: bool,
    /// The client itself.
    pub document: Undecoded,
}

/// The next clients of a realm behind this `client_id`, in that order, at most `max`; the empty text is before all.
pub async fn behind(database: &Database, realm_id: &str, client_id: &str, max: i64) -> Result<Vec<Life>, StoreError> {
    let sql = "SELECT c.id, c.client_id, c.created_at * 1000, u.used_ms, c.hibernated_ms, c.enabled, c.held, c.origin, \
               c.initial_access_token, c.document, EXISTS (SELECT 1 FROM client_software s \
               WHERE s.realm_id = c.realm_id AND s.client = c.id) FROM clients c \
               LEFT JOIN client_uses u ON u.realm_id = c.realm_id AND u.client = c.id \
               WHERE c.realm_id = $1 AND c.client_id > $2 ORDER BY c.client_id LIMIT $3";
    let rows = database.scan(sql, values![realm_id, client_id, max]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Life, StoreError> {
    let id: String = row.get(0)?;
    Ok(Life {
        client_id: row.get(1)?,
        created_ms: row.get(2)?,
        used_ms: row.get(3)?,
        hibernated_ms: row.get(4)?,
        is_enabled: row.get(5)?,
        is_held: row.get(6)?,
        origin: row.get::<Option<String>>(7)?.map(|text| read_origin(&text)).transpose()?,
        initial_access_token: row.get(8)?,
        is_counted: row.get(10)?,
        document: Undecoded::new(id.clone(), row.get(9)?),
        id,
    })
}
