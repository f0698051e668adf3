//! What the versions of the contract have in common: the server thinks in the hooks and descriptions of the newest one,
//! and in the records of 0.1.0.

use crate::next::exports::matricula::registration0_2_0_trial::policies as trial;
use crate::policy::exports::matricula::registration::policies as v0_1;
use crate::{ConfiguredPolicy, Hook, PolicyProvider};

impl From<v0_1::Hook> for Hook {
    fn from(hook: v0_1::Hook) -> Hook {
        match hook {
            v0_1::Hook::BeforeRegister => Hook::BeforeRegister,
            v0_1::Hook::AfterRegister => Hook::AfterRegister,
            v0_1::Hook::BeforeUpdate => Hook::BeforeUpdate,
            v0_1::Hook::AfterUpdate => Hook::AfterUpdate,
            v0_1::Hook::BeforeView => Hook::BeforeView,
            v0_1::Hook::BeforeDelete => Hook::BeforeDelete,
        }
    }
}

impl From<v0_1::PolicyProvider> for PolicyProvider {
    fn from(described: v0_1::PolicyProvider) -> PolicyProvider {
        let v0_1::PolicyProvider { id, version, help_text, hooks, allows_origins, properties } = described;
        let hooks = hooks.into_iter().map(Hook::from).collect();
        PolicyProvider { id, version, help_text, hooks, allows_origins, properties }
    }
}

impl From<&ConfiguredPolicy> for trial::ConfiguredPolicy {
    fn from(policy: &ConfiguredPolicy) -> Self {
        let ConfiguredPolicy { provider, name, config } = policy.clone();
        trial::ConfiguredPolicy { provider, name, config }
    }
}
