//! From metadata to client: what is named in the document, and nothing else. What every SAML client gets beside it is
//! added when the client is completed. Keycloak: EntityDescriptorDescriptionConverter.

use super::certificate::normalize;
use super::metadata::{Endpoint, Entity, Key, Listed, RequestedAttribute, Role, Usage, Validity};
use super::refusal::Refusal;
use crate::contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};
use std::collections::BTreeSet;

/// Attribute of a client as sent: until when its metadata is valid. The completion takes it out.
pub(super) const VALID_UNTIL: &str = "saml.metadata.validUntil";

const BINDINGS: &str = "urn:oasis:names:tc:SAML:2.0:bindings:";

/// The client that a document describes: that of its only entity.
///
/// # Errors
/// There is no such entity, it is no service provider, or one of its certificates is none.
pub(super) fn client(document: Vec<Listed>) -> Result<Client, Refusal> {
    let (entity_id, validity, role) = only_service_provider(document)?;
    let consumer = |binding| first_of(&role.assertion_consumer_services, binding);
    let logout = |binding| first_of(&role.single_logout_services, binding);
    let mut attributes = Attributes::default();
    // Clients that come from metadata state this; other SAML clients don't have it.
    attributes.set("saml.server.signature.keyinfo.ext", "false");
    if role.wants_assertions_signed {
        attributes.set("saml.assertion.signature", "true");
    }
    attributes.set_location("saml_single_logout_service_url_post", logout("HTTP-POST"));
    attributes.set_location("saml_single_logout_service_url_redirect", logout("HTTP-Redirect"));
    attributes.set_location("saml_single_logout_service_url_soap", logout("SOAP"));
    attributes.set_location("saml_assertion_consumer_url_post", consumer("HTTP-POST"));
    attributes.set_location("saml_assertion_consumer_url_redirect", consumer("HTTP-Redirect"));
    attributes.set_location("saml_artifact_binding_url", consumer("HTTP-Artifact"));
    attributes.set_location("saml_artifact_resolution_service_url", artifact_resolution(&role));
    if let Some(format) = role.name_id_formats.iter().find_map(|format| name_id_format(format)) {
        attributes.set("saml_name_id_format", format);
    }
    attributes.set("logoUri", role.user_interface.logo.as_deref().unwrap_or_default());
    attributes.set("policyUri", role.user_interface.privacy_statement.as_deref().unwrap_or_default());
    attributes.set_keys(&role.keys)?;
    attributes.set(VALID_UNTIL, validity.as_ref().map_or("", |validity| &validity.until));

    let redirect_uris = ["HTTP-POST", "HTTP-Redirect", "SOAP", "PAOS", "HTTP-Artifact"];
    let mappers = protocol_mappers(&role.requested_attributes);
    Ok(Client {
        client_id: Some(entity_id),
        protocol: Some("saml".into()),
        full_scope_allowed: Some(true),
        redirect_uris: Some(locations(redirect_uris.into_iter().filter_map(consumer))),
        protocol_mappers: Some(mappers).filter(|mappers| !mappers.is_empty()),
        attributes: attributes.0,
        ..Client::default()
    })
}

/// The id of the only entity, what of it is over first, and its role.
fn only_service_provider(document: Vec<Listed>) -> Result<(String, Option<Validity>, Role), Refusal> {
    match <[Listed; 1]>::try_from(document) {
        Ok([Listed::Entity(entity)]) => {
            let Entity { id, validity, service_provider } = *entity;
            let mut role = service_provider.ok_or(Refusal::NoServiceProvider)?;
            Ok((id, Validity::earlier(validity, role.validity.take()), role))
        }
        Ok([Listed::List(list)]) => Err(Refusal::Unusable(list.fault("stands within an EntitiesDescriptor"))),
        Err(_) => Err(Refusal::NotOneEntity),
    }
}

#[derive(Default)]
struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Adds an attribute that is not there yet. An empty value is none.
    fn set(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.push(Attribute { name: name.into(), value: value.into() });
        }
    }

    fn set_location(&mut self, name: &str, endpoint: Option<&Endpoint>) {
        self.set(name, endpoint.map_or("", |endpoint| &endpoint.location));
    }

    /// The last key of a use counts, also if it has no certificate; the certificates of all keys must be some.
    fn set_keys(&mut self, keys: &[Key]) -> Result<(), Refusal> {
        let mut last = [None, None];
        for key in keys {
            let certificate = certificate(key)?;
            match key.usage {
                Some(Usage::Signing) => last[0] = Some(certificate),
                Some(Usage::Encryption) => last[1] = Some(certificate),
                None => {}
            }
        }
        let names =
            [("saml.client.signature", "saml.signing.certificate"), ("saml.encrypt", "saml.encryption.certificate")];
        for ((flag, name), certificate) in names.into_iter().zip(last) {
            if let Some(certificate) = certificate {
                self.set(flag, "true");
                self.set(name, &certificate.unwrap_or_default());
            }
        }
        Ok(())
    }
}

fn certificate(key: &Key) -> Result<Option<String>, Refusal> {
    match &key.certificate {
        Some((element, text)) if text.is_empty() => Err(Refusal::Unusable(element.fault("is empty"))),
        Some((element, text)) => normalize(text).map(Some).map_err(|problem| element.fault(problem).into()),
        None => Ok(None),
    }
}

fn first_of<'r>(endpoints: &'r [Endpoint], binding: &str) -> Option<&'r Endpoint> {
    endpoints.iter().find(|endpoint| endpoint.binding.strip_prefix(BINDINGS) == Some(binding))
}

/// The first default, else the first of the lowest index.
fn artifact_resolution<'r>(role: &'r Role) -> Option<&'r Endpoint> {
    let services = &role.artifact_resolution_services;
    services.iter().find(|service| service.is_default).or_else(|| services.iter().min_by_key(|service| service.index))
}

/// What the client stores for a format that it may ask for; none for those that Keycloak has no word for.
fn name_id_format(format: &str) -> Option<&'static str> {
    match format {
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" => Some("email"),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" => Some("persistent"),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" => Some("transient"),
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" => Some("username"),
        _ => None,
    }
}

/// Redirect URIs: each location once, in the order of the bindings.
fn locations<'r>(endpoints: impl Iterator<Item = &'r Endpoint>) -> Vec<String> {
    let mut locations: Vec<String> = Vec::new();
    for Endpoint { location, .. } in endpoints {
        if !location.is_empty() && !locations.contains(location) {
            locations.push(location.clone());
        }
    }
    locations
}

/// A mapper for each requested attribute; several services may ask for the same one, and the first says how.
fn protocol_mappers(requested: &[RequestedAttribute]) -> Vec<ProtocolMapper> {
    let mut names = BTreeSet::new();
    requested.iter().filter(|attribute| names.insert(&attribute.name)).map(protocol_mapper).collect()
}

fn protocol_mapper(attribute: &RequestedAttribute) -> ProtocolMapper {
    let name_format = attribute.name_format.as_deref().and_then(attribute_name_format);
    let mut config = Attributes::default();
    config.set("attribute.name", &attribute.name);
    config.set("friendly.name", attribute.friendly_name.as_deref().unwrap_or_default());
    config.set("attribute.nameformat", name_format.unwrap_or_default());
    ProtocolMapper {
        id: None,
        name: attribute.name.clone(),
        protocol: "saml".into(),
        mapper_type: "saml-user-attribute-mapper".into(),
        consent_required: false,
        config: config.0,
    }
}

/// Keycloak's word for the format of an attribute's name.
fn attribute_name_format(format: &str) -> Option<&'static str> {
    match format.strip_prefix("urn:oasis:names:tc:SAML:2.0:attrname-format:")? {
        "uri" => Some("URI Reference"),
        "basic" => Some("Basic"),
        "unspecified" => Some("Unspecified"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::*;
    use super::super::metadata::read;
    use super::*;

    /// What is made of a document.
    fn made(document: &str) -> Result<Client, Refusal> {
        read(document).and_then(client)
    }

    /// The client of an entity with one service provider.
    fn client_of(content: &str) -> Client {
        made(&entity("sp", &service_provider(content))).unwrap()
    }

    /// What differs between clients of their attributes, as `name=value`, sorted.
    fn attributes(client: &Client) -> Vec<String> {
        let own = client.attributes.iter().filter(|attribute| attribute.name != "saml.server.signature.keyinfo.ext");
        let mut attributes: Vec<_> = own.map(|a| format!("{}={}", a.name, a.value)).collect();
        attributes.sort();
        attributes
    }

    #[test]
    fn a_full_document_becomes_a_client() {
        let document = include_str!("../../../../tests/conformance/data/sp-full.xml");
        let client = made(document).unwrap();
        let at = |path: &str| format!("https://full.example.com/{path}");
        assert_eq!(client.client_id, Some(at("saml/metadata")));
        assert_eq!(client.protocol.as_deref(), Some("saml"));
        let redirects = ["acs/post", "acs/redirect", "acs/soap", "acs/paos", "acs/artifact"];
        assert_eq!(client.redirect_uris, Some(redirects.map(at).into()));
        let expected = [
            format!("logoUri={}", at("logo-16.png")),
            format!("policyUri={}", at("privacy")),
            "saml.assertion.signature=true".into(),
            "saml.client.signature=true".into(),
            "saml.encrypt=true".into(),
            format!("saml.encryption.certificate={OTHER_CERTIFICATE}"),
            "saml.metadata.validUntil=2099-12-31T23:59:59Z".into(),
            format!("saml.signing.certificate={CERTIFICATE}"),
            format!("saml_artifact_binding_url={}", at("acs/artifact")),
            format!("saml_artifact_resolution_service_url={}", at("artifact/1")),
            format!("saml_assertion_consumer_url_post={}", at("acs/post")),
            format!("saml_assertion_consumer_url_redirect={}", at("acs/redirect")),
            "saml_name_id_format=persistent".into(),
            format!("saml_single_logout_service_url_post={}", at("slo/post")),
            format!("saml_single_logout_service_url_redirect={}", at("slo/redirect")),
            format!("saml_single_logout_service_url_soap={}", at("slo/soap")),
        ];
        assert_eq!(attributes(&client), expected);
        let mappers = client.protocol_mappers.unwrap();
        let named: Vec<_> = mappers.iter().map(|mapper| (mapper.name.as_str(), mapper.config.len())).collect();
        assert_eq!(named, [("urn:oid:0.9.2342.19200300.100.1.3", 3), ("department", 3), ("nickname", 1)]);
        assert!(mappers.iter().all(|mapper| mapper.mapper_type == "saml-user-attribute-mapper"));
    }

    #[test]
    fn prefixes_and_lists_of_one_do_not_matter() {
        for (document, id) in [
            (
                include_str!("../../../../tests/conformance/data/sp-default-namespace.xml"),
                "urn:example:default-namespace",
            ),
            (include_str!("../../../../tests/conformance/data/sp-in-entities.xml"), "https://wrapped.example.com"),
        ] {
            assert_eq!(made(document).unwrap().client_id.as_deref(), Some(id));
        }
    }

    #[test]
    fn what_is_not_named_is_left_to_completion() {
        let client = client_of("");
        assert_eq!(client.client_id.as_deref(), Some("sp"));
        assert_eq!(client.redirect_uris, Some(vec![]));
        assert!(client.protocol_mappers.is_none() && attributes(&client).is_empty());
    }

    #[test]
    fn the_first_service_provider_counts_and_other_roles_are_only_checked() {
        let idp = format!(
            "<md:IDPSSODescriptor protocolSupportEnumeration=''>{}<md:AttributeProfile>x</md:AttributeProfile>\
             <s:Attribute xmlns:s='urn:oasis:names:tc:SAML:2.0:assertion' Name='a'/></md:IDPSSODescriptor>",
            endpoint("SingleSignOnService", "SOAP", "/", "")
        );
        let first = service_provider(&endpoint("AssertionConsumerService", "PAOS", "/first", ""));
        let second = service_provider(&endpoint("AssertionConsumerService", "PAOS", "/second", ""));
        let client = made(&entity("sp", &(idp + &first + &second))).unwrap();
        assert_eq!(client.redirect_uris, Some(vec!["/first".into()]));
    }

    #[test]
    fn the_first_consumer_of_a_binding_counts_and_empty_locations_do_not() {
        for (services, redirect_uris, stored) in [
            (vec![("HTTP-POST", "/a"), ("HTTP-POST", "/b")], vec!["/a"], vec!["saml_assertion_consumer_url_post=/a"]),
            (vec![("HTTP-POST", "/a"), ("SOAP", "/a")], vec!["/a"], vec!["saml_assertion_consumer_url_post=/a"]),
            (vec![("HTTP-POST", " "), ("HTTP-POST", "/b")], vec![], vec![]),
            (vec![("URI", "/a")], vec![], vec![]),
        ] {
            let services = services.iter().map(|(b, l)| endpoint("AssertionConsumerService", b, l, ""));
            let client = client_of(&services.collect::<String>());
            assert_eq!(client.redirect_uris.as_deref().unwrap(), redirect_uris);
            assert_eq!(attributes(&client), stored);
        }
    }

    #[test]
    fn artifacts_are_resolved_at_the_default_or_the_lowest_index() {
        let service = |index: i32, more| {
            let location = format!("/{index}");
            endpoint("ArtifactResolutionService", "SOAP", &location, more).replace("'0'", &format!("'{index}'"))
        };
        for (services, chosen) in [
            (service(2, "") + &service(-1, "") + &service(1, ""), "-1"),
            (service(1, "") + &service(2, "isDefault='TRUE'") + &service(3, "isDefault='1'"), "2"),
            (service(1, "isDefault='yes'") + &service(0, ""), "0"),
        ] {
            assert_eq!(attributes(&client_of(&services)), [format!("saml_artifact_resolution_service_url=/{chosen}")]);
        }
    }

    #[test]
    fn services_that_manage_name_ids_are_no_logout_services() {
        assert!(attributes(&client_of(&endpoint("ManageNameIDService", "HTTP-POST", "/", ""))).is_empty());
    }

    #[test]
    fn the_last_key_of_a_use_counts() {
        let signing = key("signing", CERTIFICATE);
        let none = "<md:KeyDescriptor use='signing'/>";
        let certificate = format!("saml.signing.certificate={OTHER_CERTIFICATE}");
        let flag = "saml.client.signature=true";
        assert_eq!(
            attributes(&client_of(&(signing.clone() + &key("signing", OTHER_CERTIFICATE)))),
            [flag, &certificate]
        );
        assert_eq!(attributes(&client_of(&(signing + none))), [flag]);
        assert!(attributes(&client_of(&key("", CERTIFICATE))).is_empty());
    }

    #[test]
    fn the_first_known_name_id_format_counts() {
        let format = |name| format!("<md:NameIDFormat>\n urn:oasis:names:tc:SAML:{name} </md:NameIDFormat>");
        for (content, stored) in [
            (format("1.1:nameid-format:emailAddress"), Some("email")),
            (format("1.1:nameid-format:unspecified"), Some("username")),
            (format("2.0:nameid-format:kerberos") + &format("2.0:nameid-format:transient"), Some("transient")),
            ("<md:NameIDFormat>persistent</md:NameIDFormat>".into(), None),
        ] {
            let expected: Vec<_> = stored.iter().map(|word| format!("saml_name_id_format={word}")).collect();
            assert_eq!(attributes(&client_of(&content)), expected);
        }
    }

    #[test]
    fn an_attribute_requested_twice_is_one_mapper_and_the_first_says_how() {
        let service = |attributes: &str| {
            format!("<md:AttributeConsumingService index='0'>{attributes}</md:AttributeConsumingService>")
        };
        let first = service(
            "<md:ServiceName>x</md:ServiceName><md:ServiceDescription>x</md:ServiceDescription>\
             <md:RequestedAttribute Name='mail' FriendlyName='First'/>\
             <md:RequestedAttribute Name='phone' FriendlyName='' NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:basic'>\
             <x:AttributeValue xmlns:x='y'><z/></x:AttributeValue></md:RequestedAttribute>",
        );
        let second = service(
            "<md:RequestedAttribute Name='mail' FriendlyName='Second'/><md:RequestedAttribute Name='' FriendlyName='None'/>",
        );
        let mappers = client_of(&(first + &second)).protocol_mappers.unwrap();
        let entries = |mapper: &ProtocolMapper| -> Vec<String> {
            mapper.config.iter().map(|entry| format!("{}={}", entry.name, entry.value)).collect()
        };
        assert_eq!(mappers.len(), 3);
        assert_eq!(entries(&mappers[0]), ["attribute.name=mail", "friendly.name=First"]);
        assert_eq!(entries(&mappers[1]), ["attribute.name=phone", "attribute.nameformat=Basic"]);
        assert_eq!((mappers[2].name.as_str(), entries(&mappers[2])), ("", vec!["friendly.name=None".to_owned()]));
    }

    #[test]
    fn the_user_interface_gives_logo_and_privacy_statement() {
        let logo = |url| format!("<Logo height='1' width='1'>{url}</Logo>");
        let privacy = |l, url| format!("<PrivacyStatementURL xml:lang='{l}'>{url}</PrivacyStatementURL>");
        for (content, stored) in [
            (logo("/a\n b") + &logo("/c"), vec!["logoUri=/ab"]),
            (privacy("fr", "/fr") + &privacy("en", "/en") + &privacy("en", "/2"), vec!["policyUri=/en"]),
            (privacy("fr", "/fr") + &privacy("de", "/de"), vec!["policyUri=/fr"]),
            ("<DisplayName xml:lang='en'>x</DisplayName><Keywords xml:lang='en'><x/></Keywords>".into(), vec![]),
        ] {
            assert_eq!(attributes(&client_of(&user_interface(&content))), stored);
            let elsewhere = user_interface(&content) + &service_provider("");
            assert!(attributes(&made(&entity("sp", &elsewhere)).unwrap()).is_empty());
        }
    }

    #[test]
    fn the_validity_that_is_over_first_counts() {
        let valid = |document: String, element: &str, until: &str| {
            document.replacen(element, &format!("{element} validUntil='{until}'"), 1)
        };
        let with = |list: &str, of_entity: &str, role: &str| {
            let role = valid(service_provider(""), "SPSSODescriptor", role);
            valid(entities(&valid(entity("sp", &role), "EntityDescriptor", of_entity)), "EntitiesDescriptor", list)
        };
        for (list, of_entity, role, expected) in [
            ("2030", "2031", "2032", vec!["saml.metadata.validUntil=2030"]),
            ("2031", "2030-12", "2032", vec!["saml.metadata.validUntil=2030-12"]),
            ("2032", "2031", "2030-01-01T00:00:00Z", vec!["saml.metadata.validUntil=2030-01-01T00:00:00Z"]),
            ("10:00:00", " 2031\n", "--05", vec!["saml.metadata.validUntil=2031"]),
            ("10:00:00", "---01", "--05", vec![]),
        ] {
            assert_eq!(attributes(&made(&with(list, of_entity, role)).unwrap()), expected);
        }
        let idp = "<md:IDPSSODescriptor protocolSupportEnumeration='' validUntil='2001'/>";
        let other_roles = entity("sp", &format!("{idp}{}", service_provider("")));
        assert!(attributes(&made(&other_roles).unwrap()).is_empty());
    }

    #[test]
    fn values_are_trimmed() {
        let document = entity(" &#9;sp\n", &service_provider(""));
        assert_eq!(made(&document).unwrap().client_id.as_deref(), Some("sp"));
    }

    #[test]
    fn the_document_describes_one_service_provider() {
        let idp = include_str!("../../../../tests/conformance/data/idp-only.xml");
        let unfinished = entity("x", "").replace("</md:EntityDescriptor>", "");
        for document in [idp, &entity("x", ""), &unfinished, &entities(&entity("x", ""))] {
            assert_eq!(made(document).unwrap_err(), Refusal::NoServiceProvider, "{document}");
        }
        let one = entity("x", &service_provider(""));
        for content in [String::new(), one.repeat(2), entities("") + &one] {
            assert_eq!(made(&entities(&content)).unwrap_err(), Refusal::NotOneEntity, "{content}");
        }
    }

    #[test]
    fn what_keycloak_fails_at_is_refused_by_name() {
        for (document, expected) in [
            ("<AuthnRequest xmlns='urn:oasis:names:tc:SAML:2.0:protocol'/>".into(), "AuthnRequest is not metadata"),
            (entities(&entities("")), "EntitiesDescriptor stands within an EntitiesDescriptor"),
            (entity("x", &service_provider(&key("signing", " "))), "X509Certificate is empty"),
        ] {
            match made(&document) {
                Err(Refusal::Unusable(fault)) => assert_eq!(fault.problem, expected),
                _ => panic!("not refused as unusable: {document}"),
            }
        }
    }

    #[test]
    fn certificates_must_be_some_whatever_the_key_is_for() {
        for (usage, text, expected) in [
            ("signing", "AAAA", "X509Certificate is no X.509 certificate"),
            ("", "AAAA", "X509Certificate is no X.509 certificate"),
            ("encryption", "no base64!", "X509Certificate is not base64 (write it without the BEGIN and END lines)"),
        ] {
            match made(&entity("sp", &service_provider(&key(usage, text)))) {
                Err(Refusal::Unreadable(fault)) => assert_eq!(fault.problem, expected),
                _ => panic!("not refused as unreadable: {text}"),
            }
        }
    }
}
