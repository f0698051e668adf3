//! The parts of a URI (RFC 3986 §3) that decide of which kind it is.

use std::net::IpAddr;

/// An absolute or relative reference.
#[derive(Debug, PartialEq)]
pub struct Uri<'a> {
    /// In lower case; absent: it is relative.
    pub scheme: Option<String>,
    /// Host name or address, without the brackets of an IPv6 address.
    pub host: Option<&'a str>,
    /// Digits behind the host, if there are any.
    pub port: Option<&'a str>,
    /// What follows the authority, up to query or fragment.
    pub path: &'a str,
    /// There is a `#`.
    pub has_fragment: bool,
}

/// Reads a URI; absent when it has characters that may not stand in one, or an authority that is none.
pub fn parse(text: &str) -> Option<Uri<'_>> {
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || b"\"<>\\^`{|}".contains(&byte)) {
        return None;
    }
    let (scheme, rest) = match text.find([':', '/', '?', '#']) {
        Some(at) if text[at..].starts_with(':') => {
            let scheme = &text[..at];
            let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            if !is_scheme {
                return None;
            }
            (Some(scheme.to_ascii_lowercase()), &text[at + 1..])
        }
        _ => (None, text),
    };
    let (rest, has_fragment) = match rest.split_once('#') {
        Some((before, _)) => (before, true),
        None => (rest, false),
    };
    let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    let Some(behind) = rest.strip_prefix("//") else {
        return Some(Uri { scheme, host: None, port: None, path: rest, has_fragment });
    };
    let (authority, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest);
    let (host, port) = match host_and_port.strip_prefix('[') {
        Some(inside) => {
            let (host, behind) = inside.split_once(']')?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
        }
        None => match host_and_port.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_and_port, None),
        },
    };
    if port.is_some_and(|port| !port.bytes().all(|digit| digit.is_ascii_digit())) {
        return None;
    }
    let port = port.filter(|port| !port.is_empty());
    Some(Uri { scheme, host: Some(host).filter(|host| !host.is_empty()), port, path, has_fragment })
}

/// The origin of an address (RFC 6454 §4), if it has one.
pub fn origin(text: &str) -> Option<String> {
    let uri = parse(text)?;
    let (scheme, host) = (uri.scheme?, uri.host?);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Some(match uri.port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

impl Uri<'_> {
    /// The host as an address, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_uri_apart() {
        for (text, scheme, host, port, path, has_fragment) in [
            ("https://example.com/cb?a#b", Some("https"), Some("example.com"), None, "/cb", true),
            ("HTTP://user@[::1]:80/", Some("http"), Some("::1"), Some("80"), "/", false),
            ("com.example.app:/cb", Some("com.example.app"), None, None, "/cb", false),
            ("app:", Some("app"), None, None, "", false),
            ("/relative", None, None, None, "/relative", false),
            ("*", None, None, None, "*", false),
            ("https://example.com:", Some("https"), Some("example.com"), None, "", false),
        ] {
            let expected = Uri { scheme: scheme.map(str::to_owned), host, port, path, has_fragment };
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["https://a b/", "https://a\\b/", "1http://a/", "https://[::1/", "https://a:b/", "http://[::1]x/"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn origins_have_neither_path_nor_user() {
        for (text, expected) in [
            ("https://example.com/cb", Some("https://example.com")),
            ("https://user@example.com:8443/cb", Some("https://example.com:8443")),
            ("http://[::1]/", Some("http://[::1]")),
            ("app:/cb", None),
            ("/cb", None),
        ] {
            assert_eq!(origin(text).as_deref(), expected, "{text}");
        }
    }
}
