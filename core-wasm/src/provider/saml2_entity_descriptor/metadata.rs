//! SAML V2.0 metadata: the entities of a document and what a client is made of, everything known checked on the way.
//!
//! Which elements are known where, and which attributes they need, is what Keycloak's parsers expect
//! (`org.keycloak.saml.processing.core.parsers.saml.metadata`): what it refuses is refused. Section numbers are those
//! of "Metadata for the OASIS Security Assertion Markup Language (SAML) V2.0".

use super::characters::clip;
use super::namespaces::Namespace;
use super::refusal::Refusal;
use super::time::{self, Until};
use super::xml::{Element, Fault, Reader};
use crate::uri::Uri;

/// One thing of an `EntitiesDescriptor` (§2.3.1).
pub(super) enum Listed<'a> {
    Entity(Box<Entity<'a>>),
    /// A list within the list, as its element.
    List(Element<'a>),
}

/// `EntityDescriptor` (§2.3.2).
pub(super) struct Entity<'a> {
    /// `entityID`.
    pub(super) id: String,
    /// Its own, or that of the list around it.
    pub(super) validity: Option<Validity>,
    /// Its first `SPSSODescriptor`.
    pub(super) service_provider: Option<Role<'a>>,
}

/// What counts of an `SPSSODescriptor` (§2.4.4). Other roles are read into it, too, and then forgotten.
#[derive(Default)]
pub(super) struct Role<'a> {
    pub(super) validity: Option<Validity>,
    pub(super) wants_assertions_signed: bool,
    pub(super) keys: Vec<Key<'a>>,
    pub(super) user_interface: UserInterface,
    pub(super) artifact_resolution_services: Vec<Endpoint>,
    pub(super) single_logout_services: Vec<Endpoint>,
    pub(super) assertion_consumer_services: Vec<Endpoint>,
    pub(super) name_id_formats: Vec<String>,
    pub(super) requested_attributes: Vec<RequestedAttribute>,
}

/// A `validUntil` that may be over one day (§2.3.2, §2.4.1).
#[derive(Clone)]
pub(super) struct Validity {
    /// As it is written.
    pub(super) until: String,
    /// Unix time.
    last_second: i64,
}

impl Validity {
    /// The one that is over first.
    pub(super) fn earlier(one: Option<Validity>, other: Option<Validity>) -> Option<Validity> {
        one.into_iter().chain(other).min_by_key(|validity| validity.last_second)
    }
}

/// `KeyDescriptor` (§2.4.1.1).
pub(super) struct Key<'a> {
    /// For both uses if absent.
    pub(super) usage: Option<Usage>,
    /// The first `X509Certificate` of the key, and its text.
    pub(super) certificate: Option<(Element<'a>, String)>,
}

/// `use` of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Usage {
    Signing,
    Encryption,
}

/// Endpoints, indexed or not (§2.2.2, §2.2.3).
pub(super) struct Endpoint {
    pub(super) binding: String,
    pub(super) location: String,
    pub(super) index: i32,
    pub(super) is_default: bool,
}

/// `RequestedAttribute` of an `AttributeConsumingService` (§2.4.4.1, §2.4.4.2).
pub(super) struct RequestedAttribute {
    pub(super) name: String,
    pub(super) friendly_name: Option<String>,
    pub(super) name_format: Option<String>,
}

/// What counts of `mdui:UIInfo`.
#[derive(Default)]
pub(super) struct UserInterface {
    /// The first logo.
    pub(super) logo: Option<String>,
    /// The first English privacy statement, else the first.
    pub(super) privacy_statement: Option<String>,
}

/// Reads a document: one entity, or a list of them.
///
/// # Errors
/// It is not well-formed, is no metadata, lacks what is required, or holds what is not known.
pub(super) fn read(document: &str) -> Result<Vec<Listed<'_>>, Refusal> {
    let mut reader = Reader::new(document);
    let root = reader.root()?;
    if root.is(Namespace::METADATA, "EntityDescriptor") {
        Ok(vec![Listed::Entity(Box::new(entity(&mut reader, &root, None)?))])
    } else if root.is(Namespace::METADATA, "EntitiesDescriptor") {
        entities(&mut reader, &root)
    } else if SAML_MESSAGES.iter().any(|namespace| root.is_in(*namespace)) {
        Err(Refusal::Unusable(root.fault("is not metadata")))
    } else {
        Err(root.fault("is neither an EntityDescriptor nor an EntitiesDescriptor of SAML V2.0 metadata").into())
    }
}

/// Whose documents Keycloak can read, and then fails to make a client of.
const SAML_MESSAGES: [Namespace; 4] =
    [Namespace::PROTOCOL, Namespace::ASSERTION, Namespace::PROTOCOL_1, Namespace::ASSERTION_1];

fn entities<'a>(reader: &mut Reader<'a>, list: &Element<'a>) -> Result<Vec<Listed<'a>>, Refusal> {
    let validity = validity(list)?;
    let mut listed = Vec::new();
    while let Some(child) = reader.child()? {
        match metadata_name(&child) {
            Some("EntityDescriptor") => {
                listed.push(Listed::Entity(Box::new(entity(reader, &child, validity.clone())?)))
            }
            // Lists are refused later, so one level of them is enough.
            Some("EntitiesDescriptor") => {
                reader.skip()?;
                listed.push(Listed::List(child));
            }
            Some("Extensions") => drop(extensions(reader)?),
            _ if child.is(Namespace::SIGNATURE, "Signature") => reader.skip()?,
            _ => return Err(unknown(&child, list).into()),
        }
    }
    Ok(listed)
}

fn entity<'a>(
    reader: &mut Reader<'a>,
    element: &Element<'a>,
    of_list: Option<Validity>,
) -> Result<Entity<'a>, Refusal> {
    let id = required(element, "entityID")?.to_owned();
    let validity = Validity::earlier(validity(element)?, of_list);
    let mut entity = Entity { id, validity, service_provider: None };
    // A document that ends here is answered like an entity without roles, as by Keycloak.
    if reader.is_at_end() {
        return Ok(entity);
    }
    while let Some(child) = reader.child()? {
        match metadata_name(&child) {
            Some(name) if ROLES.iter().any(|(role, _)| *role == name) => {
                let role = role(reader, &child)?;
                if name == "SPSSODescriptor" && entity.service_provider.is_none() {
                    entity.service_provider = Some(role);
                }
            }
            Some("Extensions") => drop(extensions(reader)?),
            Some("Organization") => organization(reader, &child)?,
            Some("ContactPerson") => contact(reader, &child)?,
            Some("RoleDescriptor" | "AffiliationDescriptor" | "AdditionalMetadataLocation") => reader.skip()?,
            _ if child.is(Namespace::SIGNATURE, "Signature") => reader.skip()?,
            _ => return Err(unknown(&child, element).into()),
        }
    }
    Ok(entity)
}

/// The roles that are read, each with the elements that only some of them have.
const ROLES: [(&str, &[&str]); 5] = [
    (
        "SPSSODescriptor",
        &[
            "ArtifactResolutionService",
            "SingleLogoutService",
            "ManageNameIDService",
            "NameIDFormat",
            "AssertionConsumerService",
            "AttributeConsumingService",
        ],
    ),
    (
        "IDPSSODescriptor",
        &[
            "ArtifactResolutionService",
            "SingleLogoutService",
            "ManageNameIDService",
            "NameIDFormat",
            "SingleSignOnService",
            "NameIDMappingService",
            "AssertionIDRequestService",
            "AttributeProfile",
            "Attribute",
        ],
    ),
    ("AuthnAuthorityDescriptor", &["AuthnQueryService", "AssertionIDRequestService", "NameIDFormat"]),
    (
        "AttributeAuthorityDescriptor",
        &["AttributeService", "AssertionIDRequestService", "NameIDFormat", "AttributeProfile", "Attribute"],
    ),
    ("PDPDescriptor", &["AuthzService", "AssertionIDRequestService", "NameIDFormat"]),
];

/// Any of `ROLES` (§2.4.1). The elements may come in any order.
fn role<'a>(reader: &mut Reader<'a>, element: &Element<'a>) -> Result<Role<'a>, Refusal> {
    required(element, "protocolSupportEnumeration")?;
    let validity = validity(element)?;
    let own = ROLES.iter().find(|(name, _)| *name == element.name).map_or(&[][..], |(_, own)| own);
    let wants_assertions_signed = is_true(element.attribute("WantAssertionsSigned"));
    let mut role = Role { validity, wants_assertions_signed, ..Role::default() };
    while let Some(child) = reader.child()? {
        let is_attribute = child.is(Namespace::ASSERTION, "Attribute");
        let name = if is_attribute { Some("Attribute") } else { metadata_name(&child).filter(|n| *n != "Attribute") };
        match name {
            Some("KeyDescriptor") => role.keys.push(key(reader, &child)?),
            Some("Extensions") => role.user_interface = extensions(reader)?,
            Some("Organization") => organization(reader, &child)?,
            Some("ContactPerson") => contact(reader, &child)?,
            Some(name) if own.contains(&name) => match name {
                "ArtifactResolutionService" => role.artifact_resolution_services.push(endpoint(reader, &child)?),
                "SingleLogoutService" => role.single_logout_services.push(endpoint(reader, &child)?),
                "AssertionConsumerService" => role.assertion_consumer_services.push(endpoint(reader, &child)?),
                "AttributeConsumingService" => {
                    attribute_consuming_service(reader, &child, &mut role.requested_attributes)?;
                }
                "NameIDFormat" => role.name_id_formats.push(reader.text()?),
                "AttributeProfile" => drop(reader.text()?),
                "Attribute" => attribute(reader, &child)?,
                // All others are endpoints, too; no client is made of them.
                _ => drop(endpoint(reader, &child)?),
            },
            _ if child.is(Namespace::SIGNATURE, "Signature") => reader.skip()?,
            _ => return Err(unknown(&child, element).into()),
        }
    }
    Ok(role)
}

fn key<'a>(reader: &mut Reader<'a>, element: &Element<'a>) -> Result<Key<'a>, Fault> {
    let usage = match element.attribute("use") {
        Some("signing") => Some(Usage::Signing),
        Some("encryption") => Some(Usage::Encryption),
        None | Some("") => None,
        Some(_) => return Err(element.fault("has a use other than signing and encryption")),
    };
    let mut key = Key { usage, certificate: None };
    while let Some(child) = reader.child()? {
        if child.is(Namespace::SIGNATURE, "KeyInfo") {
            key.certificate = reader.find(Namespace::SIGNATURE, "X509Certificate")?;
        } else if child.is(Namespace::METADATA, "EncryptionMethod") {
            encryption_method(reader, &child)?;
        } else {
            return Err(unknown(&child, element));
        }
    }
    Ok(key)
}

fn encryption_method(reader: &mut Reader, element: &Element) -> Result<(), Fault> {
    required(element, "Algorithm")?;
    while let Some(child) = reader.child()? {
        if child.is(Namespace::ENCRYPTION, "KeySize") {
            reader.text()?.parse::<i64>().map_err(|_| child.fault("is no number"))?;
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}

fn endpoint(reader: &mut Reader, element: &Element) -> Result<Endpoint, Fault> {
    let binding = uri(element, "Binding", required(element, "Binding")?)?;
    let location = uri(element, "Location", required(element, "Location")?)?;
    if let Some(response) = element.attribute("ResponseLocation") {
        uri(element, "ResponseLocation", response)?;
    }
    let index = element.attribute("index").map_or(Ok(0), |index| integer(element, "index", index))?;
    let is_default = is_true(element.attribute("isDefault"));
    if let Some(child) = reader.child()? {
        return Err(unknown(&child, element));
    }
    Ok(Endpoint { binding, location, index, is_default })
}

fn attribute_consuming_service(
    reader: &mut Reader,
    element: &Element,
    requested: &mut Vec<RequestedAttribute>,
) -> Result<(), Fault> {
    integer(element, "index", required(element, "index")?)?;
    while let Some(child) = reader.child()? {
        match metadata_name(&child) {
            Some("ServiceName") => drop(reader.text()?),
            Some("ServiceDescription") => reader.skip()?,
            Some("RequestedAttribute") => {
                attribute(reader, &child)?;
                requested.push(RequestedAttribute {
                    name: required(&child, "Name")?.to_owned(),
                    friendly_name: child.attribute("FriendlyName").map(str::to_owned),
                    name_format: child.attribute("NameFormat").map(str::to_owned),
                });
            }
            _ => return Err(unknown(&child, element)),
        }
    }
    Ok(())
}

/// `saml:Attribute` and `md:RequestedAttribute`: whatever their values are.
fn attribute(reader: &mut Reader, element: &Element) -> Result<(), Fault> {
    required(element, "Name")?;
    while let Some(child) = reader.child()? {
        if child.name != "AttributeValue" {
            return Err(unknown(&child, element));
        }
        reader.skip()?;
    }
    Ok(())
}

/// `Extensions` hold anything; only the first `mdui:UIInfo` in them is known.
fn extensions(reader: &mut Reader) -> Result<UserInterface, Fault> {
    let mut first = None;
    while let Some(child) = reader.child()? {
        if child.is(Namespace::USER_INTERFACE, "UIInfo") {
            let found = user_interface(reader, &child)?;
            first.get_or_insert(found);
        } else {
            reader.skip()?;
        }
    }
    Ok(first.unwrap_or_default())
}

fn user_interface(reader: &mut Reader, element: &Element) -> Result<UserInterface, Fault> {
    let mut found = UserInterface::default();
    let mut is_english = false;
    while let Some(child) = reader.child()? {
        if !child.is_in(Namespace::USER_INTERFACE) {
            return Err(unknown(&child, element));
        }
        let language = child.attribute_in(Namespace::XML, "lang");
        if language.is_none() && child.name != "Logo" {
            return Err(child.fault("has no attribute xml:lang"));
        }
        match child.name {
            "DisplayName" | "Description" => drop(reader.text()?),
            "Keywords" => reader.skip()?,
            "InformationURL" => drop(uri(&child, "text", &reader.text()?)?),
            "PrivacyStatementURL" => {
                let statement = uri(&child, "text", &reader.text()?)?;
                let is_first_english = !is_english && language == Some("en");
                if is_first_english || found.privacy_statement.is_none() {
                    found.privacy_statement = Some(statement);
                }
                is_english |= is_first_english;
            }
            "Logo" => {
                integer(&child, "height", required(&child, "height")?)?;
                integer(&child, "width", required(&child, "width")?)?;
                let logo: String = reader.text()?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                let logo = uri(&child, "text", &logo)?;
                found.logo.get_or_insert(logo);
            }
            _ => return Err(unknown(&child, element)),
        }
    }
    Ok(found)
}

/// `Organization` (§2.3.2.1), of which nothing counts.
fn organization(reader: &mut Reader, element: &Element) -> Result<(), Fault> {
    while let Some(child) = reader.child()? {
        match metadata_name(&child) {
            Some("OrganizationName" | "OrganizationDisplayName") => drop(reader.text()?),
            Some("OrganizationURL" | "OrganizationUrl") => drop(uri(&child, "text", &reader.text()?)?),
            Some("Extensions") => drop(extensions(reader)?),
            _ => return Err(unknown(&child, element)),
        }
    }
    Ok(())
}

/// `ContactPerson` (§2.3.2.2), of which nothing counts.
fn contact(reader: &mut Reader, element: &Element) -> Result<(), Fault> {
    let kind = required(element, "contactType")?;
    if !matches!(kind, "technical" | "support" | "administrative" | "billing" | "other") {
        return Err(element.fault(format!("has an unknown contactType: {}", clip(kind))));
    }
    while let Some(child) = reader.child()? {
        match metadata_name(&child) {
            Some("Company" | "GivenName" | "SurName" | "EmailAddress" | "TelephoneNumber") => drop(reader.text()?),
            Some("Extensions") => drop(extensions(reader)?),
            _ => return Err(unknown(&child, element)),
        }
    }
    Ok(())
}

/// The name of an element of the metadata namespace.
fn metadata_name<'a>(element: &Element<'a>) -> Option<&'a str> {
    element.is_in(Namespace::METADATA).then_some(element.name)
}

fn unknown(child: &Element, parent: &Element) -> Fault {
    child.fault(format!("is not known within {}", clip(parent.name)))
}

fn required<'e>(element: &'e Element, attribute: &str) -> Result<&'e str, Fault> {
    element.attribute(attribute).ok_or_else(|| element.fault(format!("has no attribute {attribute}")))
}

/// A URI as Java reads it (`java.net.URI`); it may be empty.
fn uri(element: &Element, part: &str, text: &str) -> Result<String, Fault> {
    if Uri::parse(text).is_none() {
        return Err(element.fault(format!("has a {part} that is no URI: {}", clip(text))));
    }
    Ok(text.to_owned())
}

fn integer(element: &Element, attribute: &str, text: &str) -> Result<i32, Fault> {
    text.parse().map_err(|_| element.fault(format!("has the {attribute} {}, which is no number", clip(text))))
}

/// Java's `Boolean.parseBoolean`, and `1` as in XML Schema.
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

/// `validUntil` must be a date or time. Whether it is over is for the completion, which knows the time.
fn validity(element: &Element) -> Result<Option<Validity>, Fault> {
    let Some(text) = element.attribute("validUntil") else { return Ok(None) };
    match time::parse(text) {
        Some(Until::Second(last_second)) => Ok(Some(Validity { until: text.to_owned(), last_second })),
        Some(Until::NoYear) => Ok(None),
        None => Err(element.fault(format!("has a validUntil that is no date or time: {}", clip(text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{endpoint, entities, entity, service_provider, user_interface};
    use super::{Refusal, read};

    fn problem(document: &str) -> String {
        match read(document) {
            Err(Refusal::Unreadable(fault)) => fault.problem,
            _ => panic!("not refused as unreadable: {document}"),
        }
    }

    #[test]
    fn documents_that_are_no_metadata_are_refused_by_their_root() {
        for (document, name) in [
            ("<foo/>", "foo"),
            ("<EntityDescriptor entityID='x'/>", "EntityDescriptor"),
            ("<SPSSODescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'/>", "SPSSODescriptor"),
        ] {
            let expected = "is neither an EntityDescriptor nor an EntitiesDescriptor of SAML V2.0 metadata";
            assert_eq!(problem(document), format!("{name} {expected}"));
        }
    }

    #[test]
    fn what_is_missing_in_an_entity_malformed_or_unknown_is_named() {
        for (content, expected) in [
            ("<md:No/>", "No is not known within EntityDescriptor"),
            ("<No/>", "No is not known within EntityDescriptor"),
            ("<md:PDPDescriptor/>", "PDPDescriptor has no attribute protocolSupportEnumeration"),
            ("<md:ContactPerson contactType='boss'/>", "ContactPerson has an unknown contactType: boss"),
            ("<md:Organization><md:No/></md:Organization>", "No is not known within Organization"),
            (&user_interface("<No xml:lang='en'/>"), "No is not known within UIInfo"),
            (&user_interface("<DisplayName>x</DisplayName>"), "DisplayName has no attribute xml:lang"),
            (&user_interface("<Logo height='1'>/</Logo>"), "Logo has no attribute width"),
        ] {
            assert_eq!(problem(&entity("x", content)), expected);
        }
        let document = entity("x", "");
        assert_eq!(problem(&document.replace("entityID", "id")), "EntityDescriptor has no attribute entityID");
        let expected = "EntityDescriptor has a validUntil that is no date or time: soon";
        assert_eq!(problem(&document.replace("entityID", "validUntil='soon' entityID")), expected);
        assert_eq!(problem(&entities("<No/>")), "No is not known within EntitiesDescriptor");
    }

    #[test]
    fn what_is_missing_in_a_role_malformed_or_unknown_is_named() {
        for (content, expected) in [
            ("<md:No/>", "No is not known within SPSSODescriptor"),
            ("<md:SingleSignOnService/>", "SingleSignOnService is not known within SPSSODescriptor"),
            ("<md:Attribute/>", "Attribute is not known within SPSSODescriptor"),
            ("<md:NameIDFormat><x/></md:NameIDFormat>", "x stands where text is expected"),
            ("<md:KeyDescriptor use='Signing'/>", "KeyDescriptor has a use other than signing and encryption"),
            (
                "<md:KeyDescriptor><md:EncryptionMethod/></md:KeyDescriptor>",
                "EncryptionMethod has no attribute Algorithm",
            ),
            ("<md:AttributeConsumingService/>", "AttributeConsumingService has no attribute index"),
            (
                "<md:AttributeConsumingService index='0'><md:RequestedAttribute/></md:AttributeConsumingService>",
                "RequestedAttribute has no attribute Name",
            ),
        ] {
            assert_eq!(problem(&entity("x", &service_provider(content))), expected);
        }
    }

    #[test]
    fn what_is_missing_in_an_endpoint_malformed_or_unknown_is_named() {
        let sound = endpoint("AssertionConsumerService", "SOAP", "/", "ResponseLocation='/'");
        assert!(read(&entity("x", &service_provider(&sound))).is_ok());
        for (from, to, expected) in [
            ("Binding", "x", "has no attribute Binding"),
            (" Location", " x", "has no attribute Location"),
            (" Location='/'", " Location='a b'", "has a Location that is no URI: a b"),
            ("ResponseLocation='/'", "ResponseLocation='{'", "has a ResponseLocation that is no URI: {"),
            ("'0'", "'1st'", "has the index 1st, which is no number"),
        ] {
            let document = entity("x", &service_provider(&sound.replace(from, to)));
            assert_eq!(problem(&document), format!("AssertionConsumerService {expected}"));
        }
        let filled = sound.replace("/>", "><x/></md:AssertionConsumerService>");
        let expected = "x is not known within AssertionConsumerService";
        assert_eq!(problem(&entity("x", &service_provider(&filled))), expected);
    }
}
