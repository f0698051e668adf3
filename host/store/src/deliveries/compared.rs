//! Deliveries beside what their target shows: which of them a sweep compares, and what it finds.
//!
//! Whatever a sweep found is stored only while the delivery is as it was when the target was looked at: what happens beside
//! a sweep is newer than what it saw.

use std::collections::HashMap;

use super::queue::Key;
use crate::{Database, Lost, Row, StoreError, Write, Writer, realms, values};
use matricula_system::clock;

/// A delivery that a sweep compares.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Internal id of the client.
    pub client: String,
    /// The client, as callers name it.
    pub client_id: String,
    /// Nothing is to be done.
    pub is_delivered: bool,
    /// The target never takes it as it is.
    pub is_refused: bool,
    /// What an earlier task returned (contract: `known`).
    pub known: Option<Vec<u8>>,
    /// The target's id of it.
    pub key: Option<String>,
    /// Of the owned fields as the target showed them after the last put.
    pub fingerprint: Option<String>,
    /// These fields, JSON.
    pub shown: Option<String>,
    generation: i64,
    checked_ms: Option<i64>,
}

/// The next deliveries of clients that a target shall have, behind this internal id.
pub async fn behind(
    database: &Database,
    realm_id: &str,
    target: &str,
    client: &str,
    max: i64,
) -> Result<Vec<Compared>, StoreError> {
    let sql = "SELECT client, client_id, due_ms IS NULL AND NOT refused AS is_delivered, refused, known, key, fingerprint, \
               shown, generation, checked_ms FROM deliveries WHERE realm_id = $1 AND target = $2 AND present \
               AND client > $3 ORDER BY client LIMIT $4";
    let read = |row: &Row| {
        Ok(Compared {
            client: row.get(0)?,
            client_id: row.get(1)?,
            is_delivered: row.get(2)?,
            is_refused: row.get(3)?,
            known: row.get(4)?,
            key: row.get(5)?,
            fingerprint: row.get(6)?,
            shown: row.get(7)?,
            generation: row.get(8)?,
            checked_ms: row.get(9)?,
        })
    };
    database.scan(sql, values![realm_id, target, client, max]).await?.iter().map(read).collect()
}

/// A text for both kinds of database, each of which reads a list from JSON in its own words.
macro_rules! with_list {
    ($database:expr, $before:literal, $list:literal, $after:literal) => {
        match $database {
            Database::Sqlite(_) => concat!($before, "(SELECT value FROM json_each(", $list, "))", $after),
            Database::Postgres(..) => {
                concat!($before, "(SELECT jsonb_array_elements_text(", $list, "::text::jsonb))", $after)
            }
        }
    };
}

fn json(list: &[&str]) -> String {
    serde_json::json!(list).to_string()
}

/// Which of these clients have a delivery to a target, by internal id: with their `client_id` and what is known of them.
pub async fn of_clients(
    database: &Database,
    realm_id: &str,
    target: &str,
    clients: &[&str],
) -> Result<HashMap<String, (String, Option<Vec<u8>>)>, StoreError> {
    let sql = with_list!(
        database,
        "SELECT client, client_id, known FROM deliveries WHERE realm_id = $1 AND target = $2 AND client IN ",
        "$3",
        ""
    );
    let rows = database.all(sql, values![realm_id, target, json(clients)]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).collect()
}

/// Whether a client is known here, by its internal id or its `client_id`: also one that leaves or is not there yet, and what
/// only a target still has.
pub async fn is_known(database: &Database, key: &Key, client_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM clients WHERE realm_id = $1 AND id = $2) \
               OR EXISTS (SELECT 1 FROM clients WHERE realm_id = $1 AND client_id = $4) \
               OR EXISTS (SELECT 1 FROM leaving_clients WHERE realm_id = $1 AND id = $2) \
               OR EXISTS (SELECT 1 FROM leaving_clients WHERE realm_id = $1 AND client_id = $4) \
               OR EXISTS (SELECT 1 FROM deliveries WHERE realm_id = $1 AND client = $2 AND target = $3) AS is_known";
    let rows = database.all(sql, values![&key.realm_id, &key.client, &key.target, client_id]).await?;
    rows.first().map_or(Ok(false), |row| row.get(0))
}

/// The target has these clients as it had them after their last put.
pub async fn same(
    (database, writer): (&Database, &Writer),
    realm_id: &str,
    target: &str,
    clients: &[&str],
) -> Result<(), StoreError> {
    let sql = with_list!(
        database,
        "UPDATE deliveries SET drift = 'none', checked_ms = $3 WHERE realm_id = $1 AND target = $2 AND due_ms IS NULL \
         AND NOT refused AND fingerprint IS NOT NULL AND client IN ",
        "$4",
        ""
    );
    let mut write = Write::default();
    write.run(sql, values![realm_id, target, clock::now_ms(), json(clients)]);
    writer.write(write).await
}

/// What a sweep found of a client.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a> {
    /// The target has it no more: it is put again as if it had never been there, with its secret.
    Missing,
    /// Its owned fields are others.
    Different {
        /// It is put again.
        repairs: bool,
    },
    /// It is not ours there: the put is refused with these words.
    Unmarked(&'a str),
}

/// Stores what a sweep found, and which node takes care of it; `false`: the delivery is not as it was any more.
pub async fn found(
    writer: &Writer,
    key: &Key,
    was: &Compared,
    finding: Finding<'_>,
    node: Option<&str>,
) -> Result<bool, StoreError> {
    let mut write = Write::default();
    let now = clock::now_ms();
    let mut values =
        values![&key.realm_id, &key.client, &key.target, was.generation, was.checked_ms.unwrap_or_default(), now];
    let sql = match finding {
        Finding::Missing => {
            values.push(node.into());
            "UPDATE deliveries SET drift = 'missing', due_ms = $6, since_ms = $6, rank = 2, attempts = 0, message = NULL, \
             node = $7, delivered_generation = NULL, delivered_secrets = NULL, known = NULL, key = NULL, \
             fingerprint = NULL, shown = NULL, losses = NULL, checked_ms = $6 WHERE realm_id = $1 AND client = $2 \
             AND target = $3 AND generation = $4 AND coalesce(checked_ms, 0) = $5 AND present AND due_ms IS NULL \
             AND NOT refused"
        }
        Finding::Different { repairs: true } => {
            values.push(node.into());
            "UPDATE deliveries SET drift = 'different', due_ms = $6, since_ms = $6, rank = 2, attempts = 0, message = NULL, \
             node = $7, checked_ms = $6 WHERE realm_id = $1 AND client = $2 AND target = $3 AND generation = $4 \
             AND coalesce(checked_ms, 0) = $5 AND present AND due_ms IS NULL AND NOT refused"
        }
        Finding::Different { repairs: false } => {
            "UPDATE deliveries SET drift = 'different', checked_ms = $6 WHERE realm_id = $1 AND client = $2 \
             AND target = $3 AND generation = $4 AND coalesce(checked_ms, 0) = $5 AND present AND due_ms IS NULL \
             AND NOT refused"
        }
        Finding::Unmarked(message) => {
            values.push(message.into());
            "UPDATE deliveries SET drift = 'different', refused = TRUE, message = $7, checked_ms = $6, \
             since_ms = CASE WHEN refused THEN since_ms ELSE $6 END WHERE realm_id = $1 AND client = $2 AND target = $3 \
             AND generation = $4 AND coalesce(checked_ms, 0) = $5 AND present AND due_ms IS NULL"
        }
    };
    write.require(sql, values, Lost::Changed);
    stored(writer, write).await
}

/// Whether a delivery still is as it was.
pub async fn is_as_before(database: &Database, key: &Key, was: &Compared) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM deliveries WHERE realm_id = $1 AND client = $2 AND target = $3 AND generation = $4 \
               AND coalesce(checked_ms, 0) = $5 AND present AND due_ms IS NULL AND refused = $6";
    let values = values![
        &key.realm_id,
        &key.client,
        &key.target,
        was.generation,
        was.checked_ms.unwrap_or_default(),
        was.is_refused
    ];
    Ok(!database.all(sql, values).await?.is_empty())
}

/// Removes what a target has of a client that nobody here knows: by a delivery, so that it is done after what else is
/// under way for it, and before what comes. `false`: it is known by now.
pub async fn remove_unknown(
    writer: &Writer,
    key: &Key,
    client_id: &str,
    known: &[u8],
    node: Option<&str>,
) -> Result<bool, StoreError> {
    let mut write = Write::default();
    // Whoever makes a client of this name does it before or after.
    realms::count_change(&mut write, &key.realm_id);
    write.require(
        "INSERT INTO deliveries (realm_id, client, target, client_id, present, generation, rank, due_ms, since_ms, node, \
         known) SELECT t.realm_id, $2, t.name, $4, FALSE, 0, 2, $5, $5, $6, $7 FROM targets t WHERE t.realm_id = $1 \
         AND t.name = $3 \
         AND NOT EXISTS (SELECT 1 FROM clients c WHERE c.realm_id = $1 AND c.id = $2) \
         AND NOT EXISTS (SELECT 1 FROM clients c WHERE c.realm_id = $1 AND c.client_id = $4) \
         AND NOT EXISTS (SELECT 1 FROM leaving_clients c WHERE c.realm_id = $1 AND c.client_id = $4) \
         ON CONFLICT DO NOTHING",
        values![&key.realm_id, &key.client, &key.target, client_id, clock::now_ms(), node, known.to_vec()],
        Lost::Changed,
    );
    stored(writer, write).await
}

async fn stored(writer: &Writer, write: Write) -> Result<bool, StoreError> {
    match writer.write(write).await {
        Ok(()) => Ok(true),
        Err(StoreError::Lost(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// How far a delivery is that a sweep made due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Under way.
    Open,
    /// The target has it.
    Put,
    /// Refused, failed twice, or its target is not asked for anything.
    InVain,
}

/// How far these deliveries are, by internal id of the client; one that has gone is left out.
pub async fn progress(
    database: &Database,
    realm_id: &str,
    target: &str,
    clients: &[&str],
) -> Result<HashMap<String, Progress>, StoreError> {
    let sql = with_list!(
        database,
        "SELECT d.client, d.due_ms IS NULL AS is_over, (d.refused OR d.attempts > 1 OR t.paused OR NOT t.enabled) AS in_vain \
         FROM deliveries d JOIN targets t ON t.realm_id = d.realm_id AND t.name = d.target \
         WHERE d.realm_id = $1 AND d.target = $2 AND d.client IN ",
        "$3",
        ""
    );
    let rows = database.all(sql, values![realm_id, target, json(clients)]).await?;
    let read = |row: &Row| {
        let progress = match (row.get::<bool>(1)?, row.get::<bool>(2)?) {
            (_, true) => Progress::InVain,
            (true, false) => Progress::Put,
            (false, false) => Progress::Open,
        };
        Ok((row.get(0)?, progress))
    };
    rows.iter().map(read).collect()
}

/// The client that a target has under this name becomes ours at the next put, with its secret; [`Lost::Changed`]: the
/// target shall not have it.
pub fn adopt(write: &mut Write, key: &Key, node: Option<&str>) {
    write.require(
        "UPDATE deliveries SET adopts = TRUE, due_ms = $4, rank = 1, attempts = 0, refused = FALSE, message = NULL, \
         delivered_generation = NULL, delivered_secrets = NULL, known = NULL, key = NULL, fingerprint = NULL, shown = NULL, \
         losses = NULL, drift = NULL, node = coalesce(node, $5) \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND present",
        values![&key.realm_id, &key.client, &key.target, clock::now_ms(), node],
        Lost::Changed,
    );
}
