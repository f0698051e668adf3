//! Table `client_software`: clients of anonymous callers by their software, in realms that have a limit for that. Neither
//! those that hibernate nor those that were used are passed over when the next one is looked for.

use serde_json::json;

use super::client_uses::Use;
use super::{Database, StoreError, Write, values};

/// A client of some software.
pub struct OfSoftware {
    /// Internal id.
    pub client: String,
    /// Digest of what makes it the same software.
    pub software: String,
    /// When it was registered, Unix milliseconds.
    pub made_ms: i64,
}

/// Adds a new client, in the write that adds it to the others.
pub fn insert(write: &mut Write, realm_id: &str, one: &OfSoftware) {
    write.run(
        "INSERT INTO client_software (realm_id, client, software, made_ms, awake, used) \
         VALUES ($1, $2, $3, $4, TRUE, FALSE)",
        values![realm_id, &one.client, &one.software, one.made_ms],
    );
}

/// Adds clients that were registered before the realm had a limit, by one statement. Those that are there stay as they are.
pub fn insert_old(database: &Database, write: &mut Write, realm_id: &str, all: &[OfSoftware]) {
    let list: Vec<_> = all.iter().map(|one| json!([one.client, one.software, one.made_ms])).collect();
    // Both kinds of database read a list from JSON, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            "INSERT INTO client_software (realm_id, client, software, made_ms, awake, used) SELECT c.realm_id, c.id, \
             json_extract(n.value, '$[1]'), json_extract(n.value, '$[2]'), c.hibernated_ms IS NULL, \
             EXISTS (SELECT 1 FROM client_uses u WHERE u.realm_id = c.realm_id AND u.client = c.id) \
             FROM json_each($2) n CROSS JOIN clients c ON c.realm_id = $1 AND c.id = json_extract(n.value, '$[0]') \
             WHERE TRUE ON CONFLICT (realm_id, client) DO NOTHING"
        }
        Database::Postgres(..) => {
            "INSERT INTO client_software (realm_id, client, software, made_ms, awake, used) SELECT c.realm_id, c.id, \
             n.entry ->> 1, (n.entry ->> 2)::bigint, c.hibernated_ms IS NULL, \
             EXISTS (SELECT 1 FROM client_uses u WHERE u.realm_id = c.realm_id AND u.client = c.id) \
             FROM jsonb_array_elements($2::text::jsonb) AS n (entry) \
             JOIN clients c ON c.realm_id = $1 AND c.id = n.entry ->> 0 ON CONFLICT (realm_id, client) DO NOTHING"
        }
    };
    write.run(sql, values![realm_id, serde_json::Value::Array(list).to_string()]);
}

/// A client is of other software from now on, if it is counted.
pub fn change(write: &mut Write, realm_id: &str, client: &str, software: &str) {
    write.run(
        "UPDATE client_software SET software = $3 WHERE realm_id = $1 AND client = $2 AND software <> $3",
        values![realm_id, client, software],
    );
}

/// A client goes to sleep, or wakes.
pub(super) fn set_awake(write: &mut Write, realm_id: &str, client: &str, awake: bool) {
    write.run(
        "UPDATE client_software SET awake = $3 WHERE realm_id = $1 AND client = $2",
        values![realm_id, client, awake],
    );
}

/// Clients are used: from now on none of them makes room for another.
pub(super) fn set_used(database: &Database, write: &mut Write, uses: &[Use]) {
    let list: Vec<_> = uses.iter().map(|one| json!([one.client.0, one.client.1])).collect();
    let sql = match database {
        Database::Sqlite(_) => {
            "UPDATE client_software SET used = TRUE WHERE NOT used AND (realm_id, client) IN \
             (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($1))"
        }
        Database::Postgres(..) => {
            "UPDATE client_software SET used = TRUE WHERE NOT used AND (realm_id, client) IN \
             (SELECT entry ->> 0, entry ->> 1 FROM jsonb_array_elements($1::text::jsonb) AS n (entry))"
        }
    };
    write.run(sql, values![serde_json::Value::Array(list).to_string()]);
}

/// The oldest client of the same software that nobody has used, was registered before and is not this one, if more than
/// `max` of that software are active. Its internal id.
pub async fn surplus(
    database: &Database,
    realm_id: &str,
    new: &OfSoftware,
    max: i64,
    before_ms: i64,
) -> Result<Option<String>, StoreError> {
    // A look-up is put behind another one, so it does not end with a limit.
    let sql = "SELECT client FROM (SELECT s.client FROM client_software s JOIN clients c ON c.realm_id = s.realm_id AND c.id = s.client \
               WHERE s.realm_id = $1 AND s.software = $2 AND s.awake AND NOT s.used AND s.made_ms <= $3 \
               AND s.client <> $4 AND c.enabled AND NOT c.held \
               AND (SELECT count(*) FROM (SELECT 1 FROM client_software o JOIN clients a \
               ON a.realm_id = o.realm_id AND a.id = o.client WHERE o.realm_id = $1 AND o.software = $2 AND o.awake \
               AND a.enabled LIMIT $5 + 1) AS active) > $5 ORDER BY s.made_ms LIMIT 1) AS oldest";
    let values = values![realm_id, &new.software, before_ms, &new.client, max];
    database.first(sql, values).await?.map(|row| row.get(0)).transpose()
}
