//! Table `users`: people and service accounts.

use serde::{Deserialize, Serialize};

use super::{Database, Lost, Row, StoreError, Write, escape_like, values};

/// What nobody searches of a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Profile {
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    /// The e-mail address belongs to the user.
    pub(crate) email_verified: bool,
}

/// A user as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct UserRow {
    /// UUID.
    pub(crate) id: String,
    /// Unique in the realm, lower case.
    pub(crate) username: String,
    /// Unique in the realm.
    pub(crate) email: Option<String>,
    /// A disabled user can do nothing.
    pub(crate) enabled: bool,
    /// The rest.
    pub(crate) profile: Profile,
    /// Argon2id, PHC string.
    pub(crate) password_hash: Option<String>,
    /// Internal id of the client whose service account this is.
    pub(crate) service_account_client: Option<String>,
    /// Unix seconds.
    pub(crate) created_at: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, username, email, enabled, profile, password_hash, service_account_client, created_at \
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
    })
}

/// The user with this id.
pub(crate) async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<UserRow>, StoreError> {
    let found = database.first(select!("WHERE realm_id = $1 AND id = $2"), values![realm_id, id]).await?;
    found.as_ref().map(row).transpose()
}

/// The user with this name, which is compared in lower case.
pub(crate) async fn by_username(
    database: &Database,
    realm_id: &str,
    username: &str,
) -> Result<Option<UserRow>, StoreError> {
    let found = database
        .first(select!("WHERE realm_id = $1 AND username = $2"), values![realm_id, username.to_lowercase()])
        .await?;
    found.as_ref().map(row).transpose()
}

/// The service account of a client.
pub(crate) async fn service_account(
    database: &Database,
    realm_id: &str,
    client: &str,
) -> Result<Option<UserRow>, StoreError> {
    let found = database
        .first(select!("WHERE realm_id = $1 AND service_account_client = $2"), values![realm_id, client])
        .await?;
    found.as_ref().map(row).transpose()
}

/// People in alphabetical order, service accounts left out; `name` filters: whole (`exact`) or a part of it.
pub(crate) async fn list(
    database: &Database,
    realm_id: &str,
    name: Option<(&str, bool)>,
    first: i64,
    max: i64,
) -> Result<Vec<UserRow>, StoreError> {
    let pattern = match name {
        None => "%".to_owned(),
        Some((name, exact)) => {
            let escaped = escape_like(name);
            if exact { escaped } else { format!("%{escaped}%") }
        }
    };
    let rows = database
        .scan(
            select!(
                "WHERE realm_id = $1 AND service_account_client IS NULL AND username LIKE $4 ESCAPE '\\' \
                 ORDER BY username LIMIT $2 OFFSET $3"
            ),
            values![realm_id, max, first, pattern],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// What another user than this one has already: `username` or `email`.
pub(crate) async fn taken(
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
pub(crate) fn insert(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.require(INSERT, parameters(realm_id, user), Lost::Taken);
}

/// Adds a user unless there is one of this name.
pub(crate) fn insert_missing(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.run(INSERT, parameters(realm_id, user));
}

const INSERT: &str = "INSERT INTO users (realm_id, id, username, email, enabled, profile, password_hash, \
     service_account_client, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

fn parameters(realm_id: &str, user: &UserRow) -> Vec<super::Value> {
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

/// Replaces a user; [`Lost::Changed`] when it is gone.
pub(crate) fn update(write: &mut Write, realm_id: &str, user: &UserRow) {
    write.require(
        "UPDATE users SET username = $3, email = $4, enabled = $5, profile = $6, password_hash = $7 \
         WHERE realm_id = $1 AND id = $2",
        values![
            realm_id,
            &user.id,
            &user.username,
            user.email.clone(),
            user.enabled,
            serde_json::json!(user.profile).to_string(),
            user.password_hash.clone(),
        ],
        Lost::Changed,
    );
}

/// Gives the service account of a client the client's new name.
pub(crate) fn rename_service_account(write: &mut Write, realm_id: &str, client: &str, username: &str) {
    write.run(
        "UPDATE users SET username = $3 WHERE realm_id = $1 AND service_account_client = $2",
        values![realm_id, client, username],
    );
}

/// Removes a user, whose sessions and roles go with it.
pub(crate) fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.require("DELETE FROM users WHERE realm_id = $1 AND id = $2", values![realm_id, id], Lost::Changed);
}

/// Removes the service account of a client, if it has one.
pub(crate) fn delete_service_account(write: &mut Write, realm_id: &str, client: &str) {
    write.run("DELETE FROM users WHERE realm_id = $1 AND service_account_client = $2", values![realm_id, client]);
}
