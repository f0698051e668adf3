//! A stored client → the document of an answer (Keycloak: DescriptionConverter.toExternalResponse).

use super::attributes::{
    self, ID_TOKEN_SIGNED_RESPONSE_ALG, Kind, MAPPINGS, METADATA, Mapping, POST_LOGOUT_REDIRECT_URIS, REQUEST_URIS,
    SEPARATOR, Seen,
};
use super::authentication_method::{self, ALLOWED_METHOD, PUBLISHED_METHOD, SELF_SIGNED_TLS, TLS};
use super::grants::{self, Flows, Grants};
use super::subject_type;
use crate::contract::exports::matricula::registration::providers::Registration;
use crate::contract::matricula::registration::client::{Attribute, Client};
use crate::json::{self, Object};
use crate::realm::Realm;

/// Attributes that make more of the answer than the member of their mapping, collected in one pass.
#[derive(Default)]
struct Special<'a> {
    allowed_method: Option<&'a str>,
    self_signed: bool,
    secret_expiration: Option<&'a str>,
    post_logout_redirect_uris: Option<&'a str>,
    request_uris: Option<&'a str>,
    id_token_signed_response_alg: bool,
    use_jwks: bool,
    use_jwks_uri: bool,
    jwks: Option<&'a str>,
    jwks_uri: Option<&'a str>,
    /// One for each of [`grants::ATTRIBUTES`].
    grants: [Option<bool>; grants::ATTRIBUTES.len()],
}

/// Whether a document shows what only its client may know: the secret, and the way back of RFC 7592.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Credentials {
    /// The client has registered itself.
    Shown,
    /// The client has published its metadata, so anybody can have asked.
    LeftOut,
}

/// Renders the client.
pub(super) fn document(
    client: &Client,
    registration: &Registration,
    credentials: Credentials,
    realm: &dyn Realm,
) -> Vec<u8> {
    json::write_object(4096, |document| {
        write_registration(document, client, registration, credentials);
        document.optional_text("client_name", client.name.as_deref());
        document.optional_text("client_uri", client.base_url.as_deref());
        let redirect_uris = client.redirect_uris.as_deref().unwrap_or_default();
        document.texts("redirect_uris", redirect_uris);
        write_scope(document, client);
        let special = write_attributes(document, &client.attributes);
        write_authentication(document, client, credentials, &special);
        write_grants(document, client, &special, registration.resource_server);
        write_uris(document, redirect_uris, &special);
        write_keys(document, &special);
        write_subject_type(document, client);
        if !special.id_token_signed_response_alg {
            let default = realm.setting("defaultSignatureAlgorithm");
            let default = default.as_deref().filter(|algorithm| !matches!(*algorithm, "" | "RS256"));
            document.optional_text("id_token_signed_response_alg", default);
        }
    })
}

/// What the caller needs to come back (RFC 7591 §3.2.1, RFC 7592 §3).
fn write_registration(
    document: &mut Object<'_>,
    client: &Client,
    registration: &Registration,
    credentials: Credentials,
) {
    document.text("client_id", client.client_id.as_deref().unwrap_or_default());
    document.integer("client_id_issued_at", i64::try_from(registration.issued_at).unwrap_or(i64::MAX));
    if credentials == Credentials::Shown {
        document.text("registration_client_uri", &registration.client_uri);
        document.optional_text("registration_access_token", registration.access_token.as_deref());
    }
}

fn write_scope(document: &mut Object<'_>, client: &Client) {
    document.text("scope", &client.optional_client_scopes.as_deref().unwrap_or_default().join(" "));
}

/// Writes the members that attributes hold, and collects the other attributes that matter.
fn write_attributes<'a>(document: &mut Object<'_>, attributes: &'a [Attribute]) -> Special<'a> {
    let mut special = Special::default();
    let mut seen = Seen::default();
    for Attribute { name, value } in attributes {
        match attributes::of_attribute(name) {
            Some(index) => {
                seen.add(index);
                write_mapped(document, &MAPPINGS[index], value);
                special.collect(name, value);
            }
            None => {
                let member = name.strip_prefix(METADATA).filter(|member| attributes::is_in_another_language(member));
                match member {
                    Some(member) => document.text(member, value),
                    None => special.collect(name, value),
                }
            }
        }
    }
    for (index, mapping) in MAPPINGS.iter().enumerate() {
        if let Kind::Flag(Some(default)) = mapping.kind
            && !seen.has(index)
        {
            document.boolean(mapping.member, default);
        }
    }
    special
}

/// Writes one attribute. Those of clients made elsewhere may hold anything: what does not fit is left out.
fn write_mapped(document: &mut Object<'_>, mapping: &Mapping, value: &str) {
    let member = mapping.member;
    match mapping.kind {
        _ if !mapping.shown => {}
        Kind::Text => document.text(member, value),
        Kind::Flag(_) => document.boolean(member, value.eq_ignore_ascii_case("true")),
        Kind::Number => {
            if let Ok(number) = value.parse::<i32>() {
                document.integer(member, number.into());
            }
        }
        Kind::List => {
            if let Ok(texts) = serde_json::from_str::<Vec<String>>(value) {
                document.texts(member, texts);
            }
        }
        Kind::Joined => document.texts(member, value.split(SEPARATOR)),
    }
}

impl<'a> Special<'a> {
    fn collect(&mut self, name: &str, value: &'a str) {
        let is_true = || value.eq_ignore_ascii_case("true");
        match name {
            ALLOWED_METHOD => self.allowed_method = Some(value),
            PUBLISHED_METHOD => self.self_signed = value == SELF_SIGNED_TLS,
            "client.secret.expiration.time" => self.secret_expiration = Some(value),
            POST_LOGOUT_REDIRECT_URIS => self.post_logout_redirect_uris = Some(value),
            REQUEST_URIS => self.request_uris = Some(value),
            ID_TOKEN_SIGNED_RESPONSE_ALG => self.id_token_signed_response_alg = true,
            "use.jwks.string" => self.use_jwks = is_true(),
            "use.jwks.url" => self.use_jwks_uri = is_true(),
            "jwks.string" => self.jwks = Some(value),
            "jwks.url" => self.jwks_uri = Some(value),
            _ => {
                if let Some(index) = grants::ATTRIBUTES.iter().position(|(_, attribute)| *attribute == name) {
                    self.grants[index] = Some(is_true());
                }
            }
        }
    }
}

fn write_authentication(document: &mut Object<'_>, client: &Client, credentials: Credentials, special: &Special<'_>) {
    let method = match authentication_method::method(client, special.allowed_method) {
        Some(TLS) if special.self_signed => Some(SELF_SIGNED_TLS),
        method => method,
    };
    document.optional_text("token_endpoint_auth_method", method);
    if credentials == Credentials::Shown
        && let Some(secret) = authentication_method::secret(client)
    {
        document.text("client_secret", secret);
        let expiration = special.secret_expiration.and_then(|time| time.parse().ok());
        document.integer("client_secret_expires_at", expiration.unwrap_or(0));
    }
}

fn write_grants(document: &mut Object<'_>, client: &Client, special: &Special<'_>, resource_server: bool) {
    let is = |flag: Option<bool>| flag == Some(true);
    let [refresh_token, device, ciba, token_exchange, jwt_bearer] = special.grants;
    let confidential = !is(client.public_client);
    let flows = Flows { standard: is(client.standard_flow_enabled), implicit: is(client.implicit_flow_enabled) };
    let granted = Grants {
        flows,
        password: is(client.direct_access_grants_enabled),
        client_credentials: is(client.service_accounts_enabled),
        refresh_token: refresh_token != Some(false),
        device: is(device),
        ciba: is(ciba),
        uma: resource_server,
        token_exchange: is(token_exchange) && confidential,
        jwt_bearer: is(jwt_bearer) && confidential,
    };
    document.texts("grant_types", granted.grant_types());
    document.texts("response_types", flows.response_types());
}

/// Without URIs of its own for the return from a logout, a client has its redirect URIs; `+` stands for these, a first
/// `-` for none.
fn write_uris(document: &mut Object<'_>, redirect_uris: &[String], special: &Special<'_>) {
    document.texts("request_uris", special.request_uris.into_iter().flat_map(|uris| uris.split(SEPARATOR)));
    let Some(uris) = special.post_logout_redirect_uris else {
        document.texts("post_logout_redirect_uris", redirect_uris);
        return;
    };
    let uris: Vec<&str> = match uris.split(SEPARATOR).next() {
        Some("-") => Vec::new(),
        _ => uris.split(SEPARATOR).collect(),
    };
    let also_redirect_uris = if uris.contains(&"+") { redirect_uris } else { &[] };
    let own = uris.into_iter().filter(|uri| *uri != "+");
    document.texts("post_logout_redirect_uris", own.chain(also_redirect_uris.iter().map(String::as_str)));
}

fn write_keys(document: &mut Object<'_>, special: &Special<'_>) {
    if special.use_jwks_uri {
        document.optional_text("jwks_uri", special.jwks_uri);
    }
    // Other providers store any text; only what is an object can be part of the answer.
    if let Some(set) = special.jwks.filter(|_| special.use_jwks)
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(set).is_ok()
    {
        document.raw("jwks", set);
    }
}

fn write_subject_type(document: &mut Object<'_>, client: &Client) {
    let (subject_type, sector_identifier) = subject_type::of(client);
    document.text("subject_type", subject_type.name());
    document.optional_text("sector_identifier_uri", sector_identifier);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;
    use serde_json::{Value, json};

    fn attributes(list: &[(&str, &str)]) -> Vec<Attribute> {
        list.iter().map(|(name, value)| Attribute { name: (*name).to_owned(), value: (*value).to_owned() }).collect()
    }

    fn client(list: &[(&str, &str)]) -> Client {
        Client {
            client_id: Some("the-id".to_owned()),
            protocol: Some("openid-connect".to_owned()),
            client_authenticator_type: Some("client-secret".to_owned()),
            public_client: Some(false),
            secret: Some("the-secret".to_owned()),
            standard_flow_enabled: Some(true),
            redirect_uris: Some(vec!["http://localhost/cb".to_owned()]),
            optional_client_scopes: Some(vec!["address".to_owned(), "phone".to_owned()]),
            attributes: attributes(list),
            ..Client::default()
        }
    }

    fn rendered(client: &Client, registration: &Registration, realm: &FixedRealm) -> Value {
        let document = document(client, registration, Credentials::Shown, realm);
        serde_json::from_slice(&document).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&document)))
    }

    fn shown(client: &Client) -> Value {
        rendered(client, &Registration { issued_at: 7, ..Registration::default() }, &FixedRealm::default())
    }

    #[test]
    fn shows_the_default_metadata() {
        let registration = Registration {
            client_uri: "https://a.example/c".to_owned(),
            access_token: Some("token".to_owned()),
            issued_at: 1_795_403_958,
            ..Registration::default()
        };
        let expected = json!({
            "client_id": "the-id", "client_id_issued_at": 1_795_403_958, "registration_client_uri": "https://a.example/c",
            "registration_access_token": "token", "client_secret": "the-secret", "client_secret_expires_at": 0,
            "redirect_uris": ["http://localhost/cb"], "post_logout_redirect_uris": ["http://localhost/cb"],
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code", "none"], "scope": "address phone", "subject_type": "public", "request_uris": [],
            "tls_client_certificate_bound_access_tokens": false, "dpop_bound_access_tokens": false,
            "require_pushed_authorization_requests": false, "backchannel_logout_session_required": true,
            "backchannel_logout_revoke_offline_tokens": false, "frontchannel_logout_session_required": true,
        });
        assert_eq!(rendered(&client(&[]), &registration, &FixedRealm::default()), expected);
    }

    #[test]
    fn shows_attributes_with_the_type_of_their_member() {
        let cases = [
            ("user.info.response.signature.alg", "PS256", "userinfo_signed_response_alg", json!("PS256")),
            ("logoUri", "/l", "logo_uri", json!("/l")),
            ("metadata.contacts", r#"["a","b"]"#, "contacts", json!(["a", "b"])),
            ("metadata.contacts", "a", "contacts", Value::Null),
            ("metadata.default_max_age", "60", "default_max_age", json!(60)),
            ("metadata.default_max_age", "soon", "default_max_age", Value::Null),
            ("metadata.require_auth_time", "false", "require_auth_time", json!(false)),
            ("metadata.client_name#de", "Beispiel", "client_name#de", json!("Beispiel")),
            ("metadata.foo", "bar", "foo", Value::Null),
            ("dpop.bound.access.tokens", "true", "dpop_bound_access_tokens", json!(true)),
            ("backchannel.logout.session.required", "false", "backchannel_logout_session_required", json!(false)),
            ("default.acr.values", "0##1", "default_acr_values", json!(["0", "1"])),
            ("request.uris", "https://a/1##https://a/2", "request_uris", json!(["https://a/1", "https://a/2"])),
            ("sectorIdentifierUri", "https://a.example/s", "sector_identifier_uri", Value::Null),
            ("client.secret.expiration.time", "12", "client_secret_expires_at", json!(12)),
            (
                "client.secret.authentication.allowed.method",
                "client_secret_post",
                "token_endpoint_auth_method",
                json!("client_secret_post"),
            ),
            ("use.refresh.tokens", "false", "grant_types", json!(["authorization_code"])),
        ];
        for (name, value, member, expected) in cases {
            assert_eq!(shown(&client(&[(name, value)]))[member], expected, "{name}");
        }
    }

    #[test]
    fn shows_where_a_logout_may_return_to() {
        let redirect = "http://localhost/cb";
        for (stored, expected) in [
            ("https://a/1##https://a/2", vec!["https://a/1", "https://a/2"]),
            ("+", vec![redirect]),
            ("-", vec![]),
            ("+##https://a/1", vec!["https://a/1", redirect]),
        ] {
            let document = shown(&client(&[(POST_LOGOUT_REDIRECT_URIS, stored)]));
            assert_eq!(document["post_logout_redirect_uris"], json!(expected), "{stored}");
        }
    }

    #[test]
    fn shows_the_keys_in_use() {
        let both = [("jwks.string", r#"{"keys":[]}"#), ("jwks.url", "https://a/jwks")];
        let with = |more: &[(&str, &str)]| shown(&client(&[&both, more].concat()));
        let set = with(&[("use.jwks.string", "true"), ("use.jwks.url", "false")]);
        assert_eq!((&set["jwks"], &set["jwks_uri"]), (&json!({"keys": []}), &Value::Null));
        let uri = with(&[("use.jwks.string", "false"), ("use.jwks.url", "true")]);
        assert_eq!((&uri["jwks"], &uri["jwks_uri"]), (&Value::Null, &json!("https://a/jwks")));
        assert_eq!(with(&[])["jwks_uri"], Value::Null);
        let broken = shown(&client(&[("jwks.string", "{"), ("use.jwks.string", "true")]));
        assert_eq!(broken["jwks"], Value::Null);
    }

    #[test]
    fn grants_for_confidential_clients_are_not_shown_for_public_ones() {
        let attributes = [("standard.token.exchange.enabled", "true"), ("oidc.ciba.grant.enabled", "true")];
        let confidential = client(&attributes);
        let public = Client { public_client: Some(true), ..client(&attributes) };
        assert_eq!(shown(&confidential)["grant_types"].as_array().map(Vec::len), Some(4));
        assert_eq!(shown(&public)["grant_types"].as_array().map(Vec::len), Some(3));
        assert_eq!(shown(&public)["token_endpoint_auth_method"], "none");
        assert_eq!(shown(&public)["client_secret"], Value::Null);
    }

    #[test]
    fn a_resource_server_has_the_uma_grant() {
        let registration = Registration { resource_server: true, ..Registration::default() };
        let document = rendered(&client(&[("use.refresh.tokens", "false")]), &registration, &FixedRealm::default());
        assert_eq!(document["grant_types"], json!(["authorization_code", grants::UMA]));
    }

    #[test]
    fn the_realms_algorithm_stands_in_unless_it_is_the_usual_one() {
        for (stored, of_realm, expected) in [
            (None, Some("ES256"), json!("ES256")),
            (None, Some("RS256"), Value::Null),
            (None, None, Value::Null),
            (Some("PS256"), Some("ES256"), json!("PS256")),
        ] {
            let realm = FixedRealm {
                settings: of_realm.map(|algorithm| ("defaultSignatureAlgorithm", algorithm)).into_iter().collect(),
                ..FixedRealm::default()
            };
            let attribute = stored.map(|algorithm| (ID_TOKEN_SIGNED_RESPONSE_ALG, algorithm));
            let client = client(attribute.as_slice());
            let document = rendered(&client, &Registration::default(), &realm);
            assert_eq!(document["id_token_signed_response_alg"], expected, "{stored:?} {of_realm:?}");
        }
    }
}
