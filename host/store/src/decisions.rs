//! Table `decision_records`: what the policies decided, for as long as it is of interest.
//!
//! Ids begin with the time (`ids.rs`), so their order is that of the decisions and a time is found by its id.

use super::packing::DECISIONS;
use super::{Database, Row, StoreError, Write, values};

/// Records of a realm that are kept.
pub(super) const KEPT: i64 = 10_000;
/// Age after which a record goes, in milliseconds: 7 days.
pub(super) const AGE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Records that a search unpacks at a time.
const STEP: i64 = 200;

/// A registration that can be run again.
pub struct RecordedRow {
    /// Id of the decision.
    pub id: String,
    /// Name of the realm.
    pub realm: String,
    /// What was asked.
    pub request: Vec<u8>,
}

/// Adds a record (JSON), and what was asked if it was a registration.
pub fn insert(write: &mut Write, realm_id: &str, id: &str, record: String, request: Option<Vec<u8>>) {
    let (record, request) = (DECISIONS.pack(record.into_bytes()), request.map(|request| DECISIONS.pack(request)));
    write.run(
        "INSERT INTO decision_records (realm_id, id, record, request) VALUES ($1, $2, $3, $4)",
        values![realm_id, id, record, request],
    );
}

/// What all ids since this time (Unix milliseconds) are behind.
pub(super) fn first_id(time_ms: i64) -> String {
    let time = format!("{:012x}", time_ms.max(0));
    let (high, low) = time.split_at(time.len() - 4);
    format!("{high}-{low}")
}

/// Which records to list.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// The one with this id.
    pub id: Option<&'a str>,
    /// Those with this outcome.
    pub outcome: Option<&'a str>,
    /// Those about the client with this `client_id`, whatever the case.
    pub client_id: Option<&'a str>,
    /// Those that were refused because a component had no answer.
    pub failed: bool,
    /// Those that a watched version would have decided otherwise, or alike.
    pub differs: Option<bool>,
    /// Those with this text anywhere, whatever the case.
    pub text: Option<&'a str>,
}

/// Records of a realm as JSON, newest first: those that the filter finds from the `first`th on, at most `max`.
pub async fn list(
    database: &Database,
    realm_id: &str,
    filter: &Filter<'_>,
    first: i64,
    max: i64,
) -> Result<Vec<String>, StoreError> {
    if let Some(id) = filter.id {
        let rows = database
            .all("SELECT record FROM decision_records WHERE realm_id = $1 AND id = $2", values![realm_id, id])
            .await?;
        return rows.iter().map(record).collect();
    }
    let wanted = filter.wanted();
    if wanted.is_empty() {
        let rows = database
            .scan(
                "SELECT record FROM decision_records WHERE realm_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3",
                values![realm_id, max, first],
            )
            .await?;
        return rows.iter().map(record).collect();
    }
    let (first, max) = (usize::try_from(first).unwrap_or(0), usize::try_from(max).unwrap_or(usize::MAX));
    let (mut passed, mut found) = (0, Vec::new());
    // Behind every id.
    let mut before = "~".to_owned();
    while found.len() < max {
        let rows = database
            .scan(
                "SELECT record, id FROM decision_records WHERE realm_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                values![realm_id, before, STEP],
            )
            .await?;
        let Some(last) = rows.last() else { break };
        before = last.get(1)?;
        for row in &rows {
            let record = record(row)?;
            let text = record.to_lowercase();
            if wanted.iter().all(|wanted| text.contains(wanted)) {
                passed += 1;
                if passed > first && found.len() < max {
                    found.push(record);
                }
            }
        }
    }
    Ok(found)
}

impl Filter<'_> {
    /// The texts that a record has when it is looked for, in lower case.
    fn wanted(&self) -> Vec<String> {
        let outcome = self.outcome.map(|value| member("outcome", value));
        let client_id = self.client_id.map(|value| member("clientId", value));
        let failed = self.failed.then(|| member("failed", true));
        let differs = self.differs.map(|differs| member("differs", differs));
        let text = self.text.map(str::to_owned);
        [outcome, client_id, failed, differs, text].into_iter().flatten().map(|wanted| wanted.to_lowercase()).collect()
    }
}

/// A member as it stands in a record. A quote within a text of a record has a backslash before it, so that no text can
/// look like a member.
fn member(name: &str, value: impl Into<serde_json::Value>) -> String {
    format!("\"{name}\":{}", value.into())
}

/// The first column as JSON.
fn record(row: &Row) -> Result<String, StoreError> {
    String::from_utf8(DECISIONS.unpack(row.get(0)?)?).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The last registrations of all realms, newest first.
pub async fn recorded(database: &Database, last: u32) -> Result<Vec<RecordedRow>, StoreError> {
    // Each realm's last are found by their index; each kind of database needs to be told so in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            "SELECT d.id, realms.name, d.request FROM realms CROSS JOIN decision_records d \
             ON d.realm_id = realms.id AND d.id IN (SELECT l.id FROM decision_records l \
             WHERE l.realm_id = realms.id AND l.request IS NOT NULL ORDER BY l.id DESC LIMIT $1) \
             ORDER BY d.id DESC LIMIT $1"
        }
        Database::Postgres(..) => {
            "SELECT d.id, realms.name, d.request FROM realms CROSS JOIN LATERAL (SELECT l.id, l.request \
             FROM decision_records l WHERE l.realm_id = realms.id AND l.request IS NOT NULL \
             ORDER BY l.id DESC LIMIT $1) d ORDER BY d.id DESC LIMIT $1"
        }
    };
    let rows = database.scan(sql, values![i64::from(last)]).await?;
    rows.iter()
        .map(|row| Ok(RecordedRow { id: row.get(0)?, realm: row.get(1)?, request: DECISIONS.unpack(row.get(2)?)? }))
        .collect()
}

/// Records of a realm that are not older than this (Unix milliseconds), as JSON.
pub async fn since(database: &Database, realm_id: &str, time_ms: i64) -> Result<Vec<String>, StoreError> {
    let rows = database
        .scan(
            "SELECT record FROM decision_records WHERE realm_id = $1 AND id >= $2 ORDER BY id DESC LIMIT $3",
            values![realm_id, first_id(time_ms), KEPT],
        )
        .await?;
    rows.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, ids};

    #[test]
    fn ids_lie_behind_the_first_id_of_their_time_and_before_that_of_a_later_one() {
        let before = clock::now_ms();
        let id = ids::fresh();
        assert!(first_id(before) < id && id < first_id(clock::now_ms() + 1));
    }

    #[test]
    fn a_text_cannot_look_like_a_member() {
        let record = serde_json::json!({"outcome": "accept", "message": "\"outcome\":\"reject\""}).to_string();
        let filter = Filter { outcome: Some("reject"), ..Filter::default() };
        assert!(!filter.wanted().iter().all(|wanted| record.contains(wanted)));
    }
}
