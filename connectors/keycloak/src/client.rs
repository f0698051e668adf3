//! Our client as the ClientRepresentation that is sent, and what that leaves out.

use matricula_policy_sdk::connector::{self, Loss};
use matricula_policy_sdk::{Attribute, Client};
use serde_json::{Map, Value};

/// Attribute that holds the mark: the internal id of the realm here.
pub(crate) const MARK: &str = "matricula.realm";
/// Attribute that holds our internal id of the client; adopted clients have another one at the target.
pub(crate) const OUR_ID: &str = "matricula.id";
/// Attribute that names the attributes that are ours, as JSON, so that one that is gone here can be told from one that
/// somebody gave the client there.
pub(crate) const OUR_ATTRIBUTES: &str = "matricula.attributes";

/// Members that are texts; absent ones are sent empty.
pub(crate) const TEXTS: [&str; 8] =
    ["clientId", "name", "description", "protocol", "rootUrl", "baseUrl", "adminUrl", "clientAuthenticatorType"];
/// Members that are lists without order; absent ones are sent empty.
pub(crate) const LISTS: [&str; 2] = ["redirectUris", "webOrigins"];
/// Members that are flags or numbers.
pub(crate) const OTHERS: [&str; 14] = [
    "enabled",
    "publicClient",
    "bearerOnly",
    "consentRequired",
    "standardFlowEnabled",
    "implicitFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "frontchannelLogout",
    "fullScopeAllowed",
    "alwaysDisplayInConsole",
    "surrogateAuthRequired",
    "notBefore",
    "secret",
];
/// Client scopes, by name. Only POST takes them.
pub(crate) const SCOPES: [&str; 2] = ["defaultClientScopes", "optionalClientScopes"];

/// Attributes that are the registry's own.
const PREFIXES: [&str; 7] =
    ["registration.", "metadata.", "cimd.", "life.", "matricula.", "client.secret.", "software.statement."];
/// One that says how the secret may be sent, which a target must know.
const ALLOWED_METHOD: &str = "client.secret.authentication.allowed.method";
/// Keys of SAML that are sent when they are due, and so never compared or removed.
const PRIVATE_KEYS: [&str; 2] = ["saml.signing.private.key", "saml.encryption.private.key"];

/// The client as it is sent. `id` and `secret` are there if the client has them.
pub(crate) fn representation(client: &Client, mark: &str) -> Map<String, Value> {
    let mut ours = connector::representation(client);
    let mut sent = Map::new();
    for name in ["id"].iter().chain(&OTHERS) {
        if let Some(value) = ours.remove(*name) {
            sent.insert((*name).to_owned(), value);
        }
    }
    for name in TEXTS {
        sent.insert(name.to_owned(), ours.remove(name).unwrap_or_else(|| "".into()));
    }
    for name in LISTS.iter().chain(&SCOPES) {
        sent.insert((*name).to_owned(), ours.remove(*name).unwrap_or_else(|| Value::Array(Vec::new())));
    }
    sent.insert("attributes".to_owned(), attributes(client, mark).into());
    let mappers = client.protocol_mappers.iter().flatten().map(mapper);
    sent.insert("protocolMappers".to_owned(), mappers.collect());
    sent
}

/// What of the client no Keycloak takes from elsewhere.
pub(crate) fn losses(client: &Client) -> Vec<Loss> {
    let mut losses = Vec::new();
    if client.authentication_flow_binding_overrides.iter().flatten().next().is_some() {
        losses.push(Loss::of("authenticationFlowBindingOverrides", "The target has authentication flows of its own"));
    }
    if client.authorization_services_enabled == Some(true) {
        losses.push(Loss::of("authorizationServicesEnabled", "The target's authorization services are its own"));
    }
    if client.authorization_settings.is_some() {
        losses.push(Loss::of("authorizationSettings", "The target's authorization services are its own"));
    }
    losses
}

/// Types of the client's protocol mappers that not every Keycloak has.
pub(crate) fn unusual_mappers(client: &Client) -> impl Iterator<Item = &str> {
    let types = client.protocol_mappers.iter().flatten().map(|mapper| mapper.mapper_type.as_str());
    types.filter(|name| !USUAL_MAPPERS.contains(name))
}

/// Whether an attribute is a private key.
pub(crate) fn is_private_key(name: &str) -> bool {
    PRIVATE_KEYS.contains(&name)
}

fn attributes(client: &Client, mark: &str) -> Map<String, Value> {
    let own = client.attributes.iter().filter(|attribute| is_sent(&attribute.name) && !attribute.value.is_empty());
    let mut own: Vec<&Attribute> = own.collect();
    own.sort_by(|one, other| one.name.cmp(&other.name));
    let names = own.iter().map(|attribute| attribute.name.as_str()).filter(|name| !is_private_key(name));
    let names: Value = names.collect();
    let mut attributes: Map<String, Value> =
        own.iter().map(|attribute| (attribute.name.clone(), attribute.value.as_str().into())).collect();
    attributes.insert(MARK.to_owned(), mark.into());
    attributes.insert(OUR_ID.to_owned(), client.id.as_deref().unwrap_or_default().into());
    attributes.insert(OUR_ATTRIBUTES.to_owned(), names.to_string().into());
    attributes
}

fn is_sent(name: &str) -> bool {
    name == ALLOWED_METHOD || !(name == "realm_client" || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// Without its id, so that it is matched by name.
fn mapper(mapper: &matricula_policy_sdk::ProtocolMapper) -> Value {
    let mut mapper = connector::mapper(mapper);
    if let Some(members) = mapper.as_object_mut() {
        members.remove("id");
    }
    mapper
}

/// Types of protocol mappers of a Keycloak as it comes.
const USUAL_MAPPERS: [&str; 40] = [
    "oidc-acr-mapper",
    "oidc-address-mapper",
    "oidc-allowed-origins-mapper",
    "oidc-amr-mapper",
    "oidc-audience-mapper",
    "oidc-audience-resolve-mapper",
    "oidc-claims-param-token-mapper",
    "oidc-claims-param-value-idtoken-mapper",
    "oidc-full-name-mapper",
    "oidc-group-membership-mapper",
    "oidc-hardcoded-claim-mapper",
    "oidc-hardcoded-role-mapper",
    "oidc-nonce-backwards-compatible-mapper",
    "oidc-organization-membership-mapper",
    "oidc-role-name-mapper",
    "oidc-session-state-mapper",
    "oidc-sha256-pairwise-sub-mapper",
    "oidc-sub-mapper",
    "oidc-usermodel-attribute-mapper",
    "oidc-usermodel-client-role-mapper",
    "oidc-usermodel-property-mapper",
    "oidc-usermodel-realm-role-mapper",
    "oidc-usersessionmodel-note-mapper",
    "saml-audience-mapper",
    "saml-audience-resolve-mapper",
    "saml-group-membership-mapper",
    "saml-hardcode-attribute-mapper",
    "saml-hardcode-role-mapper",
    "saml-organization-membership-mapper",
    "saml-role-list-mapper",
    "saml-role-name-mapper",
    "saml-user-attribute-mapper",
    "saml-user-attribute-nameid-mapper",
    "saml-user-property-mapper",
    "saml-user-session-note-mapper",
    "saml-usermodel-attribute-mapper",
    "saml-usermodel-property-mapper",
    "saml-authncontextclassref-mapper",
    "saml-nameid-mapper",
    "saml-javascript-mapper",
];
