//! The registration providers, one file each, and what they share: the shape of a provider.

pub mod client_id_metadata_document;
pub mod default;
pub mod install;
pub mod openid_connect;
pub mod saml2_entity_descriptor;

use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::realm::Realm;
use crate::validation;

/// A registration provider: one document format (Keycloak: ClientRegistrationProvider).
///
/// The functions are those of interface `providers` in `wit/provider.wit`, which says what each must do; the realm is
/// passed in, so that the same code runs natively in tests.
pub trait Provider: Sync {
    /// Id, operations and media types, for the host's routing.
    fn describe(&self) -> RegistrationProvider;

    /// Document to client as sent.
    ///
    /// # Errors
    /// What the document has wrong, in the words of the format.
    fn parse(&self, operation: Operation, document: Document, realm: &dyn Realm) -> Result<Client, Vec<Violation>>;

    /// Client as sent to full client: a new one, or the stored one updated.
    ///
    /// # Errors
    /// What cannot be made of it.
    fn complete(
        &self,
        proposed: Client,
        stored: Option<Client>,
        issued: Issued,
        realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>>;

    /// Validates the full client, then renders it as the answer of a register or update.
    ///
    /// # Errors
    /// Everything that the validation finds.
    fn finish(
        &self,
        _operation: Operation,
        client: &Client,
        registration: &Registration,
        realm: &dyn Realm,
    ) -> Result<Document, Vec<Violation>> {
        let violations = validation::validate(client, realm);
        if violations.is_empty() { Ok(self.render(client, registration, realm)) } else { Err(violations) }
    }

    /// Renders a stored client, unchecked.
    fn render(&self, client: &Client, registration: &Registration, realm: &dyn Realm) -> Document;

    /// A field of `client` under its name in this provider's documents.
    fn document_name(&self, field: &str) -> Option<String>;
}
