//! Calls of conditions and executors of client policies (interface `client-policies` of the contract).

use std::sync::Arc;

use tracing::{Instrument as _, Span, info_span};

use super::WasmError;
use super::component::{Exports, LoadedComponent};
use super::contract::client_policy::exports::matricula::registration::client_policies::Guest;
use super::contract::{
    Client, ConditionProvider, ConfigError, Configured, Context, Event, ExecutorProvider, Outcome, Role, Verdict,
};
use super::facts::RealmOfCall;
use super::instances::Instances;
use crate::trace_target::TARGET;

/// A kind of condition and the component that has it.
pub(crate) struct ConditionHandle {
    pub(crate) component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub(crate) description: ConditionProvider,
}

/// A kind of executor and the component that has it.
pub(crate) struct ExecutorHandle {
    pub(crate) component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub(crate) description: ExecutorProvider,
}

/// What a call is about.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    pub(crate) event: Event,
    pub(crate) context: &'a Context,
    pub(crate) proposed: Option<&'a Client>,
    pub(crate) stored: Option<&'a Client>,
}

/// The span of a call in traces; `role` says of what the parts are.
fn span(role: &'static str, component: &LoadedComponent, parts: &[Configured]) -> Span {
    let kinds = || parts.iter().map(|part| part.provider.as_str()).collect::<Vec<_>>().join(" ");
    info_span!(target: TARGET, "client policies", otel.name = role, matricula.policies = kinds(),
        matricula.component = component.label())
}

/// The exported functions of an instance.
fn exports(exports: &Exports) -> wasmtime::Result<&Guest> {
    let client_policy = exports.client_policy.as_ref();
    let client_policy = client_policy.ok_or_else(|| wasmtime::Error::msg("no client policies"))?;
    Ok(client_policy.matricula_registration_client_policies())
}

impl LoadedComponent {
    /// Whether a configuration may be stored.
    pub(crate) async fn check_client_policy_config(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        role: Role,
        part: &Configured,
    ) -> Result<Result<(), Vec<ConfigError>>, WasmError> {
        instances
            .call(self, call, async |instance| {
                exports(&instance.exports)?.call_check_config(&mut instance.store, role, part).await
            })
            .await
    }

    /// One verdict for each of the conditions, which must all be of this component.
    pub(crate) async fn judge(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        occasion: Occasion<'_>,
        conditions: &[Configured],
    ) -> Result<Vec<Result<Verdict, String>>, WasmError> {
        let Occasion { event, context, proposed, stored } = occasion;
        let verdicts = instances
            .call(self, call, async |instance| {
                exports(&instance.exports)?
                    .call_judge(&mut instance.store, event, context, proposed, stored, conditions)
                    .await
            })
            .instrument(span("client policy conditions", self, conditions))
            .await?;
        if verdicts.len() == conditions.len() {
            return Ok(verdicts);
        }
        Err(instances.nonsense(self, format!("{} verdicts of {} conditions", verdicts.len(), conditions.len())))
    }

    /// One outcome for each of the executors, which must all be of this component, up to the first that refuses.
    pub(crate) async fn execute(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        occasion: Occasion<'_>,
        executors: &[Configured],
    ) -> Result<Vec<Result<Outcome, String>>, WasmError> {
        let Occasion { event, context, proposed, stored } = occasion;
        let outcomes = instances
            .call(self, call, async |instance| {
                exports(&instance.exports)?
                    .call_execute(&mut instance.store, event, context, proposed, stored, executors)
                    .await
            })
            .instrument(span("client policy executors", self, executors))
            .await?;
        let ends = outcomes.iter().any(|outcome| matches!(outcome, Ok(Outcome::Refuse(_)) | Err(_)));
        if outcomes.len() == executors.len() || ends && outcomes.len() < executors.len() {
            return Ok(outcomes);
        }
        Err(instances.nonsense(self, format!("{} outcomes of {} executors", outcomes.len(), executors.len())))
    }
}
