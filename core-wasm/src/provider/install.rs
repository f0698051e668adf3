//! Provider `install`: the configuration of Keycloak's adapters for a client (Keycloak:
//! AdapterInstallationClientRegistrationProvider). It only reads.

use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::json::{self, Object};
use crate::provider::Provider;
use crate::realm::Realm;
use crate::representation;
use crate::violation::refused;

/// The provider.
pub struct InstallProvider;

impl Provider for InstallProvider {
    fn describe(&self) -> RegistrationProvider {
        RegistrationProvider {
            id: "install".to_owned(),
            operations: vec![Operation::Read],
            content_types: Vec::new(),
            protocol: None,
            cross_origin: false,
            client_authentication: true,
        }
    }

    fn parse(&self, _operation: Operation, _document: Document, _realm: &dyn Realm) -> Result<Client, Vec<Violation>> {
        Err(only_read())
    }

    fn complete(
        &self,
        _proposed: Client,
        _stored: Option<Client>,
        _issued: Issued,
        _realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>> {
        Err(only_read())
    }

    fn finish(
        &self,
        _operation: Operation,
        _client: &Client,
        _registration: &Registration,
        _realm: &dyn Realm,
    ) -> Result<Document, Vec<Violation>> {
        Err(only_read())
    }

    fn render(&self, client: &Client, registration: &Registration, realm: &dyn Realm) -> Document {
        let body = json::write_object(512, |object| configuration(object, client, registration, realm));
        Document { content_type: representation::JSON.to_owned(), body }
    }

    fn document_name(&self, _field: &str) -> Option<String> {
        None
    }
}

/// The host asks for what `describe` names, so nobody sees this.
fn only_read() -> Vec<Violation> {
    vec![refused("invalid_request", "Configurations can only be read".to_owned())]
}

fn configuration(object: &mut Object<'_>, client: &Client, registration: &Registration, realm: &dyn Realm) {
    let bearer_only = client.bearer_only == Some(true);
    let public = client.public_client == Some(true);
    let client_id = client.client_id.as_deref().unwrap_or_default();
    let setting = |name: &str| realm.setting(name).filter(|value| !value.is_empty());

    object.text("realm", &setting("realm").unwrap_or_default());
    let server = setting("frontendUrl").unwrap_or_else(|| format!("{}/", realm.base_url()));
    object.text("auth-server-url", &server);
    object.text("ssl-required", &setting("sslRequired").unwrap_or_default().to_lowercase());
    if bearer_only {
        object.boolean("bearer-only", true);
    } else if public {
        object.boolean("public-client", true);
    }
    object.text("resource", client_id);
    if !registration.roles.is_empty() {
        object.boolean("use-resource-role-mappings", true);
    }
    let registers_nodes = client.node_re_registration_timeout.is_some_and(|seconds| seconds > 0);
    if !public && (!bearer_only || registers_nodes) {
        object.object("credentials", |object| credentials(object, client, client_id));
    }
    object.integer("confidential-port", 0);
}

/// What the adapter authenticates with. Keys are left to be filled in.
fn credentials(object: &mut Object<'_>, client: &Client, client_id: &str) {
    let secret = client.secret.as_deref();
    match client.client_authenticator_type.as_deref() {
        Some("client-secret") => object.optional_text("secret", secret),
        Some("client-secret-jwt") => object.object("secret-jwt", |object| object.optional_text("secret", secret)),
        Some("client-jwt") => object.object("jwt", |object| {
            object.text("client-keystore-file", "REPLACE WITH THE LOCATION OF YOUR KEYSTORE FILE");
            object.text("client-keystore-type", "jks");
            object.text("client-keystore-password", "REPLACE WITH THE KEYSTORE PASSWORD");
            object.text("client-key-password", "REPLACE WITH THE KEY PASSWORD IN KEYSTORE");
            object.text("client-key-alias", client_id);
            object.integer("token-timeout", 10);
        }),
        // Certificates need no configuration; of what the server does not know there is none (deviation 1).
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;

    fn confidential() -> Client {
        Client {
            client_id: Some("app".into()),
            client_authenticator_type: Some("client-secret".into()),
            secret: Some("s".into()),
            ..Client::default()
        }
    }

    fn rendered(client: &Client) -> String {
        let document = InstallProvider.render(client, &Registration::default(), &FixedRealm::default());
        String::from_utf8(document.body).unwrap()
    }

    /// The members that differ from client to client, between those that do not.
    fn varying(client: &Client) -> String {
        let start = r#"{"realm":"test","auth-server-url":"http://localhost:8080/","ssl-required":"external","#;
        let end = r#","confidential-port":0}"#;
        let json = rendered(client);
        json.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).unwrap_or_else(|| panic!("{json}")).to_owned()
    }

    #[test]
    fn each_kind_of_client_has_its_credentials() {
        let public = Some(true);
        let authenticator = |id: &str| Client { client_authenticator_type: Some(id.into()), ..confidential() };
        let bearer_only = || Client { bearer_only: Some(true), ..confidential() };
        for (client, expected) in [
            (confidential(), r#""resource":"app","credentials":{"secret":"s"}"#),
            (Client { public_client: public, ..confidential() }, r#""public-client":true,"resource":"app""#),
            (bearer_only(), r#""bearer-only":true,"resource":"app""#),
            (Client { public_client: public, ..bearer_only() }, r#""bearer-only":true,"resource":"app""#),
            (
                Client { node_re_registration_timeout: Some(60), ..bearer_only() },
                r#""bearer-only":true,"resource":"app","credentials":{"secret":"s"}"#,
            ),
            (authenticator("client-secret-jwt"), r#""resource":"app","credentials":{"secret-jwt":{"secret":"s"}}"#),
            (authenticator("client-x509"), r#""resource":"app","credentials":{}"#),
            (authenticator("free text"), r#""resource":"app","credentials":{}"#),
        ] {
            assert_eq!(varying(&client), expected);
        }
        let keys = varying(&authenticator("client-jwt"));
        assert!(keys.contains(r#""client-key-alias":"app","token-timeout":10"#), "{keys}");
    }

    #[test]
    fn roles_and_the_frontend_of_the_realm_are_told() {
        let registration = Registration { roles: vec!["reader".into()], ..Registration::default() };
        let realm = FixedRealm {
            settings: vec![("realm", "r"), ("sslRequired", "none"), ("frontendUrl", "https://login.example/base")],
            ..FixedRealm::default()
        };
        let document = InstallProvider.render(&confidential(), &registration, &realm);
        let expected = concat!(
            r#"{"realm":"r","auth-server-url":"https://login.example/base","ssl-required":"none","resource":"app","#,
            r#""use-resource-role-mappings":true,"credentials":{"secret":"s"},"confidential-port":0}"#
        );
        assert_eq!(String::from_utf8(document.body).unwrap(), expected);
    }
}
