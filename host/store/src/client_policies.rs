//! Table `client_policies`: the two documents of a realm.

use super::{Database, Lost, StoreError, Write, values};
use crate::client_policy_documents::{Policies, Profiles};

/// The two documents as they are stored.
#[derive(Clone, Debug, Default)]
pub struct ClientPoliciesRow {
    /// What executors there are.
    pub profiles: Profiles,
    /// Where they run.
    pub policies: Policies,
    /// Grows with each change of either; 0: nothing is stored yet.
    version: i64,
}

/// The documents of a realm; empty ones where there are none.
pub async fn by_realm(database: &Database, realm_id: &str) -> Result<ClientPoliciesRow, StoreError> {
    let sql = "SELECT profiles, policies, version FROM client_policies WHERE realm_id = $1";
    let Some(row) = database.first(sql, values![realm_id]).await? else { return Ok(ClientPoliciesRow::default()) };
    Ok(ClientPoliciesRow { profiles: row.json(0)?, policies: row.json(1)?, version: row.get(2)? })
}

/// Replaces documents that still are as they were read: [`Lost::Changed`] when somebody was faster.
pub fn store(write: &mut Write, realm_id: &str, row: &ClientPoliciesRow) {
    let (profiles, policies) =
        (serde_json::json!(row.profiles).to_string(), serde_json::json!(row.policies).to_string());
    if row.version == 0 {
        write.require(
            "INSERT INTO client_policies (realm_id, profiles, policies, version) VALUES ($1, $2, $3, 1) \
             ON CONFLICT DO NOTHING",
            values![realm_id, profiles, policies],
            Lost::Changed,
        );
    } else {
        write.replace(
            "UPDATE client_policies SET profiles = $2, policies = $3, version = version + 1 \
             WHERE realm_id = $1 AND version = $4",
            values![realm_id, profiles, policies, row.version],
            Lost::Changed,
        );
    }
}
