//! Calls of connectors (interface `connectors` of the contract): what to send to a target next.

use std::sync::Arc;

use matricula_contract::connectors::{Abilities, Answer, ConnectorKind, Guest, Loss, Step, Target, Task};
use matricula_contract::{Attribute, Client, ConfigError, Violation};
use tracing::{Instrument as _, info_span};

use super::WasmError;
use super::component::{Exports, LoadedComponent};
use super::facts::RealmOfCall;
use super::instances::Instances;
use matricula_contract::trace_target::TARGET;

/// A kind of target and the component that knows it.
pub struct ConnectorHandle {
    /// Who is asked.
    pub component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub description: ConnectorKind,
}

/// The exported functions of an instance.
pub(super) fn exports(exports: &Exports) -> wasmtime::Result<&Guest> {
    let connector = exports.connector.as_ref().ok_or_else(|| wasmtime::Error::msg("not a connector"))?;
    Ok(connector.matricula_registration0_2_0_connectors())
}

impl ConnectorHandle {
    /// What its targets can.
    pub fn is_able(&self, abilities: Abilities) -> bool {
        self.description.able.contains(abilities)
    }

    /// Whether a target may be stored.
    pub async fn check_config(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        target: &Target,
    ) -> Result<Result<(), Vec<ConfigError>>, WasmError> {
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.call_check_config(&mut instance.store, target).await
            })
            .await
    }

    /// What a target would drop or change of a client, or why it could never take it.
    pub async fn review(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        client: &Client,
        target: &Target,
    ) -> Result<Result<Vec<Loss>, Vec<Violation>>, WasmError> {
        let span = self.span("review", target);
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.call_review(&mut instance.store, client, target).await
            })
            .instrument(span)
            .await
    }

    /// The owned fields of a client as the target should show them.
    pub async fn wanted(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        client: &Client,
        target: &Target,
    ) -> Result<Vec<Attribute>, WasmError> {
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.call_wanted(&mut instance.store, client, target).await
            })
            .await
    }

    /// The first step of a task.
    pub async fn begin(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        task: &Task,
        target: &Target,
    ) -> Result<Step, WasmError> {
        let span = self.span("begin", target);
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.call_begin(&mut instance.store, task, target).await
            })
            .instrument(span)
            .await
    }

    /// The step after an answer.
    pub async fn proceed(
        &self,
        instances: &Instances,
        call: RealmOfCall,
        (task, target): (&Task, &Target),
        (state, answer): (&[u8], &Answer),
    ) -> Result<Step, WasmError> {
        let span = self.span("proceed", target);
        instances
            .call(&self.component, call, async |instance| {
                exports(&instance.exports)?.call_proceed(&mut instance.store, task, target, state, answer).await
            })
            .instrument(span)
            .await
    }

    fn span(&self, function: &str, target: &Target) -> tracing::Span {
        info_span!(target: TARGET, "connector", otel.name = format_args!("connector {function}"),
            matricula.connector = self.description.id, matricula.target = target.name,
            matricula.component = self.component.label())
    }
}
