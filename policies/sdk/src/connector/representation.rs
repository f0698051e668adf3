//! A client as Keycloak's ClientRepresentation, as the Admin API shows it.

use serde_json::{Map, Value, json};

use crate::{Attribute, Client, ProtocolMapper};

/// The attribute of clients that every realm has.
const REALM_CLIENT: &str = "realm_client";

/// The client with the members that it has; lists and `attributes` always.
pub fn representation(client: &Client) -> Map<String, Value> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    let flag = |value: Option<bool>| value.map(Value::from);
    let list = |value: &Option<Vec<String>>| Some(Value::from(value.clone().unwrap_or_default()));
    set("id", text(&client.id));
    set("clientId", text(&client.client_id));
    set("name", text(&client.name));
    set("description", text(&client.description));
    set("type", text(&client.type_));
    set("rootUrl", text(&client.root_url));
    set("adminUrl", text(&client.admin_url));
    set("baseUrl", text(&client.base_url));
    set("surrogateAuthRequired", flag(client.surrogate_auth_required));
    set("enabled", flag(client.enabled));
    set("alwaysDisplayInConsole", flag(client.always_display_in_console));
    set("clientAuthenticatorType", text(&client.client_authenticator_type));
    set("secret", text(&client.secret));
    set("redirectUris", list(&client.redirect_uris));
    set("webOrigins", list(&client.web_origins));
    set("notBefore", client.not_before.map(Value::from));
    set("bearerOnly", flag(client.bearer_only));
    set("consentRequired", flag(client.consent_required));
    set("standardFlowEnabled", flag(client.standard_flow_enabled));
    set("implicitFlowEnabled", flag(client.implicit_flow_enabled));
    set("directAccessGrantsEnabled", flag(client.direct_access_grants_enabled));
    set("serviceAccountsEnabled", flag(client.service_accounts_enabled));
    // As in Keycloak, only resource servers say so.
    set("authorizationServicesEnabled", flag(client.authorization_services_enabled.filter(|enabled| *enabled)));
    set("publicClient", flag(client.public_client));
    set("frontchannelLogout", flag(client.frontchannel_logout));
    set("protocol", text(&client.protocol));
    set("attributes", Some(attributes(&client.attributes)));
    let overrides = client.authentication_flow_binding_overrides.as_deref().unwrap_or_default();
    set("authenticationFlowBindingOverrides", Some(texts(overrides)));
    set("fullScopeAllowed", flag(client.full_scope_allowed));
    set("nodeReRegistrationTimeout", client.node_re_registration_timeout.map(Value::from));
    set("registeredNodes", client.registered_nodes.as_deref().filter(|nodes| !nodes.is_empty()).map(nodes));
    set("protocolMappers", client.protocol_mappers.as_deref().filter(|list| !list.is_empty()).map(mappers));
    set("defaultClientScopes", list(&client.default_client_scopes));
    set("optionalClientScopes", list(&client.optional_client_scopes));
    members
}

/// A protocol mapper as Keycloak's ProtocolMapperRepresentation.
pub fn mapper(mapper: &ProtocolMapper) -> Value {
    let mut members = json!({
        "name": mapper.name,
        "protocol": mapper.protocol,
        "protocolMapper": mapper.mapper_type,
        "consentRequired": mapper.consent_required,
        "config": texts(&mapper.config),
    });
    if let Some(id) = &mapper.id {
        members["id"] = Value::from(id.as_str());
    }
    members
}

fn mappers(list: &[ProtocolMapper]) -> Value {
    list.iter().map(mapper).collect()
}

/// With one that says whether the client is the server's own.
fn attributes(entries: &[Attribute]) -> Value {
    let mut members = texts(entries);
    if members.get(REALM_CLIENT).is_none() {
        members[REALM_CLIENT] = Value::from("false");
    }
    members
}

fn texts(entries: &[Attribute]) -> Value {
    entries.iter().map(|entry| (entry.name.clone(), Value::from(entry.value.as_str()))).collect::<Map<_, _>>().into()
}

/// Times in Unix seconds.
fn nodes(entries: &[Attribute]) -> Value {
    let time = |entry: &Attribute| entry.value.parse::<i64>().map_or(Value::Null, Value::from);
    entries.iter().map(|entry| (entry.name.clone(), time(entry))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_the_members_of_keycloak() {
        let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let client = Client {
            client_id: Some("app".into()),
            redirect_uris: Some(vec!["https://a/".into()]),
            attributes: vec![attribute("logoUri", "https://a/l")],
            registered_nodes: Some(vec![attribute("node", "1000")]),
            authorization_services_enabled: Some(false),
            protocol_mappers: Some(vec![ProtocolMapper { name: "m".into(), ..ProtocolMapper::default() }]),
            ..Client::default()
        };
        let expected = json!({
            "clientId": "app",
            "redirectUris": ["https://a/"],
            "webOrigins": [],
            "attributes": {"logoUri": "https://a/l", "realm_client": "false"},
            "authenticationFlowBindingOverrides": {},
            "registeredNodes": {"node": 1000},
            "protocolMappers": [{"name": "m", "protocol": "", "protocolMapper": "", "consentRequired": false, "config": {}}],
            "defaultClientScopes": [],
            "optionalClientScopes": [],
        });
        assert_eq!(Value::from(representation(&client)), expected);
    }
}
