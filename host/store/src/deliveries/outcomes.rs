//! How a task at a target ended. What changed meanwhile stays to be done; what another node took meanwhile is none of ours.

use super::queue::{Due, Key};
use crate::{StoreError, Write, Writer, values};
use matricula_system::clock;

/// What is known of a client at a target after a put.
pub struct Delivered {
    /// That of the state which was put.
    pub generation: i64,
    /// Of the secrets that the target has now; absent: none.
    pub secrets: Option<i64>,
    /// What the next task needs to know (contract: `known`).
    pub known: Option<Vec<u8>>,
    /// The target's id of the client.
    pub key: Option<String>,
    /// Of the owned fields as the target shows them.
    pub fingerprint: Option<String>,
    /// JSON.
    pub shown: Option<String>,
    /// JSON.
    pub losses: Option<String>,
    /// Whether it can be looked at, and was.
    pub drift: Option<&'static str>,
}

/// The target has the client.
pub async fn delivered(writer: &Writer, key: &Key, node: &str, now: &Delivered) -> Result<(), StoreError> {
    let mut write = Write::default();
    record(&mut write, key, node, now);
    writer.write(write).await
}

/// The same as a part of a write.
pub(super) fn record(write: &mut Write, key: &Key, node: &str, now: &Delivered) {
    write.run(
        "UPDATE deliveries SET delivered_generation = $5, delivered_secrets = $6, known = $7, key = $8, fingerprint = $9, \
         shown = $10, losses = $11, drift = $12, checked_ms = $13, attempts = 0, refused = FALSE, message = NULL, \
         adopts = FALSE, \
         since_ms = CASE WHEN generation <= $5 THEN $13 ELSE since_ms END, \
         due_ms = CASE WHEN generation <= $5 THEN NULL ELSE due_ms END, \
         node = CASE WHEN generation <= $5 THEN NULL ELSE node END \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![
            &key.realm_id,
            &key.client,
            &key.target,
            node,
            now.generation,
            now.secrets,
            now.known.clone(),
            now.key.clone(),
            now.fingerprint.clone(),
            now.shown.clone(),
            now.losses.clone(),
            now.drift,
            clock::now_ms(),
        ],
    );
    well(write, key);
}

/// The target has not the client any more. A client that left goes for good with its last target.
pub async fn removed(writer: &Writer, key: &Key, node: &str, generation: i64) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "DELETE FROM deliveries WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4 AND NOT present \
         AND generation <= $5",
        values![&key.realm_id, &key.client, &key.target, node, generation],
    );
    // It came back meanwhile: as one that never was there.
    write.run(
        "UPDATE deliveries SET delivered_generation = NULL, delivered_secrets = NULL, known = NULL, key = NULL, \
         fingerprint = NULL, shown = NULL, losses = NULL, drift = NULL, attempts = 0, message = NULL \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![&key.realm_id, &key.client, &key.target, node],
    );
    gone(&mut write, &key.realm_id, &key.client);
    well(&mut write, key);
    writer.write(write).await
}

/// The target was asked to change what it does not have: the next put begins as if it had never been there.
pub async fn missing(writer: &Writer, key: &Key, node: &str) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "UPDATE deliveries SET delivered_generation = NULL, delivered_secrets = NULL, known = NULL, key = NULL, \
         fingerprint = NULL, shown = NULL, losses = NULL, drift = NULL \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![&key.realm_id, &key.client, &key.target, node],
    );
    writer.write(write).await
}

/// The target never takes this state.
pub async fn refused(
    writer: &Writer,
    due: &Due,
    node: &str,
    generation: i64,
    message: &str,
    pauses: bool,
) -> Result<(), StoreError> {
    let key = &due.key;
    let mut write = Write::default();
    write.run(
        "UPDATE deliveries SET attempts = 0, message = $6, refused = generation <= $5, adopts = FALSE, \
         due_ms = CASE WHEN generation <= $5 THEN NULL ELSE due_ms END, \
         node = CASE WHEN generation <= $5 THEN NULL ELSE node END \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![&key.realm_id, &key.client, &key.target, node, generation, message],
    );
    if pauses {
        write.run(
            "UPDATE targets SET paused = TRUE, version = version + 1 WHERE realm_id = $1 AND name = $2",
            values![&key.realm_id, &key.target],
        );
        write.run(
            "UPDATE target_standings SET message = $3 WHERE realm_id = $1 AND name = $2",
            values![&key.realm_id, &key.target, message],
        );
    } else {
        well(&mut write, key);
    }
    writer.write(write).await
}

/// This time not: when it is tried again, and when anything is asked of the target again, if it asked for a pause.
pub struct Failure<'a> {
    /// The target's words, without secrets.
    pub message: &'a str,
    /// When it is tried again, Unix time in milliseconds.
    pub again_ms: i64,
    /// Until when nothing is asked of the target.
    pub pause_until_ms: Option<i64>,
}

/// Failures in a row after which a target rests.
pub const IN_A_ROW: i64 = 5;
/// How long it rests.
const REST_MS: i64 = 30_000;

/// This time not.
pub async fn failed(writer: &Writer, key: &Key, node: &str, failure: &Failure<'_>) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "UPDATE deliveries SET attempts = attempts + 1, message = $5, due_ms = $6, node = NULL \
         WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![&key.realm_id, &key.client, &key.target, node, failure.message, failure.again_ms],
    );
    let now = clock::now_ms();
    write.run(
        "UPDATE target_standings SET failures = failures + 1, message = $3, \
         not_before_ms = CASE WHEN failures + 1 >= $4 AND $5 > $6 THEN $5 WHEN $6 > not_before_ms THEN $6 \
         ELSE not_before_ms END WHERE realm_id = $1 AND name = $2",
        values![
            &key.realm_id,
            &key.target,
            failure.message,
            IN_A_ROW,
            now + REST_MS,
            failure.pause_until_ms.unwrap_or_default(),
        ],
    );
    writer.write(write).await
}

/// Gives a delivery back that was not tried.
pub async fn given_back(writer: &Writer, key: &Key, node: &str) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "UPDATE deliveries SET node = NULL WHERE realm_id = $1 AND client = $2 AND target = $3 AND node = $4",
        values![&key.realm_id, &key.client, &key.target, node],
    );
    writer.write(write).await
}

/// The target answered.
fn well(write: &mut Write, key: &Key) {
    write.run(
        "UPDATE target_standings SET failures = 0, not_before_ms = 0, message = NULL \
         WHERE realm_id = $1 AND name = $2 AND (failures > 0 OR message IS NOT NULL)",
        values![&key.realm_id, &key.target],
    );
}

/// Forgets a client that left, if no target has it any more.
pub fn gone(write: &mut Write, realm_id: &str, client: &str) {
    write.run(
        "DELETE FROM leaving_clients WHERE realm_id = $1 AND id = $2 AND proposed_by IS NULL \
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.realm_id = $1 AND d.client = $2)",
        values![realm_id, client],
    );
}
