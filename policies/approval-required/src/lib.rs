//! Approval Required: every new client waits for an administrator. Keycloak has no such policy.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request,
};

/// Why clients wait.
pub const REASON: Property = Property {
    label: "Reason",
    help_text: "Why the client waits: shown to administrators, and to the caller in the header Matricula-Held",
    default_value: Some("\"Approval required\""),
    ..Property::text("reason")
};
/// The reason of a policy that names none.
const DEFAULT_REASON: &str = "Approval required";
/// Characters of a reason at most: so many are shown in a header.
const LONGEST: usize = 255;
/// What ends a line, in text as Unicode has it.
const LINE_BREAKS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The policy and its reason.
pub struct ApprovalRequired {
    reason: String,
}

impl Policy for ApprovalRequired {
    const ID: &'static str = "approval-required";
    const HELP_TEXT: &'static str = "Every new client waits for an administrator";
    const HOOKS: &'static [Hook] = &[Hook::AfterRegister];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![REASON.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let reason = config.text(&REASON)?.unwrap_or_else(|| DEFAULT_REASON.to_owned());
        if reason.chars().count() > LONGEST || reason.contains(LINE_BREAKS) {
            return Err(REASON.error(format!("'Reason' should have 1 to {LONGEST} characters and no line break")));
        }
        Ok(Self { reason })
    }

    fn after_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::Hold(self.reason.clone())
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(ApprovalRequired);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    fn held_for(config: &mut Config) -> Decision {
        let request = Request { context: &Context::default(), host: &Host::default() };
        ApprovalRequired::read(config).unwrap().after_register(&request, &Client::default())
    }

    #[test]
    fn holds_every_new_client() {
        assert_eq!(held_for(&mut Config::default()), Decision::Hold("Approval required".into()));
        assert_eq!(held_for(&mut Config::default().with("reason", &["Ask Kim"])), Decision::Hold("Ask Kim".into()));
    }

    #[test]
    fn takes_a_reason_of_one_line() {
        let longest = "ü".repeat(LONGEST);
        assert_eq!(held_for(&mut Config::default().with("reason", &[&longest])), Decision::Hold(longest.clone()));
        for wrong in [&(longest.clone() + "x"), "two\nlines", "two\rlines", "two\u{2028}lines"] {
            let error = ApprovalRequired::read(&mut Config::default().with("reason", &[wrong])).err().unwrap();
            assert_eq!(error.property.as_deref(), Some("reason"));
            assert_eq!(error.message, "'Reason' should have 1 to 255 characters and no line break");
        }
    }
}
