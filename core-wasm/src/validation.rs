//! What every client must meet before it is stored, whichever document it came from (Keycloak:
//! DefaultClientValidationProvider). Providers call it in `finish`, on the client as policies amended it.

mod addresses;
mod authentication_context;
mod ciba;
mod pairwise;
mod sessions;

pub use pairwise::check_sector_identifier;

use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::realm::Realm;
use crate::violation::about;

/// Everything that is wrong with a full client. No message comes twice.
///
/// Protocol mappers for pairwise subjects are checked with the sector identifier in their configuration; a sector
/// identifier beside them is the matter of [`check_sector_identifier`].
pub fn validate(client: &Client, realm: &dyn Realm) -> Vec<Violation> {
    let mut problems = Problems::default();
    let protocol = client.protocol.as_deref().unwrap_or_default();
    let client_id = client.client_id.as_deref().unwrap_or_default();
    if client_id.trim().is_empty() {
        problems.add("client-id", client_id, "Client ID cannot be blank");
    }
    if !matches!(protocol, "openid-connect" | "saml") {
        problems.add("protocol", protocol, &format!("Invalid protocol: {protocol}"));
    }
    addresses::check(client, protocol, &mut problems);
    pairwise::check_mappers(client, realm, &mut problems);
    ciba::check(client, realm, &mut problems);
    if flag(client, "use.jwks.url") && flag(client, "use.jwks.string") {
        problems.add("attributes.use.jwks.string", "true", "Illegal to use both jwks_uri and jwks_string");
    }
    authentication_context::check(client, protocol, realm, &mut problems);
    sessions::check(client, realm, &mut problems);
    problems.found
}

/// The value of an attribute that is not empty.
fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    let attribute = client.attributes.iter().find(|attribute| attribute.name == name)?;
    Some(attribute.value.as_str()).filter(|value| !value.is_empty())
}

fn flag(client: &Client, name: &str) -> bool {
    attribute(client, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The entries of an attribute that holds a list, without empty ones at the end.
fn list<'a>(client: &'a Client, name: &str) -> Vec<&'a str> {
    let mut entries: Vec<&str> = attribute(client, name).into_iter().flat_map(|value| value.split("##")).collect();
    while entries.pop_if(|entry| entry.is_empty()).is_some() {}
    entries
}

/// What was found so far.
#[derive(Default)]
struct Problems {
    found: Vec<Violation>,
}

impl Problems {
    /// Notes a problem of a field.
    fn add(&mut self, field: &str, value: &str, message: &str) {
        self.note(about(field, value, message.to_owned()));
    }

    /// Notes a problem, unless its message is noted already: there are few different ones.
    fn note(&mut self, violation: Violation) {
        if !self.found.iter().any(|noted| noted.message == violation.message) {
            self.found.push(violation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::matricula::registration::client::{Attribute, ProtocolMapper};
    use crate::realm::fixed::FixedRealm;

    fn client(protocol: &str) -> Client {
        Client { client_id: Some("app".into()), protocol: Some(protocol.into()), ..Client::default() }
    }

    fn with_attributes(protocol: &str, attributes: &[(&str, &str)]) -> Client {
        let attribute = |(name, value): &(&str, &str)| Attribute { name: (*name).into(), value: (*value).into() };
        Client { attributes: attributes.iter().map(attribute).collect(), ..client(protocol) }
    }

    fn messages(client: &Client) -> String {
        messages_in(client, &FixedRealm::default())
    }

    fn messages_in(client: &Client, realm: &FixedRealm) -> String {
        let violations = validate(client, realm);
        violations.into_iter().map(|violation| violation.message).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_client_has_an_id_and_a_known_protocol() {
        assert_eq!(messages(&client("openid-connect")), "");
        assert_eq!(messages(&client("saml")), "");
        assert_eq!(messages(&client("docker-v2")), "Invalid protocol: docker-v2");
        let blank = Client { client_id: Some("  ".into()), ..client("saml") };
        assert_eq!(messages(&blank), "Client ID cannot be blank");
    }

    #[test]
    fn redirect_uris_are_uris_without_fragment_or_script() {
        for (uri, message) in [
            ("https://x.example/*", ""),
            ("com.example.app:/cb", ""),
            ("*", ""),
            ("/cb", ""),
            ("/a b#c", ""),
            ("/a/{x}", "A redirect URI is not a valid URI"),
            ("http://x/#", "A redirect URI must not contain an URL fragment"),
            ("DATA:x", "A redirect URI uses an illegal scheme"),
            ("http://a b/", "A redirect URI is not a valid URI"),
            (
                "javascript:x#y",
                "A redirect URI uses an illegal scheme; A redirect URI must not contain an URL fragment",
            ),
        ] {
            let uris = Some(vec![uri.to_owned(), "javascript".to_owned()]);
            let violations =
                validate(&Client { redirect_uris: uris, ..client("openid-connect") }, &FixedRealm::default());
            let found: Vec<_> = violations.iter().map(|violation| violation.message.as_str()).collect();
            assert_eq!(found.join("; "), message, "{uri}");
            for violation in violations {
                assert_eq!(violation.error.as_deref(), Some("invalid_redirect_uri"));
                assert_eq!(violation.field.as_deref(), Some("redirect-uris"));
                assert_eq!(violation.value.as_deref(), Some(uri));
            }
        }
    }

    #[test]
    fn relative_addresses_are_put_behind_the_root_url() {
        let rooted = |root: &str, uri: &str| Client {
            root_url: Some(root.into()),
            redirect_uris: Some(vec![uri.into()]),
            ..client("openid-connect")
        };
        assert_eq!(messages(&rooted("https://r.example", "/cb")), "");
        assert_eq!(messages(&rooted("https://r.example", "/cb#x")), "A redirect URI must not contain an URL fragment");
        assert_eq!(messages(&rooted("${authBaseUrl}", "/realms/x/account/*")), "");
    }

    #[test]
    fn single_addresses_are_urls() {
        let with = |change: fn(&mut Client, String)| {
            move |value: &str| {
                let mut client = client("openid-connect");
                change(&mut client, value.to_owned());
                messages(&client)
            }
        };
        let root = with(|client, value| client.root_url = Some(value));
        let base = with(|client, value| client.base_url = Some(value));
        let admin = with(|client, value| client.admin_url = Some(value));
        for accepted in ["", "ftp://x", "https://x/y?z"] {
            assert_eq!((root(accepted), base(accepted), admin(accepted)), Default::default(), "{accepted}");
        }
        assert_eq!(root("nope"), "Root URL is not a valid URL");
        assert_eq!(root("app://x"), "Root URL is not a valid URL");
        assert_eq!(root("http://x/#y"), "Root URL must not contain an URL fragment");
        assert_eq!(root("javascript:x"), "Root URL uses an illegal scheme");
        assert_eq!((base("/x"), base("http://x/#y")), Default::default());
        assert_eq!(base("/a b"), "Base URL is not a valid URL");
        assert_eq!((admin("/a b"), admin("http://${application.session.host}/x")), Default::default());
        assert_eq!(admin("${application.session.host}"), "Admin URL is not a valid URL");
        let saml = Client { admin_url: Some("/x".into()), ..client("saml") };
        assert_eq!(messages(&saml), "Master SAML Processing URL is not a valid URL");
    }

    #[test]
    fn addresses_among_the_attributes_are_checked() {
        for (name, value, message) in [
            ("backchannel.logout.url", "nope", "Backchannel logout URL is not a valid URL"),
            ("backchannel.logout.url", "http://}a{", "Backchannel logout URL is not a valid URL"),
            ("backchannel.logout.url", "http://x/{a b}", "Backchannel logout URL is not a valid URL"),
            ("backchannel.logout.url", "http://{x}/{a{b}}{}", ""),
            ("backchannel.logout.url", "/x/{a}", ""),
            ("jwks.url", "javascript:x", "JWKS URL uses an illegal scheme"),
            ("jwks.url", "/a b", ""),
            ("logoUri", "javascript:x", "Logo URL uses an illegal scheme"),
            ("logoUri", "logo{", "Logo URL is not a valid URL"),
            ("logoUri", "data:x", ""),
            ("policyUri", "nope", "Policy URL is not a valid URL"),
            ("policyUri", "/x", "Policy URL is not a valid URL"),
            ("tosUri", "data:x", "Terms of service URL uses an illegal scheme"),
            ("frontchannel.logout.url", "data:x", "Front-channel logout URL uses an illegal scheme"),
            ("post.logout.redirect.uris", "+##-##*##http://x/", ""),
            ("post.logout.redirect.uris", "http://x#f", "A post-logout redirect URI must not contain an URL fragment"),
            ("post.logout.redirect.uris", "a b", "A post-logout redirect URI is not a valid URI"),
            ("request.uris", "http://x/#y##javascript:x", "Valid request URIs has a value with illegal scheme"),
            ("request.uris", "a b", "Valid request URIs has an invalid value"),
        ] {
            for protocol in ["openid-connect", "saml"] {
                assert_eq!(messages(&with_attributes(protocol, &[(name, value)])), message, "{name} {value}");
            }
        }
        for (name, subject) in [
            ("saml_assertion_consumer_url_post", "Assertion Consumer Service POST Binding URL"),
            ("saml_single_logout_service_url_soap", "Logout Service SOAP Binding URL"),
            ("saml_artifact_resolution_service_url", "Artifact Resolution Service"),
        ] {
            let relative = [(name, "/x")];
            assert_eq!(messages(&with_attributes("saml", &relative)), format!("{subject} is not a valid URL"));
            assert_eq!(messages(&with_attributes("openid-connect", &relative)), "");
            let script = with_attributes("saml", &[(name, "javascript:x")]);
            assert_eq!(messages(&script), format!("{subject} uses an illegal scheme"));
        }
    }

    #[test]
    fn pages_in_other_languages_follow_the_rules_of_the_page() {
        for (name, value, message) in [
            ("metadata.client_uri#de", "/de", ""),
            ("metadata.client_uri#de", "javascript:x", "Base URL uses an illegal scheme"),
            ("metadata.logo_uri#de", "data:x", ""),
            ("metadata.policy_uri#de", "relative", "Policy URL is not a valid URL"),
            ("metadata.tos_uri#de", "/x", "Terms of service URL is not a valid URL"),
            ("metadata.client_name#de", "javascript:x", ""),
        ] {
            let violations = validate(&with_attributes("openid-connect", &[(name, value)]), &FixedRealm::default());
            let found: Vec<_> = violations.iter().map(|violation| violation.message.as_str()).collect();
            assert_eq!(found.join("; "), message, "{name} {value}");
            assert!(violations.iter().all(|violation| violation.field == Some(format!("attributes.{name}"))));
        }
    }

    #[test]
    fn keys_come_from_one_place() {
        let both = [("use.jwks.url", "true"), ("use.jwks.string", "true")];
        assert_eq!(messages(&with_attributes("openid-connect", &both)), "Illegal to use both jwks_uri and jwks_string");
    }

    #[test]
    fn authentication_contexts_are_known() {
        const MAP: &str = "Invalid client configuration (ACR-LOA map) for client";
        const DEFAULT: &str = "Default ACR values need to contain values specified in the ACR-To-Loa mapping or number \
                               levels from set realm browser flow";
        const MINIMUM: &str = "Minimum ACR value needs to be value specified in the ACR-To-Loa mapping or number level \
                               from set realm browser flow";
        let realm = FixedRealm { acr_levels: vec![("silver", 1)], ..FixedRealm::default() };
        for (attributes, message) in [
            (&[("acr.loa.map", "x")][..], MAP),
            (&[("acr.loa.map", r#"{"a":"x"}"#)], MAP),
            (
                &[("acr.loa.map", r#"{"gold":"2"}"#), ("default.acr.values", "gold##0"), ("minimum.acr.value", "gold")],
                "",
            ),
            (&[("acr.loa.map", r#"{"gold":2}"#), ("default.acr.values", "silver")], DEFAULT),
            (&[("default.acr.values", "silver##1##")], ""),
            (&[("default.acr.values", "0####1")], DEFAULT),
            (&[("minimum.acr.value", "2")], MINIMUM),
        ] {
            assert_eq!(messages_in(&with_attributes("openid-connect", attributes), &realm), message, "{attributes:?}");
        }
        let minimum = with_attributes("saml", &[("minimum.acr.value", "1"), ("acr.loa.map", r#"{"a b":1}"#)]);
        let expected = "Invalid URI for ACR-LOA map: a b; \
                        Minimum ACR value needs to be a URI specified in the ACR-To-Loa mapping";
        assert_eq!(messages(&minimum), expected);
    }

    #[test]
    fn sessions_end_with_those_of_the_realm() {
        let idle = "Client session idle timeout cannot exceed realm SSO session idle timeout.";
        let lifespan = "Client session max lifespan cannot exceed realm SSO session max lifespan.";
        for (name, value, message) in [
            ("client.session.idle.timeout", "1800", ""),
            ("client.session.idle.timeout", "1801", idle),
            ("client.session.idle.timeout", "99999999999", ""),
            ("client.session.max.lifespan", "36001", lifespan),
            ("client.session.max.lifespan", "long", ""),
        ] {
            assert_eq!(messages(&with_attributes("saml", &[(name, value)])), message, "{name} {value}");
        }
    }

    #[test]
    fn backchannel_authentication_is_possible() {
        const MODE: &str = "ciba.backchannel.token.delivery.mode";
        const ENDPOINT: &str = "ciba.backchannel.client.notification.endpoint";
        const ALGORITHM: &str = "ciba.backchannel.auth.request.signing.alg";
        let open = "The url [backchannel_client_notification_endpoint] requires secure connections";
        for (attributes, message) in [
            (&[(MODE, "poll")][..], ""),
            (&[(MODE, "push")], "Unsupported requested CIBA Backchannel Token Delivery Mode"),
            (&[(MODE, "ping")], "CIBA Backchannel Client Notification Endpoint must be set for the CIBA ping mode"),
            (&[(MODE, "ping"), (ENDPOINT, "https://x.example/")], ""),
            (&[(ENDPOINT, "nope")], "The url [backchannel_client_notification_endpoint] is malformed"),
            (&[(ENDPOINT, "ftp://x")], "Invalid protocol/scheme for url [backchannel_client_notification_endpoint]"),
            (&[(ENDPOINT, "http://localhost/x")], ""),
            (&[(ENDPOINT, "http://10.0.0.1/")], ""),
            (&[(ENDPOINT, "http://[fd00::1]/")], ""),
            (&[(ENDPOINT, "http://x.example/")], open),
            (&[(ENDPOINT, "http://8.8.8.8/")], open),
            (&[(ALGORITHM, "ES256")], ""),
            (
                &[(ALGORITHM, "HS256")],
                "Unsupported requested CIBA Backchannel Authentication Request Signing Algorithm",
            ),
        ] {
            assert_eq!(messages(&with_attributes("openid-connect", attributes)), message, "{attributes:?}");
        }
    }

    fn pairwise(redirect_uris: &[&str], sector: Option<&str>) -> Client {
        let config = sector.map(|uri| Attribute { name: "sectorIdentifierUri".into(), value: uri.into() });
        let mapper = ProtocolMapper {
            mapper_type: "oidc-sha256-pairwise-sub-mapper".into(),
            config: config.into_iter().collect(),
            ..ProtocolMapper::default()
        };
        Client {
            redirect_uris: Some(redirect_uris.iter().map(|uri| (*uri).to_owned()).collect()),
            protocol_mappers: Some(vec![mapper]),
            ..client("openid-connect")
        }
    }

    #[test]
    fn pairwise_subjects_need_one_host() {
        let none = "Client redirect URIs must contain a valid host component.";
        let several = "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host \
                       components.";
        for (uris, message) in [
            (&["https://a/x", "https://a:8443/y"][..], ""),
            (&["app:/x"], ""),
            (&[], none),
            (&["/x"], none),
            (&["https://a/", "https://b/"], several),
            (&["https://a/", "app:/x"], several),
        ] {
            let violations = validate(&pairwise(uris, None), &FixedRealm::default());
            let found: Vec<_> = violations.iter().map(|violation| violation.message.as_str()).collect();
            assert_eq!(found.join("; "), message, "{uris:?}");
            assert!(violations.iter().all(|violation| violation.error.is_none()));
        }
        let rooted = Client { root_url: Some("https://a".into()), ..pairwise(&["/x", "https://a/y"], None) };
        assert_eq!(messages(&rooted), "");
    }

    #[test]
    fn a_sector_identifier_lists_the_redirect_uris() {
        const SECTOR: &str = "https://sector.example/list";
        let failed = "Failed to get redirect URIs from the Sector Identifier URI.";
        let other = "Client redirect URIs does not match redirect URIs fetched from the Sector Identifier URI.";
        for (uris, sector, status, body, message) in [
            (&["https://a/", "https://b/"][..], SECTOR, 200, r#"["https://b/","https://a/","https://c/"]"#, ""),
            (&["https://a/x?y"], SECTOR, 200, r#"["https://a/*"]"#, ""),
            (&["https://a"], SECTOR, 200, r#"["https://a/*"]"#, ""),
            (&["https://b/"], SECTOR, 200, r#"["https://a/*"]"#, other),
            (
                &["https://a/x/y", "https://c"],
                SECTOR,
                200,
                r#"["https://a/x/*","https://a/*","https://b*","https://c/*"]"#,
                "",
            ),
            (&["https://a/*?x"], SECTOR, 200, r#"["https://a/x?*"]"#, other),
            (&["https://a/"], SECTOR, 404, r#"["https://a/"]"#, failed),
            (&["https://a/"], SECTOR, 200, r#"{"a":1}"#, failed),
            (&["https://a/"], "https://elsewhere.example/", 200, "[]", failed),
            (&["https://a/"], "https:x", 200, "[]", "Invalid Sector Identifier URI."),
            (&["https://a/"], "nope", 200, "[]", "Invalid Sector Identifier URI."),
        ] {
            let realm = FixedRealm { documents: vec![(SECTOR, status, body)], ..FixedRealm::default() };
            assert_eq!(messages_in(&pairwise(uris, Some(sector)), &realm), message, "{uris:?} {sector} {body}");
        }
        let public = with_attributes("openid-connect", &[("sectorIdentifierUri", "nope")]);
        assert_eq!(messages(&public), "");
        let violation = check_sector_identifier(&public, &FixedRealm::default()).unwrap();
        assert_eq!(violation.message, "Invalid Sector Identifier URI.");
    }
}
