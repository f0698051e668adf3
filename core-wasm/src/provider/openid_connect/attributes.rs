//! Metadata that is an attribute of the client, name by name, with the type it has in a document.

use crate::contract::matricula::registration::client::Attribute;

/// A member of a document and the attribute that holds it.
pub(super) struct Mapping {
    /// Name in documents.
    pub(super) member: &'static str,
    /// Name in the client.
    pub(super) attribute: &'static str,
    /// Type of the member.
    pub(super) kind: Kind,
    /// The answer shows the attribute as it is. If not, it makes more of it.
    pub(super) shown: bool,
}

/// The JSON type of a member, and how an attribute, which is text, holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Text as it is.
    Text,
    /// `true` or `false`. Documents show the default when it is not stored; without default, nothing.
    Flag(Option<bool>),
    /// A 32-bit number in decimal.
    Number,
    /// A list of texts, joined by [`SEPARATOR`].
    Joined,
    /// A list of texts, as JSON.
    List,
}

/// Stands between the values of a list in one attribute.
pub(super) const SEPARATOR: &str = "##";

/// Start of the name of attributes that Keycloak does not have.
pub(super) const METADATA: &str = "metadata.";

/// Attributes that are more than copies of a member.
pub(super) const POST_LOGOUT_REDIRECT_URIS: &str = "post.logout.redirect.uris";
pub(super) const REQUEST_URIS: &str = "request.uris";
pub(super) const ID_TOKEN_SIGNED_RESPONSE_ALG: &str = "id.token.signed.response.alg";
const AUTHORIZATION_SIGNED_RESPONSE_ALG: &str = "authorization.signed.response.alg";
const AUTHORIZATION_ENCRYPTED_RESPONSE_ALG: &str = "authorization.encrypted.response.alg";
const AUTHORIZATION_ENCRYPTED_RESPONSE_ENC: &str = "authorization.encrypted.response.enc";
const TOKEN_ENDPOINT_AUTH_SIGNING_ALG: &str = "token.endpoint.auth.signing.alg";
pub(super) const TLS_CLIENT_AUTH_SUBJECT_DN: &str = "x509.subjectdn";
const BACKCHANNEL_LOGOUT_URI: &str = "backchannel.logout.url";
pub(super) const BACKCHANNEL_LOGOUT_SESSION_REQUIRED: &str = "backchannel.logout.session.required";
pub(super) const BACKCHANNEL_LOGOUT_REVOKE_OFFLINE_TOKENS: &str = "backchannel.logout.revoke.offline.tokens";
pub(super) const FRONTCHANNEL_LOGOUT_URI: &str = "frontchannel.logout.url";
pub(super) const FRONTCHANNEL_LOGOUT_SESSION_REQUIRED: &str = "frontchannel.logout.session.required";
pub(super) const CIBA_REQUEST_SIGNING_ALG: &str = "ciba.backchannel.auth.request.signing.alg";

/// Attributes of the members that an update removes when it does not name them (deviation 10, RFC 7592 §2.2). Keycloak
/// does so or not, depending on which other members are there.
const REMOVED_UNLESS_NAMED: [&str; 6] = [
    ID_TOKEN_SIGNED_RESPONSE_ALG,
    AUTHORIZATION_SIGNED_RESPONSE_ALG,
    AUTHORIZATION_ENCRYPTED_RESPONSE_ALG,
    AUTHORIZATION_ENCRYPTED_RESPONSE_ENC,
    TOKEN_ENDPOINT_AUTH_SIGNING_ALG,
    BACKCHANNEL_LOGOUT_URI,
];

/// Every member that is an attribute, in the order of answers.
pub(super) const MAPPINGS: &[Mapping] = &[
    mapping("logo_uri", "logoUri", Kind::Text),
    mapping("tos_uri", "tosUri", Kind::Text),
    mapping("policy_uri", "policyUri", Kind::Text),
    mapping("contacts", "metadata.contacts", Kind::List),
    mapping("application_type", "metadata.application_type", Kind::Text),
    mapping("software_id", "metadata.software_id", Kind::Text),
    mapping("software_version", "metadata.software_version", Kind::Text),
    not_shown("post_logout_redirect_uris", POST_LOGOUT_REDIRECT_URIS, Kind::Joined),
    not_shown("request_uris", REQUEST_URIS, Kind::Joined),
    mapping("initiate_login_uri", "metadata.initiate_login_uri", Kind::Text),
    mapping("default_max_age", "metadata.default_max_age", Kind::Number),
    mapping("require_auth_time", "metadata.require_auth_time", Kind::Flag(None)),
    mapping("default_acr_values", "default.acr.values", Kind::Joined),
    not_shown("sector_identifier_uri", super::subject_type::SECTOR_IDENTIFIER, Kind::Text),
    mapping("id_token_signed_response_alg", ID_TOKEN_SIGNED_RESPONSE_ALG, Kind::Text),
    mapping("id_token_encrypted_response_alg", "id.token.encrypted.response.alg", Kind::Text),
    mapping("id_token_encrypted_response_enc", "id.token.encrypted.response.enc", Kind::Text),
    mapping("userinfo_signed_response_alg", "user.info.response.signature.alg", Kind::Text),
    mapping("userinfo_encrypted_response_alg", "user.info.encrypted.response.alg", Kind::Text),
    mapping("userinfo_encrypted_response_enc", "user.info.encrypted.response.enc", Kind::Text),
    mapping("request_object_signing_alg", "request.object.signature.alg", Kind::Text),
    mapping("request_object_encryption_alg", "request.object.encryption.alg", Kind::Text),
    mapping("request_object_encryption_enc", "request.object.encryption.enc", Kind::Text),
    mapping("token_endpoint_auth_signing_alg", TOKEN_ENDPOINT_AUTH_SIGNING_ALG, Kind::Text),
    mapping("authorization_signed_response_alg", AUTHORIZATION_SIGNED_RESPONSE_ALG, Kind::Text),
    mapping("authorization_encrypted_response_alg", AUTHORIZATION_ENCRYPTED_RESPONSE_ALG, Kind::Text),
    mapping("authorization_encrypted_response_enc", AUTHORIZATION_ENCRYPTED_RESPONSE_ENC, Kind::Text),
    mapping("tls_client_auth_subject_dn", TLS_CLIENT_AUTH_SUBJECT_DN, Kind::Text),
    mapping(
        "tls_client_certificate_bound_access_tokens",
        "tls.client.certificate.bound.access.tokens",
        Kind::Flag(Some(false)),
    ),
    mapping("dpop_bound_access_tokens", "dpop.bound.access.tokens", Kind::Flag(Some(false))),
    mapping("require_pushed_authorization_requests", "require.pushed.authorization.requests", Kind::Flag(Some(false))),
    mapping("backchannel_logout_uri", BACKCHANNEL_LOGOUT_URI, Kind::Text),
    mapping("backchannel_logout_session_required", BACKCHANNEL_LOGOUT_SESSION_REQUIRED, Kind::Flag(Some(true))),
    mapping(
        "backchannel_logout_revoke_offline_tokens",
        BACKCHANNEL_LOGOUT_REVOKE_OFFLINE_TOKENS,
        Kind::Flag(Some(false)),
    ),
    mapping("frontchannel_logout_uri", FRONTCHANNEL_LOGOUT_URI, Kind::Text),
    // Stored as `false` by every registration here, but `true` for clients made elsewhere without it.
    mapping("frontchannel_logout_session_required", FRONTCHANNEL_LOGOUT_SESSION_REQUIRED, Kind::Flag(Some(true))),
    mapping("backchannel_token_delivery_mode", "ciba.backchannel.token.delivery.mode", Kind::Text),
    mapping("backchannel_client_notification_endpoint", "ciba.backchannel.client.notification.endpoint", Kind::Text),
    mapping("backchannel_authentication_request_signing_alg", CIBA_REQUEST_SIGNING_ALG, Kind::Text),
];

const fn mapping(member: &'static str, attribute: &'static str, kind: Kind) -> Mapping {
    Mapping { member, attribute, kind, shown: true }
}

const fn not_shown(member: &'static str, attribute: &'static str, kind: Kind) -> Mapping {
    Mapping { member, attribute, kind, shown: false }
}

/// A set of [`MAPPINGS`], by index.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen(u64);

const _: () = assert!(MAPPINGS.len() <= u64::BITS as usize);

impl Seen {
    /// Adds one; false if it was there already.
    pub(super) fn add(&mut self, index: usize) -> bool {
        let before = self.0;
        self.0 |= 1 << index;
        self.0 != before
    }

    /// Whether this one is in the set.
    pub(super) fn has(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }
}

/// The mapping of a member, by index.
pub(super) fn of_member(name: &str) -> Option<usize> {
    MAPPINGS.iter().position(|mapping| mapping.member == name)
}

/// The mapping of an attribute, by index.
pub(super) fn of_attribute(name: &str) -> Option<usize> {
    MAPPINGS.iter().position(|mapping| mapping.attribute == name)
}

/// Empties what an update removes without naming it, so that it is not kept. Policies have seen the update by then: to
/// them, as to Keycloak's, it does not name these members.
pub(super) fn remove_unless_named(attributes: &mut Vec<Attribute>) {
    for name in REMOVED_UNLESS_NAMED {
        if attributes.iter().all(|attribute| attribute.name != name) {
            attributes.push(Attribute { name: name.to_owned(), value: String::new() });
        }
    }
}

/// Whether this is a member for people that is in another language: its name, `#` and a tag (RFC 7591 §2.2; BCP 47).
pub(super) fn is_in_another_language(member: &str) -> bool {
    let Some((name, tag)) = member.split_once('#') else { return false };
    let mut subtags = tag.split('-');
    let is_subtag = |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric());
    matches!(name, "client_name" | "client_uri" | "logo_uri" | "tos_uri" | "policy_uri")
        && subtags.next().is_some_and(|first| is_subtag(first) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && subtags.all(is_subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_mapping_by_either_name() {
        for (index, mapping) in MAPPINGS.iter().enumerate() {
            assert_eq!(of_member(mapping.member), Some(index));
            assert_eq!(of_attribute(mapping.attribute), Some(index));
        }
        assert_eq!((of_member("client_name"), of_attribute("realm_client")), (None, None));
    }

    #[test]
    fn knows_members_in_another_language() {
        for member in ["client_name#de", "client_name#ja-Hani-JP", "tos_uri#fr", "logo_uri#x-1", "policy_uri#en-GB-oed"]
        {
            assert!(is_in_another_language(member), "{member}");
        }
        for member in
            ["client_name", "client_name#", "#", "contacts#de", "client_name#de_DE", "client_name#1", "client_uri#de-"]
        {
            assert!(!is_in_another_language(member), "{member}");
        }
    }

    #[test]
    fn a_set_tells_whether_a_mapping_is_new() {
        let mut seen = Seen::default();
        assert!(seen.add(3) && !seen.add(3) && seen.has(3) && !seen.has(2));
    }
}
