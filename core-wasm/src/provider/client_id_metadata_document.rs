//! Provider `client-id-metadata-document`: clients whose identifier is the address of their metadata
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! A request names the address; the host fetches what is there and hands in both. Two sets of rules come before those of
//! `openid-connect`, which the document is read by: `address` needs no network, `document` may ask for addresses of names.

mod address;
mod distinct_names;
mod document;
mod host;
mod request;
mod settings;
mod url;

use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::provider::Provider;
use crate::provider::openid_connect::{OpenidConnect, published};
use crate::realm::Realm;
use crate::violation::{about, refused};
use request::Request;
use settings::Settings;

/// Start of the names of attributes about a secret. These clients have none.
const ABOUT_SECRETS: &str = "client.secret.";

/// The provider. Callers register and read; an update is the host's, when a document has changed.
pub struct ClientIdMetadataDocument;

impl Provider for ClientIdMetadataDocument {
    fn describe(&self) -> RegistrationProvider {
        RegistrationProvider {
            id: "client-id-metadata-document".to_owned(),
            operations: vec![Operation::Register, Operation::Read],
            content_types: vec!["application/json".to_owned()],
            protocol: Some("openid-connect".to_owned()),
            cross_origin: true,
            client_authentication: false,
        }
    }

    /// Without the document the client has nothing but its identifier: enough to know what is to be fetched.
    fn parse(&self, operation: Operation, document: Document, realm: &dyn Realm) -> Result<Client, Vec<Violation>> {
        parse(operation, &document.body, realm).map_err(|violation| vec![violation])
    }

    fn complete(
        &self,
        proposed: Client,
        stored: Option<Client>,
        issued: Issued,
        realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>> {
        // Every document decides the protocol.
        if proposed.protocol.is_none() {
            let message = "document is missing: the server fetches it from the address that client_id is";
            return Err(vec![refused("invalid_client_metadata", message.to_owned())]);
        }
        let public = proposed.public_client;
        let mut completed = OpenidConnect.complete(proposed, stored, issued, realm)?;
        let client = &mut completed.client;
        // A resource server remains one and has to authenticate. Without a key it could not.
        if public == Some(true) && client.public_client != public {
            let message = "grant_types is not possible for a public or bearer-only client".to_owned();
            return Err(vec![about("authorization-services-enabled", "true", message)]);
        }
        client.secret = None;
        client.attributes.retain(|attribute| !attribute.name.starts_with(ABOUT_SECRETS));
        Ok(completed)
    }

    fn render(&self, client: &Client, registration: &Registration, realm: &dyn Realm) -> Document {
        published::document(client, registration, realm)
    }

    fn document_name(&self, field: &str) -> Option<String> {
        OpenidConnect.document_name(field)
    }
}

fn parse(operation: Operation, body: &[u8], realm: &dyn Realm) -> Result<Client, Violation> {
    let settings = Settings::of(realm);
    let Request { client_id, document } = Request::read(body)?;
    address::check(&client_id, settings.loopback)?;
    let client = match document {
        Some(text) => document::client(&text, &client_id, operation, &settings, realm)?,
        None => Client::default(),
    };
    Ok(Client { client_id: Some(client_id), ..client })
}

#[cfg(test)]
mod tests;
