//! Hosts: an entry of the list of allowed ones, and which are this machine's own (loopback).

use url::Host;

use crate::uri::{Uri, without_final_dot};

/// `example.com`, `*.example.com` (it and all below), with `:8443` at that port only.
#[derive(Debug, PartialEq)]
pub struct Entry {
    host: Host<String>,
    /// Names below it, too.
    below: bool,
    /// Absent: any.
    port: Option<u16>,
}

impl Entry {
    /// Reads an entry. Absent: it names no host.
    pub fn read(text: &str) -> Option<Self> {
        let (below, text) = match text.strip_prefix("*.") {
            Some(text) => (true, text),
            None => (false, text),
        };
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || "*/?#@\\".contains(c)) {
            return None;
        }
        let (host, port) = match text.rsplit_once(':') {
            // A colon inside brackets is the address's.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        let host = without_final_dot(Host::parse(host).ok()?);
        let is_name = matches!(&host, Host::Domain(name) if !name.is_empty());
        let is_address = !matches!(host, Host::Domain(_));
        (is_name || is_address && !below).then_some(Self { host, below, port })
    }

    /// Whether it means the host of this URI.
    pub fn means(&self, uri: &Uri) -> bool {
        let Some(host) = uri.host() else { return false };
        let named = match (&self.host, &host) {
            (Host::Domain(own), Host::Domain(name)) if self.below => {
                name.strip_suffix(own.as_str()).is_some_and(|left| left.is_empty() || left.ends_with('.'))
            }
            (own, host) => own == host,
        };
        named && self.port.is_none_or(|port| uri.port() == Some(port))
    }
}

/// Which loopback addresses clients may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// None.
    None,
    /// `127.0.0.1` and `[::1]`, as they stand.
    Addresses,
    /// The name `localhost` too.
    Localhost,
}

impl Loopback {
    /// Each with its word in the settings.
    pub const WORDS: [(&'static str, Self); 3] =
        [("none", Self::None), ("addresses", Self::Addresses), ("localhost", Self::Localhost)];

    /// Whether it allows the host of a URI that [`is_loopback`].
    pub fn allows(self, uri: &Uri) -> bool {
        match self {
            Self::None => false,
            Self::Addresses => is_plain_address(uri),
            // Names below it lead wherever a resolver says.
            Self::Localhost => is_plain_address(uri) || uri.host() == Some(Host::Domain("localhost".into())),
        }
    }
}

/// Other spellings of these addresses are read differently by different programs.
fn is_plain_address(uri: &Uri) -> bool {
    ["127.0.0.1", "[::1]"].contains(&uri.written_host())
}

/// Whether the host is this machine (RFC 8252 §7.3, RFC 6761 §6.3), in any spelling.
pub fn is_loopback(uri: &Uri) -> bool {
    match uri.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_means_hosts_and_ports() {
        for (entry, uri, meant) in [
            ("example.com", "https://example.com:9/", true),
            ("EXAMPLE.com.", "https://example.com/", true),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
            ("example.com", "https://a.example.com/", false),
            ("*.example.com", "https://example.com/", true),
            ("*.example.com", "https://a.b.example.com./", true),
            ("*.example.com", "https://evilexample.com/", false),
            ("*.example.com", "https://example.com.evil.test/", false),
            ("host:443", "https://host/", true),
            ("host:443", "http://host/", false),
            ("host:8443", "https://host/", false),
            ("*.host:8443", "https://a.host:8443/", true),
            ("[2001:db8::1]", "https://[2001:db8:0::1]/", true),
            ("[2001:db8::1]:1", "https://[2001:db8::1]/", false),
            ("192.0.2.1", "https://192.0.2.1/", true),
        ] {
            assert_eq!(Entry::read(entry).unwrap().means(&Uri::read(uri).unwrap()), meant, "{entry} {uri}");
        }
    }

    #[test]
    fn an_entry_that_names_no_host_is_not_read() {
        for entry in [
            "*.*.example.com",
            "*",
            "*.",
            "a.*.example",
            "https://example.com",
            "example.com/x",
            "user@host",
            "host:port",
            "host:",
            "host:99999",
            "*.192.0.2.1",
            "2001:db8::1",
            "ex ample.com",
            ".",
        ] {
            assert_eq!(Entry::read(entry), None, "{entry}");
        }
    }

    #[test]
    fn knows_this_machine_in_any_spelling() {
        for (uri, loopback, addresses, localhost) in [
            ("http://127.0.0.1:1/", true, true, true),
            ("http://[::1]/", true, true, true),
            ("http://localhost/", true, false, true),
            ("http://LOCALHOST./", true, false, true),
            ("http://a.localhost/", true, false, false),
            ("http://127.1/", true, false, false),
            ("http://2130706433/", true, false, false),
            ("http://127.9.9.9/", true, false, false),
            ("http://[0::1]/", true, false, false),
            ("http://[::ffff:127.0.0.1]/", true, false, false),
            ("http://localhost.evil.test/", false, false, false),
            ("http://128.0.0.1/", false, false, false),
        ] {
            let uri = Uri::read(uri).unwrap();
            let found = (is_loopback(&uri), Loopback::Addresses.allows(&uri), Loopback::Localhost.allows(&uri));
            assert_eq!(found, (loopback, addresses, localhost), "{uri:?}");
        }
    }
}
