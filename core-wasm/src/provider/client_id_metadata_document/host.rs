//! Where a URL leads: hosts on the public internet, and what is none of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::realm::Realm;

/// The host of a URL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Host<'a> {
    /// A literal address.
    Address(IpAddr),
    /// A name, as it is written.
    Name(&'a str),
}

impl<'a> Host<'a> {
    /// Reads a host; an IPv6 address has brackets. Absent: it is none, or ends in a number without being an address.
    /// Some parsers find one there all the same: `127.1`, `0x7f000001`.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return inner.parse::<Ipv6Addr>().ok().map(|address| Host::Address(IpAddr::V6(address).to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Host::Address(IpAddr::V4(address)));
        }
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_letter);
        let is_name = name.len() <= 253 && name.split('.').all(is_label) && !ends_in_a_number(name);
        is_name.then_some(Host::Name(text))
    }

    /// Whether it is this machine, in whatever clothes (RFC 6761 §6.3 keeps `localhost` and all below for it).
    pub(super) fn is_loopback(self) -> bool {
        match self {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }

    /// Whether it may be asked, as far as can be told without asking for its addresses. Whoever connects must look at
    /// the address again.
    pub(super) fn may_be_public(self, loopback: bool) -> bool {
        match self {
            _ if self.is_loopback() => loopback,
            Host::Address(address) => is_public(address),
            Host::Name(_) => true,
        }
    }

    /// Whether all its addresses may be asked.
    ///
    /// A name without any may: nothing is fetched from it now, whoever does so later (an authorization server that wants
    /// the keys) has to look at the address anyway, as names can change what they lead to, and name servers that are
    /// away for a while must not disable a client whose document has changed.
    pub(super) fn leads_outside(self, loopback: bool, realm: &dyn Realm) -> bool {
        let is_outside = |address: String| match address.parse::<IpAddr>() {
            Ok(address) => Host::Address(address.to_canonical()).may_be_public(loopback),
            Err(_) => false,
        };
        self.may_be_public(loopback)
            && match self {
                // Whatever a resolver makes of this machine's names, they were just allowed.
                Host::Name(name) if !self.is_loopback() => realm.addresses_of(name).into_iter().all(is_outside),
                _ => true,
            }
    }
}

/// Whether the last label would be read as a number (WHATWG URL §3.5: "ends in a number").
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let hexadecimal = last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an address is on the public internet (RFC 6890 and the IANA registries that follow it). The host has the same
/// list for the addresses that it connects to.
fn is_public(address: IpAddr) -> bool {
    match address {
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
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3; in it, documentation, 6to4, Teredo and NAT64 lead elsewhere.
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200))
        && first != 0x2002
        && first != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::fixed::FixedRealm;

    fn host(text: &str) -> Host<'_> {
        Host::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn what_is_not_on_the_public_internet_is_known_in_every_notation() {
        for (text, loopback, public) in [
            ("8.8.8.8", false, true),
            ("[2600::1]", false, true),
            ("[::ffff:8.8.8.8]", false, true),
            ("app.example.com", false, true),
            ("app.example.com.", false, true),
            ("intranet", false, true),
            ("0.0.0.0", false, false),
            ("10.0.0.1", false, false),
            ("10.0.0.1.", false, false),
            ("100.64.0.1", false, false),
            ("169.254.169.254", false, false),
            ("172.16.0.1", false, false),
            ("192.0.0.8", false, false),
            ("192.0.2.1", false, false),
            ("192.168.1.1", false, false),
            ("198.18.0.1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("[::]", false, false),
            ("[::ffff:10.0.0.1]", false, false),
            ("[::ffff:a9fe:a9fe]", false, false),
            ("[::10.0.0.1]", false, false),
            ("[64:ff9b::a00:1]", false, false),
            ("[2002:a00:1::]", false, false),
            ("[2001:db8::1]", false, false),
            ("[fd00::1]", false, false),
            ("[fe80::1]", false, false),
            ("127.0.0.1", false, false),
            ("127.9.9.9", false, false),
            ("[::1]", false, false),
            ("[::ffff:127.0.0.1]", false, false),
            ("localhost", false, false),
            ("LOCALHOST.", false, false),
            ("app.localhost", false, false),
            ("127.0.0.1", true, true),
            ("[::1]", true, true),
            ("[::ffff:127.0.0.1]", true, true),
            ("localhost", true, true),
            ("10.0.0.1", true, false),
            ("169.254.169.254", true, false),
            ("0.0.0.0", true, false),
        ] {
            assert_eq!(host(text).may_be_public(loopback), public, "{text} {loopback}");
        }
    }

    #[test]
    fn what_only_some_parsers_take_for_an_address_is_no_host() {
        for text in [
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.01",
            "1.2.3.400",
            "1.2.3.4.5",
            "a.0x",
            "",
            ".",
            "a..b",
            ".a",
            "a%62",
            "[1.2.3.4]",
            "[::1%eth0]",
            "[",
            "a b",
        ] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
        assert_eq!(Host::parse(&"a.".repeat(128)), None);
        assert_eq!(Host::parse(&"a".repeat(64)), None);
        assert_eq!(host("4.example.1a"), Host::Name("4.example.1a"));
    }

    #[test]
    fn every_address_of_a_name_counts_and_a_name_without_any_passes() {
        let realm = FixedRealm {
            hosts: vec![
                ("public.example", "8.8.8.8"),
                ("both.example", "8.8.8.8"),
                ("both.example", "10.0.0.1"),
                ("mapped.example", "::ffff:10.0.0.1"),
                ("here.example", "127.0.0.1"),
                ("odd.example", "fe80::1%eth0"),
            ],
            ..FixedRealm::default()
        };
        for (text, loopback, outside) in [
            ("public.example", false, true),
            ("both.example", false, false),
            ("both.example", true, false),
            ("mapped.example", false, false),
            ("here.example", false, false),
            ("here.example", true, true),
            ("odd.example", true, false),
            ("nowhere.example", false, true),
            ("localhost", true, true),
            ("localhost", false, false),
            ("10.0.0.1", true, false),
            ("8.8.8.8", false, true),
        ] {
            assert_eq!(host(text).leads_outside(loopback, &realm), outside, "{text} {loopback}");
        }
    }
}
