//! Policy `gate`, one of several versions that tests swap: this one keeps everybody out.

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request};

/// Keeps everybody out.
pub struct Gate;

impl Policy for Gate {
    const ID: &'static str = "gate";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::refuse("the gate is shut")
    }
}

matricula_policy_sdk::export!(Gate);
