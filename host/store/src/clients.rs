//! Table `clients`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use matricula_contract::secrets;
use matricula_contract::server_attributes::{self, HELD, HIBERNATED, ROTATED_SECRET};
use matricula_contract::server_clients::is_of_the_server;
use matricula_contract::{Attribute, Client};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::deliveries::{self, Carrier};
use super::policies::{self, OfToken, Policy};
use super::tombstones::{self, Removal};
use super::{
    Database, Lost, Row, StoreError, Value, Write, client_software, document, escape_like, realms, removed_clients,
    values,
};
use matricula_system::clock;

/// Where a client came from: who registered it, and what decided.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// `default`, `openid-connect`, …
    pub provider: String,
    /// `anonymous`, `initial-access-token`, `registration-access-token` or `bearer`.
    pub kind: String,
    /// Address of the caller.
    pub address: String,
    /// The caller's user, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Id of the decision about the registration.
    pub decision: String,
    /// Name of the initial access token, if it has one; known also after it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// The Client ID Metadata Document that it comes from; absent: it came another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<MetadataDocument>,
    /// Who approved it, if it had to wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Approval>,
}

/// Who approved a client that waited.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Name of the user.
    pub user: String,
    /// Name of the user's realm.
    pub realm: String,
    /// When, Unix milliseconds.
    pub time: i64,
}

/// A Client ID Metadata Document as it was last fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetadataDocument {
    /// When that was, or when its server last said that it is the same: Unix time in milliseconds.
    pub fetched: i64,
    /// Until when it is good, Unix time in milliseconds.
    pub expires: i64,
    /// What its server calls this state of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// SHA-256 of its bytes, hex.
    pub digest: String,
    /// Why the client is disabled, if it is because of its document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl MetadataDocument {
    /// The attributes that documents show.
    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let shown = [
            ("registration.source", Some(CLIENT_ID_METADATA_DOCUMENT.to_owned())),
            ("cimd.fetched", Some(self.fetched.to_string())),
            ("cimd.expires", Some(self.expires.to_string())),
            ("cimd.etag", self.etag.clone()),
            ("cimd.digest", Some(self.digest.clone())),
            ("cimd.problem", self.problem.clone()),
        ];
        shown.into_iter().filter_map(|(name, value)| Some(Attribute { name: name.to_owned(), value: value? }))
    }
}

/// The provider of clients that come from Client ID Metadata Documents.
pub const CLIENT_ID_METADATA_DOCUMENT: &str = "client-id-metadata-document";

/// In which state a client is, of which it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may be used.
    Active,
    /// An administrator disabled it.
    Disabled,
    /// It waits for an administrator.
    Held,
    /// Nobody used it, and it is at no target until somebody does.
    Hibernating,
    /// It is deleted here, while some target has not confirmed it.
    Leaving,
}

impl State {
    const ALL: [State; 5] = [State::Active, State::Disabled, State::Held, State::Hibernating, State::Leaving];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Disabled => "disabled",
            State::Held => "held",
            State::Hibernating => "hibernating",
            State::Leaving => "leaving",
        }
    }

    /// The state with this word.
    pub fn of_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A client as it is stored.
#[derive(Clone)]
pub struct ClientRow {
    /// Internal id.
    pub id: String,
    /// The contract's record, full.
    pub client: Client,
    /// `jti` of the one registration access token that is good.
    pub registration_token_id: Option<String>,
    /// The one before, as long as that is good too.
    pub previous_token: Option<PreviousToken>,
    /// The secret before, as long as its attributes say that it is good too. No document shows it.
    pub rotated_secret: Option<String>,
    /// The initial access token it was registered with.
    pub initial_access_token: Option<String>,
    /// The policies that came with that token.
    pub token_policies: Vec<Arc<Policy>>,
    /// Where it came from; absent: an administrator or the server made it.
    pub origin: Option<Origin>,
    /// Why it waits for an administrator; absent: it does not.
    pub held: Option<String>,
    /// Since when and why it hibernates; absent: it does not.
    pub hibernation: Option<Hibernation>,
    /// It hibernated when it was read.
    pub read_asleep: bool,
    /// It has a resource server.
    pub resource_server: bool,
    /// Unix seconds.
    pub created_at: i64,
    /// Grows with each update.
    pub version: i64,
    /// Of its latest state: grows over the realm. 0: a client of the server as it was made.
    pub generation: i64,
    /// Grows when its secrets change.
    pub secrets_version: i64,
    /// The secrets that it was read with; absent: it was not.
    pub read_with: Option<Secrets>,
}

/// A registration access token that is good until the one that took its place is used.
#[derive(Clone, Debug)]
pub struct PreviousToken {
    /// Its `jti`.
    pub id: String,
    /// It is good until then at most, Unix milliseconds.
    pub until_ms: i64,
}

/// Since when and why a client hibernates.
#[derive(Clone, Debug)]
pub struct Hibernation {
    /// Unix milliseconds.
    pub since_ms: i64,
    /// The rule of the realm that put it to sleep; absent: somebody did.
    pub rule: Option<String>,
}

/// What is told to a target once, until it changes.
#[derive(Clone, PartialEq)]
pub struct Secrets {
    secret: Option<String>,
    keys: Vec<Attribute>,
}

impl Secrets {
    fn of(client: &Client) -> Secrets {
        let keys = client.attributes.iter().filter(|attribute| secrets::is_key(&attribute.name));
        Secrets { secret: client.secret.clone(), keys: keys.cloned().collect() }
    }
}

impl ClientRow {
    /// A client that is stored nowhere.
    pub fn unstored(client: Client) -> ClientRow {
        ClientRow {
            id: client.id.clone().unwrap_or_default(),
            client,
            registration_token_id: None,
            previous_token: None,
            rotated_secret: None,
            initial_access_token: None,
            token_policies: Vec::new(),
            origin: None,
            held: None,
            hibernation: None,
            read_asleep: false,
            resource_server: false,
            created_at: clock::now(),
            version: 1,
            generation: 0,
            secrets_version: 1,
            read_with: None,
        }
    }

    /// The policies that its initial access token brought.
    pub fn of_token(&self) -> OfToken<'_> {
        OfToken {
            policies: &self.token_policies,
            id: self.initial_access_token.as_deref().unwrap_or_default(),
            name: self.origin.as_ref().and_then(|origin| origin.token_name.as_deref()),
        }
    }

    /// Whether its secrets are others than it was read with.
    pub(super) fn has_other_secrets(&self) -> bool {
        self.read_with.as_ref() != Some(&Secrets::of(&self.client))
    }

    /// The identifier in the protocol.
    pub fn client_id(&self) -> &str {
        self.client.client_id.as_deref().unwrap_or_default()
    }

    /// Whether it waits for an administrator.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The client as documents show it: what the server keeps of it is among the attributes.
    pub fn shown(&self) -> Cow<'_, Client> {
        let since = self.hibernation.as_ref().map(|hibernation| (HIBERNATED, hibernation.since_ms.to_string()));
        let held = self.held.clone().map(|reason| (HELD, reason));
        let mut client = Cow::Borrowed(&self.client);
        for (name, value) in held.into_iter().chain(since) {
            client.to_mut().attributes.push(Attribute { name: name.to_owned(), value });
        }
        if let Some(document) = self.document() {
            client.to_mut().attributes.extend(document.attributes());
        }
        client
    }

    /// In which state it is, unless it leaves.
    pub fn state(&self) -> State {
        if self.is_held() {
            State::Held
        } else if self.hibernation.is_some() {
            State::Hibernating
        } else if self.enabled() {
            State::Active
        } else {
            State::Disabled
        }
    }

    /// The Client ID Metadata Document that it comes from, if it does.
    pub fn document(&self) -> Option<&MetadataDocument> {
        self.origin.as_ref()?.document.as_ref()
    }

    /// Whether it may be used.
    pub fn enabled(&self) -> bool {
        self.client.enabled.unwrap_or(true)
    }
}

/// The columns of a [`ClientRow`], in the order in which `row` reads them, and others behind them.
macro_rules! select {
    ($rest:literal) => {
        $crate::clients::select!("", $rest)
    };
    ($more:literal, $rest:literal) => {
        $crate::clients::select!($more, "clients", $rest)
    };
    ($more:literal, $table:literal, $rest:literal) => {
        concat!(
            "SELECT id, document, registration_token_id, initial_access_token, token_policies, resource_server, created_at, \
             version, origin, CASE WHEN held THEN coalesce(held_reason, '') END, generation, secrets_version, \
             hibernated_ms, hibernated_by, previous_token_id, previous_token_until_ms",
            $more,
            " FROM ",
            $table,
            " ",
            $rest
        )
    };
}

/// The columns of a [`ClientRow`] and the names of its roles in alphabetical order; either kind of database makes a list
/// of rows in its own words.
macro_rules! select_with_roles {
    (sqlite, $rest:literal) => {
        $crate::clients::select!(
            ", (SELECT json_group_array(r.name ORDER BY r.name) FROM roles r \
             WHERE r.realm_id = $1 AND r.client = clients.id)",
            $rest
        )
    };
    (postgres, $rest:literal) => {
        $crate::clients::select!(
            ", (SELECT coalesce(json_agg(r.name ORDER BY r.name), '[]')::text FROM roles r \
             WHERE r.realm_id = $1 AND r.client = clients.id)",
            $rest
        )
    };
}
pub(super) use {select, select_with_roles};

/// How many columns a [`ClientRow`] has.
pub(super) const COLUMNS: usize = 16;

pub(super) fn row(row: &Row) -> Result<ClientRow, StoreError> {
    row_at(row, 0)
}

/// The client whose columns begin here.
pub(super) fn row_at(row: &Row, first: usize) -> Result<ClientRow, StoreError> {
    let id: String = row.get(first)?;
    let token_policies: Option<String> = row.get(first + 4)?;
    let mut client = document::decode(&id, row.get(first + 1)?)?;
    // Nodes of releases before kept it there; what callers put there beside it never counted.
    let kept = server_attributes::take_from(&mut client.attributes);
    let held: Option<String> = row.get(first + 9)?;
    let hibernation = match row.get(first + 12)? {
        Some(since_ms) => Some(Hibernation { since_ms, rule: row.get(first + 13)? }),
        None => None,
    };
    let previous_token = match row.get(first + 14)? {
        Some(token_id) => Some(PreviousToken { id: token_id, until_ms: row.get(first + 15)? }),
        None => None,
    };
    Ok(ClientRow {
        previous_token,
        rotated_secret: kept.rotated_secret,
        read_asleep: hibernation.is_some(),
        hibernation,
        read_with: Some(Secrets::of(&client)),
        client,
        id,
        held: held.map(|reason| if reason.is_empty() { kept.held.unwrap_or_default() } else { reason }),
        registration_token_id: row.get(first + 2)?,
        initial_access_token: row.get(first + 3)?,
        token_policies: token_policies.as_deref().map(policies::read_list).transpose()?.unwrap_or_default(),
        resource_server: row.get(first + 5)?,
        created_at: row.get(first + 6)?,
        version: row.get(first + 7)?,
        origin: row.get::<Option<String>>(first + 8)?.map(|text| read_origin(&text)).transpose()?,
        generation: row.get(first + 10)?,
        secrets_version: row.get(first + 11)?,
    })
}

/// The client and roles whose columns begin here, if there is one.
pub(super) fn read_with_roles(row: &Row, first: usize) -> Result<Option<(ClientRow, Vec<String>)>, StoreError> {
    match row.get::<Option<String>>(first)? {
        Some(_) => Ok(Some((row_at(row, first)?, row.json(first + COLUMNS)?))),
        None => Ok(None),
    }
}

pub(super) fn read_origin(text: &str) -> Result<Origin, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The client with this `client_id`, compared exactly.
pub async fn by_client_id(
    database: &Database,
    realm_id: &str,
    client_id: &str,
) -> Result<Option<ClientRow>, StoreError> {
    let found = database.first(select!("WHERE realm_id = $1 AND client_id = $2"), values![realm_id, client_id]).await?;
    found.as_ref().map(row).transpose()
}

/// The client with this `client_id` and the names of its roles in alphabetical order.
pub async fn with_roles(
    database: &Database,
    realm_id: &str,
    client_id: &str,
) -> Result<Option<(ClientRow, Vec<String>)>, StoreError> {
    let sql = match database {
        Database::Sqlite(_) => select_with_roles!(sqlite, "WHERE realm_id = $1 AND client_id = $2"),
        Database::Postgres(..) => select_with_roles!(postgres, "WHERE realm_id = $1 AND client_id = $2"),
    };
    match database.first(sql, values![realm_id, client_id]).await? {
        Some(found) => read_with_roles(&found, 0),
        None => Ok(None),
    }
}

/// The client with this internal id.
pub async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<ClientRow>, StoreError> {
    let found = database.first(select!("WHERE realm_id = $1 AND id = $2"), values![realm_id, id]).await?;
    found.as_ref().map(row).transpose()
}

/// Whether a new client may have this id and `client_id`.
pub async fn is_free(
    database: &Database,
    realm_id: &str,
    id: &str,
    client_id: &str,
) -> Result<Option<Taken>, StoreError> {
    // Lookups by a key each. With OR instead PostgreSQL may choose to read all clients of the realm, and keep to that plan.
    // A client that leaves keeps its names until each target has confirmed.
    let found = database
        .first(
            "SELECT (SELECT TRUE FROM clients WHERE realm_id = $1 AND client_id = $3), \
             (SELECT TRUE FROM clients WHERE realm_id = $1 AND id = $2), \
             EXISTS (SELECT 1 FROM leaving_clients WHERE realm_id = $1 AND client_id = $3), \
             (SELECT TRUE FROM leaving_clients WHERE realm_id = $1 AND id = $2)",
            values![realm_id, id, client_id],
        )
        .await?;
    let Some(found) = found else { return Ok(None) };
    let has = |column| found.get::<Option<bool>>(column).map(|found| found == Some(true));
    Ok(if has(0)? || has(2)? {
        Some(Taken::ClientId)
    } else if has(1)? || has(3)? {
        Some(Taken::Id)
    } else {
        None
    })
}

/// What a new client wants and another has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The internal id.
    Id,
    /// The identifier in the protocol.
    ClientId,
}

/// Clients that wait for an administrator, oldest first, from the `first`th on, at most `max`.
pub async fn held(database: &Database, realm_id: &str, first: i64, max: i64) -> Result<Vec<ClientRow>, StoreError> {
    let rows = database
        .scan(
            select!("WHERE realm_id = $1 AND held ORDER BY created_at, id LIMIT $2 OFFSET $3"),
            values![realm_id, max, first],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Clients in the order of their `client_id`: those behind `after` (all: the empty text) that have `part` in it, whatever
/// the case, without the first `first` of them, at most `max`.
///
/// What is passed over is passed over in the index by `client_id`; only clients that are given are read.
pub async fn list(
    database: &Database,
    realm_id: &str,
    part: Option<&str>,
    after: &str,
    first: i64,
    max: i64,
) -> Result<Vec<ClientRow>, StoreError> {
    let rows = match part {
        None if first == 0 => return behind(database, realm_id, after, max).await,
        None => {
            database
                .scan(
                    select!(
                        "WHERE realm_id = $1 AND client_id >= (SELECT client_id FROM clients \
                         WHERE realm_id = $1 AND client_id > $2 ORDER BY client_id LIMIT 1 OFFSET $4) \
                         ORDER BY client_id LIMIT $3"
                    ),
                    values![realm_id, after, max, first],
                )
                .await?
        }
        Some(part) => {
            // SQLite's LIKE does not mind the case of ASCII letters, as its lower() does not know others.
            let sql = match database {
                Database::Sqlite(_) => select!(
                    "WHERE realm_id = $1 AND client_id IN (SELECT client_id FROM clients \
                     WHERE realm_id = $1 AND client_id > $2 AND client_id LIKE $5 ESCAPE '\\' \
                     ORDER BY client_id LIMIT $3 OFFSET $4) ORDER BY client_id"
                ),
                Database::Postgres(..) => select!(
                    "WHERE realm_id = $1 AND client_id IN (SELECT client_id FROM clients \
                     WHERE realm_id = $1 AND client_id > $2 AND lower(client_id) LIKE $5 ESCAPE '\\' \
                     ORDER BY client_id LIMIT $3 OFFSET $4) ORDER BY client_id"
                ),
            };
            database.scan(sql, values![realm_id, after, max, first, format!("%{}%", escape_like(part))]).await?
        }
    };
    rows.iter().map(row).collect()
}

/// Clients that are deleted here and may still be at some target, in the order of their internal ids.
pub async fn leaving(database: &Database, realm_id: &str, first: i64, max: i64) -> Result<Vec<ClientRow>, StoreError> {
    let rows = database
        .scan(
            select!(
                "",
                "leaving_clients",
                "WHERE realm_id = $1 AND proposed_by IS NULL ORDER BY id LIMIT $2 OFFSET $3"
            ),
            values![realm_id, max, first],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// The client with this internal id that is deleted here and may still be at some target.
pub async fn leaving_by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<ClientRow>, StoreError> {
    let sql = select!("", "leaving_clients", "WHERE realm_id = $1 AND id = $2 AND proposed_by IS NULL");
    let found = database.first(sql, values![realm_id, id]).await?;
    found.as_ref().map(row).transpose()
}

/// Clients in one state, which is not [`State::Leaving`], as [`list`] gives them.
pub async fn in_state(
    database: &Database,
    realm_id: &str,
    state: State,
    part: Option<&str>,
    after: &str,
    (first, max): (i64, i64),
) -> Result<Vec<ClientRow>, StoreError> {
    macro_rules! of_state {
        ($condition:literal) => {
            concat!(
                select!("WHERE realm_id = $1 AND client_id > $2 AND "),
                $condition,
                " AND ($5 IS NULL OR lower(client_id) LIKE $5 ESCAPE '\\') ORDER BY client_id LIMIT $3 OFFSET $4"
            )
        };
    }
    let sql = match state {
        State::Active => of_state!("enabled AND hibernated_ms IS NULL"),
        State::Disabled => of_state!("NOT enabled AND NOT held"),
        State::Held => of_state!("held"),
        State::Hibernating => of_state!("hibernated_ms IS NOT NULL"),
        State::Leaving => return Ok(Vec::new()),
    };
    let part = part.map(|part| format!("%{}%", escape_like(part)));
    let rows = database.scan(sql, values![realm_id, after, max, first, part]).await?;
    rows.iter().map(row).collect()
}

/// Clients whose latest state some target lacks, in the order of their internal ids.
pub async fn pending(database: &Database, realm_id: &str, first: i64, max: i64) -> Result<Vec<ClientRow>, StoreError> {
    let rows = database
        .scan(
            select!(
                "WHERE realm_id = $1 AND id IN (SELECT client FROM deliveries WHERE realm_id = $1 \
                 AND (due_ms IS NOT NULL OR refused)) ORDER BY id LIMIT $2 OFFSET $3"
            ),
            values![realm_id, max, first],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Those of these clients, by their internal ids, that hibernate.
pub async fn hibernating(database: &Database, realm_id: &str, ids: &[&str]) -> Result<Vec<ClientRow>, StoreError> {
    // Both kinds of database read a list from JSON, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            select!("WHERE realm_id = $1 AND hibernated_ms IS NOT NULL AND id IN (SELECT value FROM json_each($2))")
        }
        Database::Postgres(..) => select!(
            "WHERE realm_id = $1 AND hibernated_ms IS NOT NULL \
             AND id IN (SELECT jsonb_array_elements_text($2::text::jsonb))"
        ),
    };
    let rows = database.scan(sql, values![realm_id, serde_json::json!(ids).to_string()]).await?;
    rows.iter().map(row).collect()
}

/// The clients with these `client_id`; those that are not there are left out.
pub async fn by_client_ids(
    database: &Database,
    realm_id: &str,
    client_ids: &[&str],
) -> Result<Vec<ClientRow>, StoreError> {
    let sql = match database {
        Database::Sqlite(_) => select!("WHERE realm_id = $1 AND client_id IN (SELECT value FROM json_each($2))"),
        Database::Postgres(..) => {
            select!("WHERE realm_id = $1 AND client_id IN (SELECT jsonb_array_elements_text($2::text::jsonb))")
        }
    };
    let rows = database.scan(sql, values![realm_id, serde_json::json!(client_ids).to_string()]).await?;
    rows.iter().map(row).collect()
}

/// How many clients wait for an administrator; counted up to `at_most`.
pub async fn count_held(database: &Database, realm_id: &str, at_most: i64) -> Result<u64, StoreError> {
    let row = database
        .first(
            "SELECT count(*) FROM (SELECT 1 FROM clients WHERE realm_id = $1 AND held LIMIT $2) AS waiting",
            values![realm_id, at_most],
        )
        .await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}

/// Every client behind this `client_id`, in that order, at most `max`; the empty text is before all.
pub async fn behind(
    database: &Database,
    realm_id: &str,
    client_id: &str,
    max: i64,
) -> Result<Vec<ClientRow>, StoreError> {
    let rows = database
        .scan(
            select!("WHERE realm_id = $1 AND client_id > $2 ORDER BY client_id LIMIT $3"),
            values![realm_id, client_id, max],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Internal ids of clients by `client_id`; those that are not there are left out.
pub async fn ids(
    database: &Database,
    realm_id: &str,
    client_ids: &[&str],
) -> Result<HashMap<String, String>, StoreError> {
    // Both kinds of database read a list from JSON, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            "SELECT client_id, id FROM clients WHERE realm_id = $1 AND client_id IN (SELECT value FROM json_each($2))"
        }
        Database::Postgres(..) => {
            "SELECT client_id, id FROM clients WHERE realm_id = $1 \
             AND client_id IN (SELECT jsonb_array_elements_text($2::text::jsonb))"
        }
    };
    let rows = database.all(sql, values![realm_id, serde_json::json!(client_ids).to_string()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The text that adds a client, with the word for its generation.
macro_rules! insert {
    ($generation:literal) => {
        concat!(
            "INSERT INTO clients (realm_id, id, client_id, enabled, document, registration_token_id, \
             initial_access_token, token_policies, held, held_reason, resource_server, created_at, updated_at, version, \
             origin, generation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $13, $10, $11, $11, 1, $12, ",
            $generation,
            ") ON CONFLICT DO NOTHING"
        )
    };
}

/// Adds a client, which the write counts; [`Lost::Taken`] when its id or `client_id` is in use.
pub fn insert(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) -> Result<(), StoreError> {
    let mut values = inserted(realm_id, client)?;
    values.push(Value::Generation);
    write.require(insert!("$14"), values, Lost::Taken);
    deliveries::deliver(write, realm_id, client, carrier);
    Ok(())
}

/// Adds a client of the server: nobody is told of it, so it has no generation. The realm's counter is not touched.
pub fn insert_of_server(write: &mut Write, realm_id: &str, client: &ClientRow) -> Result<(), StoreError> {
    write.require(insert!("0"), inserted(realm_id, client)?, Lost::Taken);
    Ok(())
}

/// The document as it is stored: with the secret before, which no other one has.
fn encoded(client: &ClientRow) -> Result<Vec<u8>, StoreError> {
    let Some(rotated) = &client.rotated_secret else { return document::encode(&client.id, &client.client) };
    let mut whole = client.client.clone();
    whole.attributes.push(Attribute { name: ROTATED_SECRET.to_owned(), value: rotated.clone() });
    document::encode(&client.id, &whole)
}

fn inserted(realm_id: &str, client: &ClientRow) -> Result<Vec<Value>, StoreError> {
    Ok(values![
        realm_id,
        &client.id,
        client.client_id(),
        client.enabled(),
        encoded(client)?,
        client.registration_token_id.clone(),
        client.initial_access_token.clone(),
        (!client.token_policies.is_empty()).then(|| policies::list_to_json(&client.token_policies)),
        client.is_held(),
        client.resource_server,
        client.created_at,
        client.origin.as_ref().map(|origin| serde_json::json!(origin).to_string()),
        client.held.clone(),
    ])
}

/// Replaces a client that still is as it was read: [`Lost::Changed`] when somebody was faster. One that hibernates from now
/// on does not count any more, one that is revived does again; no limit holds for it.
pub fn update(write: &mut Write, realm_id: &str, client: &ClientRow, carrier: &Carrier) -> Result<(), StoreError> {
    let sleeps = client.hibernation.is_some();
    match (client.read_asleep, sleeps) {
        (false, true) => realms::discount_client(write, realm_id),
        (true, false) => realms::count_client(write, realm_id, &[]),
        _ => realms::count_change(write, realm_id),
    }
    if client.read_asleep != sleeps {
        client_software::set_awake(write, realm_id, &client.id, !sleeps);
    }
    write.replace(
        "UPDATE clients SET client_id = $3, enabled = $4, document = $5, registration_token_id = $6, \
         resource_server = $7, updated_at = $8, held = $9, held_reason = $11, version = version + 1, generation = $12, \
         secrets_version = secrets_version + $13, hibernated_ms = $14, hibernated_by = $15, previous_token_id = $16, \
         previous_token_until_ms = $17 \
         WHERE realm_id = $1 AND id = $2 AND version = $10",
        values![
            realm_id,
            &client.id,
            client.client_id(),
            client.enabled(),
            encoded(client)?,
            client.registration_token_id.clone(),
            client.resource_server,
            clock::now(),
            client.is_held(),
            client.version,
            client.held.clone(),
            Value::Generation,
            i64::from(client.has_other_secrets()),
            client.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
            client.hibernation.as_ref().and_then(|hibernation| hibernation.rule.clone()),
            client.previous_token.as_ref().map(|token| token.id.clone()),
            client.previous_token.as_ref().map(|token| token.until_ms),
        ],
        Lost::Changed,
    );
    if !is_of_the_server(&client.client) {
        deliveries::deliver(write, realm_id, client, carrier);
    }
    Ok(())
}

/// Replaces the registration access token of a client that still is as it was read: [`Lost::Changed`] when somebody was
/// faster. The client is what it was: its generation stays.
pub fn replace_token(write: &mut Write, realm_id: &str, client: &ClientRow) {
    write.replace(
        "UPDATE clients SET registration_token_id = $3, previous_token_id = NULL, previous_token_until_ms = NULL, \
         updated_at = $4, version = version + 1 \
         WHERE realm_id = $1 AND id = $2 AND version = $5",
        values![realm_id, &client.id, client.registration_token_id.clone(), clock::now(), client.version],
        Lost::Changed,
    );
}

/// Ends the registration access token before the one that is good, which was used now.
pub fn end_previous_token(write: &mut Write, realm_id: &str, client: &ClientRow) {
    write.run(
        "UPDATE clients SET previous_token_id = NULL, previous_token_until_ms = NULL \
         WHERE realm_id = $1 AND id = $2 AND registration_token_id = $3",
        values![realm_id, &client.id, client.registration_token_id.clone()],
    );
}

/// Stores what is known of the document that a client comes from, beside any change of the client: who follows the
/// changes of the realm is told of the client only.
pub fn keep_document(write: &mut Write, realm_id: &str, id: &str, origin: &Origin) {
    write.run(
        "UPDATE clients SET origin = $3 WHERE realm_id = $1 AND id = $2",
        values![realm_id, id, serde_json::json!(origin).to_string()],
    );
}

/// Notes who approved a client, in the write that does so.
pub fn note_approval(write: &mut Write, realm_id: &str, client: &ClientRow, approval: Approval) {
    // A client that is older than that column came from nobody knows where.
    let Some(origin) = client.origin.clone() else { return };
    let origin = Origin { approved_by: Some(approval), ..origin };
    write.run(
        "UPDATE clients SET origin = $3 WHERE realm_id = $1 AND id = $2",
        values![realm_id, &client.id, serde_json::json!(origin).to_string()],
    );
}

/// Lets the client stay until the end of the write, which adds something to it: [`Lost::Changed`] when it is gone.
pub fn keep(write: &mut Write, realm_id: &str, id: &str) {
    write.require(
        "UPDATE clients SET version = version WHERE realm_id = $1 AND id = $2",
        values![realm_id, id],
        Lost::Changed,
    );
}

/// Removes a client that still is as it was read, and its roles: [`Lost::Changed`] when somebody was faster. It is counted,
/// and remembered for those who follow the changes of the realm.
/// It leaves: until each target that may have it has confirmed, its names stay in use.
pub fn delete(write: &mut Write, realm_id: &str, client: &ClientRow, removal: Removal<'_>, carrier: &Carrier) {
    match client.read_asleep {
        true => realms::count_change(write, realm_id),
        false => realms::discount_client(write, realm_id),
    }
    deliveries::withdraw(write, realm_id, client, carrier);
    tombstones::insert(write, realm_id, client, removal);
    delete_of_server(write, realm_id, client);
    removed_clients::insert(write, realm_id, client);
}

/// The same for a client of the server: neither counted nor remembered.
pub fn delete_of_server(write: &mut Write, realm_id: &str, client: &ClientRow) {
    write.replace(
        "DELETE FROM clients WHERE realm_id = $1 AND id = $2 AND version = $3",
        values![realm_id, &client.id, client.version],
        Lost::Changed,
    );
    write.run("DELETE FROM roles WHERE realm_id = $1 AND client = $2", values![realm_id, &client.id]);
    write.run("DELETE FROM users WHERE realm_id = $1 AND service_account_client = $2", values![realm_id, &client.id]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use crate::Store;
    use serde_json::json;

    #[tokio::test]
    async fn every_change_of_a_client_takes_the_next_generation_of_its_realm() {
        let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        let mut write = Write::default();
        for realm_id in ["r", "other"] {
            let realm = "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $1, TRUE, '{}', 0)";
            write.run(realm, values![realm_id]);
            write.run("INSERT INTO realm_counters (realm_id, clients) VALUES ($1, 0)", values![realm_id]);
        }
        store.writer.write(write).await.unwrap();
        let row = |id: &str| {
            let client = json!({ "id": id, "client_id": id, "attributes": [] });
            ClientRow::unstored(serde_json::from_value(client).unwrap())
        };
        let added = ["a", "b", "c", "taken", "taken"].map(|id| {
            let mut write = Write::default();
            realms::count_client(&mut write, "r", &[]);
            insert(&mut write, "r", &row(id), &Carrier::default()).unwrap();
            store.writer.write(write)
        });
        let added = futures_util::future::join_all(added).await;
        assert_eq!(added.iter().filter(|added| added.is_ok()).count(), 4);
        let read = async |id: &str| by_id(&store.database, "r", id).await.unwrap();
        let mut seen = Vec::new();
        for id in ["a", "b", "c", "taken"] {
            seen.push(read(id).await.unwrap().generation);
        }
        let mut distinct = seen.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 4, "{seen:?}");
        let mut write = Write::default();
        update(&mut write, "r", &read("a").await.unwrap(), &Carrier::default()).unwrap();
        store.writer.write(write).await.unwrap();
        let changed = read("a").await.unwrap();
        assert!(Some(&changed.generation) > distinct.last());
        let mut write = Write::default();
        replace_token(&mut write, "r", &changed);
        store.writer.write(write).await.unwrap();
        let with_token = read("a").await.unwrap();
        assert_eq!((with_token.generation, with_token.version), (changed.generation, changed.version + 1));
        let mut write = Write::default();
        let removal = Removal { rule: None, kept_for: 60 };
        delete(&mut write, "r", &with_token, removal, &Carrier::default());
        store.writer.write(write).await.unwrap();
        assert!(read("a").await.is_none());
        let gone = "SELECT generation, client_id FROM removed_clients WHERE realm_id = 'r'";
        let gone = store.database.first(gone, values![]).await.unwrap().unwrap();
        assert!(gone.get::<i64>(0).unwrap() > changed.generation);
        assert_eq!(gone.get::<String>(1).unwrap(), "a");
    }

    #[tokio::test]
    async fn who_was_held_before_there_was_a_column_still_is() {
        let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        let mut write = Write::default();
        let realm = "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $1, TRUE, '{}', 0)";
        write.run(realm, values!["r"]);
        for (id, held) in [("waits", true), ("pretends", false)] {
            let attributes = json!([{ "name": HELD, "value": "why" }, { "name": "life.hibernated", "value": "1" },
                { "name": "colour", "value": "blue" }]);
            let client = json!({ "id": id, "client_id": id, "attributes": attributes });
            let row = ClientRow::unstored(serde_json::from_value(client).unwrap());
            insert(&mut write, "r", &row, &Carrier::default()).unwrap();
            write.run("UPDATE clients SET held = $2 WHERE realm_id = 'r' AND id = $1", values![id, held]);
        }
        store.writer.write(write).await.unwrap();
        let read = async |id: &str| by_id(&store.database, "r", id).await.unwrap().unwrap();
        let colour = vec![Attribute { name: "colour".to_owned(), value: "blue".to_owned() }];
        let waits = read("waits").await;
        assert_eq!((waits.held.as_deref(), &waits.client.attributes), (Some("why"), &colour));
        assert_eq!(waits.shown().attributes.last().map(|attribute| attribute.value.as_str()), Some("why"));
        let pretends = read("pretends").await;
        assert_eq!((pretends.held, pretends.client.attributes), (None, colour));
        // A change brings the reason into its column, and the end of the wait takes it away.
        for held in [waits.held.clone(), None] {
            let mut write = Write::default();
            update(&mut write, "r", &ClientRow { held: held.clone(), ..read("waits").await }, &Carrier::default())
                .unwrap();
            store.writer.write(write).await.unwrap();
            assert_eq!(read("waits").await.held, held);
        }
        let left = store.database.first("SELECT held_reason FROM clients WHERE id = 'waits'", values![]).await.unwrap();
        assert_eq!(left.unwrap().get::<Option<String>>(0).unwrap(), None);
    }
}
