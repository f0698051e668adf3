//! Callers that ask too often, and callers that guess: both are told to wait (429).
//!
//! What is remembered of them is bounded and this node's own; a restart forgets it.

mod anonymous;
mod guesses;
mod rate;
mod wrong_codes;

use std::net::{IpAddr, Ipv6Addr};

pub(crate) use anonymous::{AnonymousLimits, PER_ADDRESS, PER_REALM};
pub(crate) use guesses::{Guesses, pause};
pub(crate) use rate::Rate;
pub(crate) use wrong_codes::WrongCodes;

/// Entries that a table has at most; who was not seen for longest is forgotten then.
const ENTRIES: usize = 65_536;

/// What entries are found by: of one length, whatever callers send.
type Key = [u8; 16];

/// The key of somebody in a realm.
fn key(realm_id: &str, name: &str, address: Option<IpAddr>) -> Key {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in [realm_id, name] {
        digest.update(&part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    match address {
        Some(IpAddr::V4(address)) => digest.update(&address.octets()),
        // Whoever has one IPv6 address usually has all of its network.
        Some(IpAddr::V6(address)) => digest.update(&network(address).octets()),
        None => {}
    }
    let mut key = Key::default();
    key.copy_from_slice(&digest.finish().as_ref()[..16]);
    key
}

/// The first 64 bits.
pub(crate) fn network(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_of_ipv6_count_as_one() {
        let key_of = |address: &str| key("realm", "", address.parse().ok());
        assert_eq!(key_of("2001:db8::1"), key_of("2001:db8::ffff:1"));
        assert_ne!(key_of("2001:db8::1"), key_of("2001:db8:0:1::1"));
        assert_ne!(key_of("192.0.2.1"), key_of("192.0.2.2"));
    }
}
