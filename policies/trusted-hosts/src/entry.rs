//! One entry of the list of trusted hosts: a name, `*.domain` for it and all below, an address, or a range of addresses
//! (`203.0.113.0/24`). Whatever else an administrator entered trusts nobody.

use std::net::IpAddr;

/// Whether the entry means the host of a URL or the name of a sender. Exact, but for domains and ranges; an IPv6 host
/// has brackets, as in the URL.
pub fn names(entry: &str, host: &str) -> bool {
    if let Some(domain) = entry.strip_prefix("*.") {
        return host.strip_suffix(domain).is_some_and(|left| left.is_empty() || left.ends_with('.'));
    }
    host == entry || range(entry).is_some_and(|range| address(host).is_some_and(|address| contains(range, address)))
}

/// Whether the entry is this address in any notation, or a range that it lies in.
pub fn holds(entry: &str, sender: IpAddr) -> bool {
    address(entry) == Some(sender) || range(entry).is_some_and(|range| contains(range, sender))
}

/// The host name to ask DNS for, if the entry can be one.
pub fn host_name(entry: &str) -> Option<&str> {
    (is_name(entry) && address(entry).is_none()).then_some(entry)
}

/// Whether the entry can mean the name of a sender.
pub fn may_name(entry: &str) -> bool {
    entry.strip_prefix("*.").is_some_and(is_name) || host_name(entry).is_some()
}

/// An address; brackets are left out, and IPv4 in IPv6 is IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

/// Whether the entry is written as a range of addresses that there is not: an address or a number that is too large.
pub fn is_no_range(entry: &str) -> bool {
    let Some((address, bits)) = entry.split_once('/') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = address.contains('.') && address.split('.').all(is_number)
        || address.contains("::") && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        || address.parse::<IpAddr>().is_ok();
    is_address && is_number(bits) && range(entry).is_none()
}

/// A range in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3): an address and how many leading bits count.
fn range(entry: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= longest)?;
    Some((address, bits))
}

fn contains((first, bits): (IpAddr, u32), address: IpAddr) -> bool {
    // Shifting all bits out isn't defined: nothing is left to compare then.
    match (first, address) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            (first.to_bits() ^ address.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            (first.to_bits() ^ address.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_host_exactly() {
        for (entry, host, named) in [
            ("example.com", "example.com", true),
            ("example.com", "www.example.com", false),
            ("example.com", "EXAMPLE.com", false),
            ("example.com", "example.com.", false),
            ("[::1]", "[::1]", true),
            ("::1", "[::1]", false),
            ("*", "example.com", false),
            ("a.*.example.com", "a.b.example.com", false),
        ] {
            assert_eq!(names(entry, host), named, "{entry} {host}");
        }
    }

    #[test]
    fn names_a_domain_and_all_below() {
        for (host, named) in [
            ("example.org", true),
            ("a.example.org", true),
            ("a.b.example.org", true),
            ("notexample.org", false),
            ("example.org.evil.example", false),
            ("org", false),
        ] {
            assert_eq!(names("*.example.org", host), named, "{host}");
        }
    }

    #[test]
    fn holds_the_addresses_of_a_range() {
        for (entry, text, held) in [
            ("203.0.113.0/24", "203.0.113.9", true),
            ("203.0.113.77/24", "203.0.113.9", true),
            ("203.0.113.0/24", "203.0.114.9", false),
            ("203.0.113.0/24", "2001:db8::9", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("203.0.113.9/32", "203.0.113.9", true),
            ("203.0.113.9/32", "203.0.113.8", false),
            ("203.0.113.0/33", "203.0.113.0", false),
            ("203.0.113.0/", "203.0.113.0", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/129", "::1", false),
        ] {
            assert_eq!(holds(entry, text.parse().unwrap()), held, "{entry} {text}");
        }
        assert!(names("203.0.113.0/24", "203.0.113.9"));
        assert!(names("2001:db8::/32", "[2001:db8::9]"));
        assert!(!names("203.0.113.0/24", "example.com"));
    }

    #[test]
    fn a_range_that_there_is_not_is_told_from_what_is_none() {
        for (entry, expected) in [
            ("203.0.113.0/40", true),
            ("300.0.113.0/24", true),
            ("203.0.113/24", true),
            ("2001:db8::/129", true),
            ("203.0.113.0/24", false),
            ("2001:db8::/32", false),
            ("203.0.113.0/", false),
            ("203.0.113.0/path", false),
            ("example.com/24", false),
            ("https://example.com/24", false),
            ("example.com", false),
        ] {
            assert_eq!(is_no_range(entry), expected, "{entry}");
        }
    }

    #[test]
    fn holds_an_address_in_any_notation() {
        for entry in ["::1", "0:0:0:0:0:0:0:1", "[::1]"] {
            assert!(holds(entry, "::1".parse().unwrap()), "{entry}");
        }
        assert!(holds("::ffff:192.0.2.1", "192.0.2.1".parse().unwrap()));
        assert!(!holds("127.0.0.1 ", "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn asks_dns_for_nothing_but_host_names() {
        for (entry, asked, named) in [
            ("example.com", true, true),
            ("localhost", true, true),
            ("my_host", true, true),
            ("*.example.com", false, true),
            ("127.0.0.1", false, false),
            ("::1", false, false),
            ("203.0.113.0/24", false, false),
            ("localhost ", false, false),
            ("*", false, false),
            ("*.*", false, false),
            ("http://example.com/", false, false),
        ] {
            assert_eq!((host_name(entry).is_some(), may_name(entry)), (asked, named), "{entry}");
        }
    }
}
