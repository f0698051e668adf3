//! URIs and URLs as Java reads them, which is what Keycloak holds addresses against: RFC 2396 with the leniency of
//! `java.net.URI`, and `java.net.URL` with the schemes that it can open.

use std::net::Ipv6Addr;

/// A URI reference, absolute or relative.
#[derive(Debug, PartialEq)]
pub struct Uri<'a> {
    text: &'a str,
    /// As it is written.
    pub scheme: Option<&'a str>,
    /// Host name or address (IPv6 in brackets); absent when there is none that DNS could have.
    pub host: Option<&'a str>,
    /// What follows `#`, perhaps nothing.
    pub fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Reads a URI; absent when it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let delimiter = text.bytes().position(|byte| matches!(byte, b':' | b'/' | b'?' | b'#'));
        let (scheme, rest) = match delimiter {
            Some(end) if text.as_bytes()[end] == b':' => (Some(&text[..end]), &text[end + 1..]),
            _ => (None, text),
        };
        if let Some(scheme) = scheme
            && !(scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && all(scheme, SCHEME))
        {
            return None;
        }
        let (before, fragment) = match rest.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (rest, None),
        };
        if !fragment.is_none_or(|fragment| all(fragment, URIC)) {
            return None;
        }
        let host = if scheme.is_some() && !before.starts_with('/') {
            // `mailto:x` and its like: any characters, but not none.
            if before.is_empty() || !all(before, URIC) {
                return None;
            }
            None
        } else {
            hierarchical(before, fragment.is_some())?
        };
        Some(Uri { text, scheme, host, fragment })
    }

    /// Whether the scheme is this one, in any case.
    pub fn has_scheme(&self, scheme: &str) -> bool {
        self.scheme.is_some_and(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// Whether it is an absolute address with a scheme that Java can open.
    pub fn is_url(&self) -> bool {
        self.scheme.is_some() && Url::parse(self.text).is_some()
    }
}

/// An address as `java.net.URL` takes it: hardly a look at the characters, but the scheme must be known.
#[derive(Debug, PartialEq)]
pub struct Url<'a> {
    /// As it is written.
    pub scheme: &'a str,
    /// Host name or address; empty when there is none.
    pub host: &'a str,
}

impl<'a> Url<'a> {
    /// Reads a URL; absent when Java could not open it.
    pub fn parse(text: &'a str) -> Option<Self> {
        const SCHEMES: [&str; 8] = ["http", "https", "ftp", "file", "jar", "mailto", "jrt", "jmod"];
        let text = text.trim_matches(|character| character <= ' ');
        let text = if has_prefix(text, "url:") { &text[4..] } else { text };
        let (scheme, rest) = text.split_once(':')?;
        if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return None;
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case("jar") {
            let (inner, _) = rest.rsplit_once("!/")?;
            // Archives in archives are not supported.
            return (!has_prefix(inner, "jar:") && Url::parse(inner).is_some()).then_some(Url { scheme, host: "" });
        }
        let host = match rest.strip_prefix("//") {
            Some(rest) if !rest.starts_with("//") => url_host(rest.split('/').next().unwrap_or_default())?,
            _ => "",
        };
        Some(Url { scheme, host })
    }
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The host of a URL's authority; absent when the port or the brackets are wrong.
fn url_host(authority: &str) -> Option<&str> {
    let host = match authority.split_once('@') {
        Some((_, host)) if host.contains('@') => return Some(""),
        Some((_, host)) => host,
        None => authority,
    };
    let (host, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        is_ipv6(address).then_some(())?;
        let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
        (&host[..address.len() + 2], port)
    } else {
        host.split_once(':').unwrap_or((host, ""))
    };
    (port.is_empty() || port.parse::<i32>().is_ok_and(|port| port >= -1)).then_some(host)
}

/// Checks authority, path and query; answers the host in the authority. Absent: no URI.
fn hierarchical(text: &str, fragment_follows: bool) -> Option<Option<&str>> {
    let (before, query) = match text.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (text, None),
    };
    let (host, path) = match before.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if authority.is_empty() && path.is_empty() && query.is_none() && !fragment_follows {
                return None;
            }
            (authority_host(authority)?, path)
        }
        None => (None, before),
    };
    (all(path, PATH) && query.is_none_or(|query| all(query, URIC))).then_some(host)
}

/// Checks an authority: that of a server, from which the host comes, or else any registered name.
fn authority_host(authority: &str) -> Option<Option<&str>> {
    if authority.is_empty() {
        return Some(None);
    }
    match server_host(authority) {
        Some(host) => Some(Some(host)),
        None => all(authority, REGISTERED_NAME).then_some(None),
    }
}

/// The host of `user@host:port`; absent when it is not written so.
fn server_host(authority: &str) -> Option<&str> {
    let host = match authority.split_once('@') {
        Some((user, host)) if all(user, USER) => host,
        Some(_) => return None,
        None => authority,
    };
    let (host, port) = if host.starts_with('[') {
        let end = host.find(']')?;
        let (address, scope) = host[1..end].split_once('%').unwrap_or((&host[1..end], "0"));
        let scope_is_name =
            !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        (address.parse::<Ipv6Addr>().is_ok() && scope_is_name).then_some(())?;
        (&host[..=end], &host[end + 1..])
    } else {
        let end = host.find(':').unwrap_or(host.len());
        is_host_name(&host[..end]).then_some(())?;
        host.split_at(end)
    };
    let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
    let port_is_number =
        port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.parse::<i32>().is_ok());
    port_is_number.then_some(host)
}

/// Labels of letters, digits and inner hyphens, the last one beginning with a letter; or one label; or an IPv4 address.
fn is_host_name(host: &str) -> bool {
    if host.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let labels = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && label.starts_with(|first: char| first.is_ascii_alphanumeric())
            && !label.ends_with('-')
    };
    let top_begins_with_letter = match labels.rsplit_once('.') {
        Some((_, top)) => top.starts_with(|first: char| first.is_ascii_alphabetic()),
        None => true,
    };
    labels.split('.').all(is_label) && top_begins_with_letter
}

fn is_ipv6(address: &str) -> bool {
    address.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Kinds of characters, as bits of [`CLASSES`].
const SCHEME: u8 = 1;
const PATH: u8 = 2;
const URIC: u8 = 4;
const REGISTERED_NAME: u8 = 8;
const USER: u8 = 16;

/// The kinds that each ASCII character belongs to (RFC 2396, with the brackets of RFC 2732).
static CLASSES: [u8; 128] = {
    let mut classes = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        classes[byte] = match character {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => SCHEME | PATH | URIC | REGISTERED_NAME | USER,
            b'+' | b'-' | b'.' => SCHEME | PATH | URIC | REGISTERED_NAME | USER,
            b'_' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => PATH | URIC | REGISTERED_NAME | USER,
            b'&' | b'=' | b'$' | b',' | b';' | b':' => PATH | URIC | REGISTERED_NAME | USER,
            b'@' => PATH | URIC | REGISTERED_NAME,
            b'/' => PATH | URIC,
            b'?' | b'[' | b']' => URIC,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// Whether the text has only characters of the kind. All kinds but that of schemes have percent codes and what can be
/// seen of the characters beyond ASCII.
fn all(text: &str, class: u8) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'%' if class != SCHEME => match bytes.get(at + 1..at + 3) {
                Some(code) if code.iter().all(u8::is_ascii_hexdigit) => 3,
                _ => return false,
            },
            0..128 if CLASSES[usize::from(byte)] & class != 0 => 1,
            0..128 => return false,
            _ => match text[at..].chars().next() {
                Some(character) if class != SCHEME && !character.is_whitespace() && !character.is_control() => {
                    character.len_utf8()
                }
                _ => return false,
            },
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_as_java_reads_them() {
        for (text, host) in [
            ("relative", None),
            ("/path", None),
            ("*", None),
            ("?query", None),
            ("app:x", None),
            ("com.example.app:/cb", None),
            ("urn:ietf:wg:oauth:2.0:oob", None),
            ("http://*", None),
            ("https://*.example.com/cb", None),
            ("https://x.example/*", Some("x.example")),
            ("http://x:y/", None),
            ("http://x:99999999999/", None),
            ("http://user:pw@x.example.:80/ü?q=[1]#", Some("x.example.")),
            ("http://127.0.0.1:8080", Some("127.0.0.1")),
            ("http://1.2.3.400/", None),
            ("http://[::1]:80/%41", Some("[::1]")),
            ("http://[fe80::1%25eth0]/", Some("[fe80::1%25eth0]")),
            ("http://[fe80::1%eth0]/", Some("[fe80::1%eth0]")),
            ("http:///path", None),
            ("//x.example/cb", Some("x.example")),
            ("http://größe.example/", None),
            ("http://a_b/", None),
            ("http://-a/", None),
        ] {
            let uri = Uri::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(uri.host, host, "{text}");
        }
        for text in [
            "http:",
            "https://",
            "http://a b/",
            "http://[x",
            "http://[x]/",
            "http://x/{id}",
            "http://x/%zz",
            "http://%zz/",
            ":x",
            "1a:x",
            "ä:x",
            "x y",
            "http://x/\u{a0}",
            "http://x/\u{7f}",
            "http://x/#a#b",
            "http://x|y/",
            "http://x/\"",
            "app:",
        ] {
            assert_eq!(Uri::parse(text), None, "{text}");
        }
    }

    #[test]
    fn fragments_and_schemes_are_found() {
        assert_eq!(Uri::parse("http://x/#").unwrap().fragment, Some(""));
        assert_eq!(Uri::parse("#part").unwrap().fragment, Some("part"));
        assert_eq!(Uri::parse("http://x/").unwrap().fragment, None);
        assert!(Uri::parse("JavaScript:alert(1)").unwrap().has_scheme("javascript"));
        assert!(!Uri::parse("/javascript:x").unwrap().has_scheme("javascript"));
    }

    #[test]
    fn urls_have_a_scheme_that_java_opens() {
        for text in [
            "http://x",
            "HTTPS://x/#f",
            "ftp://x",
            "file:/x",
            "mailto:a@b",
            "http:x",
            "jar:file:/x!/y",
            "url:http://x",
            "http://x:-1",
            "http://[::1]:/",
        ] {
            assert!(Uri::parse(text).unwrap().is_url(), "{text}");
        }
        for text in [
            "nope",
            "/x",
            "app://x",
            "urn:x",
            "ws://x",
            "tel:1",
            "http://x:y/",
            "http://x:99999999999/",
            "jar:file:/x",
            "jar:jar:file:/x!/y!/z",
        ] {
            assert!(!Uri::parse(text).unwrap().is_url(), "{text}");
        }
        assert_eq!(Url::parse("http://user@x.example:80/y").unwrap().host, "x.example");
        assert_eq!(Url::parse("http://[::1]:80/y").unwrap().host, "[::1]");
    }
}
