//! Tables `client_uses` and `realm_uses`: when clients were used last, and whether anybody tells of it.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::{Database, StoreError, Write, client_software, values};
use matricula_system::clock;

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
    client_software::set_used(database, write, uses);
    // That somebody tells of uses is known from those that a client cannot make by itself.
    let told = uses.iter().filter(|one| one.kind != Kind::Management).map(|one| one.client.0.as_str());
    for realm_id in told.collect::<BTreeSet<_>>() {
        write.run(
            "INSERT INTO realm_uses (realm_id, since_ms, told_ms) SELECT r.id, 0, $2 FROM realms r WHERE r.id = $1 \
             ON CONFLICT (realm_id) DO UPDATE SET told_ms = excluded.told_ms \
             WHERE excluded.told_ms > realm_uses.told_ms",
            values![realm_id, clock::now_ms()],
        );
    }
}

/// What is known of the uses of a realm's clients as a whole.
pub struct Recorded {
    /// Since when they are recorded, Unix milliseconds.
    pub since_ms: i64,
    /// When one was recorded last that was not [`Kind::Management`], Unix milliseconds; 0: never.
    pub told_ms: i64,
}

/// What is known of the uses of a realm's clients as a whole; `None`: there is no such realm.
pub async fn of_realm(database: &Database, realm_id: &str) -> Result<Option<Recorded>, StoreError> {
    let sql = "SELECT r.created_at * 1000, coalesce(u.since_ms, 0), coalesce(u.told_ms, 0) FROM realms r \
               LEFT JOIN realm_uses u ON u.realm_id = r.id WHERE r.id = $1";
    let found = database.first(sql, values![realm_id]).await?;
    found
        .map(|row| {
            let created_ms: i64 = row.get(0)?;
            Ok(Recorded { since_ms: created_ms.max(row.get(1)?), told_ms: row.get(2)? })
        })
        .transpose()
}

/// As the database reads them.
fn list(uses: &[Use]) -> String {
    let entries = uses.iter().map(|one| json!([one.client.0, one.client.1, one.at_ms, one.kind.name()]));
    serde_json::Value::Array(entries.collect()).to_string()
}
