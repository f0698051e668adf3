//! Fields of the client under their names in metadata, for messages.

use super::attributes::{self, MAPPINGS, METADATA};

/// Fields and members. Where several fields come from a member, or several members make a field, the first is it.
const FIELDS: [(&str, &str); 19] = [
    ("client-id", "client_id"),
    ("name", "client_name"),
    ("base-url", "client_uri"),
    ("redirect-uris", "redirect_uris"),
    ("optional-client-scopes", "scope"),
    ("default-client-scopes", "scope"),
    ("client-authenticator-type", "token_endpoint_auth_method"),
    ("public-client", "token_endpoint_auth_method"),
    ("secret", "client_secret"),
    ("standard-flow-enabled", "response_types"),
    ("implicit-flow-enabled", "response_types"),
    ("direct-access-grants-enabled", "grant_types"),
    ("service-accounts-enabled", "grant_types"),
    ("authorization-services-enabled", "grant_types"),
    ("frontchannel-logout", "frontchannel_logout_uri"),
    ("attributes.jwks.url", "jwks_uri"),
    ("attributes.jwks.string", "jwks"),
    ("attributes.metadata.subject_type", "subject_type"),
    ("attributes.metadata.token_endpoint_auth_method", "token_endpoint_auth_method"),
];

/// The member that a field of the client comes from. Absent: documents have none.
pub(super) fn member(field: &str) -> Option<String> {
    if let Some((_, member)) = FIELDS.iter().find(|(name, _)| *name == field) {
        return Some((*member).to_owned());
    }
    let attribute = field.strip_prefix("attributes.")?;
    match attributes::of_attribute(attribute) {
        Some(index) => Some(MAPPINGS[index].member.to_owned()),
        None => attribute
            .strip_prefix(METADATA)
            .filter(|member| attributes::is_in_another_language(member))
            .map(str::to_owned),
    }
}

/// The field that a member of a document becomes.
pub(super) fn field(member: &str) -> Option<String> {
    if let Some((field, _)) = FIELDS.iter().find(|(_, name)| *name == member) {
        return Some((*field).to_owned());
    }
    attributes::of_member(member).map(|index| format!("attributes.{}", MAPPINGS[index].attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fields_as_the_caller_does() {
        for (field, expected) in [
            ("redirect-uris", Some("redirect_uris")),
            ("optional-client-scopes", Some("scope")),
            ("default-client-scopes", Some("scope")),
            ("attributes.logoUri", Some("logo_uri")),
            ("attributes.metadata.contacts", Some("contacts")),
            ("attributes.metadata.client_uri#de", Some("client_uri#de")),
            ("attributes.metadata.foo", None),
            ("attributes.realm_client", None),
            ("consent-required", None),
        ] {
            assert_eq!(member(field).as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn finds_the_field_of_a_member() {
        for (member, expected) in [
            ("scope", Some("optional-client-scopes")),
            ("token_endpoint_auth_method", Some("client-authenticator-type")),
            ("jwks", Some("attributes.jwks.string")),
            ("request_uris", Some("attributes.request.uris")),
            ("grant_types", Some("direct-access-grants-enabled")),
            ("unknown", None),
        ] {
            assert_eq!(field(member).as_deref(), expected, "{member}");
        }
    }
}
