//! The redirect URIs that a request names, each held against the rules.

use std::borrow::Cow;

use matricula_policy_sdk::{Client, Violation};

use crate::rules::Rules;

/// The attribute with the post-logout redirect URIs, and what stands between them.
const POST_LOGOUT: &str = "post.logout.redirect.uris";
const SEPARATOR: &str = "##";
/// Post-logout redirect URIs that stand for something: those of the login, none.
const SYMBOLS: [&str; 2] = ["+", "-"];

/// What one kind of address is called, and the code of a refusal (RFC 7591 §3.2.2).
struct Kind {
    subject: &'static str,
    error: &'static str,
}

const REDIRECT: Kind = Kind { subject: "Redirect URI", error: "invalid_redirect_uri" };
const LOGOUT: Kind = Kind { subject: "Post-logout redirect URI", error: "invalid_client_metadata" };

/// An objection to each redirect URI that the request names and the client does not have already.
pub fn violations(rules: &Rules, proposed: &Client, stored: Option<&Client>) -> Vec<Violation> {
    let root = proposed.root_url.as_deref().or_else(|| stored?.root_url.as_deref());
    let mut violations = Vec::new();
    let had = redirect_uris_of(stored);
    for uri in redirect_uris(proposed, stored) {
        violations.extend(objection(rules, &REDIRECT, ("redirect-uris", uri, &absolute(root, uri)), &had));
    }
    if let Some(root) = implied_root(proposed, stored) {
        let everything = format!("{}/*", root.strip_suffix('/').unwrap_or(root));
        violations.extend(objection(rules, &REDIRECT, ("root-url", root, &everything), &had));
    }
    let had = logout_uris_of(stored);
    for uri in logout_uris(proposed, stored) {
        let field = format!("attributes.{POST_LOGOUT}");
        violations.extend(objection(rules, &LOGOUT, (&field, uri, &absolute(root, uri)), &had));
    }
    violations
}

/// What is wrong with one value, given the address that it stands for and those that the client has.
fn objection(
    rules: &Rules,
    kind: &Kind,
    (field, value, address): (&str, &str, &str),
    had: &[Cow<str>],
) -> Option<Violation> {
    if had.iter().any(|had| had == address) {
        return None;
    }
    let fault = rules.fault(address)?;
    let hint = format!("'{}' would allow {address}", fault.setting());
    let text = format!("{} {}", kind.subject, fault.text());
    Some(Violation::new(text).error(kind.error).at(field, value).hint(hint))
}

/// Those that the request names; if it moves the root URL and names none, those that are below it.
fn redirect_uris<'a>(proposed: &'a Client, stored: Option<&'a Client>) -> impl Iterator<Item = &'a str> {
    let moved = || stored.filter(|_| proposed.root_url.is_some())?.redirect_uris.as_ref();
    let uris = proposed.redirect_uris.as_ref().or_else(moved);
    uris.into_iter().flatten().map(String::as_str).filter(|uri| !is_blank(uri))
}

/// A new client of OpenID Connect that names a root URL and no redirect URI may be redirected to everything below it
/// (Keycloak: OIDCLoginProtocolFactory.setupClientDefaults).
fn implied_root<'a>(proposed: &'a Client, stored: Option<&Client>) -> Option<&'a str> {
    let none = proposed.redirect_uris.as_ref().is_none_or(Vec::is_empty);
    let is_openid_connect = proposed.protocol.as_deref() == Some("openid-connect");
    proposed.root_url.as_deref().filter(|_| stored.is_none() && none && is_openid_connect)
}

/// The same of post-logout redirect URIs.
fn logout_uris<'a>(proposed: &'a Client, stored: Option<&'a Client>) -> impl Iterator<Item = &'a str> {
    let moved = || stored.filter(|_| proposed.root_url.is_some()).and_then(post_logout);
    let uris = post_logout(proposed).or_else(moved).into_iter().flat_map(|uris| uris.split(SEPARATOR));
    uris.filter(|uri| !is_blank(uri) && !SYMBOLS.contains(uri))
}

fn post_logout(client: &Client) -> Option<&str> {
    let attribute = client.attributes.iter().find(|attribute| attribute.name == POST_LOGOUT)?;
    Some(&attribute.value)
}

/// The addresses of redirect URIs that a client has.
fn redirect_uris_of(stored: Option<&Client>) -> Vec<Cow<'_, str>> {
    let root = stored.and_then(|stored| stored.root_url.as_deref());
    let uris = stored.and_then(|stored| stored.redirect_uris.as_ref());
    uris.into_iter().flatten().map(|uri| absolute(root, uri)).collect()
}

/// The same of post-logout redirect URIs. Where a client has none of its own, answers show the redirect URIs, and callers
/// send back what they were shown.
fn logout_uris_of(stored: Option<&Client>) -> Vec<Cow<'_, str>> {
    let root = stored.and_then(|stored| stored.root_url.as_deref());
    let uris = stored.and_then(post_logout).into_iter().flat_map(|uris| uris.split(SEPARATOR));
    uris.map(|uri| absolute(root, uri)).chain(redirect_uris_of(stored)).collect()
}

/// A value that begins with a slash is taken below the root URL.
fn absolute<'a>(root: Option<&str>, value: &'a str) -> Cow<'a, str> {
    match root.filter(|root| !root.is_empty() && value.starts_with('/')) {
        Some(root) => Cow::Owned(format!("{}{value}", root.strip_suffix('/').unwrap_or(root))),
        None => Cow::Borrowed(value),
    }
}

/// Nothing is stored of such a value.
fn is_blank(value: &str) -> bool {
    value.bytes().all(|byte| byte <= b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::{Entry, Loopback};
    use crate::schemes::CustomSchemes;
    use matricula_policy_sdk::Attribute;

    fn rules(wildcards: bool) -> Rules {
        Rules {
            schemes: vec!["https".into()],
            hosts: vec![Entry::read("good.test").unwrap()],
            loopback: Loopback::None,
            custom_schemes: CustomSchemes::default(),
            exact: Vec::new(),
            wildcards,
        }
    }

    fn client(root: Option<&str>, uris: Option<&[&str]>, logout: &str) -> Client {
        Client {
            protocol: Some("openid-connect".into()),
            root_url: root.map(str::to_owned),
            redirect_uris: uris.map(|uris| uris.iter().map(|uri| uri.to_string()).collect()),
            attributes: vec![Attribute { name: POST_LOGOUT.into(), value: logout.into() }],
            ..Client::default()
        }
    }

    fn found(proposed: &Client, stored: Option<&Client>) -> Vec<(String, String, String)> {
        let texts = |v: Violation| (v.field.unwrap(), v.value.unwrap(), v.message);
        violations(&rules(false), proposed, stored).into_iter().map(texts).collect()
    }

    fn is(field: &str, value: &str, message: &str) -> (String, String, String) {
        (field.into(), value.into(), message.into())
    }

    #[test]
    fn each_value_at_fault_is_named() {
        let sent =
            client(None, Some(&["https://bad.test/", "https://good.test/", "x", ""]), "+##https://bad.test/out##-");
        let expected = [
            is("redirect-uris", "https://bad.test/", "Redirect URI host is not allowed"),
            is("redirect-uris", "x", "Redirect URI cannot be read"),
            is(
                "attributes.post.logout.redirect.uris",
                "https://bad.test/out",
                "Post-logout redirect URI host is not allowed",
            ),
        ];
        assert_eq!(found(&sent, None), expected);
        let codes: Vec<_> = violations(&rules(false), &sent, None).into_iter().map(|v| v.error.unwrap()).collect();
        assert_eq!(codes, ["invalid_redirect_uri", "invalid_redirect_uri", "invalid_client_metadata"]);
    }

    #[test]
    fn a_relative_value_is_below_the_root_url() {
        assert_eq!(found(&client(Some("https://good.test/"), Some(&["/cb"]), ""), None), []);
        let refused = [is("redirect-uris", "/cb", "Redirect URI host is not allowed")];
        assert_eq!(found(&client(Some("https://bad.test"), Some(&["/cb"]), ""), None), refused);
        assert_eq!(found(&client(None, Some(&["/cb"]), ""), None).len(), 1);
    }

    #[test]
    fn a_root_url_alone_stands_for_all_below_it() {
        let sent = client(Some("https://good.test/"), None, "");
        assert_eq!(found(&sent, None), [is("root-url", "https://good.test/", "Redirect URI has a wildcard")]);
        assert_eq!(violations(&rules(true), &sent, None), []);
        assert_eq!(violations(&rules(true), &client(Some("https://bad.test"), None, ""), None).len(), 1);
    }

    #[test]
    fn what_a_client_has_does_not_lock_it_out() {
        let stored = client(Some("https://old.test"), Some(&["https://old.test/cb", "/x"]), "https://old.test/out");
        let same = client(None, Some(&["https://old.test/cb", "https://old.test/x"]), "https://old.test/out");
        assert_eq!(found(&same, Some(&stored)), []);
        let shown = client(None, Some(&["https://old.test/cb"]), "https://old.test/cb##https://old.test/out");
        assert_eq!(found(&shown, Some(&stored)), []);
        let other = client(None, Some(&["https://old.test/other"]), "");
        assert_eq!(found(&other, Some(&stored)).len(), 1);
        assert_eq!(found(&client(None, None, ""), Some(&stored)), []);
    }

    #[test]
    fn a_root_url_that_moves_takes_its_redirect_uris_along() {
        let stored = client(Some("https://good.test"), Some(&["https://good.test/cb", "/x"]), "");
        let moved = client(Some("https://bad.test"), None, "");
        assert_eq!(found(&moved, Some(&stored)), [is("redirect-uris", "/x", "Redirect URI host is not allowed")]);
    }
}
