//! Client Disabled: a new client can't be used until an administrator enables it, and its owner can't do so
//! (Keycloak: ClientDisabledClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request, Violation};

/// The policy; it has no settings.
pub struct ClientDisabled;

impl Policy for ClientDisabled {
    const ID: &'static str = "client-disabled";
    const HELP_TEXT: &'static str =
        "When present, then newly registered client will be disabled and admin needs to manually enable them";
    const HOOKS: &'static [Hook] = &[Hook::AfterRegister, Hook::BeforeUpdate];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn after_register(&self, _: &Request, client: &Client) -> Decision {
        match client.enabled {
            Some(false) => Decision::accept(),
            _ => Decision::amend(Client { enabled: Some(false), ..Client::default() }),
        }
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(enabled(proposed, stored).into_iter().collect())
    }
}

/// The objection to an update that enables a disabled client. An enabled one may say so again.
pub fn enabled(proposed: &Client, stored: &Client) -> Option<Violation> {
    (proposed.enabled == Some(true) && stored.enabled != Some(true)).then(|| {
        Violation::new("Not permitted to enable client").at("enabled", "true").hint("an administrator can enable it")
    })
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(ClientDisabled);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Context, Host};

    fn client(enabled: Option<bool>) -> Client {
        Client { enabled, ..Client::default() }
    }

    #[test]
    fn disables_a_new_client() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let after = |given| ClientDisabled.after_register(&request, &client(Some(given)));
        assert_eq!(after(true), Decision::amend(client(Some(false))));
        assert_eq!(after(false), Decision::accept());
    }

    #[test]
    fn refuses_an_update_that_enables_a_disabled_client() {
        for (proposed, stored, refused) in [
            (None, false, false),
            (Some(false), false, false),
            (Some(true), false, true),
            (Some(true), true, false),
            (Some(false), true, false),
        ] {
            let violation = enabled(&client(proposed), &client(Some(stored)));
            assert_eq!(violation.is_some(), refused, "{proposed:?} over {stored}");
        }
    }

    #[test]
    fn names_the_switch_in_the_words_of_keycloak() {
        let violation = enabled(&client(Some(true)), &client(Some(false))).unwrap();
        assert_eq!(violation.message, "Not permitted to enable client");
        assert_eq!((violation.field.as_deref(), violation.value.as_deref()), (Some("enabled"), Some("true")));
    }
}
