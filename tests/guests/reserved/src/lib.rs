//! Policy `reserved`: one of its settings has a name that belongs to the server.

use matricula_policy_sdk::{Config, ConfigError, ConfigProperty, Hook, Host, Policy, Property};

/// Never asked anything.
pub struct Reserved;

impl Policy for Reserved {
    const ID: &'static str = "reserved";
    const HELP_TEXT: &'static str = "For tests";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![Property::text("mode").form(Vec::new())]
    }

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

matricula_policy_sdk::export!(Reserved);
