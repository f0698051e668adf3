//! Documents ⇄ clients: the registration providers of the server as one WebAssembly component (world `provider`).
//!
//! The host calls what is exported at the end of this file; the native build of the same code serves the unit tests.

// A test that fails by a panic says where.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

/// The contract's types and imports, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod contract {
    wit_bindgen::generate!({
        path: "../wit",
        world: "provider",
        generate_all,
        pub_export_macro: false,
        additional_derives: [PartialEq, Default],
        additional_derives_ignore: ["operation", "caller-kind", "registration-auth", "condition-kind", "decision", "effect", "scope-assignment", "level", "caller", "context", "condition", "client-scope", "completed"],
    });
}

pub mod completion;
pub mod json;
mod limits;
pub mod provider;
pub mod realm;
pub mod representation;
pub mod uri;
pub mod validation;
pub mod violation;

use contract::exports::matricula::registration::providers::{
    Client, Completed, Document, Guest, Issued, Operation, Registration, RegistrationProvider, Violation,
};
use provider::Provider;
use provider::client_id_metadata_document::ClientIdMetadataDocument;
use provider::default::DefaultProvider;
use provider::install::InstallProvider;
use provider::openid_connect::OpenidConnect;
use provider::saml2_entity_descriptor::Saml2EntityDescriptor;
use realm::Host;

/// Every provider of this component, by its id.
const PROVIDERS: &[(&str, &dyn Provider)] = &[
    ("client-id-metadata-document", &ClientIdMetadataDocument),
    ("default", &DefaultProvider),
    ("install", &InstallProvider),
    ("openid-connect", &OpenidConnect),
    ("saml2-entity-descriptor", &Saml2EntityDescriptor),
];

/// The component: interface `providers`, each call handed to the provider it names.
struct Component;

/// The provider with this id. The host asks only for ids that `describe` gave it.
fn provider(id: &str) -> &'static dyn Provider {
    match PROVIDERS.iter().find(|(known, _)| *known == id) {
        Some((_, provider)) => *provider,
        None => unreachable!("no provider {id}"),
    }
}

impl Guest for Component {
    fn describe() -> Vec<RegistrationProvider> {
        PROVIDERS.iter().map(|(_, provider)| provider.describe()).collect()
    }

    fn parse(id: String, operation: Operation, document: Document) -> Result<Client, Vec<Violation>> {
        provider(&id).parse(operation, document, &Host)
    }

    fn complete(
        id: String,
        proposed: Client,
        stored: Option<Client>,
        issued: Issued,
    ) -> Result<Completed, Vec<Violation>> {
        provider(&id).complete(proposed, stored, issued, &Host)
    }

    fn finish(
        id: String,
        operation: Operation,
        client: Client,
        registration: Registration,
    ) -> Result<Document, Vec<Violation>> {
        provider(&id).finish(operation, &client, &registration, &Host)
    }

    fn render(id: String, client: Client, registration: Registration) -> Document {
        provider(&id).render(&client, &registration, &Host)
    }

    fn document_name(id: String, field: String) -> Option<String> {
        provider(&id).document_name(&field)
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Component with_types_in contract);
