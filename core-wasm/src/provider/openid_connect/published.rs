//! Metadata that a client publishes itself instead of sending it: what provider `client-id-metadata-document` takes from
//! this one. There its address is the identifier, and no secret is shared.

use super::authentication_method::{self, PUBLISHED_METHOD, SELF_SIGNED_TLS, TLS};
use super::metadata::Metadata;
use super::response::{self, Credentials};
use super::{names, request};
use crate::contract::exports::matricula::registration::providers::{Document, Registration};
use crate::contract::matricula::registration::client::{Attribute, Client};
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::Operation;
use crate::realm::Realm;
use crate::representation;

/// The client that a document describes, without its identifier. No method is `none`.
///
/// # Errors
/// As `openid-connect`.
pub(in crate::provider) fn client(
    document: &[u8],
    operation: Operation,
    realm: &dyn Realm,
) -> Result<Client, Violation> {
    let mut metadata = Metadata::read(document, realm)?;
    metadata.client_id = None;
    let method = metadata.token_endpoint_auth_method.get_or_insert_with(|| authentication_method::NONE.to_owned());
    // Keycloak has one authenticator for both methods with certificates.
    let self_signed = method == SELF_SIGNED_TLS;
    if self_signed {
        TLS.clone_into(method);
    }
    let mut client = request::client(metadata, operation)?;
    if self_signed {
        client.attributes.push(Attribute { name: PUBLISHED_METHOD.to_owned(), value: SELF_SIGNED_TLS.to_owned() });
    } else if operation == Operation::Update {
        client.attributes.push(Attribute { name: PUBLISHED_METHOD.to_owned(), value: String::new() });
    }
    Ok(client)
}

/// Renders such a client: no secret, and nothing of RFC 7592, as who publishes needs no leave to change it.
pub(in crate::provider) fn document(client: &Client, registration: &Registration, realm: &dyn Realm) -> Document {
    Document {
        content_type: representation::JSON.to_owned(),
        body: response::document(client, registration, Credentials::LeftOut, realm),
    }
}

/// An objection to a member of a document, in these words.
pub(in crate::provider) fn objection(member: &str, value: &str, message: impl Into<String>) -> Violation {
    Violation {
        error: Some("invalid_client_metadata".to_owned()),
        field: names::field(member),
        value: Some(value.to_owned()),
        message: message.into(),
        hint: None,
    }
}
