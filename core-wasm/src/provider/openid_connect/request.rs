//! Metadata → the client as sent (Keycloak: DescriptionConverter.toInternal).
//!
//! What a document does not name stays absent, but for the members that every document decides: flows, authentication
//! and the logout of sessions. An update without them sets their defaults.

use super::attributes::{
    BACKCHANNEL_LOGOUT_REVOKE_OFFLINE_TOKENS, BACKCHANNEL_LOGOUT_SESSION_REQUIRED, CIBA_REQUEST_SIGNING_ALG,
    FRONTCHANNEL_LOGOUT_SESSION_REQUIRED, FRONTCHANNEL_LOGOUT_URI, TLS_CLIENT_AUTH_SUBJECT_DN,
};
use super::authentication_method::{self, ALLOWED_METHOD, DEFAULT_AUTHENTICATOR, PRIVATE_KEY_JWT};
use super::grants::{self, Flows};
use super::metadata::Metadata;
use super::names;
use super::subject_type::{self, SubjectType};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::Operation;
use crate::violation::refused;

/// The scope that says that a request is one of OpenID Connect. It is no scope of a client (deviation 8).
const OPENID: &str = "openid";

/// Signature algorithms that a client may name for its CIBA requests. Symmetric ones are refused later, by validation.
const SIGNATURE_ALGORITHMS: [&str; 14] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384",
    "HS512", "none",
];

/// Makes the client that the metadata describes.
///
/// # Errors
/// The first member that makes no sense; `Client metadata invalid` and why.
pub(super) fn client(mut metadata: Metadata, operation: Operation) -> Result<Client, Violation> {
    let new = operation == Operation::Register;
    if new && metadata.client_id.is_some() {
        return Err(refused("invalid_client_metadata", "Client Identifier included".to_owned()));
    }
    let flows = flows(&metadata)?;
    let authenticator = authenticator(&metadata)?;
    let is_public = metadata.token_endpoint_auth_method.as_deref() == Some(authentication_method::NONE);
    check_grants(&metadata, is_public)?;
    add_keys(&mut metadata)?;
    check_signature_algorithm(&metadata)?;
    add_subject_type(&mut metadata)?;
    add_method(&mut metadata);
    add_grants(&mut metadata);
    add_subject_dn(&mut metadata);
    let frontchannel_logout = add_logout(&mut metadata, new);

    let grant_types = metadata.grant_types.as_deref();
    let uma = new && grant_types.is_some();
    Ok(Client {
        direct_access_grants_enabled: Some(grants::has(grant_types, "password")),
        service_accounts_enabled: grant_types.map(|_| grants::has(grant_types, "client_credentials")),
        authorization_services_enabled: uma.then(|| grants::has(grant_types, grants::UMA)),
        client_id: metadata.client_id,
        name: metadata.client_name,
        protocol: Some("openid-connect".to_owned()),
        base_url: metadata.client_uri,
        redirect_uris: metadata.redirect_uris,
        public_client: Some(is_public),
        client_authenticator_type: Some(authenticator.to_owned()),
        standard_flow_enabled: Some(flows.standard),
        implicit_flow_enabled: Some(flows.implicit),
        frontchannel_logout: Some(frontchannel_logout),
        default_client_scopes: (new && metadata.scope.is_some()).then(|| vec!["basic".to_owned()]),
        optional_client_scopes: metadata.scope.as_deref().map(scopes),
        attributes: metadata.attributes,
        ..Client::default()
    })
}

/// The violation for a member that can't be converted. Keycloak's text ends before the colon (deviation 2).
fn invalid(member: &str, value: Option<&str>, why: &str) -> Violation {
    Violation {
        error: Some("invalid_client_metadata".to_owned()),
        field: names::field(member),
        value: value.map(str::to_owned),
        message: format!("Client metadata invalid: {member}: {why}"),
        hint: None,
    }
}

fn flows(metadata: &Metadata) -> Result<Flows, Violation> {
    grants::flows(metadata.response_types.as_deref(), metadata.grant_types.as_deref())
        .map_err(|entry| invalid("response_types", Some(entry), "unknown response type"))
}

fn authenticator(metadata: &Metadata) -> Result<&'static str, Violation> {
    let Some(method) = metadata.token_endpoint_auth_method.as_deref() else { return Ok(DEFAULT_AUTHENTICATOR) };
    authentication_method::authenticator(method)
        .ok_or_else(|| invalid("token_endpoint_auth_method", Some(method), "unknown method"))
}

/// Some grants need a client that can authenticate. (UMA as well, but that is known to the completion.)
fn check_grants(metadata: &Metadata, is_public: bool) -> Result<(), Violation> {
    for grant in [grants::TOKEN_EXCHANGE, grants::JWT_BEARER] {
        if is_public && grants::has(metadata.grant_types.as_deref(), grant) {
            let why = "a client whose token_endpoint_auth_method is none can't have this grant";
            return Err(invalid("grant_types", Some(grant), why));
        }
    }
    Ok(())
}

/// Adds the attributes for `jwks` or `jwks_uri`.
fn add_keys(metadata: &mut Metadata) -> Result<(), Violation> {
    let mut has_key = metadata.jwks_uri.is_some();
    if has_key && metadata.jwks.is_some() {
        return Err(invalid("jwks_uri", metadata.jwks_uri.as_deref(), "not together with jwks"));
    }
    if let Some(uri) = metadata.jwks_uri.take() {
        metadata.add("jwks.url", uri);
        metadata.add("use.jwks.url", "true");
        metadata.add("use.jwks.string", "false");
    }
    if let Some(set) = metadata.jwks.take() {
        let set = set.map_err(|why| invalid("jwks", None, why))?;
        metadata.add("jwks.string", set.json);
        metadata.add("use.jwks.string", "true");
        metadata.add("use.jwks.url", "false");
        if let Some(key) = set.signing_key {
            has_key = true;
            metadata.add("jwt.credential.public.key", key.public_key);
            if let Some(id) = key.id {
                metadata.add("jwt.credential.kid", id);
            }
        }
    }
    if !has_key && metadata.token_endpoint_auth_method.as_deref() == Some(PRIVATE_KEY_JWT) {
        let why = "private_key_jwt needs jwks_uri, or jwks with a key whose use is sig";
        return Err(invalid("token_endpoint_auth_method", Some(PRIVATE_KEY_JWT), why));
    }
    Ok(())
}

fn check_signature_algorithm(metadata: &Metadata) -> Result<(), Violation> {
    match metadata.attribute(CIBA_REQUEST_SIGNING_ALG) {
        Some(algorithm) if !algorithm.trim().is_empty() && !SIGNATURE_ALGORITHMS.contains(&algorithm) => {
            let member = "backchannel_authentication_request_signing_alg";
            Err(invalid(member, Some(algorithm), "unknown algorithm"))
        }
        _ => Ok(()),
    }
}

fn add_subject_type(metadata: &mut Metadata) -> Result<(), Violation> {
    let Some(name) = metadata.subject_type.take() else { return Ok(()) };
    match SubjectType::parse(&name) {
        None => return Err(invalid("subject_type", Some(&name), "must be public or pairwise")),
        Some(SubjectType::Public) => {}
        Some(SubjectType::Pairwise) => metadata.add(subject_type::REQUESTED, SubjectType::Pairwise.name()),
    }
    Ok(())
}

/// Adds the attribute that tells the methods with a secret apart.
fn add_method(metadata: &mut Metadata) {
    if let Some(method @ ("client_secret_basic" | "client_secret_post")) =
        metadata.token_endpoint_auth_method.as_deref()
    {
        let method = method.to_owned();
        metadata.add(ALLOWED_METHOD, method);
    }
}

/// Adds the attributes of the grants, all of them if any is named.
fn add_grants(metadata: &mut Metadata) {
    let Some(grant_types) = metadata.grant_types.take() else { return };
    for (grant, attribute) in grants::ATTRIBUTES {
        metadata.add(attribute, grants::has(Some(&grant_types), grant).to_string());
    }
    metadata.grant_types = Some(grant_types);
}

/// A subject is compared as it is, not as a pattern.
fn add_subject_dn(metadata: &mut Metadata) {
    if metadata.attribute(TLS_CLIENT_AUTH_SUBJECT_DN).is_some() {
        metadata.add("x509.allow.regex.pattern.comparison", "false");
    }
}

/// Adds what is not named about logout, and tells whether it goes through the browser.
fn add_logout(metadata: &mut Metadata, new: bool) -> bool {
    for (attribute, default) in [
        (BACKCHANNEL_LOGOUT_SESSION_REQUIRED, "true"),
        (BACKCHANNEL_LOGOUT_REVOKE_OFFLINE_TOKENS, "false"),
        (FRONTCHANNEL_LOGOUT_SESSION_REQUIRED, "false"),
    ] {
        if metadata.attribute(attribute).is_none() {
            metadata.add(attribute, default);
        }
    }
    match metadata.attribute(FRONTCHANNEL_LOGOUT_URI) {
        Some(uri) => !uri.trim().is_empty(),
        None => {
            if !new {
                metadata.add(FRONTCHANNEL_LOGOUT_URI, "");
            }
            false
        }
    }
}

/// The names in `scope`, but for `openid`. Blanks too many make empty names, which policies refuse as Keycloak's do,
/// except at the end (Java: String.split).
fn scopes(scope: &str) -> Vec<String> {
    match scope.trim_end_matches(' ') {
        "" => Vec::new(),
        scope => scope.split(' ').filter(|name| *name != OPENID).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;
    use serde_json::{Value, json};

    const EC_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig"}"#;

    fn convert(operation: Operation, document: &Value) -> Result<Client, Violation> {
        let metadata = Metadata::read(document.to_string().as_bytes(), &FixedRealm::default())?;
        client(metadata, operation)
    }

    fn sent(document: Value) -> Client {
        convert(Operation::Register, &document).unwrap()
    }

    fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
        client.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    #[test]
    fn an_empty_document_decides_flows_authentication_and_logout_only() {
        let new = sent(json!({}));
        let expected = Client {
            protocol: Some("openid-connect".to_owned()),
            public_client: Some(false),
            client_authenticator_type: Some("client-secret".to_owned()),
            standard_flow_enabled: Some(true),
            implicit_flow_enabled: Some(false),
            direct_access_grants_enabled: Some(false),
            frontchannel_logout: Some(false),
            attributes: new.attributes.clone(),
            ..Client::default()
        };
        assert_eq!(new, expected);
        assert_eq!(attribute(&new, BACKCHANNEL_LOGOUT_SESSION_REQUIRED), Some("true"));
        assert_eq!(attribute(&new, BACKCHANNEL_LOGOUT_REVOKE_OFFLINE_TOKENS), Some("false"));
        assert_eq!(attribute(&new, FRONTCHANNEL_LOGOUT_SESSION_REQUIRED), Some("false"));
        assert_eq!(new.attributes.len(), 3);
    }

    #[test]
    fn an_update_clears_the_front_channel_logout_that_it_does_not_name() {
        let update = convert(Operation::Update, &json!({"client_id": "mine"})).unwrap();
        assert_eq!(update.client_id.as_deref(), Some("mine"));
        assert_eq!(attribute(&update, FRONTCHANNEL_LOGOUT_URI), Some(""));
        let named = convert(Operation::Update, &json!({"frontchannel_logout_uri": "https://a/out"})).unwrap();
        assert_eq!(
            (named.frontchannel_logout, attribute(&named, FRONTCHANNEL_LOGOUT_URI)),
            (Some(true), Some("https://a/out"))
        );
        assert_eq!(sent(json!({"frontchannel_logout_uri": ""})).frontchannel_logout, Some(false));
    }

    #[test]
    fn names_and_uris_are_fields_of_the_client() {
        let client =
            sent(json!({"client_name": "", "client_uri": "https://a/", "redirect_uris": ["https://a/cb", ""]}));
        assert_eq!(client.name.as_deref(), Some(""));
        assert_eq!(client.base_url.as_deref(), Some("https://a/"));
        assert_eq!(client.redirect_uris, Some(vec!["https://a/cb".to_owned(), String::new()]));
    }

    #[test]
    fn scope_becomes_the_optional_scopes() {
        for (scope, optional) in [
            ("address phone", vec!["address", "phone"]),
            ("openid profile", vec!["profile"]),
            ("openid", vec![]),
            ("", vec![]),
            ("basic ", vec!["basic"]),
            ("address  phone", vec!["address", "", "phone"]),
            (" address", vec!["", "address"]),
        ] {
            let client = sent(json!({"scope": scope}));
            assert_eq!(client.optional_client_scopes.unwrap(), optional, "{scope}");
            assert_eq!(client.default_client_scopes, Some(vec!["basic".to_owned()]));
            let update = convert(Operation::Update, &json!({"scope": scope})).unwrap();
            assert_eq!(
                (update.optional_client_scopes.unwrap(), update.default_client_scopes),
                (optional.iter().map(|s| s.to_string()).collect(), None)
            );
        }
    }

    #[test]
    fn grant_types_switch_their_flows_and_attributes() {
        let client =
            sent(json!({"grant_types": ["password", "client_credentials", "refresh_token", grants::UMA, "other"]}));
        assert_eq!(client.standard_flow_enabled, Some(false));
        assert_eq!(client.direct_access_grants_enabled, Some(true));
        assert_eq!(client.service_accounts_enabled, Some(true));
        assert_eq!(client.authorization_services_enabled, Some(true));
        assert_eq!(attribute(&client, "use.refresh.tokens"), Some("true"));
        assert_eq!(attribute(&client, "oidc.ciba.grant.enabled"), Some("false"));
        let update = convert(Operation::Update, &json!({"grant_types": [grants::UMA]})).unwrap();
        assert_eq!((update.service_accounts_enabled, update.authorization_services_enabled), (Some(false), None));
        assert_eq!(convert(Operation::Update, &json!({})).unwrap().service_accounts_enabled, None);
    }

    #[test]
    fn methods_choose_the_authenticator() {
        for (method, authenticator, allowed, public) in [
            ("client_secret_basic", "client-secret", Some("client_secret_basic"), false),
            ("client_secret_post", "client-secret", Some("client_secret_post"), false),
            ("client_secret_jwt", "client-secret-jwt", None, false),
            ("tls_client_auth", "client-x509", None, false),
            ("none", "none", None, true),
        ] {
            let client = sent(json!({"token_endpoint_auth_method": method}));
            assert_eq!(client.client_authenticator_type.as_deref(), Some(authenticator));
            assert_eq!(attribute(&client, ALLOWED_METHOD), allowed);
            assert_eq!(client.public_client, Some(public));
        }
    }

    #[test]
    fn keys_come_as_a_set_or_an_address() {
        let key: Value = serde_json::from_str(EC_KEY).unwrap();
        let set = sent(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}));
        assert_eq!(attribute(&set, "jwks.string"), Some(format!(r#"{{"keys":[{EC_KEY}]}}"#).as_str()));
        assert_eq!(attribute(&set, "use.jwks.string"), Some("true"));
        assert_eq!(attribute(&set, "use.jwks.url"), Some("false"));
        assert!(attribute(&set, "jwt.credential.public.key").is_some());
        assert_eq!(attribute(&set, "jwt.credential.kid"), None);
        let address = sent(json!({"jwks_uri": "https://a/jwks"}));
        assert_eq!(attribute(&address, "jwks.url"), Some("https://a/jwks"));
        assert_eq!(attribute(&address, "use.jwks.url"), Some("true"));
        assert_eq!(attribute(&address, "use.jwks.string"), Some("false"));
    }

    #[test]
    fn a_subject_is_not_a_pattern() {
        let client = sent(json!({"tls_client_auth_subject_dn": ""}));
        assert_eq!(attribute(&client, "x509.allow.regex.pattern.comparison"), Some("false"));
    }

    #[test]
    fn pairwise_is_left_for_the_completion() {
        assert_eq!(attribute(&sent(json!({"subject_type": "PAIRWISE"})), subject_type::REQUESTED), Some("pairwise"));
        assert_eq!(attribute(&sent(json!({"subject_type": "public"})), subject_type::REQUESTED), None);
    }

    #[test]
    fn what_can_not_be_converted_is_named() {
        for (document, member) in [
            (json!({"token_endpoint_auth_method": ""}), "token_endpoint_auth_method"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "token_endpoint_auth_method"),
            (
                json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}}),
                "token_endpoint_auth_method",
            ),
            (json!({"token_endpoint_auth_method": "none", "grant_types": [grants::JWT_BEARER]}), "grant_types"),
            (json!({"response_types": ["code", "magic"]}), "response_types"),
            (json!({"jwks": {"keys": []}, "jwks_uri": "https://a/jwks"}), "jwks_uri"),
            (json!({"jwks": {}}), "jwks"),
            (json!({"jwks": {"keys": [null]}}), "jwks"),
            (json!({"subject_type": ""}), "subject_type"),
            (
                json!({"backchannel_authentication_request_signing_alg": "magic"}),
                "backchannel_authentication_request_signing_alg",
            ),
        ] {
            for operation in [Operation::Register, Operation::Update] {
                let violation = convert(operation, &document).unwrap_err();
                assert_eq!(violation.error.as_deref(), Some("invalid_client_metadata"), "{document}");
                let start = format!("Client metadata invalid: {member}: ");
                assert!(violation.message.starts_with(&start), "{document}: {}", violation.message);
                assert_eq!(violation.field, names::field(member));
            }
        }
    }

    #[test]
    fn a_registration_must_not_choose_its_identifier() {
        for document in [json!({"client_id": ""}), json!({"client_id": "mine", "subject_type": "magic"})] {
            let violation = convert(Operation::Register, &document).unwrap_err();
            assert_eq!(violation.message, "Client Identifier included");
        }
        assert!(convert(Operation::Register, &json!({"client_id": null})).is_ok());
    }
}
