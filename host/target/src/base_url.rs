//! The address that every call of a target begins with, and what is below it.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// An `http` or `https` URL without user, query and fragment, and without a slash at its end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    text: String,
}

/// What is wrong with a text that is no base URL; the sentence begins with the member's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an http or https URL without user, query and fragment")]
pub struct NotABaseUrl;

/// A path that leaves its base URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path {path:?} leaves the base URL")]
pub struct Leaves {
    path: String,
}

/// Times that a path may be decoded on its way through servers.
const DECODINGS: usize = 4;

/// Whether a path that begins at a base URL stays there, also when it is decoded, also by several servers in a row.
fn stays(path: &str) -> bool {
    let mut path = path.to_owned();
    for _ in 0..DECODINGS {
        let Some(parts) = path.strip_prefix('/') else { return false };
        let parts: Vec<&str> = parts.split('/').collect();
        // The last part may be empty: a slash at the end.
        let empty = parts.iter().rev().skip(1).any(|part| part.is_empty());
        let dots = parts.iter().any(|part| matches!(*part, "." | ".."));
        if empty || dots || path.chars().any(|letter| letter == '\\' || letter.is_control()) {
            return false;
        }
        match percent_decode_str(&path).decode_utf8() {
            Ok(decoded) if decoded == path => return true,
            Ok(decoded) => path = decoded.into_owned(),
            Err(_) => return false,
        }
    }
    false
}

impl BaseUrl {
    /// Reads it; a slash at the end is dropped.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<BaseUrl, NotABaseUrl> {
        let url = Url::parse(text.trim()).map_err(|_| NotABaseUrl)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        // The parser takes `https:host` and empty user names, which people don't mean.
        let plain = plain && url.has_host() && !text.contains(['@', '\\']);
        let text = url.as_str().trim_end_matches('/').to_owned();
        plain.then_some(BaseUrl { text }).ok_or(NotABaseUrl)
    }

    /// As it is shown and stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of a call: `path` is below this one or empty, percent-encoded, with its query.
    ///
    /// # Errors
    /// When it leads elsewhere, however a server reads it.
    pub fn below(&self, path: &str) -> Result<Url, Leaves> {
        let leaves = || Leaves { path: path.to_owned() };
        let (below, _query) = path.split_once('?').unwrap_or((path, ""));
        let plain = path.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '#' | '\\'));
        if !plain || !(below.is_empty() || stays(below)) {
            return Err(leaves());
        }
        let base = Url::parse(&self.text).map_err(|_| leaves())?;
        let url = Url::parse(&format!("{}{path}", self.text)).map_err(|_| leaves())?;
        let rest = url.path().strip_prefix(base.path().trim_end_matches('/')).ok_or_else(leaves)?;
        let below = rest.is_empty() || rest.starts_with('/');
        let stays = below && url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
        stays.then_some(url).ok_or_else(leaves)
    }

    /// Scheme, host and port: to whom credentials go.
    pub fn has_origin_of(&self, other: &BaseUrl) -> bool {
        let origin = |url: &BaseUrl| Url::parse(&url.text).ok().map(|url| url.origin());
        origin(self) == origin(other)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = NotABaseUrl;

    fn try_from(text: String) -> Result<BaseUrl, NotABaseUrl> {
        BaseUrl::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> String {
        url.text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_http_without_user_query_and_fragment() {
        for (text, read) in [
            ("https://sso.example.com", Some("https://sso.example.com")),
            ("http://10.0.0.1:4445/hydra/", Some("http://10.0.0.1:4445/hydra")),
            ("HTTPS://Sso.Example.com:443/", Some("https://sso.example.com")),
            ("ftp://sso.example.com", None),
            ("sso.example.com", None),
            ("https://user@sso.example.com", None),
            ("https://:pw@sso.example.com", None),
            ("https://@sso.example.com", None),
            ("https://sso.example.com?x=1", None),
            ("https://sso.example.com/#x", None),
            ("https://", None),
            ("", None),
        ] {
            let found = BaseUrl::parse(text);
            assert_eq!(found.as_ref().map(BaseUrl::as_str).ok(), read, "{text}");
        }
    }

    #[test]
    fn a_path_stays_below_its_base_url() {
        let base = BaseUrl::parse("https://sso.example.com/kc").unwrap();
        for (path, url) in [
            ("", "https://sso.example.com/kc"),
            ("?a=1", "https://sso.example.com/kc?a=1"),
            ("/", "https://sso.example.com/kc/"),
            ("/admin/clients?first=0&max=1", "https://sso.example.com/kc/admin/clients?first=0&max=1"),
            ("/clients/a%2Fb", "https://sso.example.com/kc/clients/a%2Fb"),
            ("/clients/a..b/.well-known", "https://sso.example.com/kc/clients/a..b/.well-known"),
            ("/clients/100%25?next=/../x//y", "https://sso.example.com/kc/clients/100%25?next=/../x//y"),
        ] {
            assert_eq!(base.below(path).unwrap().as_str(), url, "{path}");
        }
        for path in [
            "admin",
            "//evil.example",
            "/..",
            "/../admin",
            "/a/../../b",
            "/a/%2e%2e/b",
            "/a/%252e%252e/b",
            "/a/.%2E",
            "/clients/.",
            "/a//b",
            "/a%2F%2Fb",
            "/%2F/evil.example",
            "/a%2F..%2F..%2Fb",
            "/a\\..\\b",
            "/a%5c..%5cb",
            "/a#b",
            "/a b",
            "/a%0d%0ab",
            "/ä",
            "@evil.example/",
            ":80@evil.example/",
            ".evil.example/",
            "/%ff",
        ] {
            assert_eq!(base.below(path), Err(Leaves { path: path.to_owned() }), "{path}");
        }
        let bare = BaseUrl::parse("https://sso.example.com").unwrap();
        for path in [".evil.example/x", "@evil.example/x", ":8443/x", "//evil.example/x"] {
            assert!(bare.below(path).is_err(), "{path}");
        }
        assert_eq!(bare.below("/x").unwrap().as_str(), "https://sso.example.com/x");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = |text| BaseUrl::parse(text).unwrap();
        assert!(base("https://a.example/x").has_origin_of(&base("https://a.example:443/y")));
        for other in ["http://a.example", "https://b.example", "https://a.example:8443"] {
            assert!(!base("https://a.example").has_origin_of(&base(other)), "{other}");
        }
    }
}
