//! Provider `plain-text`: a client as lines of `name: value`. It shows that a document format of one's own needs nothing
//! of the server but a folder to lie in.
//!
//! ```text
//! client_id: reports
//! client_name: Reports
//! redirect_uri: https://reports.example/callback
//! ```

/// The contract's types, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "provider",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::providers::{
    Client, Completed, Document, Guest, Issued, Operation, Registration, RegistrationProvider, Violation,
};
use contract::matricula::registration::client::Attribute;

/// The component.
struct PlainText;

/// A client may ask to be failed at a step: `fail: parse`.
fn fail_if_asked(client: &Client, step: &str) {
    #[expect(clippy::panic, reason = "this is what it is for")]
    if client.attributes.iter().any(|attribute| attribute.name == "metadata.fail" && attribute.value == step) {
        panic!("failed on purpose")
    }
}

/// What a caller reads of a client.
fn document(client: Client, registration: Registration) -> Document {
    let mut text = format!("client_id: {}\n", client.client_id.unwrap_or_default());
    if let Some(secret) = client.secret {
        text.push_str(&format!("client_secret: {secret}\n"));
    }
    if let Some(token) = registration.access_token {
        text.push_str(&format!("registration_access_token: {token}\n"));
    }
    Document { content_type: "text/plain;charset=UTF-8".to_owned(), body: text.into_bytes() }
}

fn wrong(field: &str, message: String) -> Vec<Violation> {
    vec![Violation {
        error: Some("invalid_client_metadata".to_owned()),
        field: Some(field.to_owned()),
        value: None,
        message,
        hint: None,
    }]
}

/// A client of which nothing is said.
fn unnamed() -> Client {
    Client {
        id: None,
        client_id: None,
        name: None,
        description: None,
        type_: None,
        protocol: Some("openid-connect".to_owned()),
        enabled: None,
        always_display_in_console: None,
        surrogate_auth_required: None,
        root_url: None,
        base_url: None,
        admin_url: None,
        redirect_uris: None,
        web_origins: None,
        public_client: None,
        bearer_only: None,
        client_authenticator_type: None,
        secret: None,
        consent_required: None,
        full_scope_allowed: None,
        standard_flow_enabled: None,
        implicit_flow_enabled: None,
        direct_access_grants_enabled: None,
        service_accounts_enabled: None,
        authorization_services_enabled: None,
        frontchannel_logout: None,
        default_client_scopes: None,
        optional_client_scopes: None,
        protocol_mappers: None,
        default_roles: None,
        not_before: None,
        node_re_registration_timeout: None,
        registered_nodes: None,
        authentication_flow_binding_overrides: None,
        authorization_settings: None,
        attributes: Vec::new(),
    }
}

impl Guest for PlainText {
    fn describe() -> Vec<RegistrationProvider> {
        vec![RegistrationProvider {
            id: "plain-text".to_owned(),
            operations: vec![Operation::Register, Operation::Read],
            content_types: vec!["text/plain".to_owned()],
            protocol: Some("openid-connect".to_owned()),
            cross_origin: false,
            client_authentication: false,
        }]
    }

    fn parse(_: String, _: Operation, document: Document) -> Result<Client, Vec<Violation>> {
        let text =
            String::from_utf8(document.body).map_err(|_| wrong("attributes", "The document is no text".to_owned()))?;
        let mut client = unnamed();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                return Err(wrong("attributes", format!("A line without a colon: {line}")));
            };
            let value = value.trim().to_owned();
            match name.trim() {
                "client_id" => client.client_id = Some(value),
                "client_name" => client.name = Some(value),
                "redirect_uri" => client.redirect_uris.get_or_insert_with(Vec::new).push(value),
                other => client.attributes.push(Attribute { name: format!("metadata.{other}"), value }),
            }
        }
        fail_if_asked(&client, "parse");
        Ok(client)
    }

    fn complete(_: String, proposed: Client, _: Option<Client>, issued: Issued) -> Result<Completed, Vec<Violation>> {
        fail_if_asked(&proposed, "complete");
        let client = Client {
            client_id: Some(proposed.client_id.clone().unwrap_or_else(|| issued.id.clone())),
            id: Some(issued.id),
            enabled: Some(true),
            redirect_uris: Some(proposed.redirect_uris.clone().unwrap_or_default()),
            public_client: Some(false),
            client_authenticator_type: Some("client-secret".to_owned()),
            secret: Some(issued.secret),
            standard_flow_enabled: Some(true),
            ..proposed
        };
        Ok(Completed { client, effects: Vec::new() })
    }

    fn finish(_: String, _: Operation, client: Client, registration: Registration) -> Result<Document, Vec<Violation>> {
        fail_if_asked(&client, "finish");
        Ok(document(client, registration))
    }

    fn render(_: String, client: Client, registration: Registration) -> Document {
        fail_if_asked(&client, "render");
        document(client, registration)
    }

    fn document_name(_: String, field: String) -> Option<String> {
        Some(field.replace('-', "_"))
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(PlainText with_types_in contract);
