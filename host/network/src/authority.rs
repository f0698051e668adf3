//! Host and port that a request is sent to, of its header `Host` or of what a proxy says instead. It becomes issuer and
//! links, so it must be one (RFC 9112 §3.2).

use std::net::Ipv6Addr;

use http::header::HOST;
use http::{HeaderMap, Uri, Version};

/// Longer ones no resolver knows (RFC 3986 §3.2.2).
const LONGEST: usize = 255;
/// Stands for the host of a request of HTTP/1.0, which need not name one.
const UNNAMED: Authority<'static> = Authority { host: "localhost", port: None };

/// Host and port (RFC 3986 §3.2, without user information).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `id.example`, `192.0.2.1:8080`, `[2001:db8::1]:8443`. Names have the characters that names in DNS or of
    /// containers have: what else RFC 3986 allows there (`%2F`, `,`, `'`) leads nowhere and might mislead who reads it.
    pub fn parse(text: &'a str) -> Option<Authority<'a>> {
        let host_ends = match text.strip_prefix('[') {
            Some(rest) => {
                let address = rest.split_once(']')?.0;
                address.parse::<Ipv6Addr>().ok()?;
                address.len() + 2
            }
            None => {
                let name = text.split(':').next()?;
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if name.is_empty() || name.len() > LONGEST || !name.bytes().all(allowed) {
                    return None;
                }
                name.len()
            }
        };
        let (host, port) = text.split_at(host_ends);
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // A colon alone is like none (RFC 3986 §6.2.3).
            Some("") => None,
            Some(digits) => Some(port_of(digits)?),
            None => return None,
        };
        Some(Authority { host, port })
    }

    /// That of a request: what its only header `Host` names, or its target, or both.
    ///
    /// # Errors
    /// What is wrong, for the caller.
    pub fn of(version: Version, uri: &'a Uri, headers: &'a HeaderMap) -> Result<Authority<'a>, &'static str> {
        let target = match uri.authority() {
            Some(target) => Some(Authority::parse(target.as_str()).ok_or("The request's address has no valid host")?),
            None => None,
        };
        let mut lines = headers.get_all(HOST).iter();
        let named = match lines.next() {
            Some(line) => {
                let line = line.to_str().ok().and_then(Authority::parse);
                Some(line.ok_or("Host must be a host, and a port if need be")?)
            }
            None => None,
        };
        if lines.next().is_some() {
            return Err("Host is given twice");
        }
        match (target, named) {
            // RFC 9113 §8.3.1. RFC 9112 §3.2.2 would take one of them, which others on the way need not have taken.
            (Some(target), Some(named)) if !target.is(&named) => Err("Host and the request's address name two hosts"),
            (Some(target), Some(_)) => Ok(target),
            // HTTP/2 has it in `:authority` alone.
            (Some(target), None) if version != Version::HTTP_11 => Ok(target),
            (None, Some(named)) => Ok(named),
            (None, None) if version < Version::HTTP_11 => Ok(UNNAMED),
            (_, None) => Err("Host is missing"),
        }
    }

    fn is(&self, other: &Authority<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }

    /// With the port that the scheme implies.
    pub fn without_port(self) -> Authority<'a> {
        Authority { port: None, ..self }
    }

    /// With this port, if there is one.
    pub fn with_port(self, port: Option<u16>) -> Authority<'a> {
        Authority { port: port.or(self.port), ..self }
    }

    /// As it stands in addresses of this scheme: without the port that the scheme implies.
    pub fn in_address(&self, scheme: Scheme) -> String {
        match self.port {
            Some(port) if port != scheme.port() => format!("{}:{port}", self.host),
            _ => self.host.to_owned(),
        }
    }
}

/// A port: digits, nothing else.
pub(crate) fn port_of(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// How a caller reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// Reads one in any case (RFC 3986 §3.1).
    pub fn parse(text: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }

    /// As in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that addresses of it need not name.
    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn shown(text: &str, scheme: Scheme) -> Option<String> {
        Authority::parse(text).map(|authority| authority.in_address(scheme))
    }

    #[test]
    fn hosts_keep_their_form_and_lose_the_port_that_the_scheme_implies() {
        for (text, http, https) in [
            ("id.example", "id.example", "id.example"),
            ("id.example:", "id.example", "id.example"),
            ("id.example:80", "id.example", "id.example:80"),
            ("id.example:443", "id.example:443", "id.example"),
            ("id.example:0443", "id.example:443", "id.example"),
            ("id.example:65535", "id.example:65535", "id.example:65535"),
            ("ID.example.", "ID.example.", "ID.example."),
            ("my_service-1:8080", "my_service-1:8080", "my_service-1:8080"),
            ("127.0.0.1:80", "127.0.0.1", "127.0.0.1:80"),
            ("[::1]:80", "[::1]", "[::1]:80"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443", "[2001:db8::1]"),
            ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
        ] {
            assert_eq!(shown(text, Scheme::Http).as_deref(), Some(http), "{text}");
            assert_eq!(shown(text, Scheme::Https).as_deref(), Some(https), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "",
            ":",
            ":80",
            "a b",
            " a",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "user@a",
            "a,b",
            "a%2Fb",
            "a\"b",
            "a<b>",
            "ä.example",
            "a:65536",
            "a:http",
            "a:-1",
            "a:+1",
            "a: 80",
            "a:80:80",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[x]",
            "[::1]x",
            "[::1]80",
            "[::1]:x",
            "[127.0.0.1]",
            "[fe80::1%25eth0]",
            "[v1.a]",
            "http://a",
        ] {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
        assert_eq!(Authority::parse(&"a".repeat(256)), None);
    }

    #[test]
    fn a_request_names_one_host() {
        let cases: [(Version, &str, &[&str], Option<&str>); 15] = [
            (Version::HTTP_11, "/x", &["a"], Some("a")),
            (Version::HTTP_11, "/x", &[], None),
            (Version::HTTP_11, "/x", &[""], None),
            (Version::HTTP_11, "/x", &["a", "a"], None),
            (Version::HTTP_11, "/x", &["a", ""], None),
            (Version::HTTP_11, "http://b/x", &["B"], Some("b")),
            (Version::HTTP_11, "http://b/x", &["a"], None),
            (Version::HTTP_11, "http://b/x", &["a b"], None),
            (Version::HTTP_11, "http://b/x", &[], None),
            (Version::HTTP_11, "http://user@b/x", &["b"], None),
            (Version::HTTP_10, "/x", &[], Some("localhost")),
            (Version::HTTP_10, "/x", &["a b"], None),
            (Version::HTTP_2, "https://b/x", &[], Some("b")),
            (Version::HTTP_2, "https://b/x", &["b"], Some("b")),
            (Version::HTTP_2, "https://b/x", &["a"], None),
        ];
        for (version, target, hosts, expected) in cases {
            let headers: HeaderMap = hosts.iter().map(|host| (HOST, HeaderValue::from_str(host).unwrap())).collect();
            let uri = target.parse().unwrap();
            let found = Authority::of(version, &uri, &headers).ok().map(|found| found.in_address(Scheme::Http));
            assert_eq!(found.as_deref(), expected, "{version:?} {target} {hosts:?}");
        }
    }
}
