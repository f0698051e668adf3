//! URLs, taken apart so that browsers, HTTP clients and this server agree about where they lead (RFC 3986 §3).

use super::host::Host;

/// An absolute URL with a host. Nothing of it is decoded.
#[derive(Debug, PartialEq)]
pub(super) struct Url<'a> {
    /// As it is written.
    pub(super) scheme: &'a str,
    pub(super) has_user_information: bool,
    pub(super) host: Host<'a>,
    pub(super) path: &'a str,
    pub(super) has_fragment: bool,
}

impl<'a> Url<'a> {
    /// Reads a URL. Absent: it is none, or what stands before its path is not plain ASCII of RFC 3986. There parsers
    /// differ: browsers take `\` for a slash, leave out tabs, and find numbers of other scripts in addresses.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if !is_scheme(scheme) {
            return None;
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !is_plain(authority) {
            return None;
        }
        let (user_information, host_and_port) = match authority.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, authority),
        };
        let (before, fragment) = match rest.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (rest, None),
        };
        Some(Url {
            scheme,
            has_user_information: user_information.is_some(),
            host: Host::parse(without_port(host_and_port)?)?,
            path: before.split('?').next().unwrap_or_default(),
            has_fragment: fragment.is_some(),
        })
    }

    /// Whether it is reached with TLS. Without TLS only this machine is, and only where that is allowed.
    pub(super) fn is_https(&self, loopback: bool) -> bool {
        self.scheme.eq_ignore_ascii_case("https")
            || loopback && self.scheme.eq_ignore_ascii_case("http") && self.host.is_loopback()
    }
}

/// Whether a text has only the characters of a URI, and complete percent codes (RFC 3986 §2).
pub(super) fn is_plain(text: &str) -> bool {
    let is_code = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
        && text.split('%').skip(1).all(is_code)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// The host of `host:port`; an IPv6 address keeps its brackets. Absent: no port is written so.
fn without_port(host_and_port: &str) -> Option<&str> {
    let end = match host_and_port.find(']') {
        Some(bracket) => bracket + 1,
        None => host_and_port.find(':').unwrap_or(host_and_port.len()),
    };
    let (host, rest) = host_and_port.split_at(end);
    let port = if rest.is_empty() { "" } else { rest.strip_prefix(':')? };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && (port.is_empty() || port.parse::<u16>().is_ok())).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        for (text, user, path, fragment) in [
            ("https://app.example.com/a/b?c=/d", false, "/a/b", false),
            ("https://app.example.com", false, "", false),
            ("https://app.example.com?a", false, "", false),
            ("https://app.example.com#/a", false, "", true),
            ("https://app.example.com/a#", false, "/a", true),
            ("https://app.example.com:8443/", false, "/", false),
            ("https://app.example.com:/", false, "/", false),
            ("https://me:word@app.example.com/", true, "/", false),
            ("https://@app.example.com/", true, "/", false),
            ("https://a@b@app.example.com/", true, "/", false),
            ("https://app.example.com/größe", false, "/größe", false),
        ] {
            let url = Url::parse(text).unwrap_or_else(|| panic!("{text}"));
            let expected = Url {
                scheme: "https",
                has_user_information: user,
                host: Host::Name("app.example.com"),
                path,
                has_fragment: fragment,
            };
            assert_eq!(url, expected, "{text}");
        }
    }

    #[test]
    fn a_url_that_parsers_would_read_differently_is_none() {
        for text in [
            "",
            "my-client",
            "//app.example.com/c",
            "https:app.example.com/c",
            "https:/app.example.com/c",
            "https:///c",
            "https://:443/c",
            "1https://app.example.com/c",
            " https://app.example.com/c",
            "https://10.0.0.1\\@app.example.com/c",
            "https://10.0.0.1\t/c",
            "https://app.example.com:x/c",
            "https://app.example.com:65536/c",
            "https://app.example.com:80:90/c",
            "https://[::1/c",
            "https://[::1]x/c",
            "https://x[::1]/c",
            "https://[fe80::1%25eth0]/c",
            "https://exämple.com/c",
            "https://１２７.0.0.1/c",
            "https://ex%61mple.com/c",
            "https://%zz@example.com/c",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    #[test]
    fn tls_is_for_everything_but_this_machine() {
        for (text, loopback, expected) in [
            ("https://app.example.com/", false, true),
            ("HTTPS://app.example.com/", false, true),
            ("http://app.example.com/", true, false),
            ("http://localhost/", true, true),
            ("http://localhost/", false, false),
            ("http://10.0.0.1/", true, false),
            ("ftp://localhost/", true, false),
        ] {
            assert_eq!(Url::parse(text).unwrap().is_https(loopback), expected, "{text} {loopback}");
        }
    }
}
