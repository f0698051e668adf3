//! Allowed Registration Web Origins: from which web pages a browser may register clients
//! (Keycloak: RegistrationWebOriginsPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{Config, ConfigError, ConfigProperty, Hook, Host, Policy, Property, Request};

/// Origins as a browser sends them: `https://app.example.com`. `*` allows all.
pub const WEB_ORIGINS: Property = Property {
    label: "registration-web-origins.label",
    help_text: "registration-web-origins.tooltip",
    ..Property::list("web-origins")
};

/// The policy and its origins. It has no say in what is registered; the host compares.
pub struct RegistrationWebOrigins {
    origins: Vec<String>,
}

impl Policy for RegistrationWebOrigins {
    const ID: &'static str = "registration-web-origins";
    const HELP_TEXT: &'static str = "Allowed web origins for client registration requests";
    const HOOKS: &'static [Hook] = &[];
    const ALLOWS_ORIGINS: bool = true;

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![WEB_ORIGINS.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { origins: config.list(&WEB_ORIGINS) })
    }

    fn allowed_origins(self, _: &Request) -> Vec<String> {
        self.origins
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(RegistrationWebOrigins);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    fn allowed(config: Config) -> Vec<String> {
        let mut config = config;
        let request = Request { context: &Context::default(), host: &Host::default() };
        RegistrationWebOrigins::read(&mut config).unwrap().allowed_origins(&request)
    }

    #[test]
    fn allows_the_listed_origins_as_they_are() {
        let listed = ["https://app.example.com", "*", "+"];
        assert_eq!(allowed(Config::default().with("web-origins", &listed)), listed);
    }

    #[test]
    fn allows_none_without_a_list() {
        assert_eq!(allowed(Config::default()), Vec::<String>::new());
    }
}
