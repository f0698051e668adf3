//! Deliveries as administrators see them and requests wait for them, and what administrators do about them.

use serde::Serialize;
use utoipa::ToSchema;

use super::outcomes::gone;
use crate::{Database, Lost, Row, StoreError, Write, values};
use matricula_system::clock;

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Due, or under way; nothing went wrong yet.
    Pending,
    /// The target has the latest state.
    Delivered,
    /// The target will never take it as it is.
    Refused,
    /// Tried in vain.
    Failing,
    /// To be removed at the target.
    Leaving,
    /// Due, but the target is paused or disabled.
    Paused,
}

impl State {
    /// The state of this name.
    pub fn of_name(name: &str) -> Option<State> {
        Some(match name {
            "pending" => State::Pending,
            "delivered" => State::Delivered,
            "refused" => State::Refused,
            "failing" => State::Failing,
            "leaving" => State::Leaving,
            "paused" => State::Paused,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Delivered => "delivered",
            State::Refused => "refused",
            State::Failing => "failing",
            State::Leaving => "leaving",
            State::Paused => "paused",
        }
    }
}

/// The word for the state, of a delivery `d` at a target `t`.
macro_rules! state {
    () => {
        "CASE WHEN NOT d.present THEN 'leaving' WHEN d.refused THEN 'refused' WHEN d.due_ms IS NULL THEN 'delivered' \
         WHEN t.paused OR NOT t.enabled THEN 'paused' WHEN d.attempts > 0 THEN 'failing' ELSE 'pending' END AS state"
    };
}

/// A delivery, shown.
#[derive(Debug)]
pub struct Shown {
    /// Internal id of the client.
    pub client: String,
    /// The client, as callers name it.
    pub client_id: String,
    /// Name of the target.
    pub target: String,
    /// How far it is.
    pub state: State,
    /// That of the state which the target shall have.
    pub generation: i64,
    /// That of the state which the target has.
    pub delivered_generation: Option<i64>,
    /// In vain, since the last change.
    pub attempts: i64,
    /// Since when the target lacks the latest state, Unix time in milliseconds.
    pub since_ms: i64,
    /// When it is tried next, Unix time in milliseconds.
    pub due_ms: Option<i64>,
    /// What the target said when it failed or refused.
    pub message: Option<String>,
    /// JSON.
    pub losses: Option<String>,
    /// `none`, `different` or `missing`, as last looked at.
    pub drift: Option<String>,
    /// When that was, Unix time in milliseconds.
    pub checked_ms: Option<i64>,
    /// The target's id of the client.
    pub key: Option<String>,
    /// Version of the secrets that the target has.
    pub delivered_secrets: Option<i64>,
    /// The target wants nothing more of us, or is not to be asked for a while.
    pub is_paused: bool,
    /// Failures of the target in a row.
    pub failures: i64,
    /// When it may be asked again.
    pub not_before_ms: i64,
    /// The target has the latest state, and shows nothing of it.
    pub is_unseen: bool,
    /// When the target was made, Unix time in milliseconds.
    pub target_created_ms: i64,
}

macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "SELECT d.client, d.client_id, d.target, ",
            state!(),
            ", d.generation, d.delivered_generation, d.attempts, d.since_ms, d.due_ms, d.message, d.losses, d.drift, \
             d.checked_ms, d.key, d.delivered_secrets, t.paused, s.failures, s.not_before_ms, \
             (d.delivered_generation IS NOT NULL AND d.fingerprint IS NULL) AS is_unseen, t.created_ms \
             FROM deliveries d JOIN targets t ON t.realm_id = d.realm_id AND t.name = d.target \
             JOIN target_standings s ON s.realm_id = d.realm_id AND s.name = d.target WHERE d.realm_id = $1 ",
            $rest
        )
    };
}

fn row(row: &Row) -> Result<Shown, StoreError> {
    let state = row.text(3)?;
    Ok(Shown {
        client: row.get(0)?,
        client_id: row.get(1)?,
        target: row.get(2)?,
        state: State::of_name(state).ok_or_else(|| StoreError::Damaged(format!("delivery in state {state}")))?,
        generation: row.get(4)?,
        delivered_generation: row.get(5)?,
        attempts: row.get(6)?,
        since_ms: row.get(7)?,
        due_ms: row.get(8)?,
        message: row.get(9)?,
        losses: row.get(10)?,
        drift: row.get(11)?,
        checked_ms: row.get(12)?,
        key: row.get(13)?,
        delivered_secrets: row.get(14)?,
        is_paused: row.get(15)?,
        failures: row.get(16)?,
        not_before_ms: row.get(17)?,
        is_unseen: row.get(18)?,
        target_created_ms: row.get(19)?,
    })
}

/// The deliveries of a client, by name of the target.
pub async fn of_client(database: &Database, realm_id: &str, client: &str) -> Result<Vec<Shown>, StoreError> {
    let rows = database.all(shown!("AND d.client = $2 ORDER BY d.target"), values![realm_id, client]).await?;
    rows.iter().map(row).collect()
}

/// The deliveries of a target, those first that wait longest; of one state, if one is named.
pub async fn of_target(
    database: &Database,
    realm_id: &str,
    target: &str,
    state: Option<State>,
    first: i64,
    max: i64,
) -> Result<Vec<Shown>, StoreError> {
    let sql = concat!(
        "SELECT * FROM (",
        shown!("AND d.target = $2"),
        ") AS shown WHERE $3 IS NULL OR state = $3 ORDER BY since_ms, client LIMIT $5 OFFSET $4"
    );
    let rows = database.scan(sql, values![realm_id, target, state.map(State::name), first, max]).await?;
    rows.iter().map(row).collect()
}

/// How many deliveries of a target are in which state, and since when the oldest waits that is not delivered.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Counts {
    /// Due, or under way.
    pub pending: u64,
    /// The target has the latest state.
    pub delivered: u64,
    /// The target will never take it as it is.
    pub refused: u64,
    /// Tried in vain.
    pub failing: u64,
    /// To be removed at the target.
    pub leaving: u64,
    /// Due, but the target is paused or disabled.
    pub paused: u64,
}

/// The counts of each target of a realm by name, with the oldest.
pub async fn counts(database: &Database, realm_id: &str) -> Result<Vec<(String, Counts, Option<i64>)>, StoreError> {
    let sql = concat!(
        "SELECT d.target, ",
        state!(),
        ", count(*), min(d.since_ms) FROM deliveries d \
         JOIN targets t ON t.realm_id = d.realm_id AND t.name = d.target WHERE d.realm_id = $1 GROUP BY 1, 2 ORDER BY 1"
    );
    let mut all: Vec<(String, Counts, Option<i64>)> = Vec::new();
    for found in database.scan(sql, values![realm_id]).await? {
        let target: String = found.get(0)?;
        if all.last().is_none_or(|(name, ..)| *name != target) {
            all.push((target, Counts::default(), None));
        }
        let Some((_, counts, oldest)) = all.last_mut() else { break };
        let count = found.get::<i64>(2)?.unsigned_abs();
        let since: i64 = found.get(3)?;
        let state = State::of_name(found.text(1)?);
        let place = match state {
            Some(State::Pending) => &mut counts.pending,
            Some(State::Delivered) => &mut counts.delivered,
            Some(State::Refused) => &mut counts.refused,
            Some(State::Failing) => &mut counts.failing,
            Some(State::Leaving) => &mut counts.leaving,
            Some(State::Paused) => &mut counts.paused,
            None => continue,
        };
        *place = count;
        if state != Some(State::Delivered) {
            *oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
        }
    }
    Ok(all)
}

/// How many deliveries of a target are not done, and since when the oldest waits.
pub async fn undone(database: &Database, realm_id: &str, target: &str) -> Result<(i64, Option<i64>), StoreError> {
    let sql = "SELECT count(*), min(since_ms) FROM deliveries \
               WHERE realm_id = $1 AND target = $2 AND (due_ms IS NOT NULL OR refused)";
    let found = database.scan(sql, values![realm_id, target]).await?;
    found.first().map_or(Ok((0, None)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Makes a delivery due now; [`Lost::Changed`] when there is none.
pub fn retry(write: &mut Write, realm_id: &str, client: &str, target: &str) {
    write.require(
        "UPDATE deliveries SET due_ms = CASE WHEN due_ms IS NULL AND NOT refused THEN NULL ELSE $4 END, refused = FALSE \
         WHERE realm_id = $1 AND client = $2 AND target = $3",
        values![realm_id, client, target, clock::now_ms()],
        Lost::Changed,
    );
}

/// Makes all due now that are refused or failing, and lets the target be asked.
pub fn retry_all(write: &mut Write, realm_id: &str, target: &str) {
    write.run(
        "UPDATE deliveries SET due_ms = $3, refused = FALSE \
         WHERE realm_id = $1 AND target = $2 AND (refused OR due_ms > $3)",
        values![realm_id, target, clock::now_ms()],
    );
    write.run(
        "UPDATE target_standings SET not_before_ms = 0 WHERE realm_id = $1 AND name = $2",
        values![realm_id, target],
    );
}

/// Ends a delivery that leaves, though the target may still have the client; [`Lost::Changed`] when it does not leave.
pub fn forget(write: &mut Write, realm_id: &str, client: &str, target: &str) {
    write.require(
        "DELETE FROM deliveries WHERE realm_id = $1 AND client = $2 AND target = $3 AND NOT present",
        values![realm_id, client, target],
        Lost::Changed,
    );
    gone(write, realm_id, client);
}
