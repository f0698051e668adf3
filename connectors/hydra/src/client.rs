//! Our client as Hydra's document: the metadata of RFC 7591, and its own.

use matricula_policy_sdk::{Attribute, Client, Violation};
use serde_json::{Map, Value, json};

/// Members of Hydra's document that we answer for, and whether their lists have no order. `client_secret` is sent when it
/// is due, and never compared.
pub(crate) const OWNED: [(&str, bool); 27] = [
    ("client_id", false),
    ("client_name", false),
    ("client_uri", false),
    ("logo_uri", false),
    ("tos_uri", false),
    ("policy_uri", false),
    ("contacts", true),
    ("redirect_uris", true),
    ("post_logout_redirect_uris", true),
    ("request_uris", true),
    ("jwks", false),
    ("jwks_uri", false),
    ("subject_type", false),
    ("sector_identifier_uri", false),
    ("userinfo_signed_response_alg", false),
    ("token_endpoint_auth_method", false),
    ("token_endpoint_auth_signing_alg", false),
    ("request_object_signing_alg", false),
    ("frontchannel_logout_uri", false),
    ("frontchannel_logout_session_required", false),
    ("backchannel_logout_uri", false),
    ("backchannel_logout_session_required", false),
    ("grant_types", true),
    ("response_types", true),
    ("skip_consent", false),
    ("audience", true),
    ("allowed_cors_origins", true),
];
/// Names with blanks between, in any order.
pub(crate) const SCOPE: &str = "scope";
/// Members of this one that others set stay as they are.
pub(crate) const METADATA: &str = "metadata";
/// Our part of it.
pub(crate) const MARK: &str = "matricula";

/// How an attribute becomes a member.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Text,
    Flag,
    /// A list of texts with `##` between them.
    Joined,
    /// A list of texts as JSON.
    List,
}

/// Attributes that are members as they are.
pub(crate) const MEMBERS: [(&str, &str, Kind); 12] = [
    ("logoUri", "logo_uri", Kind::Text),
    ("tosUri", "tos_uri", Kind::Text),
    ("policyUri", "policy_uri", Kind::Text),
    ("metadata.contacts", "contacts", Kind::List),
    ("request.uris", "request_uris", Kind::Joined),
    ("user.info.response.signature.alg", "userinfo_signed_response_alg", Kind::Text),
    ("token.endpoint.auth.signing.alg", "token_endpoint_auth_signing_alg", Kind::Text),
    ("request.object.signature.alg", "request_object_signing_alg", Kind::Text),
    ("frontchannel.logout.url", "frontchannel_logout_uri", Kind::Text),
    ("frontchannel.logout.session.required", "frontchannel_logout_session_required", Kind::Flag),
    ("backchannel.logout.url", "backchannel_logout_uri", Kind::Text),
    ("backchannel.logout.session.required", "backchannel_logout_session_required", Kind::Flag),
];

/// The mapper that makes subjects pairwise, and its setting.
pub(crate) const PAIRWISE: &str = "oidc-sha256-pairwise-sub-mapper";
const SECTOR_IDENTIFIER: &str = "sectorIdentifierUri";

/// The client as it is sent. `client_secret` is there if the client has it.
pub(crate) fn document(client: &Client, mark: &str, audience: &[String]) -> Map<String, Value> {
    let mut document = Map::new();
    let mut set = |name: &str, value: Value| drop(document.insert(name.to_owned(), value));
    set("client_id", client.client_id.as_deref().unwrap_or_default().into());
    set("client_name", client.name.as_deref().unwrap_or_default().into());
    set("client_uri", client.base_url.as_deref().map(|url| absolute(client, url)).unwrap_or_default().into());
    for (attribute, member, kind) in MEMBERS {
        if let Some(value) = self::attribute(client, attribute).and_then(|text| value(member, kind, text)) {
            set(member, value);
        }
    }
    let redirect_uris = redirect_uris(client);
    let mut after_logout = post_logout_redirect_uris(client, &redirect_uris);
    after_logout.retain(|uri| is_beside(uri, &redirect_uris));
    set("post_logout_redirect_uris", after_logout.into());
    set("allowed_cors_origins", origins(client, &redirect_uris).into());
    set("redirect_uris", redirect_uris.into());
    let is = |name: &str| attribute(client, name) == Some("true");
    if let Some(keys) = attribute(client, "jwks.string").filter(|_| is("use.jwks.string")) {
        set("jwks", serde_json::from_str(keys).unwrap_or_default());
    }
    if let Some(uri) = attribute(client, "jwks.url").filter(|_| is("use.jwks.url")) {
        set("jwks_uri", uri.into());
    }
    let pairwise = client.protocol_mappers.iter().flatten().find(|mapper| mapper.mapper_type == PAIRWISE);
    set("subject_type", if pairwise.is_some() { "pairwise" } else { "public" }.into());
    if let Some(uri) = pairwise.and_then(|mapper| of(&mapper.config, SECTOR_IDENTIFIER)) {
        set("sector_identifier_uri", uri.into());
    }
    set("token_endpoint_auth_method", method(client).unwrap_or(SECRET_BASIC).into());
    set("grant_types", grant_types(client).into());
    set("response_types", response_types(client).into());
    set(SCOPE, scope(client).into());
    set("skip_consent", (client.consent_required != Some(true)).into());
    set("audience", audience.to_vec().into());
    set(METADATA, json!({ MARK: {"realm": mark, "id": client.id} }));
    if let Some(secret) = &client.secret {
        set("client_secret", secret.as_str().into());
    }
    document
}

/// Why Hydra could never take the client.
pub(crate) fn violations(client: &Client) -> Vec<Violation> {
    let patterns = client.redirect_uris.iter().flatten().filter(|uri| uri.ends_with('*'));
    let pattern =
        |uri: &String| Violation::new(format!("Hydra compares redirect URIs exactly: {uri}")).at("redirect-uris", uri);
    // It reads an empty list as the default of RFC 7591.
    let without = grant_types(client).is_empty();
    let without = without.then(|| Violation::new("Hydra would give the code flow to a client that has no grant types"));
    patterns.map(pattern).chain(without).collect()
}

/// The value of an attribute that is there and not empty.
pub(crate) fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    of(&client.attributes, name)
}

fn of<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.name == name)?;
    Some(found.value.as_str()).filter(|value| !value.is_empty())
}

/// An attribute as a member. Those of clients made elsewhere may hold anything: what does not fit is left out.
fn value(member: &str, kind: Kind, text: &str) -> Option<Value> {
    match kind {
        // Keycloak's word for no limit; Hydra's is to name none.
        Kind::Text if member == "request_object_signing_alg" && text == "any" => None,
        Kind::Text => Some(text.into()),
        Kind::Flag => Some((text == "true").into()),
        Kind::Joined => Some(text.split("##").collect()),
        Kind::List => serde_json::from_str::<Vec<String>>(text).ok().map(Value::from),
    }
}

/// How the client proves itself: the secret in a header.
pub(crate) const SECRET_BASIC: &str = "client_secret_basic";

/// How the client proves itself, if Hydra has it.
pub(crate) fn method(client: &Client) -> Option<&str> {
    if client.public_client == Some(true) {
        return Some("none");
    }
    match client.client_authenticator_type.as_deref() {
        None | Some("client-secret") => {
            Some(attribute(client, "client.secret.authentication.allowed.method").unwrap_or(SECRET_BASIC))
        }
        Some("client-jwt") => Some("private_key_jwt"),
        Some(_) => None,
    }
}

/// Refresh tokens belong to the code flow.
fn has_refresh_tokens(client: &Client) -> bool {
    client.standard_flow_enabled == Some(true) && attribute(client, "use.refresh.tokens") != Some("false")
}

fn grant_types(client: &Client) -> Vec<&'static str> {
    let grants = [
        (client.standard_flow_enabled == Some(true), "authorization_code"),
        (has_refresh_tokens(client), "refresh_token"),
        (client.implicit_flow_enabled == Some(true), "implicit"),
        (client.service_accounts_enabled == Some(true), "client_credentials"),
    ];
    grants.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
}

fn response_types(client: &Client) -> Vec<&'static str> {
    let implicit = client.implicit_flow_enabled == Some(true);
    if implicit { vec!["code", "token", "id_token"] } else { vec!["code"] }
}

fn scope(client: &Client) -> String {
    let mut names = vec!["openid"];
    if has_refresh_tokens(client) {
        names.push("offline_access");
    }
    let scopes = client.default_client_scopes.iter().chain(&client.optional_client_scopes).flatten();
    for name in scopes {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.join(" ")
}

/// Relative addresses are below the root URL; Hydra takes whole ones.
fn absolute(client: &Client, url: &str) -> String {
    match client.root_url.as_deref() {
        Some(root) if url.starts_with('/') => format!("{}{url}", root.trim_end_matches('/')),
        _ => url.to_owned(),
    }
}

fn redirect_uris(client: &Client) -> Vec<String> {
    client.redirect_uris.iter().flatten().map(|uri| absolute(client, uri)).collect()
}

/// Without URIs of its own for the return from a logout, a client has its redirect URIs; `+` stands for these, a first
/// `-` for none.
fn post_logout_redirect_uris(client: &Client, redirect_uris: &[String]) -> Vec<String> {
    let Some(uris) = attribute(client, "post.logout.redirect.uris") else { return redirect_uris.to_vec() };
    let uris: Vec<&str> = uris.split("##").collect();
    if uris.first() == Some(&"-") {
        return Vec::new();
    }
    let own = uris.iter().filter(|uri| **uri != "+").map(|uri| absolute(client, uri));
    let all = own.chain(redirect_uris.iter().filter(|_| uris.contains(&"+")).cloned());
    all.collect()
}

/// Addresses for the return from a logout that Hydra doesn't take.
pub(crate) fn post_logout_redirect_uris_elsewhere(client: &Client) -> Vec<String> {
    let redirect_uris = redirect_uris(client);
    let mut uris = post_logout_redirect_uris(client, &redirect_uris);
    uris.retain(|uri| !is_beside(uri, &redirect_uris));
    uris
}

/// Hydra takes an address for the return from a logout only where it returns to from a login: scheme, host and port.
fn is_beside(uri: &str, redirect_uris: &[String]) -> bool {
    let place = place_of(uri);
    place.is_some() && redirect_uris.iter().any(|other| place_of(other) == place)
}

/// Scheme, host and port of an address; the two last are empty in one of an app's own scheme.
fn place_of(uri: &str) -> Option<(String, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some((scheme.to_ascii_lowercase(), host))
}

/// Where browsers may call from: `+` stands for the origins of the redirect URIs.
fn origins(client: &Client, redirect_uris: &[String]) -> Vec<String> {
    let mut origins = Vec::new();
    let mut add = |origin: String| {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    };
    for origin in client.web_origins.iter().flatten().filter(|origin| *origin != "*") {
        match origin.as_str() {
            "+" => redirect_uris.iter().filter_map(|uri| origin_of(uri)).for_each(&mut add),
            _ => add(origin.clone()),
        }
    }
    origins
}

/// Scheme, host and port of a web address.
fn origin_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}"))
}
