//! Table `decisions`: what the policies decided, for as long as it is of interest.

use super::{Database, StoreError, Write, escape_like, values};
use crate::clock;

/// Records of a realm that are kept.
const KEPT: i64 = 10_000;
/// Age after which a record goes, in milliseconds: 7 days.
const AGE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// A registration that can be run again.
pub(crate) struct RecordedRow {
    /// Id of the decision.
    pub(crate) id: String,
    /// Name of the realm.
    pub(crate) realm: String,
    /// What was asked.
    pub(crate) request: Vec<u8>,
}

/// Adds a record (JSON), and what was asked if it was a registration. Every now and then the oldest go.
pub(crate) fn insert(write: &mut Write, realm_id: &str, id: &str, record: String, request: Option<Vec<u8>>) {
    let now = clock::now_ms();
    write.run(
        "INSERT INTO decisions (realm_id, id, time_ms, record, request) VALUES ($1, $2, $3, $4, $5)",
        values![realm_id, id, now, record, request],
    );
    // Ids begin with the time and end at random: one in 256 ends like this.
    if id.ends_with("00") {
        write.run(
            "DELETE FROM decisions WHERE realm_id = $1 AND number <= \
             (SELECT number FROM decisions WHERE realm_id = $1 ORDER BY number DESC LIMIT 1 OFFSET $2)",
            values![realm_id, KEPT],
        );
        // Looks at no more than what goes, and the one behind it.
        write.run(
            "DELETE FROM decisions WHERE realm_id = $1 AND number < \
             (SELECT number FROM decisions WHERE realm_id = $1 AND time_ms >= $2 ORDER BY number LIMIT 1)",
            values![realm_id, now - AGE_MS],
        );
    }
}

/// Which records to list.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    /// The one with this id.
    pub(crate) id: Option<&'a str>,
    /// Those with this outcome.
    pub(crate) outcome: Option<&'a str>,
    /// Those about the client with this `client_id`, whatever the case.
    pub(crate) client_id: Option<&'a str>,
    /// Those with this text anywhere, whatever the case.
    pub(crate) text: Option<&'a str>,
}

/// Records of a realm as JSON, newest first.
pub(crate) async fn list(
    database: &Database,
    realm_id: &str,
    filter: &Filter<'_>,
    first: i64,
    max: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = match filter.id {
        Some(id) => {
            database.all("SELECT record FROM decisions WHERE realm_id = $1 AND id = $2", values![realm_id, id]).await?
        }
        None => {
            database
                .scan(
                    "SELECT record FROM decisions WHERE realm_id = $1 \
                     AND ($4 = '%' OR lower(record) LIKE $4 ESCAPE '\\') AND ($5 = '%' OR lower(record) LIKE $5 ESCAPE '\\') \
                     AND ($6 = '%' OR lower(record) LIKE $6 ESCAPE '\\') ORDER BY number DESC LIMIT $2 OFFSET $3",
                    values![
                        realm_id,
                        max,
                        first,
                        member("outcome", filter.outcome),
                        member("clientId", filter.client_id),
                        filter.text.map_or_else(|| "%".to_owned(), |text| format!("%{}%", escape_like(text))),
                    ],
                )
                .await?
        }
    };
    rows.iter().map(|row| row.get(0)).collect()
}

/// The last registrations of all realms, newest first.
pub(crate) async fn recorded(database: &Database, last: u32) -> Result<Vec<RecordedRow>, StoreError> {
    let rows = database
        .scan(
            "SELECT decisions.id, realms.name, decisions.request FROM decisions \
             JOIN realms ON realms.id = decisions.realm_id \
             WHERE decisions.request IS NOT NULL ORDER BY decisions.number DESC LIMIT $1",
            values![i64::from(last)],
        )
        .await?;
    rows.iter().map(|row| Ok(RecordedRow { id: row.get(0)?, realm: row.get(1)?, request: row.get(2)? })).collect()
}

/// A pattern for records whose member has this value. A quote within a text of a record has a backslash before it, so
/// that no text can look like a member.
fn member(name: &str, value: Option<&str>) -> String {
    value.map_or_else(
        || "%".to_owned(),
        |value| format!("%{}%", escape_like(&format!("\"{name}\":{}", serde_json::Value::from(value)))),
    )
}

/// Records of a realm that are not older than this (Unix milliseconds), as JSON.
pub(crate) async fn since(database: &Database, realm_id: &str, time_ms: i64) -> Result<Vec<String>, StoreError> {
    let rows = database
        .scan(
            "SELECT record FROM decisions WHERE realm_id = $1 AND time_ms >= $2 ORDER BY number DESC LIMIT $3",
            values![realm_id, time_ms, KEPT],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}
