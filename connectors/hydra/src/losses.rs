//! What Hydra keeps no place for.

use matricula_policy_sdk::Client;
use matricula_policy_sdk::connector::Loss;

use crate::client::{MEMBERS, PAIRWISE, SECRET_BASIC, attribute, method, post_logout_redirect_uris_elsewhere};
use crate::{OUT_OF_REACH, is_out_of_reach};

/// Attributes that are the registry's own, or that say how others are meant.
const SILENT: [&str; 15] = [
    "registration.",
    "cimd.",
    "life.",
    "matricula.",
    "software.statement.",
    "client.secret.",
    "realm_client",
    "use.jwks.",
    "jwks.",
    "use.refresh.tokens",
    "post.logout.redirect.uris",
    "saml.",
    "saml_",
    "sectorIdentifierUri",
    "display.on.consent.screen",
];

/// Grant types that are attributes.
const GRANTS: [(&str, &str); 4] = [
    ("oauth2.device.authorization.grant.enabled", "urn:ietf:params:oauth:grant-type:device_code"),
    ("oidc.ciba.grant.enabled", "urn:openid:params:grant-type:ciba"),
    ("standard.token.exchange.enabled", "urn:ietf:params:oauth:grant-type:token-exchange"),
    ("oauth2.jwt.authorization.grant.enabled", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
];

/// Attributes whose member of RFC 7591 and its extensions has another name.
const NAMES: [(&str, &str); 18] = [
    ("default.acr.values", "default_acr_values"),
    ("id.token.signed.response.alg", "id_token_signed_response_alg"),
    ("id.token.encrypted.response.alg", "id_token_encrypted_response_alg"),
    ("id.token.encrypted.response.enc", "id_token_encrypted_response_enc"),
    ("user.info.encrypted.response.alg", "userinfo_encrypted_response_alg"),
    ("user.info.encrypted.response.enc", "userinfo_encrypted_response_enc"),
    ("request.object.encryption.alg", "request_object_encryption_alg"),
    ("request.object.encryption.enc", "request_object_encryption_enc"),
    ("authorization.signed.response.alg", "authorization_signed_response_alg"),
    ("authorization.encrypted.response.alg", "authorization_encrypted_response_alg"),
    ("authorization.encrypted.response.enc", "authorization_encrypted_response_enc"),
    ("x509.subjectdn", "tls_client_auth_subject_dn"),
    ("tls.client.certificate.bound.access.tokens", "tls_client_certificate_bound_access_tokens"),
    ("dpop.bound.access.tokens", "dpop_bound_access_tokens"),
    ("require.pushed.authorization.requests", "require_pushed_authorization_requests"),
    ("backchannel.logout.revoke.offline.tokens", "backchannel_logout_revoke_offline_tokens"),
    ("ciba.backchannel.token.delivery.mode", "backchannel_token_delivery_mode"),
    ("ciba.backchannel.client.notification.endpoint", "backchannel_client_notification_endpoint"),
];

/// Everything of the client that Hydra drops or changes.
pub(crate) fn of(client: &Client) -> Vec<Loss> {
    let mut losses = Vec::new();
    let client_id = client.client_id.as_deref().unwrap_or_default();
    if is_out_of_reach(client_id) {
        losses.push(Loss::of("clientId", OUT_OF_REACH).value(client_id));
    }
    if client.direct_access_grants_enabled == Some(true) {
        losses.push(kept_no("directAccessGrantsEnabled", "grant type 'password'"));
    }
    if client.authorization_services_enabled == Some(true) {
        losses.push(kept_no("authorizationServicesEnabled", "authorizationServicesEnabled"));
    }
    if client.authentication_flow_binding_overrides.iter().flatten().next().is_some() {
        losses.push(kept_no("authenticationFlowBindingOverrides", "authenticationFlowBindingOverrides"));
    }
    if method(client).is_none() {
        let method = match client.client_authenticator_type.as_deref().unwrap_or_default() {
            "client-secret-jwt" => "client_secret_jwt",
            "client-x509" => "tls_client_auth",
            other => other,
        };
        losses.push(kept_no("token_endpoint_auth_method", method).value(method).becomes(SECRET_BASIC));
    }
    if client.web_origins.iter().flatten().any(|origin| origin == "*") {
        losses.push(kept_no("webOrigins", "web origin '*'").value("*"));
    }
    for uri in post_logout_redirect_uris_elsewhere(client) {
        let message = "Hydra takes a post_logout_redirect_uri only at the scheme, host and port of a redirect URI";
        losses.push(Loss::of("post_logout_redirect_uris", message).value(uri));
    }
    for mapper in client.protocol_mappers.iter().flatten().filter(|mapper| mapper.mapper_type != PAIRWISE) {
        let name = &mapper.name;
        losses.push(kept_no("protocolMappers", &format!("protocol mapper '{name}'")).value(name));
    }
    losses.extend(client.attributes.iter().filter_map(|entry| of_attribute(client, &entry.name)));
    losses
}

/// The loss of an attribute; none of one that says no, or nothing.
fn of_attribute(client: &Client, name: &str) -> Option<Loss> {
    let value = attribute(client, name).filter(|value| *value != "false")?;
    if MEMBERS.iter().any(|(member, ..)| *member == name) || SILENT.iter().any(|silent| name.starts_with(silent)) {
        return None;
    }
    if let Some((_, grant)) = GRANTS.iter().find(|(attribute, _)| *attribute == name) {
        return Some(kept_no("grant_types", &format!("grant type '{grant}'")).value(*grant));
    }
    if name == "id.token.signed.response.alg" && value == "RS256" {
        // What Hydra does anyway.
        return None;
    }
    let renamed = NAMES.iter().find(|(attribute, _)| *attribute == name).map(|(_, member)| *member);
    let member = renamed.or_else(|| name.strip_prefix("metadata."));
    Some(match member {
        Some(member) => kept_no(member, member),
        None => kept_no(&format!("attributes.{name}"), name),
    })
}

fn kept_no(field: &str, what: &str) -> Loss {
    Loss::of(field, format!("Hydra keeps no {what}"))
}
