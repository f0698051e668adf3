//! A client as Keycloak's ClientRepresentation: the documents of `default`, of the Admin API, and the answers of
//! `saml2-entity-descriptor`. Members come in Keycloak's order.

use crate::completion::REALM_CLIENT;
use crate::contract::exports::matricula::registration::providers::{Access, Document, Registration};
use crate::contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};
use crate::json::{self, Object};

/// Media type of every JSON document.
pub const JSON: &str = "application/json;charset=UTF-8";

/// A stored client as a document. `authorization_settings` are shown in the answer to the update that named them only.
pub fn document(client: &Client, registration: &Registration, authorization_settings: Option<&str>) -> Document {
    let body = json::write_object(2048, |object| {
        members(object, client, registration);
        if let Some(settings) = authorization_settings {
            object.raw("authorizationSettings", settings);
        }
        if let Some(access) = &registration.access {
            object.object("access", |object| access_members(object, access));
        }
    });
    Document { content_type: JSON.to_owned(), body }
}

/// A field of `client` under its name in the representation; attributes stay what they are.
pub fn document_name(field: &str) -> String {
    if field.starts_with("attributes.") {
        return field.to_owned();
    }
    let mut words = field.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (initial, rest) = word.split_at(word.len().min(1));
        name.push_str(&initial.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

fn members(object: &mut Object<'_>, client: &Client, registration: &Registration) {
    object.optional_text("id", client.id.as_deref());
    object.optional_text("clientId", client.client_id.as_deref());
    object.optional_text("name", client.name.as_deref());
    object.optional_text("description", client.description.as_deref());
    object.optional_text("type", client.type_.as_deref());
    object.optional_text("rootUrl", client.root_url.as_deref());
    object.optional_text("adminUrl", client.admin_url.as_deref());
    object.optional_text("baseUrl", client.base_url.as_deref());
    flag(object, "surrogateAuthRequired", client.surrogate_auth_required);
    flag(object, "enabled", client.enabled);
    flag(object, "alwaysDisplayInConsole", client.always_display_in_console);
    object.optional_text("clientAuthenticatorType", client.client_authenticator_type.as_deref());
    object.optional_text("secret", client.secret.as_deref());
    object.optional_text("registrationAccessToken", registration.access_token.as_deref());
    if registration.access.is_none() {
        list(object, "defaultRoles", client.default_roles.as_deref());
    }
    list(object, "redirectUris", client.redirect_uris.as_deref());
    list(object, "webOrigins", client.web_origins.as_deref());
    number(object, "notBefore", client.not_before);
    flag(object, "bearerOnly", client.bearer_only);
    flag(object, "consentRequired", client.consent_required);
    flag(object, "standardFlowEnabled", client.standard_flow_enabled);
    flag(object, "implicitFlowEnabled", client.implicit_flow_enabled);
    flag(object, "directAccessGrantsEnabled", client.direct_access_grants_enabled);
    flag(object, "serviceAccountsEnabled", client.service_accounts_enabled);
    flag(object, "authorizationServicesEnabled", registration.resource_server.then_some(true));
    flag(object, "publicClient", client.public_client);
    flag(object, "frontchannelLogout", client.frontchannel_logout);
    object.optional_text("protocol", client.protocol.as_deref());
    object.object("attributes", |object| attributes(object, &client.attributes));
    object.object("authenticationFlowBindingOverrides", |object| {
        texts(object, client.authentication_flow_binding_overrides.as_deref().unwrap_or_default());
    });
    flag(object, "fullScopeAllowed", client.full_scope_allowed);
    number(object, "nodeReRegistrationTimeout", client.node_re_registration_timeout);
    if let Some(nodes) = client.registered_nodes.as_ref().filter(|nodes| !nodes.is_empty()) {
        object.object("registeredNodes", |object| nodes.iter().for_each(|node| object.raw(&node.name, &node.value)));
    }
    if let Some(mappers) = client.protocol_mappers.as_ref().filter(|mappers| !mappers.is_empty()) {
        object.list("protocolMappers", |list| {
            mappers.iter().for_each(|mapper| list.object(|object| mapper_members(object, mapper)));
        });
    }
    list(object, "defaultClientScopes", client.default_client_scopes.as_deref());
    list(object, "optionalClientScopes", client.optional_client_scopes.as_deref());
}

/// The attributes, with one that says whether the client is the server's own.
fn attributes(object: &mut Object<'_>, attributes: &[Attribute]) {
    let own = attributes.iter().any(|attribute| attribute.name == REALM_CLIENT && attribute.value == "true");
    object.text(REALM_CLIENT, if own { "true" } else { "false" });
    for attribute in attributes.iter().filter(|attribute| attribute.name != REALM_CLIENT) {
        object.text(&attribute.name, &attribute.value);
    }
}

fn mapper_members(object: &mut Object<'_>, mapper: &ProtocolMapper) {
    object.optional_text("id", mapper.id.as_deref());
    object.text("name", &mapper.name);
    object.text("protocol", &mapper.protocol);
    object.text("protocolMapper", &mapper.mapper_type);
    object.boolean("consentRequired", mapper.consent_required);
    object.object("config", |object| texts(object, &mapper.config));
}

fn access_members(object: &mut Object<'_>, access: &Access) {
    object.boolean("view", access.view);
    object.boolean("configure", access.configure);
    object.boolean("manage", access.manage);
}

fn texts(object: &mut Object<'_>, entries: &[Attribute]) {
    entries.iter().for_each(|entry| object.text(&entry.name, &entry.value));
}

fn list(object: &mut Object<'_>, name: &str, values: Option<&[String]>) {
    object.texts(name, values.unwrap_or_default());
}

fn flag(object: &mut Object<'_>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        object.boolean(name, value);
    }
}

fn number(object: &mut Object<'_>, name: &str, value: Option<i32>) {
    if let Some(value) = value {
        object.integer(name, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: Document) -> String {
        String::from_utf8(document.body).unwrap()
    }

    #[test]
    fn a_full_client_is_written_in_the_order_of_keycloak() {
        let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let client = Client {
            id: Some("1".into()),
            client_id: Some("app".into()),
            enabled: Some(true),
            secret: Some("s".into()),
            redirect_uris: Some(vec!["https://a/".into()]),
            not_before: Some(0),
            attributes: vec![attribute("k", "v"), attribute("realm_client", "true")],
            registered_nodes: Some(vec![attribute("node", "1000")]),
            protocol_mappers: Some(vec![ProtocolMapper { name: "m".into(), ..ProtocolMapper::default() }]),
            ..Client::default()
        };
        let registration =
            Registration { access_token: Some("token".into()), resource_server: true, ..Registration::default() };
        let document = document(&client, &registration, Some("{\"name\": 1}"));
        assert_eq!(document.content_type, "application/json;charset=UTF-8");
        let expected = concat!(
            r#"{"id":"1","clientId":"app","enabled":true,"secret":"s","registrationAccessToken":"token","#,
            r#""defaultRoles":[],"redirectUris":["https://a/"],"webOrigins":[],"notBefore":0,"#,
            r#""authorizationServicesEnabled":true,"attributes":{"realm_client":"true","k":"v"},"#,
            r#""authenticationFlowBindingOverrides":{},"registeredNodes":{"node":1000},"#,
            r#""protocolMappers":[{"name":"m","protocol":"","protocolMapper":"","consentRequired":false,"config":{}}],"#,
            r#""defaultClientScopes":[],"optionalClientScopes":[],"authorizationSettings":{"name": 1}}"#
        );
        assert_eq!(text(document), expected);
    }

    #[test]
    fn administrators_see_their_access_instead_of_the_default_roles() {
        let access = Some(Access { view: true, configure: false, manage: true });
        let registration = Registration { access, ..Registration::default() };
        let json = text(document(&Client::default(), &registration, None));
        assert!(json.ends_with(r#","access":{"view":true,"configure":false,"manage":true}}"#), "{json}");
        assert!(!json.contains("defaultRoles") && !json.contains("protocolMappers"), "{json}");
    }

    #[test]
    fn fields_are_named_as_in_keycloak() {
        for (field, name) in [
            ("id", "id"),
            ("redirect-uris", "redirectUris"),
            ("node-re-registration-timeout", "nodeReRegistrationTimeout"),
            ("attributes.jwks.url", "attributes.jwks.url"),
        ] {
            assert_eq!(document_name(field), name);
        }
    }
}
