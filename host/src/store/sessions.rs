//! Tables `sessions` and `revoked_tokens`, and the question that every bearer token raises: who is it, by now?

use super::{Database, StoreError, Write, values};

/// The holder of an access token as of now.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// Id of the user.
    pub(crate) user_id: String,
    /// The user is enabled and, of a service account, the client too.
    pub(crate) active: bool,
}

/// The user with this id.
pub(crate) async fn holder(database: &Database, realm_id: &str, user_id: &str) -> Result<Option<Holder>, StoreError> {
    let found = database
        .first(
            "SELECT u.id, u.enabled AND (u.service_account_client IS NULL OR coalesce(c.enabled, FALSE)) \
             FROM users u LEFT JOIN clients c ON c.realm_id = u.realm_id AND c.id = u.service_account_client \
             WHERE u.realm_id = $1 AND u.id = $2",
            values![realm_id, user_id],
        )
        .await?;
    found.map(|row| Ok(Holder { user_id: row.get(0)?, active: row.get(1)? })).transpose()
}

/// The user of a session that has not ended.
pub(crate) async fn holder_by_session(
    database: &Database,
    realm_id: &str,
    session: &str,
    now: i64,
) -> Result<Option<Holder>, StoreError> {
    let found = database
        .first(
            "SELECT u.id, u.enabled AND (u.service_account_client IS NULL OR coalesce(c.enabled, FALSE)) \
             FROM sessions s JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id \
             LEFT JOIN clients c ON c.realm_id = u.realm_id AND c.id = u.service_account_client \
             WHERE s.realm_id = $1 AND s.id = $2 AND s.expires_at > $3",
            values![realm_id, session, now],
        )
        .await?;
    found.map(|row| Ok(Holder { user_id: row.get(0)?, active: row.get(1)? })).transpose()
}

/// When a session ends that has not ended yet, Unix seconds.
pub(crate) async fn expires_at(
    database: &Database,
    realm_id: &str,
    session: &str,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    let found = database
        .first(
            "SELECT expires_at FROM sessions WHERE realm_id = $1 AND id = $2 AND expires_at > $3",
            values![realm_id, session, now],
        )
        .await?;
    found.map(|row| row.get(0)).transpose()
}

/// Adds a session, and removes a few that have expired.
pub(crate) fn insert(write: &mut Write, realm_id: &str, id: &str, user_id: &str, now: i64, expires_at: i64) {
    write.run(
        "DELETE FROM sessions WHERE (realm_id, id) IN \
         (SELECT realm_id, id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT 8)",
        values![now],
    );
    write.run(
        "INSERT INTO sessions (realm_id, id, user_id, expires_at) VALUES ($1, $2, $3, $4)",
        values![realm_id, id, user_id, expires_at],
    );
}

/// Lets a session live on.
pub(crate) fn extend(write: &mut Write, realm_id: &str, id: &str, expires_at: i64) {
    write.run("UPDATE sessions SET expires_at = $3 WHERE realm_id = $1 AND id = $2", values![realm_id, id, expires_at]);
}

/// Ends a session.
pub(crate) fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.run("DELETE FROM sessions WHERE realm_id = $1 AND id = $2", values![realm_id, id]);
}

/// Revokes an access token, and forgets those that have expired by now.
pub(crate) fn revoke(write: &mut Write, realm_id: &str, token_id: &str, expires_at: i64, now: i64) {
    write.run("DELETE FROM revoked_tokens WHERE realm_id = $1 AND expires_at < $2", values![realm_id, now]);
    write.run(
        "INSERT INTO revoked_tokens (realm_id, id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        values![realm_id, token_id, expires_at],
    );
}

/// Whether an access token was revoked.
pub(crate) async fn is_revoked(database: &Database, realm_id: &str, token_id: &str) -> Result<bool, StoreError> {
    let found = database
        .first("SELECT 1 FROM revoked_tokens WHERE realm_id = $1 AND id = $2", values![realm_id, token_id])
        .await?;
    Ok(found.is_some())
}
