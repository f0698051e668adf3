//! Table `pending_registrations`: registrations whose callers wait for an approval, and for a while what became of them.
//!
//! One is made with its held client, in one write. Whoever changes its state names the one that it was read in, so of
//! several that end it at the same time one does. Of its codes only hashes are here.

use std::collections::HashMap;

use super::clients::{self, ClientRow, select};
use super::{Database, Lost, Row, StoreError, Write, Writer, initial_access_tokens, values};
use matricula_system::clock;

/// How long one that came to nothing is remembered after its end.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// SHA-256 of a code.
pub type CodeHash = [u8; 32];

/// How far one has come. One that was fetched or cancelled is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// Nobody has decided.
    Waiting,
    /// The client may be fetched.
    Approved,
    /// An administrator refused.
    Refused,
    /// It ended before its client was fetched.
    Expired,
}

impl PendingState {
    const ALL: [PendingState; 4] =
        [PendingState::Waiting, PendingState::Approved, PendingState::Refused, PendingState::Expired];

    fn as_str(self) -> &'static str {
        match self {
            PendingState::Waiting => "waiting",
            PendingState::Approved => "approved",
            PendingState::Refused => "refused",
            PendingState::Expired => "expired",
        }
    }
}

/// What is stored of a registration that waits.
#[derive(Clone, Debug)]
pub struct PendingRow {
    /// Hash of the code that its caller has.
    pub registration_code: Vec<u8>,
    /// Id of the realm.
    pub realm_id: String,
    /// Internal id of the client.
    pub client: String,
    /// How far it has come.
    pub state: PendingState,
    /// When it came, Unix milliseconds.
    pub requested_ms: i64,
    /// When it ends, Unix milliseconds.
    pub expires_ms: i64,
    /// Seconds between two polls.
    pub poll_interval: i64,
    /// Address of the caller.
    pub address: String,
    /// What the caller's address counts as; absent: it came with a token.
    pub network: Option<String>,
    /// The initial access token that a use was taken of.
    pub initial_access_token: Option<String>,
    /// `anonymous` or `authenticated`: the policies that the client is under.
    pub registration_auth: String,
    /// Origins for the client's registration access token.
    pub allowed_origins: Vec<String>,
    /// The client is there, whatever its state: nobody else deleted it.
    pub has_client: bool,
}

impl PendingRow {
    /// Whether its time is over at this moment, Unix milliseconds.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.expires_ms <= now_ms
    }
}

/// How many may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In a realm.
    pub of_realm: i64,
    /// In a realm from one address.
    pub of_network: i64,
}

/// The columns of a [`PendingRow`], in the order in which `row` reads them.
macro_rules! select_pending {
    ($rest:literal) => {
        concat!(
            "SELECT registration_code, realm_id, client, state, requested_ms, expires_ms, poll_interval, address, network, \
             initial_access_token, registration_auth, allowed_origins, EXISTS (SELECT 1 FROM clients c \
             WHERE c.realm_id = pending_registrations.realm_id AND c.id = pending_registrations.client) \
             FROM pending_registrations ",
            $rest
        )
    };
}

fn row(row: &Row) -> Result<PendingRow, StoreError> {
    let state = row.text(3)?;
    let state = PendingState::ALL.into_iter().find(|known| known.as_str() == state);
    Ok(PendingRow {
        registration_code: row.get(0)?,
        realm_id: row.get(1)?,
        client: row.get(2)?,
        state: state.ok_or_else(|| StoreError::Damaged("a pending registration has no known state".to_owned()))?,
        requested_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        poll_interval: row.get(6)?,
        address: row.get(7)?,
        network: row.get(8)?,
        initial_access_token: row.get(9)?,
        registration_auth: row.get(10)?,
        allowed_origins: row.json(11)?,
        has_client: row.get(12)?,
    })
}

/// Adds one, whose client is counted by this write: [`Lost::TooMany`] when so many wait already, [`Lost::Taken`] when one
/// of its codes is in use.
pub fn insert(write: &mut Write, pending: &PendingRow, verification_code: &CodeHash, limits: Limits) {
    // The write holds the realm's counter since it counted the client: nobody else adds one meanwhile.
    write.require(
        "UPDATE realm_counters SET clients = clients WHERE realm_id = $1 AND (SELECT count(*) FROM pending_registrations \
         WHERE realm_id = $1 AND state = 'waiting' AND expires_ms > $2) < $3 AND ($4 IS NULL OR (SELECT count(*) \
         FROM pending_registrations WHERE realm_id = $1 AND network = $4 AND state = 'waiting' AND expires_ms > $2) < $5)",
        values![
            &pending.realm_id,
            pending.requested_ms,
            limits.of_realm,
            pending.network.clone(),
            limits.of_network
        ],
        Lost::TooMany,
    );
    write.require(
        "INSERT INTO pending_registrations (registration_code, verification_code, realm_id, client, state, requested_ms, \
         expires_ms, poll_interval, address, network, initial_access_token, registration_auth, allowed_origins) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        values![
            pending.registration_code.clone(),
            verification_code.to_vec(),
            &pending.realm_id,
            &pending.client,
            pending.state.as_str(),
            pending.requested_ms,
            pending.expires_ms,
            pending.poll_interval,
            &pending.address,
            pending.network.clone(),
            pending.initial_access_token.clone(),
            &pending.registration_auth,
            serde_json::json!(pending.allowed_origins).to_string(),
        ],
        Lost::Taken,
    );
}

/// That of a registration code.
pub async fn by_registration_code(
    database: &Database,
    realm_id: &str,
    code: &CodeHash,
) -> Result<Option<PendingRow>, StoreError> {
    let sql = select_pending!("WHERE registration_code = $1 AND realm_id = $2");
    database.first(sql, values![code.to_vec(), realm_id]).await?.as_ref().map(row).transpose()
}

/// That of a verification code.
pub async fn by_verification_code(
    database: &Database,
    realm_id: &str,
    code: &CodeHash,
) -> Result<Option<PendingRow>, StoreError> {
    let sql = select_pending!("WHERE verification_code = $1 AND realm_id = $2");
    database.first(sql, values![code.to_vec(), realm_id]).await?.as_ref().map(row).transpose()
}

/// That of a client, by its internal id.
pub async fn of_client(database: &Database, realm_id: &str, client: &str) -> Result<Option<PendingRow>, StoreError> {
    let sql = select_pending!("WHERE realm_id = $1 AND client = $2");
    database.first(sql, values![realm_id, client]).await?.as_ref().map(row).transpose()
}

/// Those that wait in a realm at this moment, Unix milliseconds, with their clients: oldest first, from the `first`th on,
/// at most `max`.
pub async fn waiting(
    database: &Database,
    realm_id: &str,
    now_ms: i64,
    (first, max): (i64, i64),
) -> Result<Vec<(PendingRow, ClientRow)>, StoreError> {
    let sql = select_pending!(
        "WHERE realm_id = $1 AND state = 'waiting' AND expires_ms > $2 ORDER BY requested_ms, client LIMIT $3 OFFSET $4"
    );
    let pending = database.scan(sql, values![realm_id, now_ms, max, first]).await?;
    let pending: Vec<PendingRow> = pending.iter().map(row).collect::<Result<_, _>>()?;
    let ids: Vec<&str> = pending.iter().map(|pending| pending.client.as_str()).collect();
    // Both kinds of database read a list from JSON, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => select!("WHERE realm_id = $1 AND id IN (SELECT value FROM json_each($2))"),
        Database::Postgres(..) => {
            select!("WHERE realm_id = $1 AND id IN (SELECT jsonb_array_elements_text($2::text::jsonb))")
        }
    };
    let rows = database.scan(sql, values![realm_id, serde_json::json!(ids).to_string()]).await?;
    let found = rows.iter().map(|row| clients::row(row).map(|client| (client.id.clone(), client)));
    let mut found: HashMap<String, ClientRow> = found.collect::<Result<_, _>>()?;
    // A client that went in between is left out.
    Ok(pending.into_iter().filter_map(|one| found.remove(&one.client).map(|client| (one, client))).collect())
}

/// Those of all realms that ended before this moment, Unix milliseconds, and whose clients were not fetched: at most `max`.
pub async fn over(database: &Database, now_ms: i64, max: i64) -> Result<Vec<PendingRow>, StoreError> {
    let sql = select_pending!(
        "WHERE expires_ms <= $1 AND state IN ('waiting', 'approved') ORDER BY expires_ms, registration_code LIMIT $2"
    );
    database.scan(sql, values![now_ms, max]).await?.iter().map(row).collect()
}

/// Brings one that still is as it was read into another state: [`Lost::Changed`] when somebody was faster.
pub fn change(write: &mut Write, pending: &PendingRow, state: PendingState) {
    write.replace(
        "UPDATE pending_registrations SET state = $3 WHERE registration_code = $1 AND state = $2",
        values![pending.registration_code.clone(), pending.state.as_str(), state.as_str()],
        Lost::Changed,
    );
}

/// Removes one that still is as it was read: [`Lost::Changed`] when somebody was faster.
pub fn delete(write: &mut Write, pending: &PendingRow) {
    write.replace(
        "DELETE FROM pending_registrations WHERE registration_code = $1 AND state = $2",
        values![pending.registration_code.clone(), pending.state.as_str()],
        Lost::Changed,
    );
}

/// Gives back the use that was taken of an initial access token, as no client comes of it.
pub fn give_back(write: &mut Write, pending: &PendingRow) {
    if let Some(token) = &pending.initial_access_token {
        initial_access_tokens::give_back(write, &pending.realm_id, token);
    }
}

/// Forgets those that ended long ago.
pub(super) async fn forget(writer: &Writer) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run(
        "DELETE FROM pending_registrations WHERE expires_ms < $1 AND state IN ('refused', 'expired')",
        values![clock::now_ms() - KEPT_MS],
    );
    writer.write(write).await
}
