//! A document as read: client metadata, before it is clear what it means.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use super::attributes::{self, Kind, MAPPINGS, Mapping, SEPARATOR, Seen};
use super::jwks::{self, KeySet};
use crate::contract::matricula::registration::client::Attribute;
use crate::contract::matricula::registration::decision::Violation;
use crate::json::{self, Value};
use crate::realm::Realm;
use crate::violation::refused;

/// Setting of a realm that turns unknown members into an error: `reject`.
const UNKNOWN_METADATA: &str = "clientRegistration.unknownMetadata";

/// Client metadata (RFC 7591 §2, OIDC Registration §2). Absent and null members are `None`.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) client_id: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) client_uri: Option<String>,
    pub(super) redirect_uris: Option<Vec<String>>,
    pub(super) scope: Option<String>,
    pub(super) grant_types: Option<Vec<String>>,
    pub(super) response_types: Option<Vec<String>>,
    pub(super) token_endpoint_auth_method: Option<String>,
    pub(super) subject_type: Option<String>,
    pub(super) jwks_uri: Option<String>,
    /// The error is why the key set makes no sense.
    pub(super) jwks: Option<Result<KeySet, &'static str>>,
    /// Members that an attribute holds; what was sent empty is empty.
    pub(super) attributes: Vec<Attribute>,
    /// Which of the mappings are among the attributes.
    seen: Seen,
    /// Members in other languages, while the document is read. There may be very many.
    in_other_languages: BTreeMap<String, String>,
}

impl Metadata {
    /// Reads a document.
    ///
    /// # Errors
    /// The first thing that is no JSON, of the wrong type or, where the realm refuses them, no known member.
    pub(super) fn read(document: &[u8], realm: &dyn Realm) -> Result<Self, Violation> {
        // Most documents have about twenty attributes, and a few are added by `request`.
        let mut metadata = Metadata { attributes: Vec::with_capacity(32), ..Metadata::default() };
        let unknown_is_error = LazyCell::new(|| realm.setting(UNKNOWN_METADATA).as_deref() == Some("reject"));
        json::read_object(document, |name, value| metadata.take(name, value, &|| *unknown_is_error))?;
        for (member, value) in std::mem::take(&mut metadata.in_other_languages) {
            metadata.add(&[attributes::METADATA, &member].concat(), value);
        }
        Ok(metadata)
    }

    /// Takes one member. Of two with the same name the later one counts.
    fn take(&mut self, name: &str, value: Value<'_, '_>, unknown_is_error: &dyn Fn() -> bool) -> Result<(), Violation> {
        match name {
            "client_id" => self.client_id = value.text()?,
            "client_name" => self.client_name = value.text()?,
            "client_uri" => self.client_uri = value.text()?,
            "redirect_uris" => self.redirect_uris = value.texts()?,
            "scope" => self.scope = value.text()?,
            // As in Keycloak, `null` is an entry, but no grant and no response type.
            "grant_types" => self.grant_types = value.texts_with_null_as("")?,
            "response_types" => self.response_types = value.texts_with_null_as("")?,
            "token_endpoint_auth_method" => self.token_endpoint_auth_method = value.text()?,
            "subject_type" => self.subject_type = value.text()?,
            "jwks_uri" => self.jwks_uri = value.text()?,
            "jwks" => self.jwks = key_set(value)?,
            // It is about the request, and the host's matter.
            "registration_mode" => {}
            // What the server gives out: read, as a wrong type is an error, and dropped.
            "client_secret" | "registration_client_uri" | "registration_access_token" => drop(value.text()?),
            "client_id_issued_at" | "client_secret_expires_at" => drop(value.long_integer()?),
            _ => match attributes::of_member(name) {
                Some(index) => {
                    let Mapping { attribute, kind, .. } = MAPPINGS[index];
                    if !self.seen.add(index) {
                        self.attributes.retain(|earlier| earlier.name != attribute);
                    }
                    if let Some(text) = as_attribute(kind, value)? {
                        self.add(attribute, text);
                    }
                }
                None if attributes::is_in_another_language(name) => {
                    match value.text()? {
                        Some(text) => self.in_other_languages.insert(name.to_owned(), text),
                        None => self.in_other_languages.remove(name),
                    };
                }
                None if unknown_is_error() => return Err(unknown(value)),
                None => {}
            },
        }
        Ok(())
    }

    /// An attribute that was sent.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    /// Adds an attribute that is not among them.
    pub(super) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.attributes.push(Attribute { name: name.to_owned(), value: value.into() });
    }
}

/// The member as the text of an attribute.
fn as_attribute(kind: Kind, value: Value<'_, '_>) -> Result<Option<String>, Violation> {
    match kind {
        Kind::Text => value.text(),
        Kind::Flag(_) => Ok(value.boolean()?.map(|flag| flag.to_string())),
        Kind::Number => Ok(value.integer()?.map(|number| number.to_string())),
        // Java: String.join.
        Kind::Joined => Ok(value.texts_with_null_as("null")?.map(|texts| texts.join(SEPARATOR))),
        Kind::List => Ok(value.texts()?.map(|texts| match texts.is_empty() {
            true => String::new(),
            false => serde_json::Value::from(texts).to_string(),
        })),
    }
}

fn key_set(value: Value<'_, '_>) -> Result<Option<Result<KeySet, &'static str>>, Violation> {
    let Some(object) = value.raw_object()? else { return Ok(None) };
    match jwks::read(object.as_bytes()) {
        Ok(set) => Ok(Some(Ok(set))),
        Err(jwks::Fault::Content(why)) => Ok(Some(Err(why))),
        Err(jwks::Fault::Type(member)) => {
            Err(refused("unknown_error", format!("Cannot parse the JSON: jwks: {member} has the wrong type")))
        }
    }
}

/// Keycloak has this text in `error`; here it is the description (deviation 5).
fn unknown(value: Value<'_, '_>) -> Violation {
    let violation = value.unknown("OIDCClientRepresentation");
    match violation.error {
        Some(text) if violation.message.is_empty() => refused("invalid_client_metadata", text),
        _ => violation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;

    fn read(document: &str) -> Result<Metadata, Violation> {
        Metadata::read(document.as_bytes(), &FixedRealm::default())
    }

    fn attributes(document: &str) -> Vec<(String, String)> {
        let read = read(document).unwrap();
        read.attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect()
    }

    #[test]
    fn members_become_attributes_as_text() {
        for (document, name, value) in [
            (r#"{"logo_uri": "/l"}"#, "logoUri", "/l"),
            (r#"{"logo_uri": ""}"#, "logoUri", ""),
            (r#"{"dpop_bound_access_tokens": 1}"#, "dpop.bound.access.tokens", "true"),
            (r#"{"require_auth_time": false}"#, "metadata.require_auth_time", "false"),
            (r#"{"default_max_age": "60"}"#, "metadata.default_max_age", "60"),
            (r#"{"request_uris": ["https://a/1", "https://a/2"]}"#, "request.uris", "https://a/1##https://a/2"),
            (r#"{"request_uris": []}"#, "request.uris", ""),
            (r#"{"request_uris": ["https://a/1", null]}"#, "request.uris", "https://a/1##null"),
            (r#"{"contacts": ["a", null, "\"b\""]}"#, "metadata.contacts", r#"["a","\"b\""]"#),
            (r#"{"contacts": []}"#, "metadata.contacts", ""),
            (r#"{"client_name#ja-Hani-JP": "例"}"#, "metadata.client_name#ja-Hani-JP", "例"),
        ] {
            assert_eq!(attributes(document), [(name.to_owned(), value.to_owned())], "{document}");
        }
    }

    #[test]
    fn the_last_of_equal_members_counts_and_null_is_absent() {
        for (document, expected) in [
            (r#"{"logo_uri": "/1", "tos_uri": null, "logo_uri": "/2"}"#, vec!["/2"]),
            (r#"{"logo_uri": "/1", "logo_uri": null}"#, vec![]),
            (r#"{"logo_uri": null, "logo_uri": "/1", "logo_uri": "/2"}"#, vec!["/2"]),
            (r#"{"tos_uri#fr": "/1", "tos_uri#fr": "/2"}"#, vec!["/2"]),
            (r#"{"tos_uri#fr": "/1", "tos_uri#fr": null}"#, vec![]),
        ] {
            let values: Vec<_> = attributes(document).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, expected, "{document}");
        }
        assert_eq!(read(r#"{"scope": "a", "scope": null}"#).unwrap().scope, None);
    }

    #[test]
    fn what_the_server_gives_out_is_read_and_dropped() {
        let given = r#"{"client_secret":"s","client_secret_expires_at":2893276800,"client_id_issued_at":"2893276800","registration_access_token":"t","registration_client_uri":"u"}"#;
        assert!(attributes(given).is_empty());
        assert_eq!(
            read(r#"{"client_secret_expires_at": "never"}"#).unwrap_err().error.as_deref(),
            Some("unknown_error")
        );
    }

    #[test]
    fn unknown_members_are_ignored_unless_the_realm_refuses_them() {
        let document = r#"{"client_name": "x", "foo": "y"}"#;
        assert_eq!(read(document).unwrap().client_name.as_deref(), Some("x"));
        let strict = FixedRealm { settings: vec![(UNKNOWN_METADATA, "reject")], ..FixedRealm::default() };
        let refused = Metadata::read(document.as_bytes(), &strict).unwrap_err();
        assert_eq!(refused.error.as_deref(), Some("invalid_client_metadata"));
        let text =
            "Invalid json representation for OIDCClientRepresentation. Unrecognized field \"foo\" at line 1 column 30.";
        assert_eq!(refused.message, text);
        assert!(Metadata::read(br#"{"client_name": "x", "client_name#de": "y"}"#, &strict).is_ok());
        let broken = Metadata::read(br#"{"foo": 1x}"#, &strict);
        assert!(broken.is_err());
    }

    #[test]
    fn wrong_types_are_named() {
        for (document, member) in [
            (r#"{"redirect_uris": "http://localhost/cb"}"#, "redirect_uris"),
            (r#"{"client_name": {"en": "x"}}"#, "client_name"),
            (r#"{"default_max_age": "soon"}"#, "default_max_age"),
            (r#"{"require_auth_time": "yes"}"#, "require_auth_time"),
            (r#"{"jwks": []}"#, "jwks"),
            (r#"{"jwks": "keys"}"#, "jwks"),
            (r#"{"jwks": {"keys": {}}}"#, "jwks"),
            (r#"{"tos_uri#fr": []}"#, "tos_uri#fr"),
        ] {
            let violation = read(document).unwrap_err();
            assert_eq!(violation.error.as_deref(), Some("unknown_error"), "{document}");
            assert!(
                violation.message.starts_with(&format!("Cannot parse the JSON: {member}")),
                "{}",
                violation.message
            );
        }
    }
}
