//! A URI as browsers read it (WHATWG URL), its parts as they stand beside it. What browsers and RFC 3986 read differently
//! is not read at all: somebody else would find another host in it.

use url::{Host, Url};

/// What was read.
#[derive(Debug)]
pub struct Uri<'a> {
    /// In small letters.
    pub scheme: String,
    /// Between `//` and the path, as it stands; empty: there is none.
    authority: &'a str,
    /// What follows it.
    rest: &'a str,
    url: Url,
}

/// Schemes whose URIs name a host behind two slashes, however many there are (WHATWG URL: special schemes).
pub const WEB: [&str; 2] = ["http", "https"];

impl<'a> Uri<'a> {
    /// Reads an absolute URI. Absent: it is none, or has several readings.
    pub fn read(text: &'a str) -> Option<Self> {
        if text.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
            return None;
        }
        let (scheme, behind) = text.split_once(':')?;
        if !is_scheme(scheme) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (authority, rest) = match behind.strip_prefix("//") {
            Some(behind) => behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len())),
            None => ("", behind),
        };
        // Browsers find a host behind any number of slashes.
        if WEB.contains(&scheme.as_str()) && authority.is_empty() {
            return None;
        }
        let url = Url::parse(text).ok()?;
        Some(Self { scheme, authority, rest, url })
    }

    /// Whether it is one with a host of the web.
    pub fn is_web(&self) -> bool {
        WEB.contains(&self.scheme.as_str())
    }

    /// The host in its ASCII form, a name without its final dot.
    pub fn host(&self) -> Option<Host<String>> {
        self.url.host().map(|host| without_final_dot(host.to_owned()))
    }

    /// The host as it stands, without the port.
    pub fn written_host(&self) -> &'a str {
        match self.authority.find(']') {
            Some(end) => &self.authority[..=end],
            None => self.authority.split(':').next().unwrap_or_default(),
        }
    }

    /// The port, that of the scheme if none is named.
    pub fn port(&self) -> Option<u16> {
        self.url.port_or_known_default()
    }

    /// Whether there is an `@` before the host, even with nothing before it.
    pub fn has_user_information(&self) -> bool {
        self.authority.contains('@')
    }

    /// Whether there is a `*` where the host is, also an encoded one.
    pub fn has_wildcard_in_host(&self) -> bool {
        self.authority.contains('*') || self.url.host_str().is_some_and(|host| host.contains('*'))
    }

    /// Whether there is a `*` behind the host.
    pub fn has_wildcard_in_path(&self) -> bool {
        self.rest.contains('*')
    }
}

/// RFC 3986 §3.1.
pub fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// `example.com.` is `example.com`.
pub fn without_final_dot(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').map(str::to_owned).unwrap_or(name)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_host_as_browsers_do() {
        for (text, host) in [
            ("https://EXAMPLE.com./cb", "example.com"),
            ("https://ex%61mple.com/", "example.com"),
            ("https://bücher.example/", "xn--bcher-kva.example"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://127.1:80/", "127.0.0.1"),
            ("http://[0:0::1]/", "[::1]"),
            ("cursor://cb", "cb"),
        ] {
            assert_eq!(Uri::read(text).unwrap().host().unwrap().to_string(), host, "{text}");
        }
        assert_eq!(Uri::read("com.example.app:/cb").unwrap().host(), None);
    }

    #[test]
    fn does_not_read_what_has_several_readings() {
        for text in [
            "https:/example.com/",
            "https:example.com",
            "https:///example.com/",
            "https://evil.test\\@example.com/",
            "https://example.com/a b",
            "https://exam\tple.com/",
            " https://example.com/",
            "https://example.com/\n",
            "https://example.com\u{a0}/",
            "https://1.2.3.4.5/",
            "https://example.com:99999/",
            "https://[::1/",
            "https://",
            "/cb",
            "*",
            "1a:/cb",
            "",
        ] {
            assert!(Uri::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn tells_the_parts_as_they_stand() {
        for (text, host, user, in_host, in_path) in [
            ("http://127.0.0.1:1/cb", "127.0.0.1", false, false, false),
            ("http://[::1]:1/cb", "[::1]", false, false, false),
            ("https://@a.example/", "@a.example", true, false, false),
            ("https://a.example/@*", "a.example", false, false, true),
            ("https://*.a.example/", "*.a.example", false, true, false),
            ("https://%2a.a.example/", "%2a.a.example", false, true, false),
            ("https://a.example?*", "a.example", false, false, true),
            ("app:*@x", "", false, false, true),
        ] {
            let uri = Uri::read(text).unwrap();
            assert_eq!(uri.written_host(), host, "{text}");
            assert_eq!(uri.has_user_information(), user, "{text}");
            assert_eq!((uri.has_wildcard_in_host(), uri.has_wildcard_in_path()), (in_host, in_path), "{text}");
        }
    }
}
