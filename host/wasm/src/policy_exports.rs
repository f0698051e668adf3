//! The exported functions of a policy component, in the version of the contract that it was built for.
//!
//! The host thinks in the newest hooks and descriptions and in the records of 0.1.0, which most components have: these
//! are called without a conversion. A component is never asked at a hook that its version does not know, as it can't
//! name it in `describe`.

use matricula_contract::next::exports::matricula::registration0_2_0::policies as v0_2;
use matricula_contract::policy::exports::matricula::registration::policies as v0_1;
use matricula_contract::{
    Client, ConfigError, ConfiguredPolicy, Context, Decision, Hook, PolicyProvider, next, policy,
};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::facts::State;

/// Names of the interface, and the versions of the contract.
pub(super) const INTERFACES: [(&str, &str); 2] =
    [("matricula:registration/policies@0.1.0", "0.1.0"), ("matricula:registration/policies@0.2.0", "0.2.0")];

/// Where the functions are, before there is an instance.
pub(super) enum PolicyIndices {
    V0_1(policy::PolicyIndices),
    V0_2(next::PolicyIndices),
}

impl PolicyIndices {
    /// Finds them in a component that exports the interface in this version.
    ///
    /// # Errors
    /// When a function is missing.
    pub(super) fn new(pre: &InstancePre<State>, contract: &str) -> wasmtime::Result<PolicyIndices> {
        Ok(if contract == INTERFACES[1].1 {
            PolicyIndices::V0_2(next::PolicyIndices::new(pre)?)
        } else {
            PolicyIndices::V0_1(policy::PolicyIndices::new(pre)?)
        })
    }

    /// The functions of an instance.
    ///
    /// # Errors
    /// When their types are not those of the contract.
    pub(super) fn load(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<PolicyExports> {
        Ok(match self {
            PolicyIndices::V0_1(indices) => PolicyExports::V0_1(indices.load(store, instance)?),
            PolicyIndices::V0_2(indices) => PolicyExports::V0_2(indices.load(store, instance)?),
        })
    }
}

/// The functions of an instance.
pub enum PolicyExports {
    /// Of 0.1.0.
    V0_1(policy::Policy),
    /// Of 0.2.0.
    V0_2(next::Policy),
}

/// What a policy is told beside the client.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Who asks for what, where.
    pub context: &'a Context,
    /// Id of the decision record; empty where nothing is recorded.
    pub decision: &'a str,
}

impl PolicyExports {
    /// `describe`
    pub async fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<Vec<PolicyProvider>> {
        match self {
            PolicyExports::V0_1(exports) => {
                let described = exports.matricula_registration_policies().call_describe(store).await?;
                Ok(described.into_iter().map(PolicyProvider::from).collect())
            }
            PolicyExports::V0_2(exports) => exports.matricula_registration0_2_0_policies().call_describe(store).await,
        }
    }

    /// `check-config`
    pub async fn check_config(
        &self,
        store: &mut Store<State>,
        policy: &ConfiguredPolicy,
    ) -> wasmtime::Result<Result<(), Vec<ConfigError>>> {
        match self {
            PolicyExports::V0_1(exports) => {
                exports.matricula_registration_policies().call_check_config(store, policy).await
            }
            PolicyExports::V0_2(exports) => {
                exports.matricula_registration0_2_0_policies().call_check_config(store, &policy.into()).await
            }
        }
    }

    /// `evaluate`
    pub async fn evaluate(
        &self,
        store: &mut Store<State>,
        hook: Hook,
        told: Told<'_>,
        (proposed, stored): (Option<&Client>, Option<&Client>),
        policies: &[ConfiguredPolicy],
    ) -> wasmtime::Result<Vec<Decision>> {
        match self {
            PolicyExports::V0_1(exports) => {
                let hook = known(hook)?;
                let guest = exports.matricula_registration_policies();
                guest.call_evaluate(store, hook, told.context, proposed, stored, policies).await
            }
            PolicyExports::V0_2(exports) => {
                let policies: Vec<_> = policies.iter().map(v0_2::ConfiguredPolicy::from).collect();
                let guest = exports.matricula_registration0_2_0_policies();
                guest.call_evaluate(store, hook, &told.into(), proposed, stored, &policies).await
            }
        }
    }

    /// `allowed-origins`
    pub async fn allowed_origins(
        &self,
        store: &mut Store<State>,
        told: Told<'_>,
        policies: &[ConfiguredPolicy],
    ) -> wasmtime::Result<Vec<String>> {
        match self {
            PolicyExports::V0_1(exports) => {
                exports.matricula_registration_policies().call_allowed_origins(store, told.context, policies).await
            }
            PolicyExports::V0_2(exports) => {
                let policies: Vec<_> = policies.iter().map(v0_2::ConfiguredPolicy::from).collect();
                let guest = exports.matricula_registration0_2_0_policies();
                guest.call_allowed_origins(store, &told.into(), &policies).await
            }
        }
    }
}

/// A hook as 0.1.0 has it.
fn known(hook: Hook) -> wasmtime::Result<v0_1::Hook> {
    Ok(match hook {
        Hook::BeforeRegister => v0_1::Hook::BeforeRegister,
        Hook::AfterRegister => v0_1::Hook::AfterRegister,
        Hook::BeforeUpdate => v0_1::Hook::BeforeUpdate,
        Hook::AfterUpdate => v0_1::Hook::AfterUpdate,
        Hook::BeforeView => v0_1::Hook::BeforeView,
        Hook::BeforeDelete => v0_1::Hook::BeforeDelete,
        Hook::BeforeInstall => wasmtime::bail!("contract 0.1.0 has no such hook"),
    })
}

impl From<Told<'_>> for v0_2::Context {
    fn from(told: Told<'_>) -> Self {
        let Context { realm, provider, operation, caller, registration_auth, now, attributes } = told.context.clone();
        let decision = told.decision.to_owned();
        v0_2::Context { realm, provider, operation, caller, registration_auth, now, decision, attributes }
    }
}
