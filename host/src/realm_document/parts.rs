//! Parts of a realm's document, as Keycloak writes them. What this server has no use for is passed over, and `null` is as
//! good as absent.

use std::collections::BTreeMap;

use matricula_store::ids;
use matricula_store::policies::{Config, Policy, PolicyRow};
use matricula_store::roles::RoleRow;
use matricula_store::scopes::{Assigned, ScopeRow};
use serde::{Deserialize, Deserializer, Serialize};

fn nullable<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A client scope (Keycloak: ClientScopeRepresentation).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScopePart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) name: String,
    #[serde(deserialize_with = "nullable")]
    pub(super) protocol: String,
    #[serde(deserialize_with = "nullable")]
    pub(super) attributes: BTreeMap<String, Option<String>>,
}

impl From<&ScopeRow> for ScopePart {
    fn from(scope: &ScopeRow) -> Self {
        ScopePart {
            id: Some(scope.id.clone()),
            name: scope.name.clone(),
            protocol: scope.protocol.clone(),
            attributes: scope.attributes.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
        }
    }
}

impl ScopePart {
    /// The row of it; without an id it gets one.
    pub(super) fn row(self, assigned: Assigned) -> ScopeRow {
        ScopeRow {
            id: self.id.unwrap_or_else(ids::fresh),
            name: self.name,
            protocol: self.protocol,
            assigned,
            attributes: self.attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        }
    }
}

/// A role (Keycloak: RoleRepresentation).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RolePart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) composite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) composites: Option<Composites>,
    #[serde(deserialize_with = "nullable")]
    pub(super) client_role: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container_id: Option<String>,
}

/// What a role contains: names of roles of the realm, and of its clients by `clientId`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Composites {
    #[serde(deserialize_with = "nullable")]
    pub(super) realm: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) client: BTreeMap<String, Vec<String>>,
}

impl RolePart {
    /// A role that contains nothing.
    pub(super) fn of(role: &RoleRow, container: &str) -> RolePart {
        RolePart {
            id: Some(role.id.clone()),
            name: Some(role.name.clone()),
            description: role.description.clone(),
            client_role: !role.client.is_empty(),
            container_id: Some(container.to_owned()),
            ..RolePart::default()
        }
    }

    /// The row of it, if it has a name; `client`: internal id, empty for a role of the realm.
    pub(super) fn row(self, client: &str) -> Option<RoleRow> {
        Some(RoleRow {
            id: self.id.unwrap_or_else(ids::fresh),
            client: client.to_owned(),
            name: self.name.filter(|name| !name.is_empty())?,
            description: self.description,
            is_default: false,
        })
    }
}

/// A policy (Keycloak: ComponentExportRepresentation).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PolicyPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(super) provider_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_type: Option<String>,
    /// Always empty.
    #[serde(skip_deserializing)]
    pub(super) sub_components: BTreeMap<String, ()>,
    #[serde(deserialize_with = "nullable")]
    pub(super) config: BTreeMap<String, Vec<Option<String>>>,
}

/// Settings as a document has them.
pub(super) fn config(config: &Config) -> BTreeMap<String, Vec<Option<String>>> {
    config.iter().map(|(name, values)| (name.clone(), values.iter().cloned().map(Some).collect())).collect()
}

impl From<&PolicyRow> for PolicyPart {
    fn from(row: &PolicyRow) -> Self {
        let policy = &row.policy;
        PolicyPart {
            id: Some(row.id.clone()),
            name: policy.name.clone(),
            provider_id: policy.provider_id.clone(),
            sub_type: Some(policy.sub_type.clone()),
            sub_components: BTreeMap::new(),
            config: config(&policy.config),
        }
    }
}

impl PolicyPart {
    /// The row of it. What has no value is left out, as the Admin API does.
    pub(super) fn row(self, realm_id: &str) -> PolicyRow {
        let values = |values: Vec<Option<String>>| -> Vec<String> {
            values.into_iter().flatten().filter(|value| !value.trim().is_empty()).collect()
        };
        let config = self.config.into_iter().map(|(name, list)| (name, values(list)));
        PolicyRow {
            id: self.id.filter(|id| !id.is_empty()).unwrap_or_else(ids::fresh),
            parent_id: realm_id.to_owned(),
            version: 1,
            policy: Policy {
                name: self.name,
                provider_id: self.provider_id,
                sub_type: self.sub_type.unwrap_or_default(),
                config: config.filter(|(_, values)| !values.is_empty()).collect(),
            },
        }
    }
}
