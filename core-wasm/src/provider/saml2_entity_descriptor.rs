//! Provider `saml2-entity-descriptor`: SAML service providers by their metadata (Keycloak:
//! EntityDescriptorClientRegistrationProvider). It registers only, and answers in Keycloak's own representation; the
//! client then lives at provider `default`.
//!
//! In reading order: `encoding` (bytes to characters), `xml` (characters to elements, with `characters` and
//! `namespaces`), `metadata` (elements to what counts of them, with `time`), `client` (that to a client, with
//! `certificate`); `refusal` is what each of them says no with.

mod certificate;
mod characters;
mod client;
mod encoding;
#[cfg(test)]
mod examples;
mod metadata;
mod namespaces;
mod refusal;
mod time;
mod xml;

use crate::completion;
use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::provider::Provider;
use crate::realm::Realm;
use crate::representation;
use crate::violation::refused;
use refusal::Refusal;

/// The provider.
pub struct Saml2EntityDescriptor;

impl Provider for Saml2EntityDescriptor {
    fn describe(&self) -> RegistrationProvider {
        RegistrationProvider {
            id: "saml2-entity-descriptor".into(),
            operations: vec![Operation::Register],
            content_types: vec!["application/xml".into()],
            protocol: Some("saml".into()),
            cross_origin: false,
            client_authentication: false,
        }
    }

    fn parse(&self, _operation: Operation, document: Document, _realm: &dyn Realm) -> Result<Client, Vec<Violation>> {
        parse(document).map_err(|violation| vec![violation])
    }

    fn complete(
        &self,
        mut proposed: Client,
        stored: Option<Client>,
        issued: Issued,
        realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>> {
        check_validity(&mut proposed, issued.now).map_err(|violation| vec![violation])?;
        completion::complete(proposed, stored, &issued, realm, |field| self.document_name(field))
    }

    fn render(&self, client: &Client, registration: &Registration, _realm: &dyn Realm) -> Document {
        representation::document(client, registration, None)
    }

    fn document_name(&self, field: &str) -> Option<String> {
        element_of(field).map(str::to_owned)
    }
}

/// The client that a document describes.
fn parse(document: Document) -> Result<Client, Violation> {
    let document = encoding::decode(document.body, &document.content_type).map_err(|(before, problem)| {
        let fault = xml::Fault { at: before.len(), problem };
        Refusal::Unreadable(fault).into_violation(&before)
    })?;
    metadata::read(&document).and_then(client::client).map_err(|refusal| refusal.into_violation(&document))
}

/// Refuses metadata whose time is over (deviation 29). Until when it is valid is no attribute of the client.
fn check_validity(proposed: &mut Client, now: u64) -> Result<(), Violation> {
    let Some(at) = proposed.attributes.iter().position(|attribute| attribute.name == client::VALID_UNTIL) else {
        return Ok(());
    };
    let until = proposed.attributes.remove(at).value;
    match time::parse(&until) {
        Some(time::Until::Second(last)) if i64::try_from(now).is_ok_and(|now| now > last) => {
            Err(refused("invalid_client_metadata", format!("The metadata expired at {until}")))
        }
        _ => Ok(()),
    }
}

/// The element or attribute that a field of the client comes from.
fn element_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "client-id" => "entityID",
        "redirect-uris"
        | "attributes.saml_assertion_consumer_url_post"
        | "attributes.saml_assertion_consumer_url_redirect"
        | "attributes.saml_artifact_binding_url" => "AssertionConsumerService",
        "attributes.saml_single_logout_service_url_post"
        | "attributes.saml_single_logout_service_url_redirect"
        | "attributes.saml_single_logout_service_url_soap" => "SingleLogoutService",
        "attributes.saml_artifact_resolution_service_url" => "ArtifactResolutionService",
        "attributes.saml_name_id_format" => "NameIDFormat",
        "attributes.saml.assertion.signature" => "WantAssertionsSigned",
        "attributes.saml.signing.certificate" | "attributes.saml.encryption.certificate" => "X509Certificate",
        "attributes.logoUri" => "Logo",
        "attributes.policyUri" => "PrivacyStatementURL",
        "attributes.saml.metadata.validUntil" => "validUntil",
        "protocol-mappers" => "RequestedAttribute",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::examples::{CERTIFICATE, endpoint, entity, key, service_provider};
    use super::*;
    use crate::contract::exports::matricula::registration::providers::Effect;
    use crate::realm::fixed::FixedRealm;

    fn read(body: impl Into<Vec<u8>>) -> Result<Client, Violation> {
        parse(Document { content_type: "application/xml".into(), body: body.into() })
    }

    /// A registration from beginning to end: what is stored, beside it, and answered.
    fn register(content: &str) -> Result<(Completed, String), Vec<Violation>> {
        register_document(entity("urn:sp", &service_provider(content)))
    }

    fn register_document(document: String) -> Result<(Completed, String), Vec<Violation>> {
        let provider = Saml2EntityDescriptor;
        let realm = FixedRealm::default();
        let proposed = read(document).map_err(|violation| vec![violation])?;
        let issued = Issued { id: "id".into(), secret: "secret".into(), now: 86_400, ..Issued::default() };
        let completed = provider.complete(proposed, None, issued, &realm)?;
        let registration = Registration { access_token: Some("token".into()), ..Registration::default() };
        let answer = provider.finish(Operation::Register, &completed.client, &registration, &realm)?;
        Ok((completed, String::from_utf8(answer.body).unwrap()))
    }

    fn errors(violations: &[Violation]) -> Vec<(Option<&str>, &str)> {
        violations.iter().map(|violation| (violation.error.as_deref(), violation.message.as_str())).collect()
    }

    #[test]
    fn a_service_provider_becomes_a_saml_client() {
        let consumer = endpoint("AssertionConsumerService", "HTTP-POST", "https://sp.example/acs", "");
        let (completed, answer) = register(&(key("signing", CERTIFICATE) + &consumer)).unwrap();
        assert!(completed.effects.is_empty());
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        for (member, expected) in [
            ("/clientId", "urn:sp"),
            ("/protocol", "saml"),
            ("/secret", "secret"),
            ("/registrationAccessToken", "token"),
            ("/redirectUris/0", "https://sp.example/acs"),
            ("/webOrigins/0", "https://sp.example"),
            ("/attributes/saml_assertion_consumer_url_post", "https://sp.example/acs"),
            ("/attributes/saml.signing.certificate", CERTIFICATE),
            ("/attributes/saml.server.signature.keyinfo.ext", "false"),
            ("/attributes/saml_name_id_format", "username"),
        ] {
            assert_eq!(answer.pointer(member).and_then(|value| value.as_str()), Some(expected), "{member}");
        }
    }

    #[test]
    fn a_service_provider_without_signing_certificate_gets_a_key() {
        for content in ["", "<md:KeyDescriptor use='signing'/>", &key("encryption", CERTIFICATE)] {
            let (completed, _) = register(content).unwrap();
            assert!(matches!(&completed.effects[..], [Effect::CreateSigningKey(_)]), "{content}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_named_as_in_the_document() {
        let long = "x".repeat(256);
        let too_long = register(&endpoint("AssertionConsumerService", "PAOS", &long, "")).unwrap_err();
        let expected = "AssertionConsumerService must not be longer than 255 characters";
        assert_eq!(errors(&too_long), [(Some("invalid_redirect_uri"), expected)]);
        let scripts = register(&endpoint("AssertionConsumerService", "HTTP-POST", "javascript:x", "")).unwrap_err();
        let expected = [
            (Some("invalid_redirect_uri"), "A redirect URI uses an illegal scheme"),
            (None, "Assertion Consumer Service POST Binding URL uses an illegal scheme"),
        ];
        assert_eq!(errors(&scripts), expected);
    }

    #[test]
    fn documents_are_read_in_sixteen_bit_characters_too() {
        let document = entity("urn:größe", &service_provider(""));
        let bytes: Vec<u8> = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [document.into_bytes(), bytes] {
            assert_eq!(read(body).unwrap().client_id.as_deref(), Some("urn:größe"));
        }
    }

    #[test]
    fn metadata_is_good_up_to_the_last_second_of_its_validity() {
        let entity_of = |until: &str| {
            let document = entity("urn:sp", &service_provider(&key("signing", CERTIFICATE)));
            document.replacen("entityID", &format!("validUntil='{until}' entityID"), 1)
        };
        for until in ["1970-01-02T00:00:00Z", "1970-01-02T01:00:00+01:00", "1970", "00:00:00", "---01"] {
            let (completed, answer) = register_document(entity_of(until)).unwrap();
            assert!(completed.client.attributes.iter().all(|attribute| attribute.name != client::VALID_UNTIL));
            assert!(!answer.contains("validUntil"), "{answer}");
        }
        for until in ["1970-01-01T23:59:59.999Z", "1970-01-01", "1969", "1970-01-02T00:00:00+01:00", "-0001"] {
            let violations = register_document(entity_of(until)).unwrap_err();
            let expected = format!("The metadata expired at {until}");
            assert_eq!(errors(&violations), [(Some("invalid_client_metadata"), expected.as_str())]);
        }
    }

    #[test]
    fn what_is_wrong_is_told_as_keycloak_does_and_then_explained() {
        for (document, error, message) in [
            ("\n<foo/>", "HTTP 400 Bad Request", "line 2: foo is neither an EntityDescriptor"),
            ("<a>\n&x;</a>", "HTTP 400 Bad Request", "line 1: a is neither"),
        ] {
            let violation = read(document).unwrap_err();
            assert_eq!(violation.error.as_deref(), Some(error));
            assert!(violation.message.starts_with(message), "{violation:?}");
        }
        let violation = read(b"<a>\n\xff</a>").unwrap_err();
        assert!(violation.message.starts_with("line 2: a byte that is not UTF-8"), "{violation:?}");
        let violation = read(entity("x", "")).unwrap_err();
        assert_eq!(violation.error.as_deref(), Some("No SPSSODescriptorType defined in the entity descriptor file"));
        assert_eq!(violation.message, "");
    }
}
