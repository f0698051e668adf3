//! Calls of registration providers (interface `providers` of the contract).

use std::sync::Arc;

use super::component::{Exports, Instance, LoadedComponent};
use super::contract::provider::exports::matricula::registration::providers::Guest;
use super::contract::{Client, Completed, Document, Issued, Operation, Registration, RegistrationProvider, Violation};
use super::facts::RealmOfCall;
use super::instances::Instances;
use super::{Failure, WasmError};

/// A registration provider and the component that has it.
pub(crate) struct ProviderHandle {
    pub(crate) component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub(crate) description: RegistrationProvider,
}

/// A provider within one request.
#[derive(Clone)]
pub(crate) struct ProviderCall {
    pub(crate) provider: Arc<ProviderHandle>,
    pub(crate) instances: Instances,
    pub(crate) call: RealmOfCall,
}

/// The exported functions of an instance.
fn exports(exports: &Exports) -> wasmtime::Result<&Guest> {
    match exports {
        Exports::Provider(provider) => Ok(provider.matricula_registration_providers()),
        Exports::Policy(_) => Err(wasmtime::Error::msg("not a provider")),
    }
}

impl ProviderCall {
    /// The provider's id.
    pub(crate) fn id(&self) -> &str {
        &self.provider.description.id
    }

    async fn run<T>(&self, run: impl AsyncFnOnce(&mut Instance, &str) -> wasmtime::Result<T>) -> Result<T, WasmError> {
        let id = &self.provider.description.id;
        self.instances.call(&self.provider.component, self.call.clone(), async |instance| run(instance, id).await).await
    }

    /// Document to client as sent.
    pub(crate) async fn parse(
        &self,
        operation: Operation,
        document: &Document,
    ) -> Result<Result<Client, Vec<Violation>>, WasmError> {
        self.run(async |instance, id| {
            exports(&instance.exports)?.call_parse(&mut instance.store, id, operation, document).await
        })
        .await
    }

    /// Client as sent to full client.
    pub(crate) async fn complete(
        &self,
        proposed: &Client,
        stored: Option<&Client>,
        issued: &Issued,
    ) -> Result<Result<Completed, Vec<Violation>>, WasmError> {
        self.run(async |instance, id| {
            exports(&instance.exports)?.call_complete(&mut instance.store, id, proposed, stored, issued).await
        })
        .await
    }

    /// Validates, then renders the answer of a register or update.
    pub(crate) async fn finish(
        &self,
        operation: Operation,
        client: &Client,
        registration: &Registration,
    ) -> Result<Result<Document, Vec<Violation>>, WasmError> {
        self.run(async |instance, id| {
            exports(&instance.exports)?.call_finish(&mut instance.store, id, operation, client, registration).await
        })
        .await
    }

    /// Renders a stored client.
    pub(crate) async fn render(&self, client: &Client, registration: &Registration) -> Result<Document, WasmError> {
        self.run(async |instance, id| {
            exports(&instance.exports)?.call_render(&mut instance.store, id, client, registration).await
        })
        .await
    }

    /// A field of the record under its name in this provider's documents.
    pub(crate) async fn document_name(&self, field: &str) -> Result<Option<String>, WasmError> {
        self.run(async |instance, id| {
            exports(&instance.exports)?.call_document_name(&mut instance.store, id, field).await
        })
        .await
    }

    /// An error of this provider's component.
    pub(crate) fn nonsense(&self, detail: &str) -> WasmError {
        WasmError {
            component: self.provider.component.name.to_string(),
            failure: Failure::Nonsense,
            detail: detail.to_owned(),
        }
    }
}
