//! The two documents of a realm (Keycloak: ClientProfilesRepresentation, ClientPoliciesRepresentation), and the policies
//! that they come to.

use std::sync::{Arc, LazyLock};

use matricula_contract::{ConfigEntry, Configured};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::StoreError;
use super::lenient::lenient_switch;

/// Profiles of a realm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Profiles {
    /// In the order of the administrator.
    #[serde(deserialize_with = "list")]
    pub profiles: Vec<Profile>,
    /// The server's own; only shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_profiles: Option<Vec<Profile>>,
}

/// A list of executors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// What policies call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// In the order in which they run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executors: Option<Vec<Executor>>,
}

/// An executor as an administrator set it up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Executor {
    /// Which kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Its settings; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Value>,
}

/// Policies of a realm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Policies {
    /// In the order in which they run.
    #[serde(deserialize_with = "list")]
    pub policies: Vec<Policy>,
    /// The server's own: there are none; only shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_policies: Option<Vec<Policy>>,
}

/// Where its conditions hold, the executors of its profiles run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Appears in refusals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Absent: no.
    #[serde(deserialize_with = "switch")]
    pub enabled: bool,
    /// `DEFAULT`, or `STRICT`: a condition that has nothing to say then counts as one that does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// All must hold, and at least one must have something to say.
    #[serde(deserialize_with = "list")]
    pub conditions: Vec<Condition>,
    /// Names of profiles of the realm or of the server.
    #[serde(deserialize_with = "list")]
    pub profiles: Vec<String>,
}

/// A condition as an administrator set it up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// Which kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Its settings; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Value>,
}

/// A switch; `null` is off.
fn switch<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(false),
        value => Ok(lenient_switch(value).map_err(serde::de::Error::custom)?.unwrap_or(false)),
    }
}

/// A list; `null` is empty.
fn list<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The profiles of the server, for every realm (Keycloak: keycloak-default-client-profiles.json). Its profile for SAML is
/// left out: it consists of executors that fail on every registration.
static GLOBAL_PROFILES: LazyLock<Vec<Profile>> =
    LazyLock::new(|| serde_json::from_str(include_str!("global_profiles.json")).unwrap_or_default());

/// The profiles of the server.
pub fn global_profiles() -> &'static [Profile] {
    &GLOBAL_PROFILES
}

/// What a realm has of client policies. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct RealmClientPolicies {
    /// As they were sent.
    pub profiles: Arc<Profiles>,
    /// As they were sent.
    pub policies: Arc<Policies>,
    /// What they come to.
    pub enabled: Arc<Vec<EnabledPolicy>>,
}

/// A policy that is switched on, with the executors of its profiles.
#[derive(Debug)]
pub struct EnabledPolicy {
    /// Appears in refusals.
    pub name: String,
    /// An abstention counts as no.
    pub strict: bool,
    /// As components see them.
    pub conditions: Vec<Configured>,
    /// In the order in which they run.
    pub executors: Vec<Configured>,
}

impl RealmClientPolicies {
    /// What these texts come to, profiles and policies as they are stored; without any, a realm has none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn read([profiles, policies]: [&str; 2]) -> Result<RealmClientPolicies, StoreError> {
        if profiles.is_empty() && policies.is_empty() {
            return Ok(RealmClientPolicies::default());
        }
        let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
        let profiles = serde_json::from_str(profiles).map_err(damaged)?;
        Ok(RealmClientPolicies::new(profiles, serde_json::from_str(policies).map_err(damaged)?))
    }

    /// What these documents come to. A policy without conditions never applies, a profile that is gone has no executors.
    pub fn new(profiles: Profiles, policies: Policies) -> RealmClientPolicies {
        let find = |name: &String| {
            let named = |profile: &&Profile| profile.name.as_ref() == Some(name);
            global_profiles().iter().find(named).or_else(|| profiles.profiles.iter().find(named))
        };
        let enabled = policies
            .policies
            .iter()
            .filter(|policy| policy.enabled && !policy.conditions.is_empty())
            .map(|policy| {
                let name = policy.name.clone().unwrap_or_default();
                let executors =
                    policy.profiles.iter().filter_map(find).flat_map(|profile| profile.executors.iter().flatten());
                EnabledPolicy {
                    strict: policy.mode.as_deref() == Some("STRICT"),
                    conditions: policy
                        .conditions
                        .iter()
                        .map(|one| configured(&name, one.condition.as_deref(), one.configuration.as_ref()))
                        .collect(),
                    executors: executors
                        .map(|one| configured(&name, one.executor.as_deref(), one.configuration.as_ref()))
                        .collect(),
                    name,
                }
            })
            .filter(|policy| !policy.executors.is_empty())
            .collect();
        RealmClientPolicies { profiles: Arc::new(profiles), policies: Arc::new(policies), enabled: Arc::new(enabled) }
    }
}

/// A condition or executor as components see it: a text or number as one value, a list as its values, an object as its
/// text, and nothing for what is empty.
pub fn configured(policy: &str, provider: Option<&str>, configuration: Option<&Value>) -> Configured {
    let none = Map::new();
    let settings = configuration.and_then(Value::as_object).unwrap_or(&none);
    let config = settings.iter().filter_map(|(name, value)| {
        let values = match value {
            Value::Null => Vec::new(),
            Value::Array(list) => list.iter().filter(|value| !value.is_null()).map(text).collect(),
            value => vec![text(value)],
        };
        (!values.is_empty()).then(|| ConfigEntry { name: name.clone(), values })
    });
    Configured {
        provider: provider.unwrap_or_default().to_owned(),
        policy: policy.to_owned(),
        config: config.collect(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(profiles: Value, policies: Value) -> RealmClientPolicies {
        let profiles = serde_json::from_value(json!({ "profiles": profiles })).unwrap();
        RealmClientPolicies::new(profiles, serde_json::from_value(json!({ "policies": policies })).unwrap())
    }

    #[test]
    fn only_enabled_policies_with_conditions_and_executors_are_run() {
        let profiles =
            json!([{ "name": "p", "executors": [{ "executor": "a" }, { "executor": "b" }] }, { "name": "q" }]);
        let any = json!([{ "condition": "any-client" }]);
        for (policy, executors) in [
            (json!({ "enabled": true, "conditions": any, "profiles": ["p"] }), Some(2)),
            (json!({ "enabled": "true", "conditions": any, "profiles": ["p", "q", "p"] }), Some(4)),
            (json!({ "enabled": true, "conditions": any, "profiles": ["fapi-ciba"] }), Some(3)),
            (json!({ "enabled": true, "conditions": any, "profiles": ["q", "gone"] }), None),
            (json!({ "enabled": true, "conditions": [], "profiles": ["p"] }), None),
            (json!({ "enabled": false, "conditions": any, "profiles": ["p"] }), None),
            (json!({ "enabled": null, "conditions": any, "profiles": ["p"] }), None),
        ] {
            let realm = of(profiles.clone(), json!([policy]));
            assert_eq!(realm.enabled.first().map(|policy| policy.executors.len()), executors, "{policy}");
        }
    }

    #[test]
    fn settings_of_any_shape_become_lists_of_texts() {
        for (value, expected) in [
            (json!(true), &["true"][..]),
            (json!("PS256"), &["PS256"]),
            (json!(3600), &["3600"]),
            (json!(["a", 1, null]), &["a", "1"]),
            (json!({ "k": "v" }), &["{\"k\":\"v\"}"]),
            (json!([]), &[]),
            (json!(null), &[]),
        ] {
            let part = configured("policy", Some("kind"), Some(&json!({ "setting": value })));
            let values: Vec<_> = part.config.iter().flat_map(|entry| &entry.values).collect();
            assert_eq!(values, expected, "{value}");
        }
        assert_eq!(configured("policy", Some("kind"), None).config, []);
    }

    #[test]
    fn the_profiles_of_the_server_are_nine() {
        assert_eq!(global_profiles().len(), 9);
    }

    #[test]
    fn documents_come_back_as_they_were_sent() {
        for document in [
            json!({ "policies": [{ "name": "a", "enabled": false, "conditions": [], "profiles": [] }] }),
            json!({ "policies": [{ "name": "a", "description": "d", "enabled": true, "mode": "STRICT",
                "conditions": [{ "condition": "c", "configuration": { "x": [1] } }], "profiles": ["p"] }] }),
        ] {
            let read: Policies = serde_json::from_value(document.clone()).unwrap();
            assert_eq!(json!(read), document);
        }
        let bare: Policies = serde_json::from_value(json!({ "policies": [{ "name": "a" }] })).unwrap();
        assert_eq!(
            json!(bare)["policies"][0],
            json!({ "name": "a", "enabled": false, "conditions": [], "profiles": [] })
        );
    }
}
