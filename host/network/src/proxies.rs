//! Trusted proxies: what they say about the requests that they pass on. One family of headers counts
//! (`--proxy-headers`). The other is ignored, as a proxy that does not know it passes on what its caller wrote there.

use std::net::{IpAddr, Ipv4Addr};

use clap::ValueEnum;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::addresses::canonical;
use crate::authority::{self, Scheme};
use crate::header_list;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The headers in which proxies tell of callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProxyHeaders {
    /// X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Port.
    #[default]
    Xforwarded,
    /// Forwarded (RFC 7239).
    Forwarded,
}

/// The proxies whose word about the caller counts (`--trusted-proxy`).
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    headers: ProxyHeaders,
}

/// Who sent a request, and what a trusted proxy says of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// Address of the caller.
    pub address: IpAddr,
    /// Whether the caller used TLS; absent: nobody said.
    pub scheme: Option<Scheme>,
    /// The host that the caller asked for, and perhaps its port, as the proxy wrote them.
    pub host: Option<String>,
    /// The port that the caller asked for; wins over that of the host.
    pub port: Option<u16>,
}

/// A header of a trusted proxy that cannot be read: nobody knows then who the caller is.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

impl TrustedProxies {
    /// Proxies in these networks, which tell of callers in these headers.
    pub fn new(networks: Vec<IpNet>, headers: ProxyHeaders) -> TrustedProxies {
        TrustedProxies { networks, headers }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Who a request comes from: the connection's peer, unless that is a trusted proxy; then what it says.
    ///
    /// # Errors
    /// `Forwarded` cannot be read.
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Origin, Unreadable> {
        let mut origin = Origin { address: canonical(peer), scheme: None, host: None, port: None };
        if self.trusts(origin.address) {
            match self.headers {
                ProxyHeaders::Xforwarded => self.x_forwarded(&mut origin, headers),
                ProxyHeaders::Forwarded => self.forwarded(&mut origin, headers)?,
            }
        }
        Ok(origin)
    }

    /// Addresses are read from right to left, up to the first that is no trusted proxy: what stands further left may be
    /// the caller's own words. For the same reason the last scheme, host and port count.
    fn x_forwarded(&self, origin: &mut Origin, headers: &HeaderMap) {
        let addresses: Vec<&str> = header_list::members(headers, &X_FORWARDED_FOR).collect();
        for address in addresses.into_iter().rev().map_while(node) {
            origin.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        origin.scheme = last(headers, &X_FORWARDED_PROTO).and_then(Scheme::parse);
        origin.host = last(headers, &X_FORWARDED_HOST).map(str::to_owned);
        origin.port = last(headers, &X_FORWARDED_PORT).and_then(authority::port_of);
    }

    /// The same with elements that hold all of it: each was written by the proxy whose address the next one names.
    fn forwarded(&self, origin: &mut Origin, headers: &HeaderMap) -> Result<(), Unreadable> {
        for element in elements(headers)?.into_iter().rev() {
            origin.scheme = element.scheme.or(origin.scheme);
            origin.host = element.host.or(origin.host.take());
            // Whoever hides its address (`unknown`, `_name`) is no proxy that is known.
            let Some(address) = element.address else { break };
            origin.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        Ok(())
    }
}

/// The last member of a header; empty if it has none.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().unwrap_or_default();
    Some(header_list::split(line, ',').last().unwrap_or_default())
}

/// What one proxy says in `Forwarded`.
#[derive(Default)]
struct Element {
    address: Option<IpAddr>,
    scheme: Option<Scheme>,
    host: Option<String>,
}

/// The elements of `Forwarded` over all its lines. The crates for it cut texts in quotes at their commas; here a quote
/// that is not closed is an error, else a caller could swallow with one what the proxy adds behind it.
fn elements(headers: &HeaderMap) -> Result<Vec<Element>, Unreadable> {
    let lines = headers.get_all(FORWARDED).iter().map(|line| line.to_str().map_err(|_| Unreadable));
    let mut elements = Vec::new();
    for line in lines {
        for element in header_list::split(line?, ',') {
            elements.push(Element::read(element)?);
        }
    }
    Ok(elements)
}

impl Element {
    fn read(text: &str) -> Result<Element, Unreadable> {
        let mut element = Element::default();
        let mut names: Vec<String> = Vec::with_capacity(4);
        for pair in header_list::split(text, ';') {
            let (name, value) = pair.split_once('=').ok_or(Unreadable)?;
            let (name, value) = (name.trim().to_ascii_lowercase(), unquoted(value.trim()).ok_or(Unreadable)?);
            // RFC 7239 §4: a name is a word, and none occurs twice.
            if name.is_empty() || !name.bytes().all(is_of_word) || names.contains(&name) {
                return Err(Unreadable);
            }
            match name.as_str() {
                "for" => element.address = node(&value),
                "proto" => element.scheme = Scheme::parse(&value),
                "host" => element.host = Some(value),
                _ => {}
            }
            names.push(name);
        }
        Ok(element)
    }
}

/// Whether a character may stand in a token (RFC 9110 §5.6.2).
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A value that may stand in quotes (RFC 9110 §5.6.4), without them.
fn unquoted(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else {
        let bare = !value.contains(|character: char| character.is_whitespace() || matches!(character, '"' | '\\'));
        return bare.then(|| value.to_owned());
    };
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

/// The address of a node: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80` or `2001:db8::1`.
fn node(text: &str) -> Option<IpAddr> {
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse().ok()?,
        None => text.parse().ok().or_else(|| {
            text.rsplit_once(':').and_then(|(address, _)| address.parse::<Ipv4Addr>().ok().map(IpAddr::V4))
        })?,
    };
    Some(canonical(address))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(headers: ProxyHeaders) -> TrustedProxies {
        TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], headers)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn told(family: ProxyHeaders, pairs: &[(&'static str, &str)]) -> Result<Origin, Unreadable> {
        proxies(family).origin(ip("::ffff:10.0.0.1"), &headers(pairs))
    }

    fn forwarded(value: &str) -> Result<Origin, Unreadable> {
        told(ProxyHeaders::Forwarded, &[("forwarded", value)])
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_ignored() {
        let spoofed = headers(&[
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=127.0.0.1;host=evil.example"),
            ("forwarded", "\""),
        ]);
        let expected = Origin { address: ip("203.0.113.9"), scheme: None, host: None, port: None };
        for family in [ProxyHeaders::Xforwarded, ProxyHeaders::Forwarded] {
            assert_eq!(proxies(family).origin(ip("203.0.113.9"), &spoofed).as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn the_other_family_is_ignored() {
        let both = [
            ("x-forwarded-for", "203.0.113.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "x.example"),
            ("x-forwarded-port", "1"),
            ("forwarded", "for=203.0.113.2;host=f.example;proto=http"),
        ];
        let x = told(ProxyHeaders::Xforwarded, &both).unwrap();
        assert_eq!(
            (x.address, x.scheme, x.host.as_deref()),
            (ip("203.0.113.1"), Some(Scheme::Https), Some("x.example"))
        );
        let f = told(ProxyHeaders::Forwarded, &both).unwrap();
        assert_eq!(
            (f.address, f.scheme, f.host.as_deref()),
            (ip("203.0.113.2"), Some(Scheme::Http), Some("f.example"))
        );
        assert_eq!((x.port, f.port), (Some(1), None));
        let broken = [("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=\"")];
        assert_eq!(told(ProxyHeaders::Xforwarded, &broken).unwrap().address, ip("203.0.113.1"));
    }

    #[test]
    fn proxies_are_looked_through_from_right_to_left() {
        for (value, expected) in [
            ("127.0.0.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("nonsense", "10.0.0.1"),
            ("198.51.100.1, nonsense, 10.2.2.2", "10.2.2.2"),
            ("nonsense, 203.0.113.9", "203.0.113.9"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(
                told(ProxyHeaders::Xforwarded, &[("x-forwarded-for", value)]).unwrap().address,
                ip(expected),
                "{value}"
            );
        }
        for (value, expected) in [
            ("for=127.0.0.1, for=\"[2001:db8::1]:80\";proto=https, for=10.1.1.1", "2001:db8::1"),
            ("for=127.0.0.1, for=unknown", "10.0.0.1"),
            ("for=198.51.100.1, for=_a-b.c, for=10.2.2.2", "10.2.2.2"),
            ("FOR=\"203.0.113.9:80\" ; by=10.0.0.1;secret=\"a,b;c=\\\"\"", "203.0.113.9"),
            ("for=203.0.113.9:80", "203.0.113.9"),
            ("for=[2001:db8::1]", "2001:db8::1"),
            ("", "10.0.0.1"),
            (", ;,", "10.0.0.1"),
        ] {
            assert_eq!(forwarded(value).unwrap().address, ip(expected), "{value}");
        }
    }

    #[test]
    fn the_last_words_of_the_nearest_proxy_count() {
        let pairs = [
            ("x-forwarded-proto", "http, HTTPS"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-host", "evil.example, id.example:8443"),
            ("x-forwarded-port", "1, 9443"),
        ];
        let origin = told(ProxyHeaders::Xforwarded, &pairs).unwrap();
        assert_eq!((origin.scheme, origin.port), (Some(Scheme::Https), Some(9443)));
        assert_eq!(origin.host.as_deref(), Some("id.example:8443"));
        for port in ["", "http", "65536", "-1", "+1"] {
            assert_eq!(told(ProxyHeaders::Xforwarded, &[("x-forwarded-port", port)]).unwrap().port, None, "{port}");
        }
        assert_eq!(told(ProxyHeaders::Xforwarded, &[("x-forwarded-host", "")]).unwrap().host.as_deref(), Some(""));
    }

    #[test]
    fn scheme_and_host_count_whoever_asked() {
        for value in [
            "for=192.0.2.60;proto=https;host=a.example",
            "for=unknown;proto=Https;host=a.example",
            "for=\"_hidden\";proto=\"HTTPS\";host=\"a.example\"",
            "proto=https;host=\"a\\.example\"",
            "for=192.0.2.60;proto=https;host=a.example, for=10.1.1.1",
            "host=evil.example;proto=http, for=unknown;proto=https;host=a.example",
        ] {
            let origin = forwarded(value).unwrap();
            assert_eq!((origin.scheme, origin.host.as_deref()), (Some(Scheme::Https), Some("a.example")), "{value}");
        }
        assert_eq!(forwarded("proto=ftp").unwrap().scheme, None);
    }

    #[test]
    fn a_caller_cannot_swallow_what_the_proxy_adds() {
        let adds = ["for=203.0.113.9;proto=http", "for=\"[2001:db8::9]:80\";host=\"a.example\""];
        let tries = [
            "for=\"",
            "for=127.0.0.1;x=\"",
            "\"",
            "for=\"a\"b",
            "for=\"a\\",
            "x",
            "for=127.0.0.1;for=127.0.0.1",
            "for=a b",
            "=",
            "a\"b=c",
            "for =\"",
            "\"=a",
        ];
        for (tried, added) in tries.into_iter().flat_map(|tried| adds.map(|added| (tried, added))) {
            assert_eq!(forwarded(&format!("{tried}, {added}")), Err(Unreadable), "{tried}");
            let lines = [("forwarded", tried), ("forwarded", added)];
            assert_eq!(told(ProxyHeaders::Forwarded, &lines), Err(Unreadable), "{tried}");
        }
    }
}
