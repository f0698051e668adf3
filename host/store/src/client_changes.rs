//! The changes of a realm's clients in order of their generation: tables `clients` and `removed_clients`.
//!
//! Whoever has seen a generation misses none before it (`writer/count.rs`), if one statement looks into both tables: a
//! client that is removed is at every moment in one of them.

use super::clients::{COLUMNS, ClientRow, row_at, select};
use super::{Database, StoreError, values};

/// The latest change of a client.
pub struct ClientChange {
    /// That of the client's state.
    pub generation: i64,
    /// Internal id.
    pub id: String,
    /// The identifier in the protocol.
    pub client_id: String,
    /// Unix milliseconds.
    pub time_ms: i64,
    /// Absent: it was removed, or hibernates.
    pub client: Option<ClientRow>,
}

/// What changed behind this generation, at most `max` clients; those that were removed before it are left out. One that
/// hibernates is to others as if it were removed.
pub async fn behind(
    database: &Database,
    realm_id: &str,
    generation: i64,
    max: i64,
) -> Result<Vec<ClientChange>, StoreError> {
    // The columns of both parts are the same; NULL alone would have no type.
    let sql = concat!(
        "SELECT * FROM (",
        select!(
            ", client_id, updated_at * 1000, hibernated_ms IS NULL",
            "WHERE realm_id = $1 AND generation > $2 ORDER BY generation LIMIT $3"
        ),
        ") AS present UNION ALL SELECT * FROM (SELECT id, CAST(NULL AS bytea), CAST(NULL AS text), CAST(NULL AS text), \
         CAST(NULL AS text), FALSE, CAST(0 AS bigint), CAST(0 AS bigint), CAST(NULL AS text), CAST(NULL AS text), generation, \
         CAST(0 AS bigint), CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS bigint), client_id, \
         removed_at_ms, FALSE FROM removed_clients \
         WHERE realm_id = $1 AND generation > $2 ORDER BY generation LIMIT $3) AS removed ORDER BY generation LIMIT $3"
    );
    read(database, sql, realm_id, generation, max).await
}

/// The clients that changed behind this generation and are not hibernating, at most `max`.
pub async fn clients_behind(
    database: &Database,
    realm_id: &str,
    generation: i64,
    max: i64,
) -> Result<Vec<ClientChange>, StoreError> {
    let sql = select!(
        ", client_id, updated_at * 1000, hibernated_ms IS NULL",
        "WHERE realm_id = $1 AND generation > $2 AND hibernated_ms IS NULL ORDER BY generation LIMIT $3"
    );
    read(database, sql, realm_id, generation, max).await
}

/// A client that changed.
pub struct Changed {
    /// That of the change.
    pub generation: i64,
    /// Internal id.
    pub id: String,
    /// The identifier in the protocol, as it is now or was last.
    pub client_id: String,
}

/// Which clients changed or were removed behind this generation, at most `max`, in order.
pub async fn ids_behind(
    database: &Database,
    realm_id: &str,
    generation: i64,
    max: i64,
) -> Result<Vec<Changed>, StoreError> {
    let sql = "SELECT * FROM (SELECT generation, id, client_id FROM clients WHERE realm_id = $1 AND generation > $2 \
               ORDER BY generation LIMIT $3) AS present UNION ALL SELECT * FROM (SELECT generation, id, client_id \
               FROM removed_clients WHERE realm_id = $1 AND generation > $2 ORDER BY generation LIMIT $3) AS removed \
               ORDER BY generation LIMIT $3";
    let rows = database.scan(sql, values![realm_id, generation, max]).await?;
    rows.iter().map(|row| Ok(Changed { generation: row.get(0)?, id: row.get(1)?, client_id: row.get(2)? })).collect()
}

/// Which column of a client is its generation.
const GENERATION: usize = 10;

async fn read(
    database: &Database,
    sql: &'static str,
    realm_id: &str,
    generation: i64,
    max: i64,
) -> Result<Vec<ClientChange>, StoreError> {
    let rows = database.scan(sql, values![realm_id, generation, max]).await?;
    rows.iter()
        .map(|row| {
            let is_there: bool = row.get(COLUMNS + 2)?;
            Ok(ClientChange {
                generation: row.get(GENERATION)?,
                id: row.get(0)?,
                client_id: row.get(COLUMNS)?,
                time_ms: row.get(COLUMNS + 1)?,
                client: is_there.then(|| row_at(row, 0)).transpose()?,
            })
        })
        .collect()
}

/// The generation of the realm's last change that can be read; 0: there was none.
pub async fn last(database: &Database, realm_id: &str) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce((SELECT max(generation) FROM clients WHERE realm_id = $1), 0), \
               coalesce((SELECT max(generation) FROM removed_clients WHERE realm_id = $1), 0)";
    let row = database.first(sql, values![realm_id]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.max(row.get(1)?)))
}

/// The same for several realms of a PostgreSQL.
pub(super) async fn last_of_each(database: &Database, realms: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT realm_id, coalesce((SELECT max(generation) FROM clients c WHERE c.realm_id = asked.realm_id), 0), \
               coalesce((SELECT max(generation) FROM removed_clients r WHERE r.realm_id = asked.realm_id), 0) \
               FROM jsonb_array_elements_text($1::text::jsonb) AS asked (realm_id)";
    let rows = database.all(sql, values![serde_json::json!(realms).to_string()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get::<i64>(1)?.max(row.get(2)?)))).collect()
}

/// The last generation that was given to somebody in this realm, whether anything is left of it or not. A later one is of
/// another database, or of this one before it was put back to an earlier state.
pub async fn last_given(database: &Database, realm_id: &str) -> Result<i64, StoreError> {
    let row = match database {
        Database::Sqlite(_) => {
            database.first("SELECT generation FROM realm_counters WHERE realm_id = $1", values![realm_id]).await?
        }
        Database::Postgres(..) => database.all("SELECT last_value FROM client_generations", values![]).await?.pop(),
    };
    row.map_or(Ok(0), |row| row.get(0))
}
