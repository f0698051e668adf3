//! Redirect URIs of the profile: `https`, without wildcard and user information.

use matricula_policy_sdk::{Client, Violation};

const HTTPS: &str = "https://";

/// An objection to each that is something else.
pub fn violations(client: &Client) -> Vec<Violation> {
    let root = client.root_url.as_deref().unwrap_or_default();
    let uris = client.redirect_uris.iter().flatten();
    // Nothing is stored of those that are blank.
    let uris = uris.filter(|uri| uri.bytes().any(|byte| byte > b' '));
    let is_wrong = |uri: &&String| match uri.strip_prefix('/') {
        Some(rest) => !is_secure(&format!("{}/{rest}", root.strip_suffix('/').unwrap_or(root))),
        None => !is_secure(uri),
    };
    let violation =
        |uri| Violation::new("Redirect URI must use https").error("invalid_redirect_uri").at("redirect-uris", uri);
    uris.filter(is_wrong).map(violation).collect()
}

fn is_secure(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_at_checked(HTTPS.len()) else { return false };
    // Browsers take `\` for `/` and leave blanks out, so they would find another host.
    let has_readings = uri.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control());
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.eq_ignore_ascii_case(HTTPS)
        && !has_readings
        && !authority.is_empty()
        && !authority.contains('@')
        && !uri.contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_good() {
        for (uri, good) in [
            ("https://tpp.example/cb", true),
            ("HTTPS://tpp.example?x=@", true),
            ("http://127.0.0.1/cb", false),
            ("com.example.app:/cb", false),
            ("https://tpp.example/*", false),
            ("https://user@tpp.example/", false),
            ("https:///tpp.example/", false),
            ("https://tpp.example\\@evil.test/", false),
            ("https:/tpp.example", false),
            ("äääääää", false),
            ("", false),
        ] {
            assert_eq!(is_secure(uri), good, "{uri}");
        }
    }

    #[test]
    fn a_relative_one_is_below_the_root_url() {
        let client = |root: Option<&str>| Client {
            root_url: root.map(str::to_owned),
            redirect_uris: Some(vec!["/cb".into(), " ".into()]),
            ..Client::default()
        };
        assert_eq!(violations(&client(Some("https://tpp.example"))), []);
        assert_eq!(violations(&client(Some("http://tpp.example"))).len(), 1);
        assert_eq!(violations(&client(None)).len(), 1);
    }
}
