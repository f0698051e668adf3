//! Tables `sessions` and `revoked_tokens`, and the question that every bearer token raises: who is it, by now?

use super::clients::{self, ClientRow, select_with_roles};
use super::document::Undecoded;
use super::{Database, Row, StoreError, Write, values};

/// The holder of an access token as of now.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    /// Id of the user.
    pub(crate) user_id: String,
    /// The user is enabled and, of a service account, the client too.
    pub(crate) active: bool,
}

/// What is known of a bearer token by now.
pub(crate) struct Standing {
    /// It was revoked.
    pub(crate) revoked: bool,
    /// Its user, if there still is one.
    pub(crate) holder: Option<Holder>,
    /// The client that it was issued to, if there still is one.
    pub(crate) issued_to: Option<Undecoded>,
}

/// What a bearer token says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The token's `jti`.
    pub(crate) token_id: &'a str,
    /// Id of its user.
    pub(crate) user: Option<&'a str>,
    /// Its session; it tells the user where the token does not.
    pub(crate) session: Option<&'a str>,
    /// `client_id` of the client that it was issued to.
    pub(crate) client_id: Option<&'a str>,
}

/// The question about a token: one row. Whether it was revoked is no EXISTS, for which PostgreSQL may choose to read all
/// revoked tokens.
macro_rules! select_standing {
    () => {
        "SELECT coalesce((SELECT TRUE FROM revoked_tokens t WHERE t.realm_id = $1 AND t.id = $2), FALSE), \
             u.id, u.enabled AND (u.service_account_client IS NULL OR coalesce(c.enabled, FALSE)), a.id, a.document \
         FROM (SELECT 1) AS asked \
         LEFT JOIN users u ON u.realm_id = $1 AND u.id = coalesce($3, (SELECT s.user_id FROM sessions s \
             WHERE s.realm_id = $1 AND s.id = $4 AND s.expires_at > $5)) \
         LEFT JOIN clients c ON c.realm_id = u.realm_id AND c.id = u.service_account_client \
         LEFT JOIN clients a ON a.realm_id = $1 AND a.client_id = $6"
    };
}
/// Its columns.
const OF_STANDING: usize = 5;

/// All that a request needs to know about a bearer token, in one question.
pub(crate) async fn standing(
    database: &Database,
    realm_id: &str,
    shown: Shown<'_>,
    now: i64,
) -> Result<Standing, StoreError> {
    let values = values![realm_id, shown.token_id, shown.user, shown.session, now, shown.client_id];
    let row = database.first(select_standing!(), values).await?;
    read(&row.ok_or_else(no_answer)?)
}

/// The same, and the client with this `client_id` with the names of its roles, in one question too.
pub(crate) async fn standing_and_client(
    database: &Database,
    realm_id: &str,
    shown: Shown<'_>,
    now: i64,
    client_id: &str,
) -> Result<(Standing, Option<(ClientRow, Vec<String>)>), StoreError> {
    if matches!(database, Database::Sqlite(_)) || client_id.contains('\0') {
        // SQLite is asked in this process: two questions take no longer than one. PostgreSQL takes no text with a NUL.
        let standing = standing(database, realm_id, shown, now).await?;
        return Ok((standing, clients::with_roles(database, realm_id, client_id).await?));
    }
    let sql = concat!(
        "SELECT standing.*, named.* FROM (",
        select_standing!(),
        ") AS standing LEFT JOIN LATERAL (",
        select_with_roles!(postgres, "WHERE realm_id = $1 AND client_id = $7"),
        ") AS named ON TRUE"
    );
    let values = values![realm_id, shown.token_id, shown.user, shown.session, now, shown.client_id, client_id];
    let row = database.first(sql, values).await?.ok_or_else(no_answer)?;
    Ok((read(&row)?, clients::read_with_roles(&row, OF_STANDING)?))
}

fn no_answer() -> StoreError {
    StoreError::Damaged("no answer about a token".to_owned())
}

fn read(row: &Row) -> Result<Standing, StoreError> {
    let holder = match row.get::<Option<String>>(1)? {
        Some(user_id) => Some(Holder { user_id, active: row.get(2)? }),
        None => None,
    };
    let issued_to = match row.get::<Option<String>>(3)? {
        Some(id) => Some(Undecoded::new(id, row.get(4)?)),
        None => None,
    };
    Ok(Standing { revoked: row.get(0)?, holder, issued_to })
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
