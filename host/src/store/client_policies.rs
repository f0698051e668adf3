//! Table `client_policies`: the two documents of a realm.

use super::{Write, values};
use crate::client_policies::documents::{Policies, Profiles};

/// Replaces the profiles.
pub(crate) fn store_profiles(write: &mut Write, realm_id: &str, profiles: &Profiles) {
    write.run(
        "INSERT INTO client_policies (realm_id, profiles, policies) VALUES ($1, $2, $3) \
         ON CONFLICT (realm_id) DO UPDATE SET profiles = $2",
        values![realm_id, serde_json::json!(profiles).to_string(), serde_json::json!(Policies::default()).to_string()],
    );
}

/// Replaces the policies.
pub(crate) fn store_policies(write: &mut Write, realm_id: &str, policies: &Policies) {
    write.run(
        "INSERT INTO client_policies (realm_id, profiles, policies) VALUES ($1, $2, $3) \
         ON CONFLICT (realm_id) DO UPDATE SET policies = $3",
        values![realm_id, serde_json::json!(Profiles::default()).to_string(), serde_json::json!(policies).to_string()],
    );
}
