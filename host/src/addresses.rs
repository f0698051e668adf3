//! Network addresses: which ones are local, private or public, and who a request really comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use ipnet::IpNet;

/// An IPv4 address that came in IPv6 clothes is the IPv4 address.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whether an address is loopback, private (RFC 1918, RFC 4193) or link-local: for `sslRequired` = `external`.
pub(crate) fn is_local(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether documents may be fetched from an address: it is on the public internet (IANA special-purpose registries).
pub(crate) fn is_public(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast is 2000::/3; in it, documentation, 6to4, Teredo and NAT64 lead elsewhere.
    (segments[0] & 0xe000) == 0x2000
        && !(segments[0] == 0x2001 && (segments[1] == 0x0db8 || segments[1] < 0x0200))
        && segments[0] != 0x2002
        && segments[0] != 0x3fff
}

/// The proxies whose word about the caller counts (`--trusted-proxy`).
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

/// What a trusted proxy says about the request that it passes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Address of the caller.
    pub(crate) address: IpAddr,
    /// `https` when the caller used TLS.
    pub(crate) scheme: Option<String>,
    /// The host that the caller asked for.
    pub(crate) host: Option<String>,
}

impl TrustedProxies {
    /// Proxies in these networks.
    pub(crate) fn new(networks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who a request comes from: the connection's peer, unless that is a trusted proxy; then what it says, read from
    /// right to left up to the first address that is not a trusted proxy (RFC 7239 `Forwarded`, else
    /// `X-Forwarded-For`, `-Proto` and `-Host`).
    pub(crate) fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Origin {
        let peer = canonical(peer);
        let mut origin = Origin { address: peer, scheme: None, host: None };
        if !self.trusts(peer) {
            return origin;
        }
        if headers.contains_key(FORWARDED) {
            let elements = list(headers, FORWARDED.as_str());
            for element in elements.iter().rev() {
                let Some(address) = parameter(element, "for").and_then(|value| node(&value)) else { break };
                origin.address = address;
                origin.scheme = parameter(element, "proto").or(origin.scheme);
                origin.host = parameter(element, "host").or(origin.host);
                if !self.trusts(address) {
                    break;
                }
            }
            return origin;
        }
        for value in list(headers, "x-forwarded-for").iter().rev() {
            let Some(address) = node(value) else { break };
            origin.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        origin.scheme = list(headers, "x-forwarded-proto").pop();
        origin.host = list(headers, "x-forwarded-host").pop();
        origin
    }
}

/// The members of a header that is a list, over all its lines.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|member| member.trim().to_owned())
        .filter(|member| !member.is_empty())
        .collect()
}

/// A parameter of an element of `Forwarded`.
fn parameter(element: &str, name: &str) -> Option<String> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
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

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_ignored() {
        let spoofed = headers(&[("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1")]);
        assert_eq!(proxies().origin(ip("203.0.113.9"), &spoofed).address, ip("203.0.113.9"));
    }

    #[test]
    fn proxies_are_looked_through_from_right_to_left() {
        for (name, value, expected) in [
            ("x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
            ("x-forwarded-for", "203.0.113.9:4711", "203.0.113.9"),
            ("x-forwarded-for", "nonsense", "10.0.0.1"),
            ("x-forwarded-for", "198.51.100.1, nonsense, 10.2.2.2", "10.2.2.2"),
            ("forwarded", "for=127.0.0.1, for=\"[2001:db8::1]:80\";proto=https, for=10.1.1.1", "2001:db8::1"),
            ("forwarded", "for=unknown", "10.0.0.1"),
        ] {
            assert_eq!(proxies().origin(ip("10.0.0.1"), &headers(&[(name, value)])).address, ip(expected), "{value}");
        }
    }

    #[test]
    fn a_trusted_proxy_tells_scheme_and_host() {
        let told = headers(&[
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "id.example"),
        ]);
        let origin = proxies().origin(ip("::ffff:10.0.0.1"), &told);
        assert_eq!((origin.scheme.as_deref(), origin.host.as_deref()), (Some("https"), Some("id.example")));
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in ["8.8.8.8", "2600::1", "::ffff:8.8.8.8"] {
            assert!(is_public(ip(public)), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "224.0.0.1",
        ] {
            assert!(!is_public(ip(private)), "{private}");
        }
    }
}
