//! Calls of registration policies (interface `policies` of the contract).

use std::sync::Arc;

use matricula_contract::names::hook_name;
use matricula_contract::trace_target::TARGET;
use matricula_contract::{Client, ConfigError, ConfiguredPolicy, Decision, Hook, PolicyProvider};
use tracing::{Instrument as _, info_span};

use super::WasmError;
use super::component::{Exports, LoadedComponent};
use super::facts::RealmOfCall;
use super::instances::Instances;
use super::policy_exports::{PolicyExports, Told};

/// A policy provider and the component that has it.
pub struct PolicyProviderHandle {
    /// Who is asked.
    pub component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub description: PolicyProvider,
}

/// The exported functions of an instance.
fn exports(exports: &Exports) -> wasmtime::Result<&PolicyExports> {
    exports.policy.as_ref().ok_or_else(|| wasmtime::Error::msg("not a policy"))
}

/// The kinds of these policies, for traces.
fn kinds(policies: &[ConfiguredPolicy]) -> String {
    policies.iter().map(|policy| policy.provider.as_str()).collect::<Vec<_>>().join(" ")
}

impl PolicyProviderHandle {
    /// What the component offers, with the options that depend on the realm.
    pub async fn describe(&self, instances: &Instances, call: RealmOfCall) -> Result<Vec<PolicyProvider>, WasmError> {
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.describe(&mut instance.store).await
            })
            .await
    }

    /// Whether a configuration may be stored.
    pub async fn check_config(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        policy: &ConfiguredPolicy,
    ) -> Result<Result<(), Vec<ConfigError>>, WasmError> {
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.check_config(&mut instance.store, policy).await
            })
            .await
    }

    /// One decision for each of the policies, which must all be of this component.
    pub async fn evaluate(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        hook: Hook,
        told: Told<'_>,
        clients: (Option<&Client>, Option<&Client>),
        policies: &[ConfiguredPolicy],
    ) -> Result<Vec<Decision>, WasmError> {
        let span = info_span!(target: TARGET, "policies", otel.name = format_args!("policies {}", hook_name(hook)),
            matricula.policies = kinds(policies), matricula.decision = told.decision,
            matricula.component = self.component.label());
        let decisions = instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.evaluate(&mut instance.store, hook, told, clients, policies).await
            })
            .instrument(span)
            .await?;
        if decisions.len() == policies.len() {
            return Ok(decisions);
        }
        let detail = format!("{} decisions of {} policies", decisions.len(), policies.len());
        Err(instances.nonsense(&self.component, detail))
    }

    /// Web origins that may call, as the policies say.
    pub async fn allowed_origins(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        told: Told<'_>,
        policies: &[ConfiguredPolicy],
    ) -> Result<Vec<String>, WasmError> {
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.allowed_origins(&mut instance.store, told, policies).await
            })
            .await
    }
}
