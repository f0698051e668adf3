//! A new client (Keycloak: `RepresentationToModel.createClient`, then the protocol's `setupClientDefaults`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::lists::{addresses, distinct, origin, origins};
use super::scopes::{self, Named};
use super::{SECRET_CREATION_TIME, attributes, is_blank, is_placeholder, mappers};
use crate::contract::exports::matricula::registration::providers::{Completed, Effect};
use crate::contract::matricula::registration::client::{Attribute, Client};
use crate::contract::matricula::registration::request::Issued;
use crate::realm::Realm;

/// Makes the full client. The flags that the request does not name depend on whether it names a protocol, and which.
pub(super) fn create(sent: Client, issued: &Issued, realm: &dyn Realm) -> Completed {
    let openid_connect = sent.protocol.as_deref() == Some("openid-connect");
    let saml = sent.protocol.as_deref() == Some("saml");
    let id = sent.id.clone().filter(|id| !is_blank(id)).unwrap_or_else(|| issued.id.clone());
    let consent_required = sent.consent_required.unwrap_or(false);
    let resource_server = sent.authorization_services_enabled == Some(true) || sent.authorization_settings.is_some();
    let service_account = sent.service_accounts_enabled == Some(true);
    let public = sent.public_client.unwrap_or(openid_connect);

    // An attribute that was sent empty is not stored, but keeps its default away: blank ones go at the end.
    let mut attributes = sent.attributes;
    if sent.secret.is_none() && sent.public_client != Some(true) {
        // Also for a client that becomes public by default only: Keycloak has made a secret by then.
        attributes::default(&mut attributes, SECRET_CREATION_TIME, &issued.now.to_string());
    }
    let secret = if public { None } else { sent.secret.or_else(|| Some(issued.secret.clone())) };

    let redirect_uris = sent.redirect_uris.map(addresses).unwrap_or_default();
    let web_origins = sent.web_origins.map(addresses).unwrap_or_else(|| origins(&redirect_uris));
    let default_roles = sent.default_roles.map(distinct).unwrap_or_default();

    let mut client = Client {
        client_id: sent.client_id.or_else(|| Some(id.clone())),
        id: Some(id),
        name: sent.name,
        description: sent.description,
        type_: sent.type_,
        protocol: sent.protocol.or_else(|| Some("openid-connect".to_owned())),
        enabled: sent.enabled.or(Some(true)),
        always_display_in_console: sent.always_display_in_console.or(Some(false)),
        surrogate_auth_required: sent.surrogate_auth_required.or(Some(false)),
        root_url: sent.root_url,
        base_url: sent.base_url,
        admin_url: sent.admin_url,
        redirect_uris: Some(redirect_uris),
        web_origins: Some(web_origins),
        public_client: Some(public),
        bearer_only: sent.bearer_only.or(Some(false)),
        client_authenticator_type: sent.client_authenticator_type.or_else(|| Some("client-secret".to_owned())),
        secret,
        consent_required: Some(consent_required),
        full_scope_allowed: sent.full_scope_allowed.or(Some(!consent_required)),
        standard_flow_enabled: sent.standard_flow_enabled.or(Some(true)),
        implicit_flow_enabled: sent.implicit_flow_enabled.or(Some(false)),
        direct_access_grants_enabled: sent.direct_access_grants_enabled.or(Some(openid_connect)),
        service_accounts_enabled: Some(service_account || resource_server),
        authorization_services_enabled: Some(resource_server),
        frontchannel_logout: sent.frontchannel_logout.or(Some(saml)),
        protocol_mappers: Some(mappers::created(sent.protocol_mappers.unwrap_or_default())),
        default_roles: Some(default_roles),
        not_before: sent.not_before.or(Some(0)),
        node_re_registration_timeout: sent.node_re_registration_timeout.or(Some(-1)),
        registered_nodes: Some(sent.registered_nodes.unwrap_or_default()),
        authentication_flow_binding_overrides: Some(named(sent.authentication_flow_binding_overrides)),
        default_client_scopes: None,
        optional_client_scopes: None,
        authorization_settings: None,
        attributes,
    };
    let named = Named { default: sent.default_client_scopes, optional: sent.optional_client_scopes };
    scopes::assign(&mut client, named, true, realm);
    if service_account {
        scopes::add_service_account(&mut client, realm);
    }

    let mut effects = Vec::new();
    if openid_connect {
        fill_from_root_url(&mut client);
        default_logout_flags(&mut client.attributes);
    }
    if saml {
        effects.extend(default_saml_settings(&mut client));
    }
    attributes::remove_blank(&mut client.attributes);
    if service_account || resource_server {
        effects.push(Effect::CreateServiceAccount);
    }
    if resource_server {
        effects.push(Effect::CreateResourceServer);
    }
    if let Some(roles) = client.default_roles.as_ref().filter(|roles| !roles.is_empty()) {
        effects.push(Effect::SetDefaultRoles(roles.clone()));
    }
    Completed { client, effects }
}

/// The overrides that name a flow.
fn named(overrides: Option<Vec<Attribute>>) -> Vec<Attribute> {
    overrides.unwrap_or_default().into_iter().filter(|flow| !is_blank(&flow.value)).collect()
}

/// Column B of the provider `default`: the root URL stands in for redirect URIs and the admin URL.
fn fill_from_root_url(client: &mut Client) {
    let Some(root) = &client.root_url else { return };
    if client.redirect_uris.as_ref().is_none_or(Vec::is_empty) {
        let uri = format!("{}/*", root.strip_suffix('/').unwrap_or(root));
        client.web_origins = Some(vec![origin(&uri).to_owned()]);
        client.redirect_uris = Some(vec![uri]);
    }
    // Where the server itself is, no application waits for notices.
    if client.admin_url.is_none() && !is_placeholder(root) {
        client.admin_url = Some(root.clone());
    }
}

fn default_logout_flags(attributes: &mut Vec<Attribute>) {
    if attributes::get(attributes, "backchannel.logout.url").is_none() {
        attributes::default(attributes, "backchannel.logout.session.required", "true");
        attributes::default(attributes, "backchannel.logout.revoke.offline.tokens", "false");
    }
}

/// Keycloak's settings of a SAML client. A client whose requests must be signed and that has no certificate gets a key.
fn default_saml_settings(client: &mut Client) -> Option<Effect> {
    for (name, value) in [
        ("saml_signature_canonicalization_method", "http://www.w3.org/2001/10/xml-exc-c14n#"),
        ("saml.signature.algorithm", "RSA_SHA256"),
        ("saml_name_id_format", "username"),
        ("saml.authnstatement", "true"),
        ("saml_force_name_id_format", "false"),
        ("saml.allow.ecp.flow", "false"),
        ("saml.server.signature", "true"),
        ("saml.force.post.binding", "true"),
        ("saml.client.signature", "true"),
    ] {
        attributes::default(&mut client.attributes, name, value);
    }
    let client_id = client.client_id.as_deref().unwrap_or_default();
    set_artifact_identifier(&mut client.attributes, client_id);
    let signed = attributes::get(&client.attributes, "saml.client.signature");
    let signed = signed.is_some_and(|signed| signed.eq_ignore_ascii_case("true"));
    let keyless = attributes::get(&client.attributes, "saml.signing.certificate").is_none_or(is_blank);
    (signed && keyless).then(|| Effect::CreateSigningKey(client_id.to_owned()))
}

/// What a SAML artifact calls the client: the hash of its entity id (SAML Bindings §3.6.4).
pub(super) fn set_artifact_identifier(attributes: &mut Vec<Attribute>, client_id: &str) {
    let identifier = STANDARD.encode(Sha1::digest(client_id.as_bytes()));
    attributes::set(attributes, "saml.artifact.binding.identifier", &identifier);
}
