//! How long sessions live, and what a client gets out of them: settings of the realm and attributes of the client
//! (Keycloak: SessionExpirationUtils, TokenManager).

use matricula_contract::Client;
use matricula_store::realm_settings::{CLIENT_SESSION_IDLE, CLIENT_SESSION_MAX, Settings};
use matricula_store::sessions::Alive;

use crate::Realm;

/// Seconds without use after which a session ends in a realm that names none (Keycloak: `Constants`).
const IDLE: i64 = 1_800;
/// Seconds after which it ends anyway.
const MAX: i64 = 36_000;

/// Limits of the sessions of a realm, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// A session ends when it is not used for so long.
    pub idle: i64,
    /// It ends then in any case.
    pub max: i64,
}

impl SessionLimits {
    /// Those of a realm.
    pub fn of(settings: &Settings) -> SessionLimits {
        SessionLimits {
            idle: positive(settings.sso_session_idle_timeout).unwrap_or(IDLE),
            max: positive(settings.sso_session_max_lifespan).unwrap_or(MAX),
        }
    }

    /// When a session ends that began then and is used now, unless it is used again; Unix seconds.
    pub fn expires_at(self, started_at: i64, now: i64) -> i64 {
        (now + self.idle).min(self.ends_at(started_at))
    }

    /// When a session ends in any case that began then; Unix seconds.
    pub fn ends_at(self, started_at: i64) -> i64 {
        started_at + self.max
    }

    /// Which sessions have not ended: these limits hold for those that began under others, too.
    pub fn alive(self, now: i64) -> Alive {
        Alive { now, started_after: now - self.max, used_after: now - self.idle }
    }
}

/// When the tokens of a client end, Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTimes {
    /// The access token and the ID token.
    pub access: i64,
    /// The refresh token.
    pub refresh: i64,
}

/// When tokens end that a client gets now, in a session that began then.
pub fn token_times(realm: &Realm, client: &Client, started_at: i64, now: i64) -> TokenTimes {
    let settings = &realm.settings;
    let session = SessionLimits::of(settings);
    // A client may shorten what the realm allows.
    let limit = |attribute: &str, setting: &str, of_session: i64| {
        let own = number(client, attribute).or_else(|| settings.number(setting)).and_then(positive);
        own.map_or(of_session, |own| own.min(of_session))
    };
    let idle = limit("client.session.idle.timeout", CLIENT_SESSION_IDLE, session.idle);
    let max = limit("client.session.max.lifespan", CLIENT_SESSION_MAX, session.max);
    let ends_at = started_at + max;
    let lifespan = number(client, "access.token.lifespan").unwrap_or(settings.access_token_lifespan);
    TokenTimes {
        // Less than nothing means as long as the session.
        access: if lifespan < 0 { ends_at } else { ends_at.min(now + lifespan) },
        refresh: ends_at.min(now + idle),
    }
}

fn positive(seconds: i64) -> Option<i64> {
    (seconds > 0).then_some(seconds)
}

/// An attribute that holds a number; one that holds none does not count.
fn number(client: &Client, name: &str) -> Option<i64> {
    let attribute = client.attributes.iter().find(|attribute| attribute.name == name)?;
    attribute.value.trim().parse::<i32>().ok().map(i64::from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use crate::defaults::NewRealm;
    use serde_json::json;

    fn times(settings: serde_json::Value, attributes: &[(&str, &str)], age: i64) -> (i64, i64) {
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let realm = NewRealm::usual(String::new(), "shop".to_owned(), true, settings).realm;
        let attributes: Vec<_> =
            attributes.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let client: Client = serde_json::from_value(json!({ "attributes": attributes })).unwrap();
        let times = token_times(&realm, &client, 1_000 - age, 1_000);
        (times.access - 1_000, times.refresh - 1_000)
    }

    #[test]
    fn tokens_live_as_long_as_realm_client_and_session_allow() {
        let short = json!({ "ssoSessionMaxLifespan": 100, "ssoSessionIdleTimeout": 50 });
        let with = |name: &str, value: i64| {
            let mut settings = short.clone();
            settings[name] = json!(value);
            settings
        };
        for (settings, attributes, age, expected) in [
            (json!({}), &[][..], 0, (300, 1_800)),
            (short.clone(), &[], 0, (100, 50)),
            (short.clone(), &[], 90, (10, 10)),
            (with("ssoSessionMaxLifespan", 0), &[], 0, (300, 50)),
            (with("ssoSessionIdleTimeout", 0), &[], 0, (100, 100)),
            (with("accessTokenLifespan", -1), &[], 0, (100, 50)),
            (with("accessTokenLifespan", 0), &[], 0, (0, 50)),
            (with("clientSessionMaxLifespan", 20), &[], 0, (20, 20)),
            (with("clientSessionMaxLifespan", 500), &[], 0, (100, 50)),
            (with("clientSessionIdleTimeout", 15), &[], 0, (100, 15)),
            (json!({ "clientSessionIdleTimeout": "15" }), &[], 0, (300, 15)),
            (short.clone(), &[("access.token.lifespan", "7")], 0, (7, 50)),
            (short.clone(), &[("access.token.lifespan", "1000")], 0, (100, 50)),
            (short.clone(), &[("access.token.lifespan", "-1")], 0, (100, 50)),
            (short.clone(), &[("access.token.lifespan", "soon")], 0, (100, 50)),
            (short.clone(), &[("client.session.max.lifespan", "30")], 0, (30, 30)),
            (short.clone(), &[("client.session.idle.timeout", "9")], 0, (100, 9)),
            (with("clientSessionMaxLifespan", 20), &[("client.session.max.lifespan", "30")], 0, (30, 30)),
        ] {
            assert_eq!(times(settings.clone(), attributes, age), expected, "{settings} {attributes:?} {age}");
        }
    }

    #[test]
    fn limits_hold_for_sessions_that_began_under_others() {
        let limits = SessionLimits { idle: 50, max: 100 };
        assert_eq!((limits.expires_at(0, 10), limits.expires_at(0, 90), limits.ends_at(5)), (60, 100, 105));
        assert_eq!(limits.alive(200), Alive { now: 200, started_after: 100, used_after: 150 });
    }
}
