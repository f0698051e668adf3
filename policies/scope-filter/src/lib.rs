//! Scope Filter: which scopes clients may ask for, and what becomes of the others. Keycloak has no such policy.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod filter;
pub mod scopes;

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request,
};

use filter::{Action, Filter};
use scopes::Scopes;

/// Scopes that clients may ask for.
pub const ALLOWED_SCOPES: Property = Property {
    label: "Allowed Scopes",
    help_text: "Scopes that clients may ask for; with a * at the end any that begin so. openid always passes",
    ..Property::list("allowed-scopes")
};
/// What becomes of the others.
pub const ACTION: Property = Property {
    label: "Action",
    help_text: "What becomes of other scopes: reject refuses the request, drop leaves them out, replace makes the whole \
                list the replacement scopes. A policy that changes scopes needs a priority before those that refuse them",
    default_value: Some("\"reject\""),
    ..Property::choice("action")
};
/// What a list becomes.
pub const REPLACEMENT_SCOPES: Property = Property {
    label: "Replacement Scopes",
    help_text: "What the scopes become where the action is replace; all of them must be allowed",
    ..Property::list("replacement-scopes")
};

/// The policy and its settings.
pub struct ScopeFilter {
    filter: Filter,
}

impl Policy for ScopeFilter {
    const ID: &'static str = "scope-filter";
    const HELP_TEXT: &'static str = "Which scopes clients may ask for, and what becomes of the others";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::BeforeUpdate];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![
            ALLOWED_SCOPES.form(Vec::new()),
            ACTION.form(Action::WORDS.map(|(word, _)| word.to_owned()).into()),
            REPLACEMENT_SCOPES.form(Vec::new()),
        ]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let allowed = scopes(config.list(&ALLOWED_SCOPES), &ALLOWED_SCOPES)?;
        let action = config.choice(&ACTION, &Action::WORDS)?.unwrap_or(Action::Reject);
        let replacement = config.list(&REPLACEMENT_SCOPES);
        if action == Action::Replace {
            if replacement.is_empty() {
                return Err(REPLACEMENT_SCOPES.missing());
            }
            if let Some(other) = replacement.iter().find(|scope| !allowed.allow(scope)) {
                let message = format!("'Replacement Scopes': '{other}' is not among 'Allowed Scopes'");
                return Err(REPLACEMENT_SCOPES.error(message));
            }
        }
        Ok(Self { filter: Filter { allowed, action, replacement } })
    }

    fn before_register(&self, request: &Request, proposed: &Client) -> Decision {
        self.filter.decide(request, proposed, None)
    }

    fn before_update(&self, request: &Request, proposed: &Client, stored: &Client) -> Decision {
        self.filter.decide(request, proposed, Some(stored))
    }
}

/// Reads a list of scopes; the property is named in the error.
///
/// # Errors
/// An entry is no scope.
pub fn scopes(entries: Vec<String>, property: &Property) -> Result<Scopes, ConfigError> {
    Scopes::read(entries).map_err(|entry| property.error(format!("'{}': '{entry}' is no scope", property.label)))
}

#[cfg(feature = "export")]
matricula_policy_sdk::export_0_2!(ScopeFilter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_wrong_with_the_settings() {
        for (entries, property, message) in [
            (&[("action", "keep")][..], "action", "'Action' should be one of reject, drop, replace"),
            (&[("action", "replace")], "replacement-scopes", "'Replacement Scopes' is required"),
            (
                &[("action", "replace"), ("allowed-scopes", "a"), ("replacement-scopes", "b")],
                "replacement-scopes",
                "'Replacement Scopes': 'b' is not among 'Allowed Scopes'",
            ),
            (&[("allowed-scopes", "a b")], "allowed-scopes", "'Allowed Scopes': 'a b' is no scope"),
        ] {
            let mut config =
                entries.iter().fold(Config::default(), |config, (name, value)| config.with(name, &[value]));
            let error = ScopeFilter::read(&mut config).err().unwrap();
            assert_eq!((error.property.as_deref(), error.message.as_str()), (Some(property), message));
        }
    }
}
