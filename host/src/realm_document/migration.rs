//! What Keycloak adds to a realm that an older version has written (its migrations): client scopes, and the clients that
//! get them. Registration counts on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use matricula_contract::Client;
use matricula_store::ids;
use matricula_store::scopes::{Assigned, ScopeRow};

/// Numbers of a version.
type Version = (u32, u32, u32);

/// Every version is below it.
const ANY: Version = (u32::MAX, 0, 0);

/// A client scope that came with a version.
#[derive(Debug)]
pub(super) struct Added {
    /// Realms of versions below it lack the scope; `ANY`: of whichever version, even if that is not told.
    since: Version,
    name: &'static str,
    protocol: &'static str,
    /// What new clients get of it.
    assigned: Assigned,
    /// The clients that are there get it as well.
    for_clients: bool,
    /// `include.in.token.scope`, if that is said of it.
    in_token: Option<bool>,
}

const fn of_clients(
    since: Version,
    name: &'static str,
    protocol: &'static str,
    assigned: Assigned,
    in_token: Option<bool>,
) -> Added {
    Added { since, name, protocol, assigned, for_clients: true, in_token }
}

const OPENID_CONNECT: &str = "openid-connect";

/// In the order in which Keycloak adds them.
static ADDED: [Added; 8] = [
    Added {
        since: ANY,
        name: "offline_access",
        protocol: OPENID_CONNECT,
        assigned: Assigned::Optional,
        for_clients: false,
        in_token: None,
    },
    of_clients((4, 6, 0), "roles", OPENID_CONNECT, Assigned::Default, Some(false)),
    of_clients((4, 6, 0), "web-origins", OPENID_CONNECT, Assigned::Default, Some(false)),
    of_clients((6, 0, 0), "microprofile-jwt", OPENID_CONNECT, Assigned::Optional, Some(true)),
    of_clients((18, 0, 0), "acr", OPENID_CONNECT, Assigned::Default, Some(false)),
    of_clients((25, 0, 0), "basic", OPENID_CONNECT, Assigned::Default, Some(false)),
    Added {
        since: (26, 1, 0),
        name: "service_account",
        protocol: OPENID_CONNECT,
        assigned: Assigned::None,
        for_clients: false,
        in_token: Some(false),
    },
    of_clients((26, 7, 0), "AuthnContextClassRef", "saml", Assigned::Default, None),
];

/// The scopes that a realm lacks which this version (`keycloakVersion`) has written and which has scopes of these names.
/// A version that cannot be read is as good as none.
pub(super) fn missing(version: Option<&str>, has: impl Fn(&str) -> bool) -> Arc<[&'static Added]> {
    let version = version.and_then(numbers);
    let is_older = |added: &Added| added.since == ANY || version.is_some_and(|version| version < added.since);
    ADDED.iter().filter(|added| is_older(added) && !has(added.name)).collect()
}

/// `26.7.5`, `15.0.2.redhat-00001`. Red Hat's own numbers (`7.4.0.GA`) stand for those of Keycloak.
fn numbers(version: &str) -> Option<Version> {
    let mut parts = version.split(['.', '-']).map(str::parse::<u32>);
    let mut next = || parts.next().and_then(Result::ok);
    let (major, minor, patch) = (next()?, next().unwrap_or(0), next().unwrap_or(0));
    if !version.ends_with(".GA") {
        return Some((major, minor, patch));
    }
    Some(match minor {
        0 => (1, 9, 8),
        1 => (2, 5, 5),
        2 => (3, 4, 3),
        3 => (4, 8, 3),
        _ => (9, 0, 3),
    })
}

impl Added {
    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The row of it.
    pub(super) fn row(&self) -> ScopeRow {
        let in_token = self.in_token.map(|in_token| ("include.in.token.scope".to_owned(), in_token.to_string()));
        ScopeRow {
            id: ids::fresh(),
            name: self.name.to_owned(),
            protocol: self.protocol.to_owned(),
            assigned: self.assigned,
            attributes: BTreeMap::from_iter(in_token),
        }
    }

    /// Adds it to the scopes that a client names. One that names none gets those of the realm anyway.
    pub(super) fn add(&self, client: &mut Client) {
        let is_of_protocol = client.protocol.as_deref().unwrap_or(OPENID_CONNECT) == self.protocol;
        let names_none = client.default_client_scopes.is_none() && client.optional_client_scopes.is_none();
        if !self.for_clients || !is_of_protocol || names_none || client.bearer_only == Some(true) {
            return;
        }
        let (default, optional) = (&mut client.default_client_scopes, &mut client.optional_client_scopes);
        if [&*default, &*optional].into_iter().flatten().flatten().any(|name| name == self.name) {
            return;
        }
        let list = if self.assigned == Assigned::Default { default } else { optional };
        list.get_or_insert_default().push(self.name.to_owned());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn added(version: Option<&str>, there: &[&str]) -> Vec<&'static str> {
        missing(version, |name| there.contains(&name)).iter().map(|added| added.name()).collect()
    }

    #[test]
    fn a_realm_gets_what_is_younger_than_it() {
        const SAML: &str = "AuthnContextClassRef";
        let since_18 = ["acr", "basic", "service_account", SAML];
        for (version, expected) in [
            (None, &[][..]),
            (Some("nonsense"), &[]),
            (Some("1.0.0"), &["roles", "web-origins", "microprofile-jwt", "acr", "basic", "service_account", SAML]),
            (Some("4.8.3.Final"), &["microprofile-jwt", "acr", "basic", "service_account", SAML]),
            (Some("7.3.8.GA"), &["microprofile-jwt", "acr", "basic", "service_account", SAML]),
            (Some("7.4.0.GA"), &since_18),
            (Some("8.0.1"), &since_18),
            (Some("15.0.2.redhat-00001"), &since_18),
            (Some("17.0.1"), &since_18),
            (Some("18.0.0"), &since_18[1..]),
            (Some("24.0.5"), &since_18[1..]),
            (Some("25.0.0"), &since_18[2..]),
            (Some("26"), &since_18[2..]),
            (Some("26.1.0"), &since_18[3..]),
            (Some("26.6.3"), &since_18[3..]),
            (Some("26.7.0"), &[]),
            (Some("999.0.0-SNAPSHOT"), &[]),
        ] {
            assert_eq!(added(version, &["offline_access"]), expected, "{version:?}");
        }
        assert_eq!(added(None, &[]), ["offline_access"]);
        assert_eq!(added(Some("24.0.5"), &["offline_access", "basic"]), ["service_account", SAML]);
    }

    fn client(json: &str) -> Client {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn clients_get_scopes_of_their_protocol_once() {
        let migrated = missing(Some("5.0.0"), |_| false);
        let scopes = |json: &str| {
            let mut client = client(json);
            migrated.iter().for_each(|added| added.add(&mut client));
            (client.default_client_scopes, client.optional_client_scopes)
        };
        let texts = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        for (json, default, optional) in [
            (
                r#"{"default_client_scopes":["email"],"attributes":[]}"#,
                texts(&["email", "acr", "basic"]),
                texts(&["microprofile-jwt"]),
            ),
            (
                r#"{"default_client_scopes":["basic"],"optional_client_scopes":["acr"],"attributes":[]}"#,
                texts(&["basic"]),
                texts(&["acr", "microprofile-jwt"]),
            ),
            (
                r#"{"protocol":"saml","default_client_scopes":[],"attributes":[]}"#,
                texts(&["AuthnContextClassRef"]),
                None,
            ),
            (r#"{"bearer_only":true,"default_client_scopes":["email"],"attributes":[]}"#, texts(&["email"]), None),
            (r#"{"attributes":[]}"#, None, None),
        ] {
            assert_eq!(scopes(json), (default, optional), "{json}");
        }
    }
}
