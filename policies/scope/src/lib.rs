//! Full Scope Disabled: a new client's tokens don't carry every role of the user, and its owner can't change that
//! (Keycloak: ScopeClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request, Violation};

/// The policy; it has no settings.
pub struct Scope;

impl Policy for Scope {
    const ID: &'static str = "scope";
    const HELP_TEXT: &'static str = "When present, then newly registered client won't have full scope allowed";
    const HOOKS: &'static [Hook] = &[Hook::AfterRegister, Hook::BeforeUpdate];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn after_register(&self, _: &Request, client: &Client) -> Decision {
        match client.full_scope_allowed {
            Some(false) => Decision::accept(),
            _ => Decision::amend(Client { full_scope_allowed: Some(false), ..Client::default() }),
        }
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(switched_on(proposed, stored).into_iter().collect())
    }
}

/// The objection to an update that gives a client full scope. A client to which an administrator gave it may keep it.
pub fn switched_on(proposed: &Client, stored: &Client) -> Option<Violation> {
    (proposed.full_scope_allowed == Some(true) && stored.full_scope_allowed != Some(true)).then(|| {
        Violation::new("Not permitted to enable fullScopeAllowed")
            .at("full-scope-allowed", "true")
            .hint("an administrator can switch it on")
    })
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(Scope);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Context, Host};

    fn client(full_scope_allowed: Option<bool>) -> Client {
        Client { full_scope_allowed, ..Client::default() }
    }

    #[test]
    fn takes_full_scope_from_a_new_client() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let after = |given| Scope.after_register(&request, &client(Some(given)));
        assert_eq!(after(true), Decision::amend(client(Some(false))));
        assert_eq!(after(false), Decision::accept());
    }

    #[test]
    fn refuses_an_update_that_gives_full_scope() {
        for (proposed, stored, refused) in [
            (None, false, false),
            (Some(false), false, false),
            (Some(true), false, true),
            (Some(true), true, false),
            (Some(false), true, false),
        ] {
            let violation = switched_on(&client(proposed), &client(Some(stored)));
            assert_eq!(violation.is_some(), refused, "{proposed:?} over {stored}");
        }
    }

    #[test]
    fn names_the_switch_in_the_words_of_keycloak() {
        let violation = switched_on(&client(Some(true)), &client(Some(false))).unwrap();
        assert_eq!(violation.message, "Not permitted to enable fullScopeAllowed");
        assert_eq!(
            (violation.field.as_deref(), violation.value.as_deref()),
            (Some("full-scope-allowed"), Some("true"))
        );
    }
}
