//! Redirect URIs of clients must be below an allowed address.

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request, Violation,
};

/// The setting, as the administrator's form shows it.
const ALLOWED: Property = Property {
    label: "Allowed addresses",
    help_text: "Redirect URIs must begin with one of these",
    ..Property::list("allowed-addresses")
};

/// The policy as an administrator set it up.
struct AllowedAddresses {
    allowed: Vec<String>,
}

impl Policy for AllowedAddresses {
    const ID: &'static str = "my-policy";
    const HELP_TEXT: &'static str = "Redirect URIs must be below an allowed address";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::BeforeUpdate];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ALLOWED.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let allowed = config.list(&ALLOWED);
        // The slash at the end closes the host name: `https://app.example` would allow `https://app.example.evil.com`.
        match allowed.iter().find(|address| !address.starts_with("https://") || !address.ends_with('/')) {
            Some(wrong) => Err(ALLOWED.error(format!("'{wrong}' should begin with https:// and end with /"))),
            None => Ok(Self { allowed }),
        }
    }

    fn before_register(&self, _: &Request, proposed: &Client) -> Decision {
        let outside = |uri: &&String| !self.allowed.iter().any(|address| uri.starts_with(address));
        let objection = |uri| Violation::new("The redirect URI is below no allowed address").at("redirect-uris", uri);
        Decision::objections(proposed.redirect_uris.iter().flatten().filter(outside).map(objection).collect())
    }

    fn before_update(&self, request: &Request, proposed: &Client, _stored: &Client) -> Decision {
        self.before_register(request, proposed)
    }
}

matricula_policy_sdk::export!(AllowedAddresses);
