//! Documents of clients on their way through a provider: read, completed, validated, written. What was written is read
//! again, as clients send back what they got.

use matricula_core::contract::exports::matricula::registration::providers::{Document, Registration};
use matricula_core::contract::matricula::registration::client::Client;
use matricula_core::contract::matricula::registration::request::{Issued, Operation};
use matricula_core::provider::Provider;
use matricula_core::provider::client_id_metadata_document::ClientIdMetadataDocument;
use matricula_core::provider::default::DefaultProvider;
use matricula_core::provider::install::InstallProvider;
use matricula_core::provider::openid_connect::OpenidConnect;
use matricula_core::provider::saml2_entity_descriptor::Saml2EntityDescriptor;

use crate::realm::FreshRealm;

/// Keycloak's JSON.
pub(crate) fn default(input: &[u8]) {
    register(&DefaultProvider, input, "application/json", true);
}

/// Metadata of RFC 7591.
pub(crate) fn openid_connect(input: &[u8]) {
    register(&OpenidConnect, input, "application/json", true);
}

/// A SAML entity descriptor. The answer is Keycloak's JSON.
pub(crate) fn saml(input: &[u8]) {
    register(&Saml2EntityDescriptor, input, "application/xml", false);
}

/// Metadata that a client publishes: what was fetched comes as a text beside its address. Whatever anybody wrote there, the
/// client has that address and no secret, and the same document again changes nothing.
pub(crate) fn client_id_metadata_document(input: &[u8]) {
    let provider = &ClientIdMetadataDocument;
    let parse = |operation, body: &[u8]| {
        let document = Document { content_type: "application/json".to_owned(), body: body.to_vec() };
        provider.parse(operation, document, &FreshRealm).ok()
    };
    // Callers choose the request as well.
    let _ = parse(Operation::Register, input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let address = document["client_id"].as_str().unwrap_or("https://client.example/metadata");
    let request = serde_json::json!({"client_id": address, "document": text}).to_string();
    let Some(proposed) = parse(Operation::Register, request.as_bytes()) else { return };
    assert_eq!(proposed.client_id.as_deref(), Some(address));
    let Some((client, answer)) = complete(provider, Operation::Register, proposed, None) else { return };
    assert_eq!((client.client_id.as_deref(), &client.secret), (Some(address), &None));
    let read: serde_json::Value = serde_json::from_slice(&answer.body).expect("the answer is JSON");
    for credential in ["client_secret", "registration_access_token", "registration_client_uri"] {
        assert!(read[credential].is_null(), "{read}");
    }
    let again = parse(Operation::Update, request.as_bytes()).expect("a document that was taken is taken again");
    let Some((updated, _)) = complete(provider, Operation::Update, again, Some(client.clone())) else {
        panic!("a document that was registered is refused as an update: {text}")
    };
    assert_eq!(updated.redirect_uris, client.redirect_uris, "an update with the same document changes it");
    assert_eq!((updated.public_client, updated.secret), (client.public_client, None));
}

/// Registers what `input` describes, then updates it with the answer.
fn register(provider: &dyn Provider, input: &[u8], content_type: &str, returns: bool) {
    let document = || Document { content_type: content_type.to_owned(), body: input.to_vec() };
    // What an update says must come back too; it is not registered here.
    let _ = provider.parse(Operation::Update, document(), &FreshRealm);
    let Ok(proposed) = provider.parse(Operation::Register, document(), &FreshRealm) else { return };
    let Some((client, answer)) = complete(provider, Operation::Register, proposed, None) else { return };
    let read: serde_json::Value = serde_json::from_slice(&answer.body).expect("the answer is JSON");
    assert!(read.is_object(), "{read}");
    // Everybody who may read a client gets it in these forms.
    for other in [&DefaultProvider as &dyn Provider, &InstallProvider, &OpenidConnect] {
        let shown = other.render(&client, &registration(), &FreshRealm);
        serde_json::from_slice::<serde_json::Value>(&shown.body).expect("a shown client is JSON");
    }
    if !returns {
        return;
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let Ok(again) = provider.parse(Operation::Update, answer, &FreshRealm) else {
        panic!("what was answered is not taken back: {text}")
    };
    // Attributes that are lists have `##` between their entries (Keycloak): an address with that in it comes apart.
    if text.contains("##") {
        return;
    }
    let Some((updated, _)) = complete(provider, Operation::Update, again, Some(client.clone())) else {
        panic!("an update with what was answered is refused: {text}")
    };
    assert_eq!(updated.redirect_uris, client.redirect_uris, "an update with what was answered changes it");
}

fn complete(
    provider: &dyn Provider,
    operation: Operation,
    proposed: Client,
    stored: Option<Client>,
) -> Option<(Client, Document)> {
    let completed = provider.complete(proposed, stored, issued(), &FreshRealm).ok()?;
    let answer = provider.finish(operation, &completed.client, &registration(), &FreshRealm).ok()?;
    Some((completed.client, answer))
}

/// What only the host makes.
fn issued() -> Issued {
    Issued {
        id: "5f0c9a3e-9c1a-4b3e-8a57-0d7a3c1f2b10".to_owned(),
        secret: "s".repeat(86),
        salt: "salt".to_owned(),
        now: 1_800_000_000,
        attributes: Vec::new(),
    }
}

fn registration() -> Registration {
    Registration {
        client_uri: "https://registration.example/realms/test/clients-registrations/default/a".to_owned(),
        access_token: Some("token".to_owned()),
        issued_at: 1_800_000_000,
        roles: Vec::new(),
        resource_server: false,
        access: None,
    }
}
