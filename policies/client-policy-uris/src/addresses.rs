//! The addresses that a request names, field by field in the order in which Keycloak judges them.

use std::borrow::Cow;

use matricula_policy_sdk::Client;

/// A field of a client that holds addresses.
pub struct Field {
    /// As the contract spells it.
    pub name: &'static str,
    /// As the settings and texts of `secure-client-uris-pattern` call it.
    pub title: &'static str,
    /// Only the executor `secure-client-uris-pattern` judges it.
    pub by_pattern_only: bool,
}

/// An attribute with one address or several.
const fn field(name: &'static str, title: &'static str) -> Field {
    Field { name, title, by_pattern_only: false }
}

/// As above.
const fn by_pattern(name: &'static str, title: &'static str) -> Field {
    Field { name, title, by_pattern_only: true }
}

/// Every field.
pub const FIELDS: [Field; 23] = [
    field("root-url", "rootUrl"),
    field("admin-url", "adminUrl"),
    field("base-url", "baseUrl"),
    field("attributes.backchannel.logout.url", "backchannelLogoutUrl"),
    field("redirect-uris", "redirectUris"),
    field("web-origins", "webOrigins"),
    field("attributes.jwks.url", "jwksUri"),
    field("attributes.request.uris", "requestUris"),
    field("attributes.ciba.backchannel.client.notification.endpoint", "cibaClientNotificationEndpoint"),
    field("attributes.post.logout.redirect.uris", "postLogoutRedirectUris"),
    field("attributes.logoUri", "logoUri"),
    field("attributes.tosUri", "tosUri"),
    field("attributes.policyUri", "policyUri"),
    by_pattern("attributes.sectorIdentifierUri", "sectorIdentifierUri"),
    by_pattern("attributes.saml_assertion_consumer_url_post", "saml_assertion_consumer_url_post"),
    by_pattern("attributes.saml_assertion_consumer_url_redirect", "saml_assertion_consumer_url_redirect"),
    by_pattern("attributes.saml_artifact_binding_url", "saml_artifact_binding_url"),
    by_pattern("attributes.saml_single_logout_service_url_post", "saml_single_logout_service_url_post"),
    by_pattern("attributes.saml_single_logout_service_url_artifact", "saml_single_logout_service_url_artifact"),
    by_pattern("attributes.saml_single_logout_service_url_redirect", "saml_single_logout_service_url_redirect"),
    by_pattern("attributes.saml_single_logout_service_url_soap", "saml_single_logout_service_url_soap"),
    by_pattern("attributes.saml_artifact_resolution_service_url", "saml_artifact_resolution_service_url"),
    by_pattern("attributes.saml.metadataDescriptorUrl", "saml.metadataDescriptorUrl"),
];

/// The addresses in a field of a request; empty ones are none. `+` stands for what the redirect URIs say: their origins
/// among the web origins, themselves among the targets of a logout.
pub fn of<'a>(client: &'a Client, field: &Field) -> Vec<Cow<'a, str>> {
    let redirect_uris = || client.redirect_uris.iter().flatten().map(|uri| Cow::Borrowed(uri.as_str()));
    let one = |address: &'a Option<String>| address.iter().map(|address| Cow::Borrowed(address.as_str())).collect();
    let addresses: Vec<Cow<str>> = match field.name {
        "root-url" => one(&client.root_url),
        "admin-url" => one(&client.admin_url),
        "base-url" => one(&client.base_url),
        "redirect-uris" => redirect_uris().collect(),
        "web-origins" => {
            let mut origins = Vec::new();
            for origin in client.web_origins.iter().flatten() {
                if origin == "+" {
                    origins.extend(redirect_uris().filter_map(|uri| super::uri::origin(&uri).map(Cow::Owned)));
                } else {
                    origins.push(Cow::Borrowed(origin.as_str()));
                }
            }
            origins
        }
        _ => {
            let name = field.name.strip_prefix("attributes.").unwrap_or_default();
            let value = client.attributes.iter().find(|attribute| attribute.name == name);
            let value = value.map_or("", |attribute| attribute.value.as_str());
            match name {
                "post.logout.redirect.uris" if value == "+" => redirect_uris().collect(),
                "post.logout.redirect.uris" | "request.uris" => value.split("##").map(Cow::Borrowed).collect(),
                _ => vec![Cow::Borrowed(value)],
            }
        }
    };
    addresses.into_iter().filter(|address| !address.is_empty()).collect()
}
