//! Policy `fragile`: as it takes for granted that clients name themselves, it traps when it is tried.

use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Hook, Policy, Request};

/// Takes too much for granted.
pub struct Fragile;

impl Policy for Fragile {
    const ID: &'static str = "fragile";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn before_register(&self, _: &Request, client: &Client) -> Decision {
        match &client.client_id {
            Some(_) => Decision::accept(),
            #[expect(clippy::panic, reason = "this is what it is for")]
            None => panic!("a client has a name"),
        }
    }
}

matricula_policy_sdk::export!(Fragile);
