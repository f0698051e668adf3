//! Table `policies`: the client registration policies as administrators set them up.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Database, Lost, StoreError, Write, values};

/// Values of a configured key, as in Keycloak's components.
pub(crate) type Config = BTreeMap<String, Vec<String>>;

/// A policy of a realm, or of an initial access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PolicyRow {
    /// UUID, or what its creator chose.
    pub(crate) id: String,
    /// Free text; appears in refusals.
    pub(crate) name: Option<String>,
    /// Which kind of policy.
    pub(crate) provider_id: String,
    /// The set it belongs to: `anonymous` or `authenticated`.
    pub(crate) sub_type: String,
    /// The realm's id.
    pub(crate) parent_id: String,
    /// Its settings, those of the host (`priority`, `mode`) included.
    pub(crate) config: Config,
}

/// Every policy of a realm in the order in which they were made.
pub(crate) async fn list(database: &Database, realm_id: &str) -> Result<Vec<PolicyRow>, StoreError> {
    let rows = database
        .all(
            "SELECT id, name, provider_id, sub_type, parent_id, config FROM policies WHERE realm_id = $1 \
             ORDER BY created_us, id",
            values![realm_id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(PolicyRow {
                id: row.get(0)?,
                name: row.get(1)?,
                provider_id: row.get(2)?,
                sub_type: row.get(3)?,
                parent_id: row.get(4)?,
                config: row.json(5)?,
            })
        })
        .collect()
}

/// A list of policies as it is stored beside what it belongs to.
pub(crate) fn list_to_json(list: &[Arc<PolicyRow>]) -> String {
    let list: Vec<&PolicyRow> = list.iter().map(Arc::as_ref).collect();
    serde_json::json!(list).to_string()
}

/// Reads what [`list_to_json`] wrote.
pub(crate) fn read_list(json: &str) -> Result<Vec<Arc<PolicyRow>>, StoreError> {
    let list: Vec<PolicyRow> = serde_json::from_str(json).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(list.into_iter().map(Arc::new).collect())
}

/// Adds a policy behind the others; [`Lost::Taken`] when the id is in use. `created_us` orders the policies of a realm.
pub(crate) fn insert(write: &mut Write, realm_id: &str, policy: &PolicyRow, created_us: i64) {
    write.require(
        "INSERT INTO policies (realm_id, id, name, provider_id, sub_type, parent_id, config, created_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        values![
            realm_id,
            &policy.id,
            policy.name.clone(),
            &policy.provider_id,
            &policy.sub_type,
            &policy.parent_id,
            serde_json::json!(policy.config).to_string(),
            created_us,
        ],
        Lost::Taken,
    );
}

/// Replaces a policy; its place in the order stays.
pub(crate) fn update(write: &mut Write, realm_id: &str, policy: &PolicyRow) {
    write.require(
        "UPDATE policies SET name = $3, provider_id = $4, sub_type = $5, parent_id = $6, config = $7 \
         WHERE realm_id = $1 AND id = $2",
        values![
            realm_id,
            &policy.id,
            policy.name.clone(),
            &policy.provider_id,
            &policy.sub_type,
            &policy.parent_id,
            serde_json::json!(policy.config).to_string(),
        ],
        Lost::Changed,
    );
}

/// Removes a policy.
pub(crate) fn delete(write: &mut Write, realm_id: &str, id: &str) {
    write.require("DELETE FROM policies WHERE realm_id = $1 AND id = $2", values![realm_id, id], Lost::Changed);
}
