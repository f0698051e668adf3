//! Table `client_uses`: when clients were used last.

use std::collections::HashMap;

use serde_json::json;

use super::{Database, StoreError, Write, values};

/// A use within this time of the recorded one is not recorded, in milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// What a use is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The gate let the client pass.
    Gate,
    /// The token endpoint issued a token.
    Token,
    /// The client was read or updated with its own registration access token.
    Management,
    /// Somebody asked for the metadata of this entity.
    Metadata,
    /// An authorization server told of it.
    Reported,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Gate => "gate",
            Kind::Token => "token",
            Kind::Management => "management",
            Kind::Metadata => "metadata",
            Kind::Reported => "reported",
        }
    }
}

/// A client: the ids of its realm and of itself.
pub type Client = (String, String);

/// A use of a client.
#[derive(Clone, Debug)]
pub struct Use {
    /// Of whom.
    pub client: Client,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// What it was.
    pub kind: Kind,
}

/// The latest use of a client.
pub struct LastUse {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The word for its [`Kind`].
    pub kind: String,
}

/// The latest use of a client; `None`: there was none.
pub async fn last(database: &Database, realm_id: &str, client: &str) -> Result<Option<LastUse>, StoreError> {
    let sql = "SELECT used_ms, kind FROM client_uses WHERE realm_id = $1 AND client = $2";
    let found = database.first(sql, values![realm_id, client]).await?;
    found.map(|row| Ok(LastUse { at_ms: row.get(0)?, kind: row.get(1)? })).transpose()
}

/// When each of the clients of these uses was used last; those without a use are left out.
pub async fn recorded(database: &Database, uses: &[Use]) -> Result<HashMap<Client, i64>, StoreError> {
    // Both kinds of database read a list from JSON, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            "SELECT u.realm_id, u.client, u.used_ms FROM json_each($1) n CROSS JOIN client_uses u \
             ON u.realm_id = json_extract(n.value, '$[0]') AND u.client = json_extract(n.value, '$[1]')"
        }
        Database::Postgres(..) => {
            "SELECT u.realm_id, u.client, u.used_ms FROM jsonb_array_elements($1::text::jsonb) AS n (entry) \
             JOIN client_uses u ON u.realm_id = n.entry ->> 0 AND u.client = n.entry ->> 1"
        }
    };
    let rows = database.scan(sql, values![list(uses)]).await?;
    rows.iter().map(|row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).collect()
}

/// Records uses, each of another client, by one statement. Clients that are gone, and uses that are not an hour later than
/// the recorded one, are passed over.
pub fn record(database: &Database, write: &mut Write, uses: &[Use]) {
    let sql = match database {
        Database::Sqlite(_) => {
            "INSERT INTO client_uses (realm_id, client, used_ms, kind) SELECT c.realm_id, c.id, \
             json_extract(n.value, '$[2]'), json_extract(n.value, '$[3]') FROM json_each($1) n CROSS JOIN clients c \
             ON c.realm_id = json_extract(n.value, '$[0]') AND c.id = json_extract(n.value, '$[1]') WHERE TRUE \
             ON CONFLICT (realm_id, client) DO UPDATE SET used_ms = excluded.used_ms, kind = excluded.kind \
             WHERE excluded.used_ms >= client_uses.used_ms + $2"
        }
        Database::Postgres(..) => {
            "INSERT INTO client_uses (realm_id, client, used_ms, kind) SELECT c.realm_id, c.id, \
             (n.entry ->> 2)::bigint, n.entry ->> 3 FROM jsonb_array_elements($1::text::jsonb) AS n (entry) \
             JOIN clients c ON c.realm_id = n.entry ->> 0 AND c.id = n.entry ->> 1 \
             ON CONFLICT (realm_id, client) DO UPDATE SET used_ms = excluded.used_ms, kind = excluded.kind \
             WHERE excluded.used_ms >= client_uses.used_ms + $2"
        }
    };
    write.run(sql, values![list(uses), HOUR_MS]);
}

/// As the database reads them.
fn list(uses: &[Use]) -> String {
    let entries = uses.iter().map(|one| json!([one.client.0, one.client.1, one.at_ms, one.kind.name()]));
    serde_json::Value::Array(entries.collect()).to_string()
}
