//! Many clients at once: for loading a realm, beside the writer of requests.
//!
//! SQLite gets statements of many rows, PostgreSQL arrays that it unnests. A batch is one transaction; what is taken
//! already stays as it is and is told.

use std::collections::HashSet;

use anyhow::{Context, bail};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use super::clients::ClientRow;
use super::roles::RoleRow;
use super::users::UserRow;
use super::{StoreError, document, postgres, sqlite};

/// Rows of one statement of SQLite.
const ROWS: usize = 64;
/// Pages of 4 KiB that SQLite's log may grow to before they go into the database. A load touches most pages of the
/// index by id again and again.
const LOG_PAGES: i64 = 32_768;

/// A client with what is stored beside it.
pub struct Loaded {
    id: String,
    client_id: String,
    enabled: bool,
    held: Option<String>,
    resource_server: bool,
    created_at: i64,
    /// The client as it is stored: one piece of memory instead of a hundred, as others free it than made it.
    document: Vec<u8>,
    roles: Vec<RoleRow>,
    account: Option<UserRow>,
}

impl Loaded {
    /// A client, its roles and its service account.
    ///
    /// # Errors
    /// When the client cannot be encoded.
    pub fn new(client: &ClientRow, roles: Vec<RoleRow>, account: Option<UserRow>) -> Result<Loaded, StoreError> {
        Ok(Loaded {
            id: client.id.clone(),
            client_id: client.client_id().to_owned(),
            enabled: client.enabled(),
            held: client.held.clone(),
            resource_server: client.resource_server,
            created_at: client.created_at,
            document: document::encode(&client.id, &client.client)?,
            roles,
            account,
        })
    }

    /// The identifier in the protocol.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

/// A connection that loads.
pub enum Bulk {
    /// Of a file.
    Sqlite(SqliteConnection),
    /// Of a server.
    Postgres(PgConnection),
}

/// The columns of clients that are loaded, without those that a load leaves empty.
const CLIENTS: &str = "INSERT INTO clients (realm_id, id, client_id, enabled, document, held, held_reason, resource_server, \
     created_at, updated_at, version) ";
const ROLES: &str = "INSERT INTO roles (realm_id, id, client, name, description, is_default) ";
const ACCOUNTS: &str =
    "INSERT INTO users (realm_id, id, username, enabled, profile, service_account_client, created_at) ";
/// A role that came with its client by itself has no description, and nobody has it yet: it becomes the one that is
/// loaded.
const ROLE_TAKEN: &str = " ON CONFLICT (realm_id, client, name) DO UPDATE SET id = excluded.id, \
     description = excluded.description WHERE roles.description IS NULL \
     AND NOT EXISTS (SELECT 1 FROM role_mappings m WHERE m.realm_id = roles.realm_id AND m.role_id = roles.id)";
/// Other roles have these ids. PostgreSQL takes one such clause only: there they are left out beforehand.
const OR_NOTHING: &str = " ON CONFLICT DO NOTHING";

impl Bulk {
    /// Connects to the database at `url`, whose tables are there.
    ///
    /// # Errors
    /// With what was being done, for the operator.
    pub async fn open(url: &str) -> anyhow::Result<Bulk> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let options = sqlite::options(url)?
                    // A load that is cut short is run again; what the server wrote before it stays safe.
                    .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
                    .busy_timeout(std::time::Duration::from_secs(60))
                    .pragma("cache_size", "-131072")
                    .pragma("wal_autocheckpoint", LOG_PAGES.to_string());
                let connection = SqliteConnection::connect_with(&options).await.context("opening the database")?;
                Ok(Bulk::Sqlite(connection))
            }
            Some("postgres" | "postgresql") => {
                let options = postgres::options(url)?;
                Ok(Bulk::Postgres(PgConnection::connect_with(&options).await.context("connecting to the database")?))
            }
            _ => bail!("the database address begins with neither sqlite:// nor postgres://"),
        }
    }

    /// Stores the clients whose id and `client_id` are free, with what belongs to them; the rest is told by index.
    ///
    /// # Errors
    /// When the database fails: nothing of this batch is stored then.
    pub async fn add(&mut self, realm_id: &str, batch: &[&Loaded]) -> Result<Vec<usize>, StoreError> {
        match self {
            Bulk::Sqlite(connection) => {
                sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
                let added = add_to_sqlite(connection, realm_id, batch).await;
                let end = if added.is_ok() { "COMMIT" } else { "ROLLBACK" };
                sqlx::query(end).execute(&mut *connection).await?;
                added
            }
            Bulk::Postgres(connection) => {
                let mut transaction = connection.begin().await?;
                let taken = add_to_postgres(&mut transaction, realm_id, batch).await?;
                transaction.commit().await?;
                Ok(taken)
            }
        }
    }

    /// Stores roles of clients. Those whose id or name is taken stay as they are, unless they came with their clients by
    /// themselves. No two may have one id, or one name and client.
    ///
    /// # Errors
    /// When the database fails: nothing of this batch is stored then.
    pub async fn add_roles(&mut self, realm_id: &str, roles: &[RoleRow]) -> Result<(), StoreError> {
        let roles: Vec<&RoleRow> = roles.iter().collect();
        match self {
            Bulk::Sqlite(connection) => {
                sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
                let taken = [ROLE_TAKEN, OR_NOTHING].concat();
                let added = roles_to_sqlite(connection, realm_id, &roles, &taken).await;
                let end = if added.is_ok() { "COMMIT" } else { "ROLLBACK" };
                sqlx::query(end).execute(&mut *connection).await?;
                added
            }
            Bulk::Postgres(connection) => roles_to_postgres(connection, realm_id, &roles, ROLE_TAKEN).await,
        }
    }

    /// Tidies up after a load: what the database knows of its tables is made true, its log is put away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(self) -> Result<(), StoreError> {
        match self {
            Bulk::Sqlite(mut connection) => {
                sqlx::query("PRAGMA optimize").execute(&mut connection).await?;
                // Readers of a running server may be in the way; then it is done later.
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
                connection.close().await?;
            }
            Bulk::Postgres(mut connection) => {
                for table in ["clients", "roles", "users"] {
                    sqlx::query(AssertSqlSafe(format!("VACUUM (ANALYZE) {table}"))).execute(&mut connection).await?;
                }
                connection.close().await?;
            }
        }
        Ok(())
    }
}

/// Who changes a realm's number of clients does that first, see `store/writer/postgres.rs`.
const LOCK: &str = "UPDATE realm_counters SET clients = clients WHERE realm_id = $1";
const COUNT: &str = "UPDATE realm_counters SET clients = clients + $2 WHERE realm_id = $1";

fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// An INSERT of so many rows. Parameters have no numbers: SQLite looks for those that have some one after the other.
fn rows(head: &str, row: &str, count: usize, tail: &str) -> String {
    let mut sql = format!("{head}VALUES {row}");
    for _ in 1..count {
        sql.push_str(", ");
        sql.push_str(row);
    }
    sql + tail
}

async fn add_to_sqlite(
    connection: &mut SqliteConnection,
    realm_id: &str,
    batch: &[&Loaded],
) -> Result<Vec<usize>, StoreError> {
    let mut taken = Vec::new();
    for (start, chunk) in (0..).step_by(ROWS).zip(batch.chunks(ROWS)) {
        sqlx::query("SAVEPOINT rows").execute(&mut *connection).await?;
        if clients_to_sqlite(connection, realm_id, chunk).await? < chunk.len() as u64 {
            // One of them is taken: which?
            sqlx::query("ROLLBACK TO rows").execute(&mut *connection).await?;
            for (at, one) in (start..).zip(chunk.chunks(1)) {
                if clients_to_sqlite(connection, realm_id, one).await? == 0 {
                    taken.push(at);
                }
            }
        }
        sqlx::query("RELEASE rows").execute(&mut *connection).await?;
    }
    let is_taken: HashSet<usize> = taken.iter().copied().collect();
    let added = || batch.iter().enumerate().filter(|(at, _)| !is_taken.contains(at)).map(|(_, loaded)| *loaded);
    let roles: Vec<&RoleRow> = added().flat_map(|loaded| &loaded.roles).collect();
    roles_to_sqlite(connection, realm_id, &roles, OR_NOTHING).await?;
    let accounts: Vec<&UserRow> = added().filter_map(|loaded| loaded.account.as_ref()).collect();
    for chunk in accounts.chunks(ROWS) {
        let row = r#"(?, ?, ?, TRUE, '{"emailVerified":false}', ?, ?)"#;
        let mut query = sqlx::query(AssertSqlSafe(rows(ACCOUNTS, row, chunk.len(), OR_NOTHING)));
        for account in chunk {
            let client = account.service_account_client.as_deref();
            query = query.bind(realm_id).bind(&account.id).bind(&account.username);
            query = query.bind(client).bind(account.created_at);
        }
        query.execute(&mut *connection).await?;
    }
    let added = number(batch.len() - taken.len());
    sqlx::query(COUNT).bind(realm_id).bind(added).execute(&mut *connection).await?;
    Ok(taken)
}

async fn clients_to_sqlite(
    connection: &mut SqliteConnection,
    realm_id: &str,
    chunk: &[&Loaded],
) -> Result<u64, StoreError> {
    let sql = rows(CLIENTS, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)", chunk.len(), OR_NOTHING);
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for client in chunk {
        query = query
            .bind(realm_id)
            .bind(&client.id)
            .bind(&client.client_id)
            .bind(client.enabled)
            .bind(client.document.as_slice())
            .bind(client.held.is_some())
            .bind(client.held.as_deref())
            .bind(client.resource_server)
            .bind(client.created_at)
            .bind(client.created_at);
    }
    Ok(query.execute(&mut *connection).await?.rows_affected())
}

async fn roles_to_sqlite(
    connection: &mut SqliteConnection,
    realm_id: &str,
    roles: &[&RoleRow],
    conflict: &str,
) -> Result<(), StoreError> {
    for chunk in roles.chunks(ROWS) {
        let mut query = sqlx::query(AssertSqlSafe(rows(ROLES, "(?, ?, ?, ?, ?, ?)", chunk.len(), conflict)));
        for role in chunk {
            query = query.bind(realm_id).bind(&role.id).bind(&role.client).bind(&role.name);
            query = query.bind(role.description.as_deref()).bind(role.is_default);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_to_postgres(
    connection: &mut PgConnection,
    realm_id: &str,
    batch: &[&Loaded],
) -> Result<Vec<usize>, StoreError> {
    sqlx::query(LOCK).bind(realm_id).execute(&mut *connection).await?;
    let sql = format!(
        "{CLIENTS}SELECT $1, id, client_id, enabled, document, reason IS NOT NULL, reason, resource_server, created_at, \
         created_at, 1 \
         FROM unnest($2::text[], $3::text[], $4::boolean[], $5::bytea[], $6::text[], $7::boolean[], $8::bigint[]) \
         AS new (id, client_id, enabled, document, reason, resource_server, created_at) \
         ON CONFLICT DO NOTHING RETURNING id"
    );
    let added = sqlx::query(AssertSqlSafe(sql))
        .bind(realm_id)
        .bind(batch.iter().map(|client| client.id.as_str()).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.client_id.as_str()).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.enabled).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.document.as_slice()).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.held.as_deref()).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.resource_server).collect::<Vec<_>>())
        .bind(batch.iter().map(|client| client.created_at).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    let mut added: HashSet<&str> = added.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    sqlx::query(COUNT).bind(realm_id).bind(number(added.len())).execute(&mut *connection).await?;
    // Two of a batch may have one id: the first of them is the one that was added.
    let is_added: Vec<bool> = batch.iter().map(|client| added.remove(client.id.as_str())).collect();
    let loaded = || batch.iter().zip(&is_added).filter(|(_, added)| **added).map(|(loaded, _)| *loaded);
    let roles: Vec<&RoleRow> = loaded().flat_map(|loaded| &loaded.roles).collect();
    roles_to_postgres(connection, realm_id, &roles, OR_NOTHING).await?;
    let accounts: Vec<&UserRow> = loaded().filter_map(|loaded| loaded.account.as_ref()).collect();
    if !accounts.is_empty() {
        let sql = format!(
            "{ACCOUNTS}SELECT $1, id, username, TRUE, '{{\"emailVerified\":false}}', client, created_at \
             FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS new (id, username, client, created_at) \
             ON CONFLICT DO NOTHING"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(realm_id)
            .bind(accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>())
            .bind(accounts.iter().map(|account| account.username.as_str()).collect::<Vec<_>>())
            .bind(accounts.iter().map(|account| account.service_account_client.as_deref()).collect::<Vec<_>>())
            .bind(accounts.iter().map(|account| account.created_at).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    Ok(is_added.iter().enumerate().filter(|(_, added)| !**added).map(|(at, _)| at).collect())
}

async fn roles_to_postgres(
    connection: &mut PgConnection,
    realm_id: &str,
    roles: &[&RoleRow],
    conflict: &str,
) -> Result<(), StoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "{ROLES}SELECT $1, id, client, name, description, is_default \
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[]) \
         AS new (id, client, name, description, is_default) \
         WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.realm_id = $1 AND r.id = new.id \
             AND (r.client, r.name) <> (new.client, new.name)){conflict}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(realm_id)
        .bind(roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>())
        .bind(roles.iter().map(|role| role.client.as_str()).collect::<Vec<_>>())
        .bind(roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>())
        .bind(roles.iter().map(|role| role.description.as_deref()).collect::<Vec<_>>())
        .bind(roles.iter().map(|role| role.is_default).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
