//! Calls of registration providers (interface `providers` of the contract).

use std::collections::HashMap;
use std::sync::Arc;

use matricula_contract::provider::exports::matricula::registration::providers::Guest;
use matricula_contract::server_attributes::{self, Author};
use matricula_contract::trace_target::TARGET;
use matricula_contract::{
    Client, Completed, Document, Issued, Operation, Registration, RegistrationProvider, Violation, secrets,
};
use tracing::{Instrument as _, info_span};

use super::WasmError;
use super::component::{Exports, Instance, LoadedComponent};
use super::facts::RealmOfCall;
use super::instances::Instances;

/// A registration provider and the component that has it.
pub struct ProviderHandle {
    /// Who is asked.
    pub component: Arc<LoadedComponent>,
    /// What it says of itself.
    pub description: RegistrationProvider,
    /// Fields of the record under their names in the provider's documents.
    pub names: HashMap<&'static str, Option<String>>,
}

/// Every field of the record `client` but the attributes.
const FIELDS: [&str; 36] = [
    "id",
    "client-id",
    "name",
    "description",
    "type",
    "protocol",
    "enabled",
    "always-display-in-console",
    "surrogate-auth-required",
    "root-url",
    "base-url",
    "admin-url",
    "redirect-uris",
    "web-origins",
    "public-client",
    "bearer-only",
    "client-authenticator-type",
    "secret",
    "consent-required",
    "full-scope-allowed",
    "standard-flow-enabled",
    "implicit-flow-enabled",
    "direct-access-grants-enabled",
    "service-accounts-enabled",
    "authorization-services-enabled",
    "frontchannel-logout",
    "default-client-scopes",
    "optional-client-scopes",
    "protocol-mappers",
    "default-roles",
    "not-before",
    "node-re-registration-timeout",
    "registered-nodes",
    "authentication-flow-binding-overrides",
    "authorization-settings",
    "attributes",
];

impl ProviderHandle {
    /// Asks a provider for the names in its documents, once.
    pub async fn new(
        component: &Arc<LoadedComponent>,
        description: RegistrationProvider,
        instance: &mut Instance,
    ) -> wasmtime::Result<ProviderHandle> {
        let mut names = HashMap::with_capacity(FIELDS.len());
        for field in FIELDS {
            let guest = exports(&instance.exports)?;
            names.insert(field, guest.call_document_name(&mut instance.store, &description.id, field).await?);
        }
        Ok(ProviderHandle { component: Arc::clone(component), description, names })
    }
}

/// A provider within one request.
#[derive(Clone)]
pub struct ProviderCall {
    /// Which one.
    pub provider: Arc<ProviderHandle>,
    /// Where its component is called.
    pub instances: Instances,
    /// For which realm.
    pub call: RealmOfCall,
}

/// The exported functions of an instance.
fn exports(exports: &Exports) -> wasmtime::Result<&Guest> {
    let provider = exports.provider.as_ref().ok_or_else(|| wasmtime::Error::msg("not a provider"))?;
    Ok(provider.matricula_registration_providers())
}

impl ProviderCall {
    /// The provider's id.
    pub fn id(&self) -> &str {
        &self.provider.description.id
    }

    /// Calls the component; `step` names the call in traces.
    async fn run<T>(
        &self,
        step: &'static str,
        run: impl AsyncFnOnce(&mut Instance, &str) -> wasmtime::Result<T>,
    ) -> Result<T, WasmError> {
        let (id, component) = (&self.provider.description.id, &self.provider.component);
        let span = info_span!(target: TARGET, "provider", otel.name = step, matricula.provider = id,
            matricula.component = component.label());
        let call = self.instances.call(component, self.call.clone(), async |instance| run(instance, id).await);
        call.instrument(span).await
    }

    /// The same for what may be let through: there must be something to object to where there is an objection, and
    /// everything that was asked must be known where there is none.
    async fn judged<T>(
        &self,
        step: &'static str,
        run: impl AsyncFnOnce(&mut Instance, &str) -> wasmtime::Result<Result<T, Vec<Violation>>>,
    ) -> Result<Result<T, Vec<Violation>>, WasmError> {
        let answer = self.run(step, run).await?;
        match &answer {
            Ok(_) => self.call.known()?,
            Err(violations) if violations.is_empty() => {
                return Err(self.nonsense(&format!("`{step}` refuses without a violation")));
            }
            Err(_) => {}
        }
        Ok(answer)
    }

    /// Document to client as sent, without what its author has no say in and what only stands for a secret.
    pub async fn parse(
        &self,
        operation: Operation,
        document: &Document,
        author: Author,
    ) -> Result<Result<Client, Vec<Violation>>, WasmError> {
        let mut parsed = self.read(operation, document).await?;
        if let Ok(client) = &mut parsed {
            server_attributes::drop_from(&mut client.attributes, author);
            secrets::drop_masks(client);
        }
        Ok(parsed)
    }

    /// The same of a client in a realm's file, and why it waited for an administrator where it comes from.
    pub async fn parse_exported(
        &self,
        document: &Document,
    ) -> Result<Result<(Client, Option<String>), Vec<Violation>>, WasmError> {
        let parsed = self.read(Operation::Register, document).await?;
        Ok(parsed.map(|mut client| {
            let held = server_attributes::take_from(&mut client.attributes).held;
            secrets::drop_masks(&mut client);
            (client, held)
        }))
    }

    async fn read(
        &self,
        operation: Operation,
        document: &Document,
    ) -> Result<Result<Client, Vec<Violation>>, WasmError> {
        self.judged("parse", async |instance, id| {
            exports(&instance.exports)?.call_parse(&mut instance.store, id, operation, document).await
        })
        .await
    }

    /// Client as sent to full client.
    pub async fn complete(
        &self,
        proposed: &Client,
        stored: Option<&Client>,
        issued: &Issued,
    ) -> Result<Result<Completed, Vec<Violation>>, WasmError> {
        self.judged("complete", async |instance, id| {
            exports(&instance.exports)?.call_complete(&mut instance.store, id, proposed, stored, issued).await
        })
        .await
    }

    /// Validates, then renders the answer of a register or update.
    pub async fn finish(
        &self,
        operation: Operation,
        client: &Client,
        registration: &Registration,
    ) -> Result<Result<Document, Vec<Violation>>, WasmError> {
        self.judged("finish", async |instance, id| {
            exports(&instance.exports)?.call_finish(&mut instance.store, id, operation, client, registration).await
        })
        .await
    }

    /// Renders a stored client.
    pub async fn render(&self, client: &Client, registration: &Registration) -> Result<Document, WasmError> {
        self.run("render", async |instance, id| {
            exports(&instance.exports)?.call_render(&mut instance.store, id, client, registration).await
        })
        .await
    }

    /// A field of the record under its name in this provider's documents.
    pub async fn document_name(&self, field: &str) -> Result<Option<String>, WasmError> {
        if let Some(name) = self.provider.names.get(field) {
            return Ok(name.clone());
        }
        self.run("document name", async |instance, id| {
            exports(&instance.exports)?.call_document_name(&mut instance.store, id, field).await
        })
        .await
    }

    /// An error of this provider's component.
    pub fn nonsense(&self, detail: &str) -> WasmError {
        self.instances.nonsense(&self.provider.component, detail)
    }
}
