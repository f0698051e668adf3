//! Lifetimes of a client's sessions: not beyond the realm's.

use super::{Problems, attribute};
use crate::contract::matricula::registration::client::Client;
use crate::realm::Realm;

/// Attribute, setting of the realm that bounds it, and what is said of both.
const LIMITS: [(&str, &str, &str); 2] = [
    (
        "client.session.idle.timeout",
        "ssoSessionIdleTimeout",
        "Client session idle timeout cannot exceed realm SSO session idle timeout.",
    ),
    (
        "client.session.max.lifespan",
        "ssoSessionMaxLifespan",
        "Client session max lifespan cannot exceed realm SSO session max lifespan.",
    ),
];

/// Checks the lifetimes that are integers; other text is not looked at.
pub(super) fn check(client: &Client, realm: &dyn Realm, problems: &mut Problems) {
    for (name, setting, message) in LIMITS {
        let own = attribute(client, name).and_then(|value| value.parse::<i32>().ok());
        let limit = || realm.setting(setting).and_then(|value| value.parse::<i32>().ok());
        if let Some(own) = own
            && limit().is_some_and(|limit| own > limit)
        {
            problems.add(&format!("attributes.{name}"), &own.to_string(), message);
        }
    }
}
