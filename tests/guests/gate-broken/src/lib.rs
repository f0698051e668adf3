//! Policy `gate`, one of several versions that tests swap: this one fails whenever it is asked by a
//! realm. A server tries it before it takes it, as a realm of another name.

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request};

/// Fails.
pub struct Gate;

impl Policy for Gate {
    const ID: &'static str = "gate";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, request: &Request, _: &Client) -> Decision {
        #[expect(clippy::panic, reason = "this is what it is for")]
        if request.context.realm != "self-check" {
            panic!("broken on purpose")
        }
        Decision::accept()
    }
}

matricula_policy_sdk::export!(Gate);
