//! Calls of conditions and executors of client policies (interface `client-policies` of the contract).

use std::sync::Arc;

use matricula_contract::client_policy::exports::matricula::registration::client_policies::Guest;
use matricula_contract::trace_target::TARGET;
use matricula_contract::{
    Client, ConditionProvider, ConfigError, Configured, Context, Event, ExecutorProvider, Outcome, Role, Verdict,
};
use tracing::{Instrument as _, Span, info_span};

use super::WasmError;
use super::component::{Exports, LoadedComponent};
use super::facts::RealmOfCall;
use super::instances::Instances;

/// A kind of condition and the component that has it.
pub struct ConditionHandle {
    /// Who is asked.
    pub component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub description: ConditionProvider,
}

/// A kind of executor and the component that has it.
pub struct ExecutorHandle {
    /// Who is asked.
    pub component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub description: ExecutorProvider,
}

/// What a call is about.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// What happens.
    pub event: Event,
    /// Who asks for what, where.
    pub context: &'a Context,
    /// The client as it shall be, where one is sent.
    pub proposed: Option<&'a Client>,
    /// The client as it is, where there is one.
    pub stored: Option<&'a Client>,
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
    pub async fn check_client_policy_config(
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
    pub async fn judge(
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
    pub async fn execute(
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
