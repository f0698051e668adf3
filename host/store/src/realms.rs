//! Table `realms` and the counter beside it.

use super::client_policy_documents::RealmClientPolicies;
use super::realm_settings::Settings;
use super::writer::Count;
use super::{Database, Lost, Row, StoreError, Write, client_jobs, values};

/// A realm without what other tables hold of it.
pub struct RealmRow {
    /// UUID, or what its creator chose.
    pub id: String,
    /// As in the address.
    pub name: String,
    /// A disabled realm registers no clients and issues no tokens.
    pub enabled: bool,
    /// The rest.
    pub settings: Settings,
    /// Grows with each change of this row.
    pub version: i64,
}

/// A realm that is to be made.
pub struct NewRow<'a> {
    /// UUID, or what its creator chose.
    pub id: &'a str,
    /// As in the address.
    pub name: &'a str,
    /// Whether it registers clients.
    pub enabled: bool,
    /// The rest.
    pub settings: &'a Settings,
}

fn row(row: &Row) -> Result<RealmRow, StoreError> {
    Ok(RealmRow {
        id: row.get(0)?,
        name: row.get(1)?,
        enabled: row.get(2)?,
        settings: row.json(3)?,
        version: row.get(4)?,
    })
}

/// The realm of this name.
pub async fn by_name(database: &Database, name: &str) -> Result<Option<RealmRow>, StoreError> {
    let sql = "SELECT id, name, enabled, settings, version FROM realms WHERE name = $1";
    database.first(sql, values![name]).await?.as_ref().map(row).transpose()
}

/// The realm with this id.
pub async fn by_id(database: &Database, id: &str) -> Result<Option<RealmRow>, StoreError> {
    let sql = "SELECT id, name, enabled, settings, version FROM realms WHERE id = $1";
    database.first(sql, values![id]).await?.as_ref().map(row).transpose()
}

/// A realm with all that requests need of it, as it is stored: what was read together.
pub struct Whole(Row);

impl Whole {
    /// UUID, or what its creator chose.
    pub fn id(&self) -> Result<String, StoreError> {
        self.0.get(0)
    }

    /// Whether it registers clients.
    pub fn enabled(&self) -> Result<bool, StoreError> {
        self.0.get(1)
    }

    /// Its [`Settings`], JSON.
    pub fn settings(&self) -> Result<&str, StoreError> {
        self.0.text(2)
    }

    /// Its client scopes, for [`super::scopes::read_whole`].
    pub fn scopes(&self) -> Result<&str, StoreError> {
        self.0.text(3)
    }

    /// Its client registration policies, for [`super::policies::read_whole`].
    pub fn policies(&self) -> Result<&str, StoreError> {
        self.0.text(4)
    }

    /// Profiles and policies of its client policies, JSON; empty texts in most realms.
    pub fn client_policies(&self) -> Result<[&str; 2], StoreError> {
        Ok([self.0.text(5)?, self.0.text(6)?])
    }

    /// Its targets, for [`super::targets::read_whole`].
    pub fn targets(&self) -> Result<&str, StoreError> {
        self.0.text(7)
    }
}

/// The realm of this name, by one question: so nothing of it can be older than the rest. Equal lists are equal texts.
pub async fn whole(database: &Database, name: &str) -> Result<Option<Whole>, StoreError> {
    // Both kinds of database make a list of rows, each in its own words.
    let sql = match database {
        Database::Sqlite(_) => {
            "SELECT r.id, r.enabled, r.settings, \
             (SELECT json_group_array(json_array(s.name, s.protocol, s.assigned) ORDER BY s.name) \
             FROM client_scopes s WHERE s.realm_id = r.id), \
             (SELECT json_group_array(json_array(p.name, p.provider_id, p.sub_type, p.config) ORDER BY p.created_us, p.id) \
             FROM policies p WHERE p.realm_id = r.id AND p.parent_id = r.id), \
             coalesce(c.profiles, ''), coalesce(c.policies, ''), \
             (SELECT json_group_array(json_array(t.name, t.connector, t.settings, CASE WHEN t.leaving THEN 'leaving' \
             WHEN NOT t.enabled THEN 'disabled' ELSE '' END) ORDER BY t.name) FROM targets t WHERE t.realm_id = r.id) \
             FROM realms r LEFT JOIN client_policies c ON c.realm_id = r.id WHERE r.name = $1"
        }
        Database::Postgres(..) => {
            "SELECT r.id, r.enabled, r.settings, \
             (SELECT coalesce(json_agg(json_build_array(s.name, s.protocol, s.assigned) ORDER BY s.name), '[]')::text \
             FROM client_scopes s WHERE s.realm_id = r.id), \
             (SELECT coalesce(json_agg(json_build_array(p.name, p.provider_id, p.sub_type, p.config) \
             ORDER BY p.created_us, p.id), '[]')::text FROM policies p WHERE p.realm_id = r.id AND p.parent_id = r.id), \
             coalesce(c.profiles, ''), coalesce(c.policies, ''), \
             (SELECT coalesce(json_agg(json_build_array(t.name, t.connector, t.settings, CASE WHEN t.leaving THEN 'leaving' \
             WHEN NOT t.enabled THEN 'disabled' ELSE '' END) ORDER BY t.name), '[]')::text FROM targets t WHERE t.realm_id = r.id) \
             FROM realms r LEFT JOIN client_policies c ON c.realm_id = r.id WHERE r.name = $1"
        }
    };
    Ok(database.first(sql, values![name]).await?.map(Whole))
}

/// Names of all realms, in alphabetical order.
pub async fn names(database: &Database) -> Result<Vec<String>, StoreError> {
    let rows = database.scan("SELECT name FROM realms ORDER BY name", values![]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Realms behind this name in alphabetical order, without the first `first` of them, at most `max`; with their client
/// policies.
pub async fn behind(
    database: &Database,
    name: &str,
    first: i64,
    max: i64,
) -> Result<Vec<(RealmRow, RealmClientPolicies)>, StoreError> {
    let rows = database
        .scan(
            "SELECT r.id, r.name, r.enabled, r.settings, r.version, p.profiles, p.policies FROM realms r \
             LEFT JOIN client_policies p ON p.realm_id = r.id WHERE r.name > $1 ORDER BY r.name LIMIT $3 OFFSET $2",
            values![name, first, max],
        )
        .await?;
    rows.iter()
        .map(|found| {
            let has_policies: bool = found.get::<Option<String>>(5)?.is_some();
            let policies = if has_policies {
                RealmClientPolicies::new(found.json(5)?, found.json(6)?)
            } else {
                RealmClientPolicies::default()
            };
            Ok((row(found)?, policies))
        })
        .collect()
}

/// Adds a realm without clients, in its first version; [`Lost::Taken`] when name or id are in use.
pub fn insert(write: &mut Write, realm: &NewRow<'_>, now: i64) {
    write.require(
        "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        values![realm.id, realm.name, realm.enabled, realm.settings.to_json(), now],
        Lost::Taken,
    );
    write.run("INSERT INTO realm_counters (realm_id, clients) VALUES ($1, 0)", values![realm.id]);
    client_jobs::schedule(write, realm.id, &realm.settings.life_cycle);
}

/// Replaces a realm that still is as it was read: [`Lost::Changed`] when somebody was faster.
pub fn update(write: &mut Write, realm: &RealmRow) {
    write.replace(
        "UPDATE realms SET name = $2, enabled = $3, settings = $4, version = version + 1 WHERE id = $1 AND version = $5",
        values![&realm.id, &realm.name, realm.enabled, realm.settings.to_json(), realm.version],
        Lost::Changed,
    );
    client_jobs::schedule(write, &realm.id, &realm.settings.life_cycle);
}

/// Removes a realm and everything in it.
pub fn delete(write: &mut Write, id: &str) {
    write.require("DELETE FROM realms WHERE id = $1", values![id], Lost::Changed);
}

/// Clients of a realm, built-in ones included.
pub async fn client_count(database: &Database, realm_id: &str) -> Result<u64, StoreError> {
    let row = database.first("SELECT clients FROM realm_counters WHERE realm_id = $1", values![realm_id]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}

/// Counts one more client, if every limit allows it: the realm must have fewer than each. A limit that does not hold
/// ends the write as [`Lost::Condition`] with its index.
pub fn count_client(write: &mut Write, realm_id: &str, limits: &[u32]) {
    write.count(Count::new(realm_id, limits));
}

/// Counts a client that changes.
pub(crate) fn count_change(write: &mut Write, realm_id: &str) {
    write.count(Count::changed(realm_id));
}

/// Counts clients of the server, that no limit holds for; [`Lost::Changed`] when the realm is gone.
pub fn count_clients(write: &mut Write, realm_id: &str, number: usize) {
    write.require(
        "UPDATE realm_counters SET clients = clients + $2 WHERE realm_id = $1",
        values![realm_id, i64::try_from(number).unwrap_or(i64::MAX)],
        Lost::Changed,
    );
}

/// Counts one client less, if the realm is still there.
pub fn discount_client(write: &mut Write, realm_id: &str) {
    write.count(Count::less(realm_id));
}
