use super::*;
use crate::realm::fixed::FixedRealm;
use serde_json::json;

const ADDRESS: &str = "https://app.example.com/client.json";
const METHOD: &str = "token_endpoint_auth_method";

/// `secret.example` leads inside; names that aren't here lead nowhere.
fn realm() -> FixedRealm {
    FixedRealm {
        hosts: vec![("cdn.example", "8.8.8.8"), ("secret.example", "10.0.0.1"), ("here.example", "127.0.0.1")],
        ..FixedRealm::default()
    }
}

/// A good document with these members instead of its own; `null` takes one away.
fn document(changes: Value) -> Value {
    let mut document = json!({
        "client_id": ADDRESS, "client_name": "App", "redirect_uris": ["http://127.0.0.1/cb"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    let Value::Object(changes) = changes else { panic!("{changes}") };
    for (name, value) in changes {
        document[&name] = value;
    }
    document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    document
}

fn read(text: &str, settings: &Settings) -> Result<Client, Violation> {
    client(text, ADDRESS, Operation::Register, settings, &realm())
}

fn strict(profile: Profile) -> Settings {
    Settings { loopback: false, profile }
}

fn said_of(changes: Value, settings: &Settings) -> Option<String> {
    let violation = read(&document(changes.clone()).to_string(), settings).err()?;
    let expected = if violation.message.starts_with("redirect_uris must") {
        INVALID_REDIRECT_URI
    } else {
        "invalid_client_metadata"
    };
    assert_eq!(violation.error.as_deref(), Some(expected), "{changes}");
    Some(violation.message)
}

fn said_in_mcp(changes: Value) -> Option<String> {
    said_of(changes, &strict(Profile::Mcp))
}

fn ec_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn set_with(members: Value) -> Value {
    let mut key = ec_key();
    key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"keys": [ec_key(), key]})
}

#[test]
fn a_good_document_is_a_public_client() {
    let client = read(&document(json!({"x_colour": "red", METHOD: null})).to_string(), &strict(Profile::Mcp)).unwrap();
    assert_eq!((client.public_client, client.client_authenticator_type.as_deref()), (Some(true), Some("none")));
    assert_eq!((client.client_id, client.name.as_deref()), (None, Some("App")));
    assert_eq!(client.redirect_uris, Some(vec!["http://127.0.0.1/cb".to_owned()]));
}

#[test]
fn what_is_no_object_or_has_a_name_twice_is_no_document() {
    let good = document(json!({})).to_string();
    let twice = good.replace(r#""client_name""#, r#""client_id":"https://app.example.com/other","client_name""#);
    let deep = document(json!({"jwks": {"keys": []}})).to_string().replace(r#"{"keys""#, r#"{"keys":[],"keys""#);
    for text in ["", "null", "[]", "{", "\"x\"", &format!("{good} x"), &format!("[{good}]"), &twice, &deep] {
        let violation = read(text, &strict(Profile::Mcp)).unwrap_err();
        assert_eq!(violation.message, "The document is not a JSON object", "{text}");
        assert_eq!(violation.error.as_deref(), Some("invalid_client_metadata"));
    }
}

#[test]
fn the_identifier_is_the_address_to_the_letter() {
    let text = "client_id of the document differs from its address";
    for other in [
        json!(null),
        json!(""),
        json!([ADDRESS]),
        json!("https://app.example.com/other.json"),
        json!("https://APP.example.com/client.json"),
        json!("HTTPS://app.example.com/client.json"),
        json!("https://app.example.com:443/client.json"),
        json!("https://app.example.com/client.json?"),
        json!("https://app.example.com/client%2ejson"),
        json!("https://app.example.com/client.json "),
    ] {
        assert_eq!(said_in_mcp(json!({"client_id": other, "client_name": null})).as_deref(), Some(text), "{other}");
    }
}

#[test]
fn a_profile_says_what_must_be_there() {
    const NAME: Option<&str> = Some("client_name is missing");
    const REDIRECTS: Option<&str> = Some("redirect_uris is missing");
    let device = json!(["urn:ietf:params:oauth:grant-type:device_code"]);
    for (changes, mcp, draft) in [
        (json!({}), None, None),
        (json!({"client_name": null, "redirect_uris": null}), NAME, REDIRECTS),
        (json!({"client_name": null}), NAME, None),
        (json!({"client_name": " "}), NAME, None),
        (json!({"redirect_uris": null}), REDIRECTS, REDIRECTS),
        (json!({"redirect_uris": []}), REDIRECTS, REDIRECTS),
        (json!({"redirect_uris": [null, ""]}), REDIRECTS, REDIRECTS),
        (json!({"redirect_uris": [], "grant_types": null}), REDIRECTS, REDIRECTS),
        (json!({"redirect_uris": null, "grant_types": ["implicit"]}), REDIRECTS, REDIRECTS),
        (json!({"redirect_uris": null, "grant_types": device}), REDIRECTS, None),
        (json!({"client_name": null, "client_secret": "s"}), NAME, Some("client_secret is not allowed")),
    ] {
        assert_eq!(said_in_mcp(changes.clone()).as_deref(), mcp, "{changes}");
        assert_eq!(said_of(changes.clone(), &strict(Profile::Draft03)).as_deref(), draft, "{changes}");
    }
}

#[test]
fn nothing_secret_is_in_a_document() {
    let private = Some("jwks holds a private key");
    for (changes, text) in [
        (json!({"client_secret": "s", "client_secret_expires_at": 0}), Some("client_secret is not allowed")),
        (json!({"client_secret": ""}), Some("client_secret is not allowed")),
        (json!({"client_secret_expires_at": 0}), Some("client_secret_expires_at is not allowed")),
        (json!({"jwks": set_with(json!({"d": "c"}))}), private),
        (json!({"jwks": set_with(json!({"k": "c"}))}), private),
        (json!({"jwks": {"keys": [{"kty": "oct"}]}}), private),
        (json!({"jwks": {"keys": [{"kty": "RSA", "n": "a", "e": "b", "qi": "c"}]}}), private),
        (json!({"jwks": {"keys": [{"kty": "AKP", "pub": "a", "priv": "b"}]}}), private),
        (json!({"jwks": set_with(json!({"kid": "d"}))}), None),
    ] {
        assert_eq!(said_in_mcp(changes.clone()).as_deref(), text, "{changes}");
    }
    let refused = read(&document(json!({"client_secret": "s3cret"})).to_string(), &strict(Profile::Mcp)).unwrap_err();
    assert!(!format!("{refused:?}").contains("s3cret"));
}

#[test]
fn a_method_needs_no_shared_secret_but_perhaps_keys() {
    let shared = |method: &str| Some(format!("token_endpoint_auth_method '{method}' needs a shared secret"));
    for method in SHARED_SECRET {
        assert_eq!(said_in_mcp(json!({METHOD: method})), shared(method));
    }
    let keys = Some("private_key_jwt needs jwks or jwks_uri");
    let address = "https://cdn.example/keys";
    for (changes, text) in [
        (json!({METHOD: "none"}), None),
        (json!({METHOD: "tls_client_auth"}), None),
        (json!({METHOD: "self_signed_tls_client_auth"}), None),
        (json!({METHOD: "private_key_jwt"}), keys),
        (json!({METHOD: "private_key_jwt", "jwks_uri": ""}), keys),
        (json!({METHOD: "private_key_jwt", "jwks": set_with(json!({})), "jwks_uri": address}), keys),
        (json!({METHOD: "private_key_jwt", "jwks": set_with(json!({}))}), None),
        (json!({METHOD: "private_key_jwt", "jwks_uri": address}), None),
        (json!({METHOD: "magic"}), Some("Client metadata invalid: token_endpoint_auth_method: unknown method")),
    ] {
        assert_eq!(said_in_mcp(changes.clone()).as_deref(), text, "{changes}");
    }
}

#[test]
fn addresses_lead_to_the_public_internet() {
    let single = |name: &str, address: &str| json!({name: address});
    for name in ADDRESSES.into_iter().filter(|name| *name != "request_uris").chain(["logo_uri#de", "tos_uri#fr"]) {
        let text = format!("{name} leads to no public address");
        for address in [
            "https://10.0.0.1/x",
            "https://169.254.169.254/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://secret.example/x",
            "https://127.1/x",
            "https://10.0.0.1\\@cdn.example/x",
            "http://cdn.example/x",
            "data:image/png;base64,AA",
            "/x",
        ] {
            assert_eq!(said_in_mcp(single(name, address)).as_ref(), Some(&text), "{name} {address}");
        }
    }
    for name in ["client_uri", "logo_uri", "tos_uri#fr", "jwks_uri", "backchannel_logout_uri"] {
        for address in ["https://cdn.example/größe?x", "https://nowhere.example/", "https://8.8.8.8/", ""] {
            assert_eq!(said_in_mcp(single(name, address)), None, "{name} {address}");
        }
    }
    let text = Some("request_uris leads to no public address".to_owned());
    assert_eq!(said_in_mcp(json!({"request_uris": ["https://cdn.example/1", "https://10.0.0.1/2"]})), text);
    assert_eq!(said_in_mcp(json!({"request_uris": ["https://cdn.example/1"]})), None);
}

#[test]
fn this_machine_is_fine_where_that_is_allowed() {
    let settings = Settings { loopback: true, profile: Profile::Mcp };
    for address in ["http://localhost:8080/x", "http://127.0.0.1/x", "https://[::1]/x", "https://here.example/x"] {
        assert_eq!(said_of(json!({"logo_uri": address}), &settings), None, "{address}");
    }
    for address in ["http://here.example/x", "https://10.0.0.1/x", "https://secret.example/x"] {
        let text = Some("logo_uri leads to no public address".to_owned());
        assert_eq!(said_of(json!({"logo_uri": address}), &settings), text, "{address}");
    }
}

#[test]
fn the_hint_says_what_is_wrong_with_an_address() {
    for (address, start) in [
        ("http://cdn.example/x", "it must be an https URL"),
        ("https://secret.example/x", "its host is, or has, an address"),
        ("https://127.1/x", "it is no URL"),
    ] {
        let violation = read(&document(json!({"logo_uri": address})).to_string(), &strict(Profile::Mcp)).unwrap_err();
        assert!(violation.hint.as_deref().is_some_and(|hint| hint.starts_with(start)), "{violation:?}");
        assert_eq!(violation.field.as_deref(), Some("attributes.logoUri"));
        assert_eq!(violation.value.as_deref(), Some(address));
    }
}

#[test]
fn redirect_uris_are_exact() {
    for (uri, good) in [
        ("http://127.0.0.1/cb", true),
        ("http://localhost:3000/cb", true),
        ("com.example.app:/cb", true),
        ("https://10.0.0.1/cb", true),
        ("http://127.0.0.1/*", false),
        ("https://*.example.com/cb", false),
        ("*", false),
    ] {
        let said = said_in_mcp(json!({"redirect_uris": ["https://app.example.com/cb", uri]}));
        assert_eq!(said, (!good).then(|| format!("redirect_uris must be exact: {uri}")), "{uri}");
    }
}

#[test]
fn the_first_broken_rule_is_told() {
    let broken = [
        (json!({"client_id": "x"}), "client_id of the document differs from its address"),
        (json!({"client_name": null}), "client_name is missing"),
        (json!({"client_secret": "x"}), "client_secret is not allowed"),
        (json!({METHOD: "client_secret_jwt"}), "token_endpoint_auth_method 'client_secret_jwt' needs a shared secret"),
        (json!({"jwks": {"keys": [{"kty": "oct"}]}}), "jwks holds a private key"),
        (json!({"logo_uri": "/x"}), "logo_uri leads to no public address"),
        (json!({"redirect_uris": ["*"]}), "redirect_uris must be exact: *"),
        (json!({"subject_type": "magic"}), "Client metadata invalid: subject_type: must be public or pairwise"),
    ];
    let mut all = json!({});
    for (changes, text) in broken.iter().rev() {
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        assert_eq!(said_in_mcp(all.clone()).as_deref(), Some(*text));
    }
}

#[test]
fn types_are_told_as_openid_connect_tells_them() {
    for (changes, start) in [
        (json!({"redirect_uris": "https://app.example.com/cb"}), "Cannot parse the JSON: redirect_uris"),
        (json!({"client_name": {"en": "x"}}), "Cannot parse the JSON: client_name"),
        (json!({"grant_types": "authorization_code"}), "Cannot parse the JSON: grant_types"),
    ] {
        let violation = read(&document(changes).to_string(), &strict(Profile::Mcp)).unwrap_err();
        assert!(violation.message.starts_with(start), "{}", violation.message);
    }
}
