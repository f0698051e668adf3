//! Table `initial_access_tokens`.

use std::sync::Arc;

use super::policies::{self, OfToken, Policy};
use super::{Database, Lost, Row, StoreError, Write, values};

/// An initial access token as it is stored; the token itself is not.
#[derive(Clone, Debug)]
pub struct InitialAccessTokenRow {
    /// The token's `jti`.
    pub id: String,
    /// For administrators.
    pub name: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Seconds after `created_at`; 0 = never.
    pub expiration: i64,
    /// Clients it was good for when it was made.
    pub count: i64,
    /// Clients it still is good for.
    pub remaining_count: i64,
    /// Policies that bind every client registered with it, on top of the realm's.
    pub policies: Vec<Arc<Policy>>,
}

impl InitialAccessTokenRow {
    /// What it brings along for the clients that are registered with it.
    pub fn of_token(&self) -> OfToken<'_> {
        OfToken { policies: &self.policies, id: &self.id, name: self.name.as_deref() }
    }
}

fn row(row: &Row) -> Result<InitialAccessTokenRow, StoreError> {
    Ok(InitialAccessTokenRow {
        id: row.get(0)?,
        created_at: row.get(1)?,
        expiration: row.get(2)?,
        count: row.get(3)?,
        remaining_count: row.get(4)?,
        name: row.get(5)?,
        policies: policies::read_list(&row.get::<String>(6)?)?,
    })
}

/// The token with this id.
pub async fn by_id(database: &Database, realm_id: &str, id: &str) -> Result<Option<InitialAccessTokenRow>, StoreError> {
    let found = database
        .first(
            "SELECT id, created_at, expiration, count, remaining_count, name, policies FROM initial_access_tokens \
             WHERE realm_id = $1 AND id = $2",
            values![realm_id, id],
        )
        .await?;
    found.as_ref().map(row).transpose()
}

/// All tokens of a realm, oldest first, spent and expired ones too.
pub async fn list(database: &Database, realm_id: &str) -> Result<Vec<InitialAccessTokenRow>, StoreError> {
    let rows = database
        .all(
            "SELECT id, created_at, expiration, count, remaining_count, name, policies FROM initial_access_tokens \
             WHERE realm_id = $1 ORDER BY created_at, id",
            values![realm_id],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Adds a token.
pub fn insert(write: &mut Write, realm_id: &str, token: &InitialAccessTokenRow) {
    write.run(
        "INSERT INTO initial_access_tokens (realm_id, id, created_at, expiration, count, remaining_count, name, policies) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            realm_id,
            &token.id,
            token.created_at,
            token.expiration,
            token.count,
            token.remaining_count,
            token.name.clone(),
            policies::list_to_json(&token.policies),
        ],
    );
}

/// Takes one use off a token; [`Lost::Spent`] when there is none left.
pub fn spend(write: &mut Write, realm_id: &str, id: &str) {
    write.require(
        "UPDATE initial_access_tokens SET remaining_count = remaining_count - 1 \
         WHERE realm_id = $1 AND id = $2 AND remaining_count > 0",
        values![realm_id, id],
        Lost::Spent,
    );
}

/// Gives a use back to a token, if it is still there.
pub fn give_back(write: &mut Write, realm_id: &str, id: &str) {
    write.run(
        "UPDATE initial_access_tokens SET remaining_count = remaining_count + 1 WHERE realm_id = $1 AND id = $2",
        values![realm_id, id],
    );
}

/// Removes a token, if it is there.
pub fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.run("DELETE FROM initial_access_tokens WHERE realm_id = $1 AND id = $2", values![realm_id, id]);
}
