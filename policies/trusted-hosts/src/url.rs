//! The host that a URL or URI leads to, and whether it is one at all, as Keycloak sees it (Java: `java.net.URL` and
//! `java.net.URI`). What these take for malformed decides which of two texts a caller gets; the host that they find
//! decides whether the client is trusted, so a text that browsers read in another way must not get through.

use std::net::Ipv6Addr;

/// The text can't be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Schemes that `java.net.URL` knows.
const SCHEMES: [&str; 8] = ["http", "https", "ftp", "file", "jar", "mailto", "jmod", "jrt"];

/// What may stand in a path beside letters and digits.
const PATH: &str = "-_.!~*'();/:@&=+$,";

/// What may stand elsewhere.
const ANYWHERE: &str = "-_.!~*'();/:@&=+$,?[]";

/// The host of a root, base or admin URL. Absent: it has none, as `file:///x`.
///
/// # Errors
/// The URL has no scheme or an unknown one, or a port or IPv6 address that is none.
pub fn host_of_url(url: &str) -> Result<Option<&str>, Malformed> {
    let url = url.trim_matches(|c| c <= ' ');
    let (scheme, rest) = url.split_once(':').ok_or(Malformed)?;
    if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Malformed);
    }
    let Some(rest) = rest.strip_prefix("//") else { return Ok(None) };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    // Java reads `evil.example\@trusted.example` as a user at a host. Browsers take the backslash for a slash, so they
    // would go elsewhere.
    if authority.contains(|c: char| c == '\\' || c <= ' ') {
        return Ok(None);
    }
    let host_and_port = match authority.split_once('@') {
        Some((_, rest)) if rest.contains('@') => return Ok(None),
        Some((_, rest)) => rest,
        None => authority,
    };
    let (host, port) = split_port(host_and_port)?;
    if port.is_some_and(|port| !port.is_empty() && !port.parse::<i32>().is_ok_and(|port| port >= -1)) {
        return Err(Malformed);
    }
    Ok(Some(host).filter(|host| !host.is_empty()))
}

/// The host of a redirect URI (RFC 2396, with Java's additions). Absent: it has none that can be named, as
/// `com.example.app:/cb`, `https://*.example.com` or `http://my_host/`.
///
/// # Errors
/// The URI has a character that may not stand there, or nothing after its scheme or `//`.
pub fn host_of_uri(uri: &str) -> Result<Option<&str>, Malformed> {
    let hierarchical = match uri.find([':', '/', '?', '#']) {
        Some(colon) if uri[colon..].starts_with(':') => {
            let (scheme, rest) = (&uri[..colon], &uri[colon + 1..]);
            let starts_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
            if !starts_well || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
                return Err(Malformed);
            }
            if rest.is_empty() || rest.starts_with('#') {
                return Err(Malformed);
            }
            rest
        }
        _ => uri,
    };
    let (before, fragment) = hierarchical.split_once('#').unwrap_or((hierarchical, ""));
    check(fragment, ANYWHERE)?;
    // `app:callback` and `urn:x` have no parts: anything goes that may stand in a query.
    let is_opaque = hierarchical.len() != uri.len() && !before.starts_with('/');
    let (before, query) = match before.split_once('?') {
        Some((before, query)) if !is_opaque => (before, query),
        _ => (before, ""),
    };
    check(query, ANYWHERE)?;
    let Some(rest) = before.strip_prefix("//") else {
        check(before, if is_opaque { ANYWHERE } else { PATH })?;
        return Ok(None);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    check(path, PATH)?;
    if authority.is_empty() {
        // Nothing but `//` is no URI; `file:///x` is.
        return if rest.is_empty() && before.len() == hierarchical.len() { Err(Malformed) } else { Ok(None) };
    }
    check(authority, ANYWHERE)?;
    match host_of_authority(authority) {
        // Something like a host that is none stands for a name in another registry than DNS, unless it has brackets.
        None if authority.contains(['[', ']']) => Err(Malformed),
        host => Ok(host),
    }
}

/// The host of `user@host:port`, if it is a host name, an IPv4 address or a bracketed IPv6 address.
fn host_of_authority(authority: &str) -> Option<&str> {
    let host_and_port = match authority.split_once('@') {
        Some((user, _)) if user.contains(['[', ']']) => return None,
        Some((_, rest)) => rest,
        None => authority,
    };
    let (host, port) = split_port(host_and_port).ok()?;
    let port = port.unwrap_or_default();
    if !port.chars().all(|c| c.is_ascii_digit()) || !port.is_empty() && port.parse::<i32>().is_err() {
        return None;
    }
    (host.starts_with('[') || is_ipv4(host) || is_host_name(host)).then_some(host)
}

/// `host:port` apart; an IPv6 address keeps its brackets. Absent: there is no colon.
fn split_port(host_and_port: &str) -> Result<(&str, Option<&str>), Malformed> {
    if !host_and_port.starts_with('[') {
        return Ok(match host_and_port.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_and_port, None),
        });
    }
    let end = host_and_port.find(']').ok_or(Malformed)?;
    let (host, port) = host_and_port.split_at(end + 1);
    let address = host[1..end].split_once('%').map_or(&host[1..end], |(address, _zone)| address);
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(Malformed);
    }
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if port.is_empty() => Ok((host, None)),
        None => Err(Malformed),
    }
}

/// Four numbers of one byte each.
fn is_ipv4(host: &str) -> bool {
    let is_byte = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit()) && part.parse::<u8>().is_ok();
    host.split('.').count() == 4 && host.split('.').all(is_byte)
}

/// RFC 2396 §3.2.2: labels of letters, digits and inner hyphens; the last one begins with a letter, and may be followed
/// by a dot.
fn is_host_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let well_formed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        well_formed && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    // A single label may be a number, as Java looks at the last of several only.
    let single = !name.contains('.');
    name.split('.').all(is_label) && (single || last.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether these are letters, digits, the `others`, two hexadecimal digits after each percent sign, and (Java) anything
/// beyond ASCII that is no blank.
fn check(part: &str, others: &str) -> Result<(), Malformed> {
    let may_stand = |c: char| match c {
        '%' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric() || others.contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    };
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if part.chars().all(may_stand) && part.split('%').skip(1).all(is_escape) { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_host_of_a_url() {
        for (url, host) in [
            ("https://example.com", "example.com"),
            ("HTTP://localhost:8080/x?y#z", "localhost"),
            ("ftp://example.com/x", "example.com"),
            ("https://user:word@example.com/", "example.com"),
            ("https://example.com:/", "example.com"),
            ("https://example.com?@evil.example", "example.com"),
            ("https://example.com#@evil.example", "example.com"),
            (" https://Example.com ", "Example.com"),
            ("http://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(host_of_url(url), Ok(Some(host)), "{url}");
        }
    }

    #[test]
    fn finds_no_host_in_some_urls() {
        for url in ["file:///x", "http://", "https:example.com", "https://a@b@example.com/", "http://:80", "http:////x"]
        {
            assert_eq!(host_of_url(url), Ok(None), "{url}");
        }
    }

    #[test]
    fn finds_no_host_where_browsers_would_find_another() {
        for url in
            ["https://evil.example\\@example.com/", "https://evil.example\\.example.com", "https://a b.example.com"]
        {
            assert_eq!(host_of_url(url), Ok(None), "{url}");
        }
    }

    #[test]
    fn takes_a_url_for_malformed_without_a_known_scheme() {
        for url in
            ["nonsense", "", "app://example.com/x", "${authBaseUrl}", "/x", "x/y:z", "https://a:port/", "http://[1]/"]
        {
            assert_eq!(host_of_url(url), Err(Malformed), "{url}");
        }
    }

    #[test]
    fn finds_the_host_of_a_redirect_uri() {
        for (uri, host) in [
            ("http://localhost:9000/cb?x=1", "localhost"),
            ("http://127.0.0.1:33333/", "127.0.0.1"),
            ("https://example.com:8443/app/*", "example.com"),
            ("https://example.com", "example.com"),
            ("https://example.com.", "example.com."),
            ("https://user@example.com/cb", "example.com"),
            ("app://callback", "callback"),
            ("https://EXAMPLE.com/cb#x", "EXAMPLE.com"),
            ("https://example.com:/ä%20", "example.com"),
            ("http://[::1]/cb", "[::1]"),
            ("//example.com/x", "example.com"),
            ("http://123/", "123"),
        ] {
            assert_eq!(host_of_uri(uri), Ok(Some(host)), "{uri}");
        }
    }

    #[test]
    fn finds_no_host_in_some_redirect_uris() {
        for uri in [
            "*",
            "+",
            "app:callback",
            "com.example.app:/cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://*.example.com/cb",
            "http://my_host/",
            "http://1.2.3.4.5/",
            "http://256.1.1.1/",
            "http://-a.example.com/",
            "http://a..example.com/",
            "http://example.com:port/",
            "http://a@b@example.com/",
            "http://ex%41mple.com/",
            "http://exämple.com/",
            "file:///x",
            "x",
        ] {
            assert_eq!(host_of_uri(uri), Ok(None), "{uri}");
        }
    }

    #[test]
    fn takes_a_redirect_uri_for_malformed_with_a_character_that_may_not_stand_there() {
        for uri in [
            "https://example.com/a b",
            "http://",
            "no uri at all",
            "https://example.com/%zz",
            "https://example.com/%4",
            "https://evil.example\\@example.com/",
            "https://example.com/{id}",
            "https://example.com/[x]",
            "https://example.com/#a#b",
            "app:",
            ":x",
            "1a://example.com",
            "http://[::1/",
            "http://[example.com]/",
        ] {
            assert_eq!(host_of_uri(uri), Err(Malformed), "{uri}");
        }
    }
}
