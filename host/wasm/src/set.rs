//! One consistent set of components: which component has which provider, policy, condition, executor and connector.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::client_policy_provider::{ConditionHandle, ExecutorHandle};
use super::connector::ConnectorHandle;
use super::policy_provider::PolicyProviderHandle;
use super::provider::ProviderHandle;

/// A version that is watched.
pub struct WatchedVersion {
    /// Name of the component.
    pub name: String,
    /// Name and digest.
    pub label: String,
    /// Everything as it would be if it decided.
    pub set: Arc<ComponentSet>,
    /// Ids of what it offers, and of what the version offers that decides.
    pub ids: HashSet<String>,
}

/// What one component offers, or all of them together. A request uses the set that it began with.
#[derive(Clone, Default)]
pub struct ComponentSet {
    pub(super) providers: BTreeMap<String, Arc<ProviderHandle>>,
    pub(super) policies: BTreeMap<String, Arc<PolicyProviderHandle>>,
    pub(super) conditions: BTreeMap<String, Arc<ConditionHandle>>,
    pub(super) executors: BTreeMap<String, Arc<ExecutorHandle>>,
    pub(super) connectors: BTreeMap<String, Arc<ConnectorHandle>>,
    /// Versions that are only watched, beside those above.
    watched: Vec<Arc<WatchedVersion>>,
}

impl ComponentSet {
    /// The registration provider of this id.
    pub fn provider(&self, id: &str) -> Option<&Arc<ProviderHandle>> {
        self.providers.get(id)
    }

    /// The policy provider of this id.
    pub fn policy_provider(&self, id: &str) -> Option<&Arc<PolicyProviderHandle>> {
        self.policies.get(id)
    }

    /// Versions that are only watched.
    pub fn watched(&self) -> &[Arc<WatchedVersion>] {
        &self.watched
    }

    /// The kind of condition of this id.
    pub fn condition(&self, id: &str) -> Option<&Arc<ConditionHandle>> {
        self.conditions.get(id)
    }

    /// The kind of executor of this id.
    pub fn executor(&self, id: &str) -> Option<&Arc<ExecutorHandle>> {
        self.executors.get(id)
    }

    /// The connector of this id.
    pub fn connector(&self, id: &str) -> Option<&Arc<ConnectorHandle>> {
        self.connectors.get(id)
    }

    /// Every connector, in the order of their ids.
    pub fn connectors(&self) -> Vec<&Arc<ConnectorHandle>> {
        self.connectors.values().collect()
    }

    /// Every kind of condition, in the order of their ids.
    pub fn conditions(&self) -> impl Iterator<Item = &Arc<ConditionHandle>> {
        self.conditions.values()
    }

    /// Every kind of executor, in the order of their ids.
    pub fn executors(&self) -> impl Iterator<Item = &Arc<ExecutorHandle>> {
        self.executors.values()
    }

    /// Every policy provider, in the order of their ids.
    pub fn policy_providers(&self) -> Vec<&Arc<PolicyProviderHandle>> {
        self.policies.values().collect()
    }

    /// The kinds of what is offered: `provider`, `policy`, `client-policy`, `connector`.
    pub fn kinds(&self) -> Vec<&'static str> {
        let client_policies = !(self.conditions.is_empty() && self.executors.is_empty());
        [
            (!self.providers.is_empty(), "provider"),
            (!self.policies.is_empty(), "policy"),
            (client_policies, "client-policy"),
            (!self.connectors.is_empty(), "connector"),
        ]
        .into_iter()
        .filter_map(|(offered, kind)| offered.then_some(kind))
        .collect()
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.ids().next().is_none()
    }

    /// Ids of everything that is offered, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let providers = self.providers.keys().chain(self.policies.keys());
        let client_policies = self.conditions.keys().chain(self.executors.keys());
        providers.chain(client_policies).chain(self.connectors.keys()).map(String::as_str)
    }

    /// Whether there is a policy, condition, executor or connector of this id.
    pub fn offers(&self, id: &str) -> bool {
        self.ids_realms_need().any(|offered| offered == id)
    }

    /// Ids of its policies, conditions, executors and connectors: what realms may need.
    pub fn ids_realms_need(&self) -> impl Iterator<Item = &str> {
        self.policy_ids().chain(self.connectors.keys().map(String::as_str))
    }

    /// Ids of its policies, conditions and executors: what can be watched.
    pub fn policy_ids(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().chain(self.conditions.keys()).chain(self.executors.keys()).map(String::as_str)
    }

    /// Adds what a component offers, all of it or nothing.
    ///
    /// # Errors
    /// The id that another one offers already, and which one that is.
    pub fn add(&mut self, offered: &ComponentSet) -> Result<(), String> {
        let provider = offered.providers.keys().find_map(|id| Some((id, &self.providers.get(id)?.component)));
        let policy = || offered.policies.keys().find_map(|id| Some((id, &self.policies.get(id)?.component)));
        let condition = || offered.conditions.keys().find_map(|id| Some((id, &self.conditions.get(id)?.component)));
        let executor = || offered.executors.keys().find_map(|id| Some((id, &self.executors.get(id)?.component)));
        let connector = || offered.connectors.keys().find_map(|id| Some((id, &self.connectors.get(id)?.component)));
        if let Some((id, other)) = provider.or_else(policy).or_else(condition).or_else(executor).or_else(connector) {
            return Err(format!("another component offers {id:?} already: {}", other.name));
        }
        let clone = offered.clone();
        self.providers.extend(clone.providers);
        self.policies.extend(clone.policies);
        self.conditions.extend(clone.conditions);
        self.executors.extend(clone.executors);
        self.connectors.extend(clone.connectors);
        Ok(())
    }

    /// Lets a version be watched.
    pub fn watch(&mut self, version: WatchedVersion) {
        self.watched.push(Arc::new(version));
    }
}
