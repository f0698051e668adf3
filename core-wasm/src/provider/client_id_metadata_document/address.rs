//! The address that a client's identifier is: what can be wrong with it before anything is fetched.

use super::url::{Url, is_plain};
use crate::contract::matricula::registration::decision::Violation;
use crate::provider::openid_connect::published::objection;

/// Characters of an identifier, as of every client's.
const LENGTH: usize = 255;

/// Checks the address.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn check(address: &str, loopback: bool) -> Result<(), Violation> {
    match broken_rule(address, loopback) {
        Some(message) => Err(objection("client_id", address, message)),
        None => Ok(()),
    }
}

/// What is said of an address, in the order of the rules.
fn broken_rule(address: &str, loopback: bool) -> Option<&'static str> {
    const NO_HTTPS: &str = "client_id must be an https URL";
    let Some(url) = Url::parse(address).filter(|url| is_plain(address) && url.is_https(loopback)) else {
        return Some(NO_HTTPS);
    };
    [
        (url.has_user_information, "client_id must not have user information"),
        (url.has_fragment, "client_id must not have a fragment"),
        (matches!(url.path, "" | "/"), "client_id must have a path"),
        (url.path.split('/').any(is_dot_segment), "client_id must not have dot segments"),
        (address.len() > LENGTH, "client_id is longer than 255 characters"),
        (!url.host.may_be_public(loopback), "client_id leads to no public address"),
    ]
    .into_iter()
    .find_map(|(broken, message)| broken.then_some(message))
}

/// `.` or `..`, also with percent codes: URL parsers decode these.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_HTTPS: &str = "client_id must be an https URL";
    const USER: &str = "client_id must not have user information";
    const FRAGMENT: &str = "client_id must not have a fragment";
    const NO_PATH: &str = "client_id must have a path";
    const DOTS: &str = "client_id must not have dot segments";
    const NOT_PUBLIC: &str = "client_id leads to no public address";

    fn said_of(address: &str, loopback: bool) -> Option<String> {
        check(address, loopback).err().map(|violation| {
            assert_eq!(violation.error.as_deref(), Some("invalid_client_metadata"));
            assert_eq!((violation.field.as_deref(), violation.value.as_deref()), (Some("client-id"), Some(address)));
            violation.message
        })
    }

    #[test]
    fn an_address_is_an_https_url_with_a_path() {
        for address in [
            "https://app.example.com/c.json",
            "HTTPS://App.Example.com/c.json",
            "https://app.example.com:8443/c.json",
            "https://app.example.com/c.json?v=1&w=../x",
            "https://app.example.com/a%2fb/...",
            "https://app.example.com./c",
            "https://app.example.com//",
            "https://xn--exmple-cua.com/c",
            "https://8.8.8.8/c",
            "https://[2600::1]:8443/c",
        ] {
            assert_eq!(said_of(address, false), None, "{address}");
        }
    }

    #[test]
    fn the_first_broken_rule_is_told() {
        for (address, message) in [
            ("ftp://app.example.com/c.json", NO_HTTPS),
            ("my-client", NO_HTTPS),
            ("", NO_HTTPS),
            ("https:/app.example.com/c", NO_HTTPS),
            ("http://app.example.com/c.json", NO_HTTPS),
            ("http://me@app.example.com/c#x", NO_HTTPS),
            ("https://exämple.com/c", NO_HTTPS),
            ("https://app.example.com/größe", NO_HTTPS),
            ("https://app.example.com/a b", NO_HTTPS),
            ("https://app.example.com/a\\..\\b", NO_HTTPS),
            ("https://app.example.com/%2", NO_HTTPS),
            ("https://app.example.com:70000/c", NO_HTTPS),
            ("https://127.1/c", NO_HTTPS),
            ("https://me@app.example.com/c.json", USER),
            ("https://:@app.example.com/c.json#x", USER),
            ("https://@app.example.com/c.json", USER),
            ("https://app.example.com/c.json#x", FRAGMENT),
            ("https://app.example.com/c.json#", FRAGMENT),
            ("https://app.example.com#", FRAGMENT),
            ("https://app.example.com", NO_PATH),
            ("https://app.example.com/", NO_PATH),
            ("https://app.example.com?a=/b", NO_PATH),
            ("https://app.example.com/?a=/..", NO_PATH),
            ("https://10.0.0.1/", NO_PATH),
            ("https://app.example.com/a/../c.json", DOTS),
            ("https://app.example.com/./c.json", DOTS),
            ("https://app.example.com/c/..", DOTS),
            ("https://app.example.com/a/%2E%2e/c.json", DOTS),
            ("https://app.example.com/a/.%2e?b", DOTS),
            ("https://10.0.0.1/%2e", DOTS),
            ("https://10.0.0.1/c.json", NOT_PUBLIC),
            ("https://10.0.0.1:8443/c.json", NOT_PUBLIC),
            ("https://169.254.169.254/latest/meta-data", NOT_PUBLIC),
            ("https://[fd00::1]/c", NOT_PUBLIC),
            ("https://[::ffff:10.0.0.1]/c", NOT_PUBLIC),
            ("https://127.0.0.1/c", NOT_PUBLIC),
            ("https://[::1]/c", NOT_PUBLIC),
            ("https://localhost/c", NOT_PUBLIC),
            ("https://LocalHost./c", NOT_PUBLIC),
            ("https://app.localhost/c", NOT_PUBLIC),
        ] {
            assert_eq!(said_of(address, false).as_deref(), Some(message), "{address}");
        }
    }

    #[test]
    fn an_identifier_has_at_most_255_characters() {
        let start = "https://app.example.com/";
        let of_length = |length: usize| format!("{start}{}", "c".repeat(length - start.len()));
        assert_eq!(said_of(&of_length(255), false), None);
        assert_eq!(said_of(&of_length(256), false).as_deref(), Some("client_id is longer than 255 characters"));
        let private = format!("https://10.0.0.1/{}", "c".repeat(255));
        assert_eq!(said_of(&private, false).as_deref(), Some("client_id is longer than 255 characters"));
    }

    #[test]
    fn this_machine_is_fine_where_that_is_allowed() {
        for (address, message) in [
            ("http://127.0.0.1:8080/c", None),
            ("http://[::1]:8080/c", None),
            ("http://localhost/c", None),
            ("https://localhost/c", None),
            ("https://127.0.0.1/c", None),
            ("http://10.0.0.1/c", Some(NO_HTTPS)),
            ("http://app.example.com/c", Some(NO_HTTPS)),
            ("http://127.0.0.1.example.com/c", Some(NO_HTTPS)),
            ("https://10.0.0.1/c", Some(NOT_PUBLIC)),
            ("https://169.254.169.254/c", Some(NOT_PUBLIC)),
            ("http://me@localhost/c", Some(USER)),
            ("http://localhost", Some(NO_PATH)),
        ] {
            assert_eq!(said_of(address, true).as_deref(), message, "{address}");
        }
    }
}
