//! Table `users`: people and service accounts.

use serde::{Deserialize, Serialize};

use super::{Database, Lost, Row, StoreError, Value, Write, escape_like, values};

/// What nobody searches of a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The e-mail address belongs to the user.
    pub email_verified: bool,
}

/// A user as it is stored.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// UUID.
    pub id: String,
    /// Unique in the realm, lower case.
    pub username: String,
    /// Unique in the realm.
    pub email: Option<String>,
    /// A disabled user can do nothing.
    pub enabled: bool,
    /// The rest.
    pub profile: Profile,
    /// Argon2id, PHC string.
    pub password_hash: Option<String>,
    /// Internal id of the client whose service account this is.
    pub service_account_client: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Grows with each change.
    pub version: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, username, email, enabled, profile, password_hash, service_account_client, created_at, version \
             FROM users ",
            $rest
        )
    };
}

fn row(row: &Row) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        enabled: row.get(3)?,
        profile: row.json(4)?,
        password_hash: row.get(5)?,
        service_account_client: row.get(6)?,
        created_at: row.get(7)?,
        version: row.get(8)?,
    })
}

/// The user with this id.
pub async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<UserRow>, StoreError> {
    let found = database.first(select!("WHERE realm_id = $1 AND id = $2"), values![realm_id, id]).await?;
    found.as_ref().map(row).transpose()
}

/// The user with this name, which is compared in lower case.
pub async fn by_username(database: &Database, realm_id: &str, username: &str) -> Result<Option<UserRow>, StoreError> {
    let found = database
        .first(select!("WHERE realm_id = $1 AND username = $2"), values![realm_id, username.to_lowercase()])
        .await?;
    found.as_ref().map(row).transpose()
}

/// The service account of a client.
pub async fn service_account(database: &Database, realm_id: &str, client: &str) -> Result<Option<UserRow>, StoreError> {
    let found = database
        .first(select!("WHERE realm_id = $1 AND service_account_client = $2"), values![realm_id, client])
        .await?;
    found.as_ref().map(row).transpose()
}

/// Which users are wanted. Texts are patterns of LIKE in lower case, see [`exactly`], [`containing`] and [`beginning`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Service accounts too.
    pub service_accounts: bool,
    /// The whole name, in lower case.
    pub exact_username: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// May it do anything?
    pub enabled: Option<bool>,
    /// Does the e-mail address belong to it?
    pub email_verified: Option<bool>,
    /// Each must fit one of the four texts.
    pub words: Vec<String>,
}

/// The pattern of this text alone.
pub fn exactly(text: &str) -> String {
    escape_like(text)
}

/// The pattern of texts with this one in them, in which `%` and `_` stand for anything, as in Keycloak.
pub fn containing(text: &str) -> String {
    format!("%{}%", text.to_lowercase())
}

/// The pattern of texts that begin like this one, in which `*` stands for anything.
pub fn beginning(text: &str) -> String {
    let pattern = escape_like(text).replace('*', "%");
    if pattern.ends_with('%') && !pattern.ends_with("\\%") { pattern } else { pattern + "%" }
}

/// What a filter wants, in the words of either kind of database: `enabled` and so on are parameters that may be absent.
macro_rules! wanted {
    (sqlite, $head:literal, $username:literal, $tail:literal) => {
        wanted!(
            $head,
            $username,
            "lower(json_extract(profile, '$.firstName'))",
            "lower(json_extract(profile, '$.lastName'))",
            "json_extract(profile, '$.emailVerified')",
            "json_each($9) AS word",
            $tail
        )
    };
    (postgres, $head:literal, $username:literal, $tail:literal) => {
        wanted!(
            $head,
            $username,
            "lower(profile::jsonb ->> 'firstName')",
            "lower(profile::jsonb ->> 'lastName')",
            "(profile::jsonb ->> 'emailVerified')::boolean",
            "jsonb_array_elements_text($9::text::jsonb) AS word (value)",
            $tail
        )
    };
    ($head:literal, $username:literal, $first:literal, $last:literal, $verified:literal, $words:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM users WHERE realm_id = $1 AND ($2 OR service_account_client IS NULL) AND ",
            $username,
            " AND ($4 IS NULL OR email LIKE $4 ESCAPE '\\') AND ($5 IS NULL OR ",
            $first,
            " LIKE $5 ESCAPE '\\') AND ($6 IS NULL OR ",
            $last,
            " LIKE $6 ESCAPE '\\') AND ($7 IS NULL OR enabled = $7) AND ($8 IS NULL OR ",
            $verified,
            " = $8) AND NOT EXISTS (SELECT 1 FROM ",
            $words,
            " WHERE NOT (username LIKE word.value ESCAPE '\\' \
                 OR coalesce(email LIKE word.value ESCAPE '\\', FALSE) OR coalesce(",
            $first,
            " LIKE word.value ESCAPE '\\', FALSE) OR coalesce(",
            $last,
            " LIKE word.value ESCAPE '\\', FALSE)))",
            $tail
        )
    };
}

/// The text for either kind of database and with or without a whole name, which an index finds.
macro_rules! text {
    ($database:expr, $filter:expr, $head:literal, $tail:literal) => {
        match ($database, $filter.exact_username.is_some()) {
            (Database::Sqlite(_), true) => wanted!(sqlite, $head, "username = $3", $tail),
            (Database::Sqlite(_), false) => {
                wanted!(sqlite, $head, "($3 IS NULL OR username LIKE $3 ESCAPE '\\')", $tail)
            }
            (Database::Postgres(..), true) => wanted!(postgres, $head, "username = $3", $tail),
            (Database::Postgres(..), false) => {
                wanted!(postgres, $head, "($3 IS NULL OR username LIKE $3 ESCAPE '\\')", $tail)
            }
        }
    };
}

impl UserFilter {
    fn values(&self, realm_id: &str) -> Vec<Value> {
        values![
            realm_id,
            self.service_accounts,
            self.exact_username.clone().or_else(|| self.username.clone()),
            self.email.clone(),
            self.first_name.clone(),
            self.last_name.clone(),
            self.enabled,
            self.email_verified,
            serde_json::json!(self.words).to_string(),
        ]
    }
}

/// Users that are wanted in alphabetical order, without the first `first` of them, at most `max`.
pub async fn list(
    database: &Database,
    realm_id: &str,
    filter: &UserFilter,
    first: i64,
    max: i64,
) -> Result<Vec<UserRow>, StoreError> {
    let rows = if *filter == UserFilter::default() {
        // People have an index of their own.
        let sql =
            select!("WHERE realm_id = $1 AND service_account_client IS NULL ORDER BY username LIMIT $2 OFFSET $3");
        database.scan(sql, values![realm_id, max, first]).await?
    } else {
        let sql = text!(
            database,
            filter,
            "SELECT id, username, email, enabled, profile, password_hash, service_account_client, created_at, version",
            " ORDER BY username LIMIT $10 OFFSET $11"
        );
        let mut values = filter.values(realm_id);
        values.extend(values![max, first]);
        database.scan(sql, values).await?
    };
    rows.iter().map(row).collect()
}

/// How many users are wanted.
pub async fn count(database: &Database, realm_id: &str, filter: &UserFilter) -> Result<i64, StoreError> {
    let sql = text!(database, filter, "SELECT count(*)", "");
    let rows = database.scan(sql, filter.values(realm_id)).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// What another user than this one has already: `username` or `email`.
pub async fn taken(
    database: &Database,
    realm_id: &str,
    id: &str,
    username: &str,
    email: Option<&str>,
) -> Result<Option<&'static str>, StoreError> {
    let found = database
        .first(
            "SELECT username = $3 FROM users WHERE realm_id = $1 AND id <> $2 AND (username = $3 OR email = $4) \
             ORDER BY 1 DESC",
            values![realm_id, id, username, email],
        )
        .await?;
    found.map(|row| Ok(if row.get(0)? { "username" } else { "email" })).transpose()
}

/// Adds a user; [`Lost::Taken`] when name or e-mail address are in use.
pub fn insert(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.require(INSERT, parameters(realm_id, user), Lost::Taken);
}

/// Adds a user unless there is one of this name.
pub fn insert_missing(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.run(INSERT, parameters(realm_id, user));
}

const INSERT: &str = "INSERT INTO users (realm_id, id, username, email, enabled, profile, password_hash, \
     service_account_client, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

fn parameters(realm_id: &str, user: &UserRow) -> Vec<Value> {
    values![
        realm_id,
        &user.id,
        &user.username,
        user.email.clone(),
        user.enabled,
        serde_json::json!(user.profile).to_string(),
        user.password_hash.clone(),
        user.service_account_client.clone(),
        user.created_at,
    ]
}

/// Replaces a user that still is as it was read: [`Lost::Changed`] when somebody was faster.
pub fn update(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.replace(
        "UPDATE users SET username = $3, email = $4, enabled = $5, profile = $6, password_hash = $7, \
         version = version + 1 WHERE realm_id = $1 AND id = $2 AND version = $8",
        values![
            realm_id,
            &user.id,
            &user.username,
            user.email.clone(),
            user.enabled,
            serde_json::json!(user.profile).to_string(),
            user.password_hash.clone(),
            user.version,
        ],
        Lost::Changed,
    );
}

/// Gives a user another password; [`Lost::Changed`] when the user is gone.
pub fn set_password(write: &mut Write, realm_id: &str, id: &str, password_hash: &str) {
    write.require(
        "UPDATE users SET password_hash = $3, version = version + 1 WHERE realm_id = $1 AND id = $2",
        values![realm_id, id, password_hash],
        Lost::Changed,
    );
}

/// Gives the service account of a client the client's new name.
pub fn rename_service_account(write: &mut Write, realm_id: &str, client: &str, username: &str) {
    write.run(
        "UPDATE users SET username = $3, version = version + 1 WHERE realm_id = $1 AND service_account_client = $2",
        values![realm_id, client, username],
    );
}

/// Removes a user, whose sessions and roles go with it.
pub fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.require("DELETE FROM users WHERE realm_id = $1 AND id = $2", values![realm_id, id], Lost::Changed);
}

/// Removes the service account of a client, if it has one.
pub fn delete_service_account(write: &mut Write, realm_id: &str, client: &str) {
    write.run("DELETE FROM users WHERE realm_id = $1 AND service_account_client = $2", values![realm_id, client]);
}
