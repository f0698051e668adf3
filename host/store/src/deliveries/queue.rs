//! What is to be done next at a target, and which node does it.
//!
//! A node is at a delivery when its name stands there, and lives as long as it says so. What a write of this node leaves
//! to be done has its name from the beginning, so nothing has to be stored before the target is called; the rest is taken
//! by a statement that finds it untaken.

use crate::{Database, Lost, Row, StoreError, Write, Writer, values};
use matricula_system::clock;

/// How long a node lives after it said so.
pub const LIFE_MS: i64 = 12_000;

/// Which delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Internal id of the realm.
    pub realm_id: String,
    /// Internal id.
    pub client: String,
    /// Name of the target.
    pub target: String,
}

/// A delivery as whoever carries it out needs it.
#[derive(Clone, Debug)]
pub struct Due {
    /// Of which client at which target.
    pub key: Key,
    /// The client, as callers name it.
    pub client_id: String,
    /// The target shall have it; if not, it shall not.
    pub present: bool,
    /// That of the state which the target shall have.
    pub generation: i64,
    /// In vain, since the last change.
    pub attempts: i64,
    /// This node is at it already.
    pub is_ours: bool,
    /// Version of the secrets that the target has.
    pub delivered_secrets: Option<i64>,
    /// What the next task needs to know (contract: `known`).
    pub known: Option<Vec<u8>>,
    /// The client that the target had under this name becomes ours.
    pub adopts: bool,
}

macro_rules! due {
    ($rest:literal) => {
        concat!(
            "SELECT client, client_id, present, generation, attempts, coalesce(node = $3, FALSE), delivered_secrets, known, \
             adopts \
             FROM deliveries WHERE realm_id = $1 AND target = $2 ",
            $rest
        )
    };
}

fn row(row: &Row, realm_id: &str, target: &str) -> Result<Due, StoreError> {
    Ok(Due {
        key: Key { realm_id: realm_id.to_owned(), client: row.get(0)?, target: target.to_owned() },
        client_id: row.get(1)?,
        present: row.get(2)?,
        generation: row.get(3)?,
        attempts: row.get(4)?,
        is_ours: row.get(5)?,
        delivered_secrets: row.get(6)?,
        known: row.get(7)?,
        adopts: row.get(8)?,
    })
}

/// What is due at a target and nobody else is at, the most urgent first, at most `max`.
pub async fn due(
    database: &Database,
    realm_id: &str,
    target: &str,
    node: &str,
    max: i64,
) -> Result<Vec<Due>, StoreError> {
    let rows = database
        .all(
            due!(
                "AND due_ms <= $4 AND (node IS NULL OR node = $3 OR NOT EXISTS \
                 (SELECT 1 FROM delivering_nodes n WHERE n.id = deliveries.node AND n.alive_until_ms > $4)) \
                 ORDER BY rank, due_ms LIMIT $5"
            ),
            values![realm_id, target, node, clock::now_ms(), max],
        )
        .await?;
    rows.iter().map(|found| row(found, realm_id, target)).collect()
}

/// One delivery as it is now.
pub async fn again(database: &Database, key: &Key, node: &str) -> Result<Option<Due>, StoreError> {
    let found = database.first(due!("AND client = $4"), values![&key.realm_id, &key.target, node, &key.client]).await?;
    found.map(|found| row(&found, &key.realm_id, &key.target)).transpose()
}

/// When the next one of a target becomes due.
pub async fn next(database: &Database, realm_id: &str, target: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(due_ms) FROM deliveries WHERE realm_id = $1 AND target = $2 AND due_ms > $3";
    let found = database.scan(sql, values![realm_id, target, clock::now_ms()]).await?;
    found.first().map_or(Ok(None), |row| row.get(0))
}

/// Takes a delivery for this node; `false` when another was faster.
pub async fn take(writer: &Writer, key: &Key, node: &str) -> Result<bool, StoreError> {
    let mut write = Write::default();
    write.require(
        "UPDATE deliveries SET node = $4 WHERE realm_id = $1 AND client = $2 AND target = $3 AND due_ms <= $5 \
         AND (node IS NULL OR node = $4 OR NOT EXISTS \
         (SELECT 1 FROM delivering_nodes n WHERE n.id = deliveries.node AND n.alive_until_ms > $5))",
        values![&key.realm_id, &key.client, &key.target, node, clock::now_ms()],
        Lost::Changed,
    );
    match writer.write(write).await {
        Ok(()) => Ok(true),
        Err(StoreError::Lost(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says that a node lives, and forgets those that do not.
pub async fn live(writer: &Writer, node: &str) -> Result<(), StoreError> {
    let now = clock::now_ms();
    let mut write = Write::default();
    write.run(
        "INSERT INTO delivering_nodes (id, alive_until_ms) VALUES ($1, $2) \
         ON CONFLICT (id) DO UPDATE SET alive_until_ms = excluded.alive_until_ms",
        values![node, now + LIFE_MS],
    );
    write.run("DELETE FROM delivering_nodes WHERE alive_until_ms < $1", values![now - 10 * LIFE_MS]);
    writer.write(write).await
}

/// Ends a node's life: what it is at is everybody's at once. Without a name: all of them, where nobody shares the
/// database.
pub async fn end(writer: &Writer, node: Option<&str>) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run("DELETE FROM delivering_nodes WHERE $1 IS NULL OR id = $1", values![node]);
    writer.write(write).await
}
