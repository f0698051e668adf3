//! Tables `sessions` and `revoked_tokens`, and the question that every bearer token raises: who is it, by now?

use uuid::Uuid;

use super::clients::{self, ClientRow, select_with_roles};
use super::document::Undecoded;
use super::{Database, Lost, Row, StoreError, Value, Write, values};

/// Which sessions have not ended, Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alive {
    /// Those that end later than this.
    pub now: i64,
    /// Of these, the ones that began later than this.
    pub started_after: i64,
    /// Of these, the ones that were used later than this.
    pub used_after: i64,
}

/// The holder of an access token as of now.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Id of the user.
    pub user_id: String,
    /// The user is enabled and, of a service account, the client too.
    pub active: bool,
    /// The roles that the user has, default ones included, composites not resolved: the `client_id` of the role's client
    /// (empty for roles of the realm) and the role's name.
    pub roles: Vec<(String, String)>,
}

/// The client that a token was issued to.
#[derive(Clone)]
pub struct IssuedTo {
    /// It may be used.
    pub enabled: bool,
    /// All of it.
    pub client: Undecoded,
}

/// A session that has not ended.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// When it began, Unix seconds.
    pub started_at: i64,
    /// When it was used last, Unix seconds.
    pub used_at: i64,
    /// When it ends unless it is used before, as was said when it was used last, Unix seconds.
    pub expires_at: i64,
}

/// What is known of a bearer token by now.
pub struct Standing {
    /// It was revoked.
    pub revoked: bool,
    /// Its session, if that has not ended.
    pub session: Option<SessionTimes>,
    /// Its user, if there still is one.
    pub holder: Option<Holder>,
    /// The client that it was issued to, if there still is one.
    pub issued_to: Option<IssuedTo>,
}

/// What a bearer token says of itself.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The token's `jti`.
    pub token_id: &'a str,
    /// Id of its user.
    pub user: Option<&'a str>,
    /// Its session; it tells the user where the token does not.
    pub session: Option<&'a str>,
    /// `client_id` of the client that it was issued to.
    pub client_id: Option<&'a str>,
}

/// The question about a token: one row. Whether it was revoked is no EXISTS, for which PostgreSQL may choose to read all
/// revoked tokens. Either kind of database makes a list of roles in its own words; a role that is left of a client that is
/// gone is none of the realm.
macro_rules! select_standing {
    (sqlite) => {
        select_standing!("SELECT json_group_array(json_array(coalesce(rc.client_id, ''), r.name))")
    };
    (postgres) => {
        select_standing!("SELECT coalesce(json_agg(json_build_array(coalesce(rc.client_id, ''), r.name)), '[]')::text")
    };
    ($roles:literal) => {
        concat!(
            "SELECT coalesce((SELECT TRUE FROM revoked_tokens t WHERE t.realm_id = $1 AND t.id = $2), FALSE), \
             u.id, u.enabled AND (u.service_account_client IS NULL OR coalesce(c.enabled, FALSE)), \
             (",
            $roles,
            " FROM (SELECT m.role_id AS id FROM role_mappings m WHERE m.realm_id = $1 AND m.user_id = u.id \
                 UNION ALL SELECT d.id FROM roles d WHERE d.realm_id = $1 AND d.is_default) AS held \
             JOIN roles r ON r.realm_id = $1 AND r.id = held.id \
             LEFT JOIN clients rc ON rc.realm_id = $1 AND rc.id = r.client WHERE r.client = '' OR rc.id IS NOT NULL), \
             a.id, a.document, a.enabled, s.started_at, s.used_at, s.expires_at \
             FROM (SELECT 1) AS asked \
             LEFT JOIN sessions s ON s.realm_id = $1 AND s.id = $3 \
                 AND s.expires_at > $4 AND s.started_at > $5 AND s.used_at > $6 \
             LEFT JOIN users u ON u.realm_id = $1 AND u.id = coalesce($7, s.user_id) \
             LEFT JOIN clients c ON c.realm_id = u.realm_id AND c.id = u.service_account_client \
             LEFT JOIN clients a ON a.realm_id = $1 AND a.client_id = $8"
        )
    };
}
/// Its columns.
const OF_STANDING: usize = 10;

fn parameters(realm_id: &str, shown: Shown<'_>, alive: Alive) -> Vec<Value> {
    let Shown { token_id, user, session, client_id } = shown;
    values![realm_id, token_id, session, alive.now, alive.started_after, alive.used_after, user, client_id]
}

/// All that a request needs to know about a bearer token, in one question.
pub async fn standing(
    database: &Database,
    realm_id: &str,
    shown: Shown<'_>,
    alive: Alive,
) -> Result<Standing, StoreError> {
    let sql = match database {
        Database::Sqlite(_) => select_standing!(sqlite),
        Database::Postgres(..) => select_standing!(postgres),
    };
    let row = database.first(sql, parameters(realm_id, shown, alive)).await?;
    read(&row.ok_or_else(no_answer)?)
}

/// The same, and the client with this `client_id` with the names of its roles, in one question too.
pub async fn standing_and_client(
    database: &Database,
    realm_id: &str,
    shown: Shown<'_>,
    alive: Alive,
    client_id: &str,
) -> Result<(Standing, Option<(ClientRow, Vec<String>)>), StoreError> {
    if matches!(database, Database::Sqlite(_)) || client_id.contains('\0') {
        // SQLite is asked in this process: two questions take no longer than one. PostgreSQL takes no text with a NUL.
        let standing = standing(database, realm_id, shown, alive).await?;
        return Ok((standing, clients::with_roles(database, realm_id, client_id).await?));
    }
    let sql = concat!(
        "SELECT standing.*, named.* FROM (",
        select_standing!(postgres),
        ") AS standing LEFT JOIN LATERAL (",
        select_with_roles!(postgres, "WHERE realm_id = $1 AND client_id = $9"),
        ") AS named ON TRUE"
    );
    let mut values = parameters(realm_id, shown, alive);
    values.push(client_id.into());
    let row = database.first(sql, values).await?.ok_or_else(no_answer)?;
    Ok((read(&row)?, clients::read_with_roles(&row, OF_STANDING)?))
}

fn no_answer() -> StoreError {
    StoreError::Damaged("no answer about a token".to_owned())
}

fn read(row: &Row) -> Result<Standing, StoreError> {
    let holder = match row.get::<Option<String>>(1)? {
        Some(user_id) => Some(Holder { user_id, active: row.get(2)?, roles: row.json(3)? }),
        None => None,
    };
    let issued_to = match row.get::<Option<String>>(4)? {
        Some(id) => Some(IssuedTo { client: Undecoded::new(id, row.get(5)?), enabled: row.get(6)? }),
        None => None,
    };
    let session = match row.get::<Option<i64>>(7)? {
        Some(started_at) => Some(SessionTimes { started_at, used_at: row.get(8)?, expires_at: row.get(9)? }),
        None => None,
    };
    Ok(Standing { revoked: row.get(0)?, session, holder, issued_to })
}

/// A session that goes on with a refresh token.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Its user.
    pub user_id: String,
    /// When it began, Unix seconds.
    pub started_at: i64,
    /// When it was used last, Unix seconds.
    pub used_at: i64,
    /// When it ends unless it is used before, Unix seconds.
    pub expires_at: i64,
    /// `jti` of the refresh token that was used last.
    pub refresh_token_id: Option<String>,
    /// How often it was.
    pub refresh_token_uses: i64,
}

impl SessionRow {
    /// A session that begins now.
    pub fn begun(user_id: &str, now: i64, expires_at: i64) -> SessionRow {
        SessionRow {
            id: Uuid::new_v4().to_string(),
            user_id: user_id.to_owned(),
            started_at: now,
            used_at: now,
            expires_at,
            refresh_token_id: None,
            refresh_token_uses: 0,
        }
    }
}

/// A session that has not ended.
pub async fn by_id(
    database: &Database,
    realm_id: &str,
    id: &str,
    alive: Alive,
) -> Result<Option<SessionRow>, StoreError> {
    let found = database
        .first(
            "SELECT id, user_id, started_at, used_at, expires_at, refresh_token_id, refresh_token_uses FROM sessions \
             WHERE realm_id = $1 AND id = $2 AND expires_at > $3 AND started_at > $4 AND used_at > $5",
            values![realm_id, id, alive.now, alive.started_after, alive.used_after],
        )
        .await?;
    found
        .map(|row| {
            Ok(SessionRow {
                id: row.get(0)?,
                user_id: row.get(1)?,
                started_at: row.get(2)?,
                used_at: row.get(3)?,
                expires_at: row.get(4)?,
                refresh_token_id: row.get(5)?,
                refresh_token_uses: row.get(6)?,
            })
        })
        .transpose()
}

/// Adds a session, and removes a few that have expired.
pub fn insert(write: &mut Write, realm_id: &str, session: &SessionRow, now: i64) {
    write.run(
        "DELETE FROM sessions WHERE (realm_id, id) IN \
         (SELECT realm_id, id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT 8)",
        values![now],
    );
    write.run(
        "INSERT INTO sessions (realm_id, id, user_id, started_at, used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        values![realm_id, &session.id, &session.user_id, session.started_at, session.used_at, session.expires_at],
    );
}

/// Lets a session live on that is used; [`Lost::Changed`] when it has been ended.
pub fn extend(write: &mut Write, realm_id: &str, id: &str, used_at: i64, expires_at: i64) {
    write.require(
        "UPDATE sessions SET used_at = $3, expires_at = $4 WHERE realm_id = $1 AND id = $2",
        values![realm_id, id, used_at, expires_at],
        Lost::Changed,
    );
}

/// Counts a use of a refresh token of a session that still is as it was read: [`Lost::Changed`] when somebody was faster.
pub fn use_refresh_token(write: &mut Write, realm_id: &str, read: &SessionRow, token_id: &str, uses: i64) {
    write.require(
        "UPDATE sessions SET refresh_token_id = $3, refresh_token_uses = $4 WHERE realm_id = $1 AND id = $2 \
         AND coalesce(refresh_token_id, '') = $5 AND refresh_token_uses = $6",
        values![
            realm_id,
            &read.id,
            token_id,
            uses,
            read.refresh_token_id.clone().unwrap_or_default(),
            read.refresh_token_uses
        ],
        Lost::Changed,
    );
}

/// Ends a session.
pub fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.run("DELETE FROM sessions WHERE realm_id = $1 AND id = $2", values![realm_id, id]);
}

/// Revokes an access token, and forgets those that have expired by now.
pub fn revoke(write: &mut Write, realm_id: &str, token_id: &str, expires_at: i64, now: i64) {
    write.run("DELETE FROM revoked_tokens WHERE realm_id = $1 AND expires_at < $2", values![realm_id, now]);
    write.run(
        "INSERT INTO revoked_tokens (realm_id, id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        values![realm_id, token_id, expires_at],
    );
}
