use super::*;
use crate::contract::matricula::registration::client::Attribute;
use crate::realm::fixed::FixedRealm;
use serde_json::{Value, json};

const ADDRESS: &str = "https://app.example.com/client.json?v=1";

fn realm() -> FixedRealm {
    FixedRealm { hosts: vec![("app.example.com", "8.8.8.8")], ..FixedRealm::default() }
}

fn sent(operation: Operation, request: &Value, realm: &FixedRealm) -> Result<Client, Violation> {
    let body = request.to_string().into_bytes();
    let parsed = ClientIdMetadataDocument.parse(operation, Document { content_type: String::new(), body }, realm);
    parsed.map_err(|mut violations| violations.remove(0))
}

fn metadata(changes: Value) -> Value {
    let mut metadata = json!({"client_id": ADDRESS, "client_name": "App", "redirect_uris": ["http://127.0.0.1/cb"]});
    metadata.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    metadata
}

/// What is stored and what is answered, in a realm without policies.
fn stored(before: Option<Client>, document: Value) -> Result<(Client, Value), Vec<Violation>> {
    let operation = if before.is_some() { Operation::Update } else { Operation::Register };
    let proposed = sent(operation, &json!({"client_id": ADDRESS, "document": document}), &realm()).unwrap();
    let issued = Issued {
        id: "new-id".into(),
        secret: "new-secret".into(),
        salt: "new-salt".into(),
        now: 7,
        ..Issued::default()
    };
    let Completed { client, .. } = ClientIdMetadataDocument.complete(proposed, before, issued, &realm())?;
    let registration = Registration {
        client_uri: "https://sso.example.com/c".into(),
        access_token: Some("token".into()),
        issued_at: 7,
        ..Registration::default()
    };
    let answer = ClientIdMetadataDocument.finish(operation, &client, &registration, &realm())?;
    assert_eq!(answer.content_type, "application/json;charset=UTF-8");
    Ok((client, serde_json::from_slice(&answer.body).unwrap()))
}

fn registered(changes: Value) -> (Client, Value) {
    stored(None, metadata(changes)).unwrap()
}

fn keyed() -> Value {
    json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example.com/keys"})
}

fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    client.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
}

#[test]
fn a_request_without_the_document_says_what_is_to_be_fetched() {
    let client = sent(Operation::Register, &json!({"client_id": ADDRESS}), &realm()).unwrap();
    assert_eq!(client, Client { client_id: Some(ADDRESS.into()), ..Client::default() });
    let refused = ClientIdMetadataDocument.complete(client, None, Issued::default(), &realm()).err().unwrap();
    assert!(refused[0].message.starts_with("document is missing"), "{refused:?}");
}

#[test]
fn the_address_is_judged_before_the_document() {
    let request = |address: &str| json!({"client_id": address, "document": "no document"});
    for (address, text) in [
        ("https://app.example.com", "client_id must have a path"),
        ("http://localhost/c", "client_id must be an https URL"),
        ("https://10.0.0.1/c", "client_id leads to no public address"),
        (ADDRESS, "The document is not a JSON object"),
    ] {
        assert_eq!(sent(Operation::Register, &request(address), &realm()).unwrap_err().message, text);
    }
}

#[test]
fn the_realm_says_which_rules_apply() {
    let local = "http://localhost/c";
    let request =
        json!({"client_id": local, "document": {"client_id": local, "redirect_uris": ["http://127.0.0.1/cb"]}});
    let with = |settings: &[(&'static str, &'static str)]| {
        let realm = FixedRealm { settings: settings.to_vec(), ..realm() };
        sent(Operation::Register, &request, &realm).err().map(|violation| violation.message)
    };
    let (loopback, profile) = ("clientIdMetadataDocuments.loopback", "clientIdMetadataDocuments.profile");
    assert_eq!(with(&[]).as_deref(), Some("client_id must be an https URL"));
    assert_eq!(with(&[(loopback, "false")]).as_deref(), Some("client_id must be an https URL"));
    assert_eq!(with(&[(loopback, "true")]).as_deref(), Some("client_name is missing"));
    assert_eq!(with(&[(loopback, "true"), (profile, "mcp")]).as_deref(), Some("client_name is missing"));
    assert_eq!(with(&[(loopback, "true"), (profile, "draft-03")]), None);
}

#[test]
fn a_document_as_object_and_as_text_are_the_same() {
    let document = metadata(json!({"logo_uri": "https://app.example.com/logo"}));
    for operation in [Operation::Register, Operation::Update] {
        let object = sent(operation, &json!({"client_id": ADDRESS, "document": document}), &realm()).unwrap();
        let text = json!({"client_id": ADDRESS, "document": document.to_string()});
        assert_eq!(sent(operation, &text, &realm()).unwrap(), object);
        assert_eq!(object.client_id.as_deref(), Some(ADDRESS));
    }
}

#[test]
fn a_client_has_no_secret() {
    let (client, document) = registered(json!({}));
    assert_eq!((client.client_id.as_deref(), client.id.as_deref()), (Some(ADDRESS), Some("new-id")));
    assert_eq!((client.public_client, client.client_authenticator_type.as_deref()), (Some(true), Some("none")));
    assert_eq!((client.enabled, document["token_endpoint_auth_method"].as_str()), (Some(true), Some("none")));
    for (method, authenticator) in [
        ("private_key_jwt", "client-jwt"),
        ("tls_client_auth", "client-x509"),
        ("self_signed_tls_client_auth", "client-x509"),
    ] {
        let (client, document) = registered(json!({
            "token_endpoint_auth_method": method, "jwks_uri": "https://app.example.com/keys",
        }));
        assert_eq!(client.public_client, Some(false), "{method}");
        assert_eq!(client.client_authenticator_type.as_deref(), Some(authenticator));
        assert_eq!(client.secret, None);
        assert!(
            client.attributes.iter().all(|attribute| !attribute.name.contains("secret")),
            "{:?}",
            client.attributes
        );
        assert_eq!(document["token_endpoint_auth_method"], method);
    }
}

#[test]
fn an_answer_is_that_of_openid_connect_without_credentials() {
    let (mut client, document) = registered(keyed());
    assert_eq!(document["client_id"], ADDRESS);
    assert_eq!(document["client_id_issued_at"], 7);
    assert_eq!(document["jwks_uri"], "https://app.example.com/keys");
    // An administrator may have given it one all the same.
    client.secret = Some("given".into());
    client.client_authenticator_type = Some("client-secret".into());
    let document = ClientIdMetadataDocument.render(&client, &Registration::default(), &realm());
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    for member in ["registration_access_token", "registration_client_uri", "client_secret", "client_secret_expires_at"]
    {
        assert_eq!(document[member], Value::Null, "{member}");
    }
    assert_eq!(document["token_endpoint_auth_method"], "client_secret_basic");
}

#[test]
fn a_changed_document_updates_the_client_as_openid_connect_does() {
    let (mut before, _) = registered(json!({
        "token_endpoint_auth_method": "self_signed_tls_client_auth", "id_token_signed_response_alg": "ES256",
        "frontchannel_logout_uri": "https://app.example.com/out", "logo_uri": "https://app.example.com/logo",
    }));
    before.enabled = Some(false);
    before.consent_required = Some(true);
    before.secret = Some("given".into());
    before.attributes.push(Attribute { name: "client.secret.creation.time".into(), value: "1".into() });
    let (after, document) = stored(Some(before.clone()), metadata(json!({"client_name": "New"}))).unwrap();
    assert_eq!((after.name.as_deref(), after.id, after.client_id), (Some("New"), before.id, before.client_id));
    assert_eq!((after.enabled, after.consent_required), (Some(false), Some(true)));
    assert_eq!((after.public_client, after.secret), (Some(true), None));
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert_eq!(document["logo_uri"], "https://app.example.com/logo");
    for member in ["id_token_signed_response_alg", "frontchannel_logout_uri"] {
        assert_eq!(document[member], Value::Null, "{member}");
    }
    let names = after.attributes.iter().map(|attribute| attribute.name.as_str());
    assert!(names.clone().all(|name| !name.contains("secret")), "{names:?}");
}

#[test]
fn a_client_that_comes_to_have_a_key_gets_no_secret() {
    let (before, _) = registered(json!({}));
    let (after, document) = stored(Some(before), metadata(keyed())).unwrap();
    assert_eq!((after.public_client, after.client_authenticator_type.as_deref()), (Some(false), Some("client-jwt")));
    assert_eq!((&after.secret, attribute(&after, "client.secret.creation.time")), (&None, None));
    assert_eq!(document["token_endpoint_auth_method"], "private_key_jwt");
}

#[test]
fn a_resource_server_cannot_become_public() {
    let uma = json!({"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:uma-ticket"]});
    let text = "grant_types is not possible for a public or bearer-only client";
    assert_eq!(stored(None, metadata(uma.clone())).unwrap_err()[0].message, text);
    let mut with_key = keyed();
    with_key.as_object_mut().unwrap().extend(uma.as_object().unwrap().clone());
    let (before, _) = registered(with_key);
    assert_eq!(before.authorization_services_enabled, Some(true));
    assert_eq!(stored(Some(before), metadata(json!({}))).unwrap_err()[0].message, text);
}

#[test]
fn validation_sees_what_was_published() {
    let violations = stored(None, metadata(json!({"redirect_uris": ["javascript:x"]}))).unwrap_err();
    assert_eq!(violations[0].message, "A redirect URI uses an illegal scheme");
    assert_eq!(violations[0].error.as_deref(), Some("invalid_redirect_uri"));
}

#[test]
fn describes_itself() {
    let description = ClientIdMetadataDocument.describe();
    assert_eq!(description.id, "client-id-metadata-document");
    assert_eq!(description.operations, [Operation::Register, Operation::Read]);
    assert!(description.cross_origin && !description.client_authentication);
    assert_eq!(description.protocol.as_deref(), Some("openid-connect"));
    assert_eq!(ClientIdMetadataDocument.document_name("attributes.logoUri").as_deref(), Some("logo_uri"));
}
