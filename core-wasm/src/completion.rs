//! From a client as it was sent to a full one: Keycloak's defaults for a new client, its rules for an update.
//!
//! Every provider comes through here. What a document means is the provider's matter before ([`Provider::parse`](crate::provider::Provider::parse)); what
//! the host has to do beside storing the client leaves as effects.

mod attributes;
mod creation;
mod lists;
mod mappers;
mod scopes;
mod update;

pub use lists::origins;

use crate::contract::exports::matricula::registration::providers::Completed;
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::Issued;
use crate::limits;
use crate::realm::Realm;
use crate::violation::about;

/// Attribute of the server's own clients. The host sets it; no request does.
pub const REALM_CLIENT: &str = "realm_client";

/// Attribute: when the secret was made by the server, Unix seconds.
const SECRET_CREATION_TIME: &str = "client.secret.creation.time";

/// Completes a new client (`stored` absent) or updates the stored one.
///
/// A new client that names `openid-connect` or `saml` as its protocol gets more defaults than one that names none, which
/// is an `openid-connect` client as well (Keycloak: `setupClientDefaults`). The two back-channel logout flags of
/// `openid-connect` are filled in when they are absent. `document_name` is the provider's, for messages.
///
/// # Errors
/// What Keycloak fails at: texts that are too long, twin or nameless mappers, unknown flows, a SAML client without id.
pub fn complete(
    proposed: Client,
    stored: Option<Client>,
    issued: &Issued,
    realm: &dyn Realm,
    document_name: impl Fn(&str) -> Option<String>,
) -> Result<Completed, Vec<Violation>> {
    let name = |field: &str| document_name(field).unwrap_or_else(|| field.to_owned());
    let mut violations = Vec::new();
    if let Some(mappers) = &proposed.protocol_mappers {
        violations.extend(mappers::check(mappers, &name("protocol-mappers")));
    }
    if let Some(overrides) = &proposed.authentication_flow_binding_overrides {
        let field = "authentication-flow-binding-overrides";
        let unknown = overrides.iter().filter(|flow| !is_blank(&flow.value) && !realm.has_flow(&flow.value));
        violations.extend(
            unknown.map(|flow| about(field, &flow.value, format!("{}: there is no flow {}", name(field), flow.value))),
        );
    }
    let new = stored.is_none();
    if new && proposed.protocol.as_deref() == Some("saml") && proposed.client_id.is_none() {
        let message = format!("{} is required for SAML clients: it is their entity id", name("client-id"));
        violations.push(about("client-id", "", message));
    }
    let completed = match stored {
        None => creation::create(proposed, issued, realm),
        Some(stored) => update::update(proposed, stored, issued, realm),
    };
    // Keycloak fails here for new clients only.
    let client = &completed.client;
    let without_account = client.public_client == Some(true) || client.bearer_only == Some(true);
    if new && client.authorization_services_enabled == Some(true) && without_account {
        let field = "authorization-services-enabled";
        let message = format!("{} is not possible for a public or bearer-only client", name(field));
        violations.push(about(field, "true", message));
    }
    violations.extend(limits::exceeded(client, name));
    if violations.is_empty() { Ok(completed) } else { Err(violations) }
}

/// Whether a root URL stands for the server's own address, as it does in Keycloak's own clients.
pub fn is_placeholder(root_url: &str) -> bool {
    matches!(root_url, "${authBaseUrl}" | "${authAdminUrl}")
}

/// Nothing but white space, as Keycloak sees it: such attributes and list entries are not stored.
fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte <= b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::exports::matricula::registration::providers::Effect;
    use crate::contract::matricula::registration::client::{Attribute, ProtocolMapper};
    use crate::realm::fixed::FixedRealm;

    fn issued() -> Issued {
        Issued {
            id: "issued-id".into(),
            secret: "issued secret".into(),
            salt: "salt".into(),
            now: 1000,
            ..Issued::default()
        }
    }

    fn complete_in_test_realm(sent: Client, stored: Option<Client>) -> Result<Completed, Vec<Violation>> {
        complete(sent, stored, &issued(), &FixedRealm::default(), |field| Some(format!("<{field}>")))
    }

    /// The new client that is made of what was sent.
    fn created(sent: Client) -> Client {
        complete_in_test_realm(sent, None).unwrap().client
    }

    /// The client that is made of what was sent, then updated.
    fn updated(sent: Client, update: Client) -> Client {
        complete_in_test_realm(update, Some(created(sent))).unwrap().client
    }

    fn refused(sent: Client) -> String {
        let violations = complete_in_test_realm(sent, None).unwrap_err();
        violations.into_iter().map(|violation| violation.message).collect::<Vec<_>>().join("; ")
    }

    fn texts<const N: usize>(texts: [&str; N]) -> Option<Vec<String>> {
        Some(texts.map(str::to_owned).to_vec())
    }

    fn attributes<const N: usize>(entries: [(&str, &str); N]) -> Vec<Attribute> {
        entries.map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_owned() }).to_vec()
    }

    fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
        attributes::get(&client.attributes, name)
    }

    fn mapper(name: &str) -> ProtocolMapper {
        ProtocolMapper {
            name: name.into(),
            protocol: "openid-connect".into(),
            mapper_type: "oidc-full-name-mapper".into(),
            ..ProtocolMapper::default()
        }
    }

    fn openid_connect() -> Option<String> {
        Some("openid-connect".to_owned())
    }

    #[test]
    fn a_client_of_no_named_protocol_is_confidential() {
        let client = created(Client::default());
        assert_eq!(client.id.as_deref(), Some("issued-id"));
        assert_eq!(client.client_id, client.id);
        assert_eq!(client.protocol.as_deref(), Some("openid-connect"));
        assert_eq!(client.public_client, Some(false));
        assert_eq!(client.direct_access_grants_enabled, Some(false));
        assert_eq!(client.standard_flow_enabled, Some(true));
        assert_eq!(client.full_scope_allowed, Some(true));
        assert_eq!(client.secret.as_deref(), Some("issued secret"));
        assert_eq!(client.attributes, attributes([("client.secret.creation.time", "1000")]));
        assert_eq!(client.default_client_scopes.unwrap().len(), 6);
        assert_eq!(client.optional_client_scopes.unwrap().len(), 5);
        assert_eq!((client.not_before, client.node_re_registration_timeout), (Some(0), Some(-1)));
    }

    #[test]
    fn naming_the_protocol_makes_a_public_client_that_follows_its_root_url() {
        let sent = Client {
            protocol: openid_connect(),
            root_url: Some("https://root.example:8443/app/".into()),
            redirect_uris: texts([]),
            ..Client::default()
        };
        let client = created(sent);
        assert_eq!(client.public_client, Some(true));
        assert_eq!(client.secret, None);
        assert_eq!(client.direct_access_grants_enabled, Some(true));
        assert_eq!(client.redirect_uris, texts(["https://root.example:8443/app/*"]));
        assert_eq!(client.web_origins, texts(["https://root.example:8443"]));
        assert_eq!(client.admin_url, client.root_url);
        for placeholder in ["${authBaseUrl}", "${authAdminUrl}"] {
            let root_url = Some(placeholder.to_owned());
            let own = created(Client { protocol: openid_connect(), root_url, ..Client::default() });
            assert_eq!((own.root_url.as_deref(), own.admin_url), (Some(placeholder), None));
        }
        assert_eq!(attribute(&client, "backchannel.logout.session.required"), Some("true"));
        assert_eq!(attribute(&client, "backchannel.logout.revoke.offline.tokens"), Some("false"));
        assert_eq!(attribute(&client, "client.secret.creation.time"), Some("1000"));
    }

    #[test]
    fn a_saml_client_gets_its_settings_and_a_key() {
        let sent = Client { client_id: Some("sp".into()), protocol: Some("saml".into()), ..Client::default() };
        let Completed { client, effects } = complete_in_test_realm(sent, None).unwrap();
        assert_eq!(client.frontchannel_logout, Some(true));
        assert_eq!(client.public_client, Some(false));
        assert_eq!(client.secret.as_deref(), Some("issued secret"));
        assert_eq!(client.default_client_scopes, texts(["role_list", "saml_organization", "AuthnContextClassRef"]));
        assert_eq!(attribute(&client, "saml.signature.algorithm"), Some("RSA_SHA256"));
        assert_eq!(attribute(&client, "saml.artifact.binding.identifier"), Some("6MXlvk1JJuOsx07Y3TvrGPprFZM="));
        assert!(matches!(&effects[..], [Effect::CreateSigningKey(subject)] if subject == "sp"));
        for stated in [("saml.client.signature", "false"), ("saml.signing.certificate", "MII")] {
            let stated = attributes([stated, ("saml_name_id_format", "")]);
            let client_id = Some("sp".to_owned());
            let sent = Client { client_id, protocol: Some("saml".into()), attributes: stated, ..Client::default() };
            let Completed { client, effects } = complete_in_test_realm(sent, None).unwrap();
            assert!(effects.is_empty());
            assert_eq!(attribute(&client, "saml_name_id_format"), None);
        }
    }

    #[test]
    fn secrets_are_kept_made_or_dropped() {
        let secret = |sent: Client| created(sent).secret;
        let given = Some("given".to_owned());
        assert_eq!(secret(Client { secret: given.clone(), ..Client::default() }), given);
        assert_eq!(secret(Client { secret: Some(String::new()), ..Client::default() }), Some(String::new()));
        assert_eq!(secret(Client { secret: given.clone(), public_client: Some(true), ..Client::default() }), None);
        let bearer_only = Client { protocol: openid_connect(), bearer_only: Some(true), ..Client::default() };
        assert_eq!(secret(bearer_only), None);
        let client = created(Client { secret: given.clone(), ..Client::default() });
        assert_eq!(attribute(&client, "client.secret.creation.time"), None);

        let public = || Client { public_client: Some(true), ..Client::default() };
        let confidential = || Client { public_client: Some(false), ..Client::default() };
        assert_eq!(updated(Client::default(), public()).secret, None);
        let again = updated(public(), confidential());
        assert_eq!(again.secret.as_deref(), Some("issued secret"));
        assert_eq!(attribute(&again, "client.secret.creation.time"), Some("1000"));
        assert_eq!(updated(public(), Client { secret: given.clone(), ..confidential() }).secret, given);
        let dated = Client { attributes: attributes([("client.secret.creation.time", "5")]), ..confidential() };
        assert_eq!(attribute(&updated(public(), dated), "client.secret.creation.time"), Some("5"));
        assert_eq!(updated(Client { secret: given.clone(), ..Client::default() }, Client::default()).secret, given);
    }

    #[test]
    fn attributes_are_merged_and_blank_ones_vanish() {
        let sent = [("keep", "1"), ("change", "1"), ("drop", "1"), ("blank", " "), ("realm_client", "true")];
        let mut stored =
            created(Client { attributes: attributes(sent), secret: Some("s".into()), ..Client::default() });
        assert_eq!(stored.attributes, attributes([("keep", "1"), ("change", "1"), ("drop", "1")]));
        stored.attributes.extend(attributes([("realm_client", "true")]));
        let changes = [("change", "2"), ("drop", ""), ("new", "1"), ("realm_client", ""), ("absent", "")];
        let update = Client { attributes: attributes(changes), ..Client::default() };
        let client = complete_in_test_realm(update, Some(stored)).unwrap().client;
        let expected = [("keep", "1"), ("change", "2"), ("realm_client", "true"), ("new", "1")];
        assert_eq!(client.attributes, attributes(expected));
    }

    #[test]
    fn named_scopes_replace_both_lists() {
        type Lists = (Option<Vec<String>>, Option<Vec<String>>);
        let cases: [(Lists, Lists); 3] = [
            ((texts(["profile", "nowhere"]), None), (texts(["profile"]), texts([]))),
            ((None, texts(["phone", "email", "phone"])), (texts([]), texts(["phone", "email"]))),
            ((texts(["email"]), texts(["email", "phone"])), (texts(["email"]), texts(["phone"]))),
        ];
        for (sent, expected) in cases {
            let lists = Client { default_client_scopes: sent.0, optional_client_scopes: sent.1, ..Client::default() };
            for client in [created(lists.clone()), updated(Client::default(), lists)] {
                assert_eq!((client.default_client_scopes, client.optional_client_scopes), expected);
            }
        }
    }

    #[test]
    fn another_protocol_brings_its_scopes() {
        let client = updated(Client::default(), Client { protocol: Some("saml".into()), ..Client::default() });
        assert_eq!(client.default_client_scopes, texts(["role_list", "saml_organization", "AuthnContextClassRef"]));
        assert_eq!(client.optional_client_scopes, texts([]));
    }

    #[test]
    fn service_accounts_come_and_go_with_their_scope() {
        let on = || Client { service_accounts_enabled: Some(true), ..Client::default() };
        let has_scope =
            |client: &Client| client.default_client_scopes.iter().flatten().any(|scope| scope == "service_account");
        assert!(has_scope(&created(Client { default_client_scopes: texts(["email"]), ..on() })));
        assert!(has_scope(&updated(on(), Client::default())));
        assert!(has_scope(&updated(Client::default(), on())));
        assert!(!has_scope(&updated(on(), Client { default_client_scopes: texts(["email"]), ..on() })));
        let off = Client { service_accounts_enabled: Some(false), ..Client::default() };
        let completed = complete_in_test_realm(off, Some(created(on()))).unwrap();
        assert!(!has_scope(&completed.client));
        assert!(matches!(completed.effects[..], [Effect::RemoveServiceAccount]));
    }

    #[test]
    fn a_resource_server_has_a_service_account_without_its_scope() {
        let switch = Client { authorization_services_enabled: Some(true), ..Client::default() };
        let settings = Client { authorization_settings: Some("{}".into()), ..Client::default() };
        let off = Client { authorization_services_enabled: Some(false), ..settings.clone() };
        for sent in [&switch, &settings, &off] {
            let Completed { client, effects } = complete_in_test_realm(sent.clone(), None).unwrap();
            assert_eq!(client.service_accounts_enabled, Some(true));
            assert!(!client.default_client_scopes.unwrap().contains(&"service_account".to_owned()));
            assert!(matches!(effects[..], [Effect::CreateServiceAccount, Effect::CreateResourceServer]));
            for kind in [
                Client { public_client: Some(true), ..sent.clone() },
                Client { protocol: openid_connect(), ..sent.clone() },
                Client { bearer_only: Some(true), ..sent.clone() },
            ] {
                let expected = "<authorization-services-enabled> is not possible for a public or bearer-only client";
                assert_eq!(refused(kind), expected);
            }
        }
        let completed = complete_in_test_realm(switch, Some(created(Client::default()))).unwrap();
        assert!(completed.effects.is_empty());
        let with_settings = settings;
        let public =
            || Client { public_client: Some(true), service_accounts_enabled: Some(false), ..Client::default() };
        let completed = complete_in_test_realm(with_settings, Some(created(public()))).unwrap();
        assert!(matches!(completed.effects[..], [Effect::CreateServiceAccount, Effect::CreateResourceServer]));
        let still = complete_in_test_realm(public(), Some(completed.client)).unwrap().client;
        assert_eq!((still.public_client, still.service_accounts_enabled), (Some(false), Some(true)));
        assert_eq!(still.secret.as_deref(), Some("issued secret"));
    }

    #[test]
    fn web_origins_are_derived_while_there_are_none() {
        let with = |uri: &str| Client { redirect_uris: texts([uri]), ..Client::default() };
        assert_eq!(updated(Client::default(), with("https://a.example/cb")).web_origins, texts(["https://a.example"]));
        let client = updated(with("https://a.example/cb"), with("https://b.example/cb"));
        assert_eq!(client.web_origins, texts(["https://a.example"]));
        let none = Client { web_origins: texts([]), ..with("https://a.example/cb") };
        assert_eq!(created(none.clone()).web_origins, texts([]));
        assert_eq!(updated(none, Client::default()).web_origins, texts(["https://a.example"]));
    }

    #[test]
    fn mappers_of_an_update_keep_the_ids_of_their_names() {
        let stored = ProtocolMapper { id: Some("1".into()), ..mapper("a") };
        let sent = Client { protocol_mappers: Some(vec![stored, mapper("gone")]), ..Client::default() };
        let update = Client { protocol_mappers: Some(vec![mapper("new"), mapper("a")]), ..Client::default() };
        let mappers = updated(sent, update).protocol_mappers.unwrap();
        let ids: Vec<_> = mappers.iter().map(|mapper| (mapper.name.as_str(), mapper.id.as_deref())).collect();
        assert_eq!(ids, [("new", None), ("a", Some("1"))]);
    }

    #[test]
    fn what_the_database_would_refuse_is_refused_by_name() {
        let long = "x".repeat(256);
        let flow = |id: &str| Some(attributes([("browser", id)]));
        let mappers =
            |mappers: &[ProtocolMapper]| Client { protocol_mappers: Some(mappers.to_vec()), ..Client::default() };
        for (sent, expected) in [
            (Client { name: Some(long.clone()), ..Client::default() }, "<name> must not be longer than 255"),
            (Client { secret: Some(long.clone()), ..Client::default() }, "<secret> must not be longer"),
            (Client { id: Some("x".repeat(37)), ..Client::default() }, "<id> must not be longer than 36"),
            (Client { redirect_uris: texts([&long]), ..Client::default() }, "<redirect-uris> must not be longer"),
            (Client { protocol: Some("saml".into()), ..Client::default() }, "<client-id> is required"),
            (
                mappers(&[ProtocolMapper { mapper_type: String::new(), ..mapper("a") }]),
                "<protocol-mappers>: mapper a needs a protocolMapper",
            ),
            (mappers(&[mapper("a"), mapper("a")]), "<protocol-mappers>: there are two mappers with the name a"),
            (
                Client { authentication_flow_binding_overrides: flow("nowhere"), ..Client::default() },
                "<authentication-flow-binding-overrides>: there is no flow nowhere",
            ),
        ] {
            let message = refused(sent);
            assert!(message.starts_with(expected), "{message}");
        }
        let umlauts = Client { name: Some("ä".repeat(255)), ..Client::default() };
        assert_eq!(created(umlauts.clone()).name, umlauts.name);
        let known = Client { authentication_flow_binding_overrides: flow("browser-flow"), ..Client::default() };
        assert_eq!(created(known).authentication_flow_binding_overrides, flow("browser-flow"));
        let blank = Client { authentication_flow_binding_overrides: flow(" "), ..Client::default() };
        assert_eq!(created(blank).authentication_flow_binding_overrides, Some(vec![]));
    }

    #[test]
    fn default_roles_are_an_effect() {
        let roles = Client { default_roles: texts(["b", "a", "b"]), ..Client::default() };
        let completed = complete_in_test_realm(roles, None).unwrap();
        assert!(matches!(&completed.effects[..], [Effect::SetDefaultRoles(roles)] if roles == &["b", "a"]));
        let none = Client { default_roles: texts([]), ..Client::default() };
        let completed = complete_in_test_realm(none, Some(completed.client)).unwrap();
        assert_eq!(completed.client.default_roles, texts([]));
        assert!(matches!(&completed.effects[..], [Effect::SetDefaultRoles(roles)] if roles.is_empty()));
    }
}
