//! How long the texts of a client may be: what Keycloak's database columns hold, where it answers 500 (deviation 1).

use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::violation::about;

/// Characters of most texts. The type and values of attributes have no limit of their own.
const TEXT: usize = 255;
/// Characters of an internal id.
const ID: usize = 36;

/// The texts of a full client that are too long, by the name that `name` gives their field.
pub(crate) fn exceeded(client: &Client, name: impl Fn(&str) -> String) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut check = |field: &str, text: &str, limit: usize| {
        // Bytes are never fewer than characters, and most texts are short.
        if text.len() > limit && text.chars().count() > limit {
            let message = format!("{} must not be longer than {limit} characters", name(field));
            let value = if field == "secret" { "" } else { text };
            violations.push(about(field, value, message));
        }
    };
    for (field, text, limit) in [
        ("id", &client.id, ID),
        ("client-id", &client.client_id, TEXT),
        ("name", &client.name, TEXT),
        ("description", &client.description, TEXT),
        ("protocol", &client.protocol, TEXT),
        ("root-url", &client.root_url, TEXT),
        ("base-url", &client.base_url, TEXT),
        ("admin-url", &client.admin_url, TEXT),
        ("client-authenticator-type", &client.client_authenticator_type, TEXT),
        ("secret", &client.secret, TEXT),
    ] {
        if let Some(text) = text {
            check(field, text, limit);
        }
    }
    for (field, texts) in [
        ("redirect-uris", &client.redirect_uris),
        ("web-origins", &client.web_origins),
        ("default-roles", &client.default_roles),
    ] {
        texts.iter().flatten().for_each(|text| check(field, text, TEXT));
    }
    for (field, entries) in [
        ("registered-nodes", client.registered_nodes.as_deref().unwrap_or_default()),
        ("attributes", &client.attributes),
    ] {
        entries.iter().for_each(|entry| check(field, &entry.name, TEXT));
    }
    for mapper in client.protocol_mappers.iter().flatten() {
        check("protocol-mappers", mapper.id.as_deref().unwrap_or_default(), ID);
        check("protocol-mappers", &mapper.name, TEXT);
        check("protocol-mappers", &mapper.mapper_type, TEXT);
        mapper.config.iter().for_each(|entry| check("protocol-mappers", &entry.name, TEXT));
    }
    violations
}
