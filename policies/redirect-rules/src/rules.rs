//! The rules, and the first fault that they find in a URI.

use crate::hosts::{Entry, Loopback, is_loopback};
use crate::schemes::CustomSchemes;
use crate::uri::Uri;

/// What clients may have.
#[derive(Debug)]
pub struct Rules {
    /// Schemes with a host, in small letters.
    pub schemes: Vec<String>,
    /// Hosts at these schemes; none: any.
    pub hosts: Vec<Entry>,
    /// Loopback addresses at `http` and `https`.
    pub loopback: Loopback,
    /// Schemes of apps.
    pub custom_schemes: CustomSchemes,
    /// URIs that are allowed as they stand.
    pub exact: Vec<String>,
    /// A `*` in the path is allowed.
    pub wildcards: bool,
}

/// What is wrong with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no absolute URI, or has several readings.
    Unreadable,
    /// There is an `@` before its host.
    UserInformation,
    /// There is a `*` in its host.
    WildcardInHost,
    /// There is a `*` behind its host.
    WildcardInPath,
    /// It leads to the machine of the user.
    Loopback,
    /// Its scheme is one with a host, and not listed.
    Scheme,
    /// Its scheme is an app's, and not listed.
    CustomScheme,
    /// Its host is not listed.
    Host,
}

impl Fault {
    /// What the caller is told behind the name of the address.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::UserInformation => "has user information",
            Self::WildcardInHost | Self::WildcardInPath => "has a wildcard",
            Self::Loopback => "is a loopback address",
            Self::Scheme | Self::CustomScheme => "scheme is not allowed",
            Self::Host => "host is not allowed",
        }
    }

    /// The setting that would allow it.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Unreadable | Self::UserInformation | Self::WildcardInHost => "exact",
            Self::WildcardInPath => "wildcards",
            Self::Loopback => "loopback",
            Self::Scheme => "allowed-schemes",
            Self::CustomScheme => "custom-schemes",
            Self::Host => "allowed-hosts",
        }
    }
}

impl Rules {
    /// The first thing that is wrong with a URI. Absent: clients may have it.
    pub fn fault(&self, text: &str) -> Option<Fault> {
        if self.exact.iter().any(|exact| exact == text) {
            return None;
        }
        let Some(uri) = Uri::read(text) else { return Some(Fault::Unreadable) };
        if uri.has_user_information() {
            return Some(Fault::UserInformation);
        }
        if uri.has_wildcard_in_host() {
            return Some(Fault::WildcardInHost);
        }
        if uri.has_wildcard_in_path() && !self.wildcards {
            return Some(Fault::WildcardInPath);
        }
        if !uri.is_web() {
            return (!self.custom_schemes.allow(&uri.scheme)).then_some(Fault::CustomScheme);
        }
        if is_loopback(&uri) {
            return (!self.loopback.allows(&uri)).then_some(Fault::Loopback);
        }
        if !self.schemes.contains(&uri.scheme) {
            return Some(Fault::Scheme);
        }
        let is_listed = self.hosts.is_empty() || self.hosts.iter().any(|entry| entry.means(&uri));
        (!is_listed).then_some(Fault::Host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| text.to_string()).collect()
    }

    fn rules() -> Rules {
        Rules {
            schemes: texts(&["https"]),
            hosts: vec![Entry::read("*.example.com").unwrap(), Entry::read("localhost").unwrap()],
            loopback: Loopback::Addresses,
            custom_schemes: CustomSchemes::read(texts(&["cursor"])).unwrap(),
            exact: texts(&["http://legacy.test:8080/cb", "https://user@a b/*"]),
            wildcards: false,
        }
    }

    #[test]
    fn finds_the_first_fault() {
        for (uri, fault) in [
            ("https://a.example.com/cb", None),
            ("http://127.0.0.1:49152/cb", None),
            ("CURSOR://anysphere/oauth", None),
            ("http://legacy.test:8080/cb", None),
            ("https://user@a b/*", None),
            ("http://legacy.test:8080/cb/", Some(Fault::Scheme)),
            ("/cb", Some(Fault::Unreadable)),
            ("https://user@*.evil.test/*", Some(Fault::UserInformation)),
            ("cursor://user@cb", Some(Fault::UserInformation)),
            ("https://*.example.com/*", Some(Fault::WildcardInHost)),
            ("http://localhost/*", Some(Fault::WildcardInPath)),
            ("https://localhost/cb", Some(Fault::Loopback)),
            ("http://a.example.com/cb", Some(Fault::Scheme)),
            ("vscode://cb", Some(Fault::CustomScheme)),
            ("javascript:alert(1)", Some(Fault::CustomScheme)),
            ("https://example.com.evil.test/cb", Some(Fault::Host)),
        ] {
            assert_eq!(rules().fault(uri), fault, "{uri}");
        }
    }

    #[test]
    fn wildcards_are_allowed_behind_the_host_only() {
        let rules = Rules { wildcards: true, ..rules() };
        assert_eq!(rules.fault("https://a.example.com/*"), None);
        assert_eq!(rules.fault("https://*.example.com/"), Some(Fault::WildcardInHost));
        assert_eq!(rules.fault("https://a.example.com*"), Some(Fault::WildcardInHost));
    }

    #[test]
    fn without_a_list_any_host_is_allowed_but_loopback() {
        let rules = Rules { hosts: Vec::new(), loopback: Loopback::None, ..rules() };
        assert_eq!(rules.fault("https://anything.test/cb"), None);
        assert_eq!(rules.fault("http://127.0.0.1:1234/"), Some(Fault::Loopback));
    }
}
