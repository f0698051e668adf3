//! Table `policies`: the client registration policies as administrators set them up.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Database, Lost, StoreError, Write, values};

/// Values of a configured key, as in Keycloak's components.
pub type Config = BTreeMap<String, Vec<String>>;

/// What a policy is, whichever realm or initial access token has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Free text; appears in refusals.
    pub name: Option<String>,
    /// Which kind of policy.
    pub provider_id: String,
    /// The set it belongs to: `anonymous` or `authenticated`; empty when it is of an initial access token.
    pub sub_type: String,
    /// Its settings, those of the host (`priority`, `mode`) included.
    pub config: Config,
}

/// A policy of a realm as administrators see it.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// UUID, or what its creator chose.
    pub id: String,
    /// The realm's id.
    pub parent_id: String,
    /// What it is.
    pub policy: Policy,
    /// Grows with each change.
    pub version: i64,
}

impl Policy {
    /// The host's own key of the configuration. Lower runs first.
    pub fn priority(&self) -> i32 {
        self.config.get("priority").and_then(|values| values.first()?.parse().ok()).unwrap_or(0)
    }
}

/// Every policy of a realm in the order in which they run.
pub async fn list(database: &Database, realm_id: &str) -> Result<Vec<PolicyRow>, StoreError> {
    let rows = database
        .all(
            "SELECT id, name, provider_id, sub_type, parent_id, config, version FROM policies WHERE realm_id = $1 \
             ORDER BY created_us, id",
            values![realm_id],
        )
        .await?;
    let mut rows = rows
        .iter()
        .map(|row| {
            let policy =
                Policy { name: row.get(1)?, provider_id: row.get(2)?, sub_type: row.get(3)?, config: row.json(5)? };
            Ok(PolicyRow { id: row.get(0)?, parent_id: row.get(4)?, policy, version: row.get(6)? })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    // Stable: policies of equal priority stay in the order in which they were made.
    rows.sort_by_key(|row| row.policy.priority());
    Ok(rows)
}

/// The policies of an initial access token, which bind the client behind those of the realm.
#[derive(Clone, Copy, Default)]
pub struct OfToken<'a> {
    /// In running order.
    pub policies: &'a [Arc<Policy>],
    /// The token's id.
    pub id: &'a str,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
}

/// Reads what [`super::realms::whole`] gives of policies. They come in the order in which they run.
pub fn read_whole(json: &str) -> Result<Vec<Arc<Policy>>, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
    let rows: Vec<(Option<String>, String, String, String)> = serde_json::from_str(json).map_err(damaged)?;
    let policies = rows.into_iter().map(|(name, provider_id, sub_type, config)| {
        Ok(Policy { name, provider_id, sub_type, config: serde_json::from_str(&config).map_err(damaged)? })
    });
    let mut policies = policies.collect::<Result<Vec<_>, StoreError>>()?;
    // Stable: policies of equal priority stay in the order in which they were made.
    policies.sort_by_key(Policy::priority);
    Ok(policies.into_iter().map(Arc::new).collect())
}

/// A list of policies as it is stored beside what it belongs to.
pub(crate) fn list_to_json(list: &[Arc<Policy>]) -> String {
    let list: Vec<&Policy> = list.iter().map(Arc::as_ref).collect();
    serde_json::json!(list).to_string()
}

/// Reads what [`list_to_json`] wrote.
pub fn read_list(json: &str) -> Result<Vec<Arc<Policy>>, StoreError> {
    let list: Vec<Policy> = serde_json::from_str(json).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(list.into_iter().map(Arc::new).collect())
}

/// Adds a policy behind the others; [`Lost::Taken`] when the id is in use. `created_us` orders the policies of a realm.
pub fn insert(write: &mut Write, realm_id: &str, row: &PolicyRow, created_us: i64) {
    let policy = &row.policy;
    write.require(
        "INSERT INTO policies (realm_id, id, name, provider_id, sub_type, parent_id, config, created_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        values![
            realm_id,
            &row.id,
            policy.name.clone(),
            &policy.provider_id,
            &policy.sub_type,
            &row.parent_id,
            serde_json::json!(policy.config).to_string(),
            created_us,
        ],
        Lost::Taken,
    );
}

/// Replaces a policy that still is as it was read, [`Lost::Changed`] when somebody was faster; its place in the order
/// stays.
pub fn update(write: &mut Write, realm_id: &str, row: &PolicyRow) {
    let policy = &row.policy;
    write.replace(
        "UPDATE policies SET name = $3, provider_id = $4, sub_type = $5, parent_id = $6, config = $7, \
         version = version + 1 WHERE realm_id = $1 AND id = $2 AND version = $8",
        values![
            realm_id,
            &row.id,
            policy.name.clone(),
            &policy.provider_id,
            &policy.sub_type,
            &row.parent_id,
            serde_json::json!(policy.config).to_string(),
            row.version,
        ],
        Lost::Changed,
    );
}

/// Removes a policy.
pub fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.require("DELETE FROM policies WHERE realm_id = $1 AND id = $2", values![realm_id, id], Lost::Changed);
}
