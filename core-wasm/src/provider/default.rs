//! Provider `default`: clients in Keycloak's own representation (Keycloak: DefaultClientRegistrationProvider). The Admin
//! API speaks it too.

use crate::completion;
use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::json::{self, Value};
use crate::provider::Provider;
use crate::realm::Realm;
use crate::representation;
use crate::validation;
use crate::violation::about;

/// The provider.
pub struct DefaultProvider;

impl Provider for DefaultProvider {
    fn describe(&self) -> RegistrationProvider {
        RegistrationProvider {
            id: "default".to_owned(),
            operations: vec![Operation::Register, Operation::Read, Operation::Update, Operation::Delete],
            content_types: vec!["application/json".to_owned()],
            protocol: None,
            cross_origin: false,
            client_authentication: false,
        }
    }

    fn parse(&self, operation: Operation, document: Document, _realm: &dyn Realm) -> Result<Client, Vec<Violation>> {
        let Sent { mut client, direct_grants_only } = read(&document.body).map_err(|violation| vec![violation])?;
        if operation == Operation::Register {
            if let Some(only) = direct_grants_only {
                client.standard_flow_enabled = Some(!only);
                client.direct_access_grants_enabled = Some(only);
            }
            if client.optional_client_scopes.is_some() && client.default_client_scopes.is_none() {
                client.default_client_scopes = Some(vec!["basic".to_owned()]);
            }
        } else {
            client.id = None;
        }
        Ok(client)
    }

    fn complete(
        &self,
        mut proposed: Client,
        stored: Option<Client>,
        issued: Issued,
        realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>> {
        if stored.is_none() && proposed.protocol.as_deref() == Some("openid-connect") {
            forget_logout_flags(&mut proposed.attributes);
        }
        completion::complete(proposed, stored, &issued, realm, |field| self.document_name(field))
    }

    fn finish(
        &self,
        _operation: Operation,
        client: &Client,
        registration: &Registration,
        realm: &dyn Realm,
    ) -> Result<Document, Vec<Violation>> {
        let violations = validation::validate(client, realm);
        if violations.is_empty() {
            Ok(representation::document(client, registration, client.authorization_settings.as_deref()))
        } else {
            Err(violations)
        }
    }

    fn render(&self, client: &Client, registration: &Registration, _realm: &dyn Realm) -> Document {
        representation::document(client, registration, None)
    }

    fn document_name(&self, field: &str) -> Option<String> {
        Some(representation::document_name(field))
    }
}

/// Keycloak sets both flags to their defaults, whatever was sent, when there is no address to log out at.
fn forget_logout_flags(attributes: &mut Vec<Attribute>) {
    if attributes.iter().all(|attribute| attribute.name != "backchannel.logout.url") {
        attributes.retain(|attribute| {
            !matches!(
                attribute.name.as_str(),
                "backchannel.logout.session.required" | "backchannel.logout.revoke.offline.tokens"
            )
        });
    }
}

/// What a document names.
#[derive(Default)]
struct Sent {
    client: Client,
    /// An old member; the flows follow from it on create.
    direct_grants_only: Option<bool>,
}

/// Reads a ClientRepresentation. Members that no rule looks at must have their type nevertheless.
fn read(document: &[u8]) -> Result<Sent, Violation> {
    let mut sent = Sent::default();
    let client = &mut sent.client;
    json::read_object(document, |name, value| {
        match name {
            "id" => client.id = value.text()?,
            "clientId" => client.client_id = value.text()?,
            "name" => client.name = value.text()?,
            "description" => client.description = value.text()?,
            "type" => client.type_ = value.text()?,
            "rootUrl" => client.root_url = value.text()?,
            "adminUrl" => client.admin_url = value.text()?,
            "baseUrl" => client.base_url = value.text()?,
            "surrogateAuthRequired" => client.surrogate_auth_required = value.boolean()?,
            "enabled" => client.enabled = value.boolean()?,
            "alwaysDisplayInConsole" => client.always_display_in_console = value.boolean()?,
            "clientAuthenticatorType" => client.client_authenticator_type = value.text()?,
            "secret" => client.secret = value.text()?,
            "defaultRoles" => client.default_roles = default_roles(value)?,
            "redirectUris" => client.redirect_uris = value.texts()?,
            "webOrigins" => client.web_origins = value.texts()?,
            "notBefore" => client.not_before = value.integer()?,
            "bearerOnly" => client.bearer_only = value.boolean()?,
            "consentRequired" => client.consent_required = value.boolean()?,
            "standardFlowEnabled" => client.standard_flow_enabled = value.boolean()?,
            "implicitFlowEnabled" => client.implicit_flow_enabled = value.boolean()?,
            "directAccessGrantsEnabled" => client.direct_access_grants_enabled = value.boolean()?,
            "serviceAccountsEnabled" => client.service_accounts_enabled = value.boolean()?,
            "authorizationServicesEnabled" => client.authorization_services_enabled = value.boolean()?,
            "publicClient" => client.public_client = value.boolean()?,
            "frontchannelLogout" => client.frontchannel_logout = value.boolean()?,
            "protocol" => client.protocol = value.text()?,
            "attributes" => client.attributes = value.attributes()?.unwrap_or_default(),
            "authenticationFlowBindingOverrides" => {
                client.authentication_flow_binding_overrides = value.attributes()?;
            }
            "fullScopeAllowed" => client.full_scope_allowed = value.boolean()?,
            "nodeReRegistrationTimeout" => client.node_re_registration_timeout = value.integer()?,
            "registeredNodes" => client.registered_nodes = registered_nodes(value)?,
            "protocolMappers" => client.protocol_mappers = protocol_mappers(value)?,
            // `null` is a name that no scope has: policies refuse it as Keycloak's do.
            "defaultClientScopes" => client.default_client_scopes = value.texts_with_null_as("")?,
            "optionalClientScopes" => client.optional_client_scopes = value.texts_with_null_as("")?,
            "authorizationSettings" => client.authorization_settings = authorization_settings(value)?,
            "directGrantsOnly" => sent.direct_grants_only = value.boolean()?,
            "registrationAccessToken" | "clientTemplate" | "origin" => drop(value.text()?),
            "useTemplateConfig" | "useTemplateScope" | "useTemplateMappers" => drop(value.boolean()?),
            "access" => drop(value.object("an object of booleans", |_, right| right.boolean().map(drop))?),
            _ => return Err(value.unknown("ClientRepresentation")),
        }
        Ok(())
    })?;
    Ok(sent)
}

/// Keycloak answers 500 to a text (deviation 1).
fn default_roles(value: Value<'_, '_>) -> Result<Option<Vec<String>>, Violation> {
    if value.starts_with(b'"') {
        let role = value.text()?.unwrap_or_default();
        return Err(about("default-roles", &role, "defaultRoles must be a list of texts".to_owned()));
    }
    value.texts()
}

/// Keycloak answers 500 to a node without time (deviation 1).
fn registered_nodes(value: Value<'_, '_>) -> Result<Option<Vec<Attribute>>, Violation> {
    let Some(nodes) = value.integers()? else { return Ok(None) };
    let node = |(name, time): (String, Option<i32>)| match time {
        Some(time) => Ok(Attribute { name, value: time.to_string() }),
        None => Err(about("registered-nodes", &name, format!("registeredNodes.{name} must be a whole number"))),
    };
    nodes.into_iter().map(node).collect::<Result<_, _>>().map(Some)
}

/// Keycloak answers 500 to a mapper without name or protocol (deviation 1). An empty one is as good as any, as there.
fn protocol_mappers(value: Value<'_, '_>) -> Result<Option<Vec<ProtocolMapper>>, Violation> {
    let mut mappers = Vec::new();
    let present = value.items("a list of objects", |item| {
        let mut mapper = ProtocolMapper::default();
        let (mut own_name, mut protocol) = (None, None);
        item.object("a list of objects", |name, value| {
            match name {
                "id" => mapper.id = value.text()?,
                "name" => own_name = value.text()?,
                "protocol" => protocol = value.text()?,
                "protocolMapper" => mapper.mapper_type = value.text()?.unwrap_or_default(),
                "config" => {
                    mapper.config = value.attributes()?.unwrap_or_default();
                    mapper.config.retain(|entry| !entry.value.is_empty());
                }
                // Old members: always false, and gone.
                "consentRequired" => drop(value.boolean()?),
                "consentText" => drop(value.text()?),
                _ => return Err(value.unknown("ProtocolMapperRepresentation")),
            }
            Ok(())
        })?;
        let refused =
            |problem: &str| about("protocol-mappers", &mapper.mapper_type, format!("protocolMappers: {problem}"));
        let name = own_name.ok_or_else(|| refused("a mapper needs a name"))?;
        let protocol = protocol.ok_or_else(|| refused(&format!("mapper {name} needs a protocol")))?;
        mappers.push(ProtocolMapper { name, protocol, ..mapper });
        Ok(())
    })?;
    Ok(present.then_some(mappers))
}

/// Keycloak's ResourceServerRepresentation, as it is written.
fn authorization_settings(value: Value<'_, '_>) -> Result<Option<String>, Violation> {
    let settings = value.object("an object", |name, value| match name {
        "id" | "clientId" | "name" | "policyEnforcementMode" | "decisionStrategy" => value.text().map(drop),
        "allowRemoteResourceManagement" => value.boolean().map(drop),
        "resources" | "policies" | "scopes" => value.items("a list", |_| Ok(())).map(drop),
        "authorizationSchema" => value.raw_object().map(drop),
        _ => Err(value.unknown("ResourceServerRepresentation")),
    })?;
    Ok(settings.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;

    fn parse(operation: Operation, json: &str) -> Result<Client, Violation> {
        let document = Document { content_type: String::new(), body: json.as_bytes().to_vec() };
        let parsed = DefaultProvider.parse(operation, document, &FixedRealm::default());
        parsed.map_err(|mut violations| violations.pop().unwrap())
    }

    fn registered(json: &str) -> Client {
        parse(Operation::Register, json).unwrap()
    }

    fn texts<const N: usize>(texts: [&str; N]) -> Option<Vec<String>> {
        Some(texts.map(str::to_owned).to_vec())
    }

    #[test]
    fn a_document_names_some_fields() {
        let client = registered(
            r#"{"clientId":"app","enabled":"false","notBefore":"5","name":7,"redirectUris":["a"],
                "attributes":{"text":"a","number":5,"flag":true,"nothing":null},"registeredNodes":{"n":1,"n":2},
                "protocolMappers":[{"name":"m","protocol":"saml","protocolMapper":"t","consentRequired":true,
                "config":{"a":"","b":1}}],"access":{"view":true},"origin":"x","registrationAccessToken":"t"}"#,
        );
        assert_eq!(client.client_id.as_deref(), Some("app"));
        assert_eq!((client.enabled, client.not_before), (Some(false), Some(5)));
        assert_eq!(client.name.as_deref(), Some("7"));
        assert_eq!(client.description, None);
        let attributes: Vec<_> = client.attributes.iter().map(|a| (a.name.as_str(), a.value.as_str())).collect();
        assert_eq!(attributes, [("text", "a"), ("number", "5"), ("flag", "true"), ("nothing", "")]);
        assert_eq!(client.registered_nodes.unwrap()[0].value, "2");
        let nameless = registered(r#"{"protocolMappers":[{"name":"","protocol":"","protocolMapper":"t"}]}"#);
        assert_eq!(nameless.protocol_mappers.unwrap()[0].name, "");
        let scopes = registered(r#"{"defaultClientScopes":["email",null],"optionalClientScopes":[null]}"#);
        assert_eq!((scopes.default_client_scopes, scopes.optional_client_scopes), (texts(["email", ""]), texts([""])));
        let mapper = &client.protocol_mappers.unwrap()[0];
        assert_eq!((mapper.mapper_type.as_str(), mapper.consent_required, mapper.config.len()), ("t", false, 1));
    }

    #[test]
    fn new_clients_know_old_and_implied_members() {
        let client = registered(r#"{"directGrantsOnly":true,"standardFlowEnabled":true,"id":"x"}"#);
        assert_eq!((client.standard_flow_enabled, client.direct_access_grants_enabled), (Some(false), Some(true)));
        assert_eq!(client.id.as_deref(), Some("x"));
        assert_eq!(registered(r#"{"optionalClientScopes":[]}"#).default_client_scopes, texts(["basic"]));

        let update = r#"{"directGrantsOnly":true,"id":"x","optionalClientScopes":[]}"#;
        let client = parse(Operation::Update, update).unwrap();
        assert_eq!((client.standard_flow_enabled, client.id, client.default_client_scopes), (None, None, None));
    }

    #[test]
    fn unknown_members_are_refused_wherever_they_are() {
        for (json, representation, place) in [
            (r#"{"colour":"red"}"#, "ClientRepresentation", "line 1 column 12"),
            (r#"{"protocolMappers":[{"colour":1}]}"#, "ProtocolMapperRepresentation", "line 1 column 32"),
            (r#"{"authorizationSettings":{"colour":1}}"#, "ResourceServerRepresentation", "line 1 column 37"),
        ] {
            let violation = parse(Operation::Update, json).unwrap_err();
            let error =
                format!("Invalid json representation for {representation}. Unrecognized field \"colour\" at {place}.");
            assert_eq!((violation.error, violation.message), (Some(error), String::new()));
        }
    }

    #[test]
    fn members_of_the_wrong_type_are_refused_by_name() {
        for (json, error, message) in [
            (r#"{"defaultRoles":"reader"}"#, None, "defaultRoles must be a list of texts"),
            (r#"{"registeredNodes":{"n":null}}"#, None, "registeredNodes.n must be a whole number"),
            (r#"{"protocolMappers":[null]}"#, None, "protocolMappers: a mapper needs a name"),
            (r#"{"protocolMappers":[{"name":null}]}"#, None, "protocolMappers: a mapper needs a name"),
            (r#"{"protocolMappers":[{"name":"m"}]}"#, None, "protocolMappers: mapper m needs a protocol"),
            (r#"{"redirectUris":"x"}"#, Some("unknown_error"), "Cannot parse the JSON: redirectUris must be"),
            (r#"{"access":{"view":"x"}}"#, Some("unknown_error"), "Cannot parse the JSON: access.view must be"),
            (r#"{"protocolMappers":[5]}"#, Some("unknown_error"), "Cannot parse the JSON: protocolMappers must be"),
        ] {
            let violation = parse(Operation::Register, json).unwrap_err();
            assert_eq!(violation.error.as_deref(), error, "{json}");
            assert!(violation.message.starts_with(message), "{}", violation.message);
        }
    }

    #[test]
    fn logout_flags_count_with_an_address_only() {
        let flags = |attributes: &str| {
            let sent = registered(&format!(
                r#"{{"protocol":"openid-connect","attributes":{{{attributes}"backchannel.logout.session.required":"false"}}}}"#
            ));
            let client =
                DefaultProvider.complete(sent, None, Issued::default(), &FixedRealm::default()).unwrap().client;
            let flags = client.attributes.iter().filter(|a| a.name.ends_with("session.required"));
            flags.map(|flag| flag.value.clone()).collect::<Vec<_>>()
        };
        assert_eq!(flags(""), ["true"]);
        assert_eq!(flags(r#""backchannel.logout.url":"https://x/","#), ["false"]);
    }

    #[test]
    fn a_client_that_is_valid_becomes_the_answer() {
        let client = Client {
            client_id: Some("app".into()),
            protocol: Some("openid-connect".into()),
            authorization_settings: Some("{}".into()),
            ..Client::default()
        };
        let realm = FixedRealm::default();
        let finish =
            |client: &Client| DefaultProvider.finish(Operation::Update, client, &Registration::default(), &realm);
        let answer = String::from_utf8(finish(&client).unwrap().body).unwrap();
        assert!(answer.contains(r#""authorizationSettings":{}"#));
        let read = DefaultProvider.render(&client, &Registration::default(), &realm);
        assert!(!String::from_utf8(read.body).unwrap().contains("authorizationSettings"));
        let invalid = Client { root_url: Some("nope".into()), ..client };
        assert_eq!(finish(&invalid).unwrap_err()[0].message, "Root URL is not a valid URL");
    }
}
