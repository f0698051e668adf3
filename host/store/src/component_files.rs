//! Tables `component_files` and `components`: uploaded components, and which of their versions decide.

use super::{Database, StoreError, Write, values};

/// Users of a component that are looked for at most.
pub(crate) const USERS: i64 = 100;

/// A version without its bytes.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Name of the component.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Length in bytes.
    pub size: i64,
    /// Version of the contract that it was built for.
    pub contract: String,
    /// Unix milliseconds.
    pub uploaded_ms: i64,
}

/// What was chosen for a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceRow {
    /// The version that decides; absent: that of the program or the folder.
    pub active: Option<String>,
    /// The version that is watched.
    pub shadow: Option<String>,
    /// Unix seconds.
    pub since: i64,
    /// What it may use.
    pub limits: Limits,
    /// The versions that decide or have decided, the latest first.
    pub decided: Vec<String>,
}

/// What a component may use; absent: what every component may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Wall time of a call, in milliseconds.
    pub call_millis: Option<u32>,
    /// Linear memory of an instance, in MiB.
    pub memory_mib: Option<u32>,
}

/// Who uses a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name of the realm.
    pub realm: String,
    /// Name of the policy.
    pub policy: String,
}

/// Every uploaded version, the newest of a component first.
pub async fn list(database: &Database) -> Result<Vec<FileRow>, StoreError> {
    let rows = database
        .all(
            "SELECT name, digest, size, contract, CASE WHEN uploaded_ms > 0 THEN uploaded_ms ELSE uploaded_at * 1000 END \
             FROM component_files ORDER BY name, uploaded_at DESC, uploaded_ms DESC, digest",
            values![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(FileRow {
                name: row.get(0)?,
                digest: row.get(1)?,
                size: row.get(2)?,
                contract: row.get(3)?,
                uploaded_ms: row.get(4)?,
            })
        })
        .collect()
}

/// What was chosen, by the names of the components.
pub async fn choices(database: &Database) -> Result<Vec<(String, ChoiceRow)>, StoreError> {
    let rows = database
        .all(
            "SELECT name, active, shadow, since, call_millis, memory_mib, decided FROM components ORDER BY name",
            values![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let number = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
            let limits = Limits { call_millis: number(row.get(4)?), memory_mib: number(row.get(5)?) };
            let (active, shadow, since) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, ChoiceRow { active, shadow, since, limits, decided: row.json(6)? }))
        })
        .collect()
}

/// The bytes of a version and its signature.
pub async fn bytes(
    database: &Database,
    name: &str,
    digest: &str,
) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, StoreError> {
    let row = database
        .first("SELECT bytes, signature FROM component_files WHERE name = $1 AND digest = $2", values![name, digest])
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Adds a version, unless it is there.
pub fn insert(write: &mut Write, file: &FileRow, bytes: Vec<u8>, signature: Option<Vec<u8>>) {
    write.run(
        "INSERT INTO component_files (name, digest, bytes, size, contract, signature, uploaded_at, uploaded_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        values![
            &file.name,
            &file.digest,
            bytes,
            file.size,
            &file.contract,
            signature,
            file.uploaded_ms / 1000,
            file.uploaded_ms
        ],
    );
}

/// Stores what was chosen.
pub fn choose(write: &mut Write, name: &str, choice: &ChoiceRow) {
    write.run(
        "INSERT INTO components (name, active, shadow, since, call_millis, memory_mib, decided) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (name) DO UPDATE SET active = excluded.active, shadow = excluded.shadow, since = excluded.since, \
         call_millis = excluded.call_millis, memory_mib = excluded.memory_mib, decided = excluded.decided",
        values![
            name,
            choice.active.clone(),
            choice.shadow.clone(),
            choice.since,
            choice.limits.call_millis.map(i64::from),
            choice.limits.memory_mib.map(i64::from),
            serde_json::json!(choice.decided).to_string()
        ],
    );
}

/// Removes every uploaded version, and what was chosen.
pub fn delete(write: &mut Write, name: &str) {
    write.run("DELETE FROM component_files WHERE name = $1", values![name]);
    write.run("DELETE FROM components WHERE name = $1", values![name]);
}

/// Removes one version.
pub fn delete_version(write: &mut Write, name: &str, digest: &str) {
    write.run("DELETE FROM component_files WHERE name = $1 AND digest = $2", values![name, digest]);
}

/// Who uses a policy, condition, executor or connector of this id, [`USERS`] of each at most.
pub async fn users(database: &Database, id: &str) -> Result<Vec<User>, StoreError> {
    let policies = database
        .scan(
            "SELECT realms.name, COALESCE(policies.name, policies.id) FROM policies \
             JOIN realms ON realms.id = policies.realm_id WHERE policies.provider_id = $1 \
             ORDER BY realms.name, policies.name LIMIT $2",
            values![id, USERS],
        )
        .await?;
    // Few realms have client policies; an id stands in their documents as a JSON text.
    let quoted = format!("%{}%", super::escape_like(&serde_json::json!(id).to_string()));
    let client_policies = database
        .scan(
            "SELECT realms.name FROM client_policies JOIN realms ON realms.id = client_policies.realm_id \
             WHERE lower(client_policies.profiles) LIKE $1 ESCAPE '\\' \
             OR lower(client_policies.policies) LIKE $1 ESCAPE '\\' ORDER BY realms.name LIMIT $2",
            values![quoted, USERS],
        )
        .await?;
    let targets = database
        .scan(
            "SELECT realms.name, targets.name FROM targets JOIN realms ON realms.id = targets.realm_id \
             WHERE targets.connector = $1 ORDER BY realms.name, targets.name LIMIT $2",
            values![id, USERS],
        )
        .await?;
    let mut users = Vec::with_capacity(policies.len() + client_policies.len() + targets.len());
    for row in &policies {
        users.push(User { realm: row.get(0)?, policy: row.get(1)? });
    }
    for row in &client_policies {
        users.push(User { realm: row.get(0)?, policy: format!("client policies ({id})") });
    }
    for row in &targets {
        users.push(User { realm: row.get(0)?, policy: format!("target {}", row.get::<String>(1)?) });
    }
    Ok(users)
}
