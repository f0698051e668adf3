//! Consent Required: a new client asks its users for consent, and its owner can't switch that off
//! (Keycloak: ConsentRequiredClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request, Violation};

/// The policy; it has no settings.
pub struct ConsentRequired;

impl Policy for ConsentRequired {
    const ID: &'static str = "consent-required";
    const HELP_TEXT: &'static str =
        "When present, then newly registered client will always have 'consentRequired' switch enabled";
    const HOOKS: &'static [Hook] = &[Hook::AfterRegister, Hook::BeforeUpdate];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn after_register(&self, _: &Request, client: &Client) -> Decision {
        match client.consent_required {
            Some(true) => Decision::accept(),
            _ => Decision::amend(Client { consent_required: Some(true), ..Client::default() }),
        }
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(switched_off(proposed, stored).into_iter().collect())
    }
}

/// The objection to an update that ends the consent of a client that has it. A client for which an administrator
/// switched it off may stay without.
pub fn switched_off(proposed: &Client, stored: &Client) -> Option<Violation> {
    (proposed.consent_required == Some(false) && stored.consent_required != Some(false)).then(|| {
        Violation::new("Not permitted to update consentRequired to false")
            .at("consent-required", "false")
            .hint("an administrator can switch it off")
    })
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(ConsentRequired);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Context, Host};

    fn client(consent_required: Option<bool>) -> Client {
        Client { consent_required, ..Client::default() }
    }

    #[test]
    fn switches_consent_on_for_a_new_client() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let after = |given| ConsentRequired.after_register(&request, &client(Some(given)));
        assert_eq!(after(false), Decision::amend(client(Some(true))));
        assert_eq!(after(true), Decision::accept());
    }

    #[test]
    fn refuses_an_update_that_switches_consent_off() {
        for (proposed, stored, refused) in [
            (None, true, false),
            (Some(true), true, false),
            (Some(false), true, true),
            (Some(false), false, false),
            (Some(true), false, false),
        ] {
            let violation = switched_off(&client(proposed), &client(Some(stored)));
            assert_eq!(violation.is_some(), refused, "{proposed:?} over {stored}");
        }
    }

    #[test]
    fn names_the_switch_in_the_words_of_keycloak() {
        let violation = switched_off(&client(Some(false)), &client(Some(true))).unwrap();
        assert_eq!(violation.message, "Not permitted to update consentRequired to false");
        assert_eq!((violation.field.as_deref(), violation.value.as_deref()), (Some("consent-required"), Some("false")));
    }
}
