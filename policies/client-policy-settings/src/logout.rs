//! How a client hears of logouts.

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

use super::binding::attribute;

/// Refuses logout through the browser (OIDC Front-Channel Logout).
pub struct SecureLogout {
    allow_front_channel: bool,
}

const ALLOW_FRONT_CHANNEL: Property = Property {
    label: "Allow Front-Channel Logout",
    help_text: "If On, then front-channel logout should be allowed. Otherwise, clients should favor other logout mechanisms such as back-channel logout.",
    default_value: Some("false"),
    ..Property::switch("allow-front-channel-logout")
};

const URL: &str = "frontchannel.logout.url";

impl Executor for SecureLogout {
    const ID: &'static str = "secure-logout";
    const HELP_TEXT: &'static str = "Enforces certain constraints on how clients should support logout.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ALLOW_FRONT_CHANNEL.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { allow_front_channel: config.switch(&ALLOW_FRONT_CHANNEL)?.unwrap_or(false) })
    }

    fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        const CODE: &str = "invalid_registration";
        const MESSAGE: &str = "Front-channel logout is not allowed for this client";
        if self.allow_front_channel {
            return Outcome::Pass;
        }
        if proposed.frontchannel_logout == Some(true) {
            return Outcome::refuse_value(CODE, MESSAGE, "frontchannel-logout", "true");
        }
        match attribute(proposed, URL) {
            Some(url) if !url.is_empty() => Outcome::refuse_value(CODE, MESSAGE, &format!("attributes.{URL}"), url),
            _ => Outcome::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Attribute, Context};

    #[test]
    fn refuses_flag_and_address() {
        let with_url = |url: &str| Client {
            attributes: vec![Attribute { name: URL.into(), value: url.into() }],
            ..Client::default()
        };
        let with_flag = |flag| Client { frontchannel_logout: Some(flag), ..Client::default() };
        for (allowed, proposed, passes) in [
            (false, Client::default(), true),
            (false, with_flag(false), true),
            (false, with_flag(true), false),
            (false, with_url("https://example.com/bye"), false),
            (false, with_url(""), true),
            (true, with_flag(true), true),
        ] {
            let request = Request { context: &Context::default(), host: &Host::default() };
            let executor = SecureLogout { allow_front_channel: allowed };
            assert_eq!(executor.on_request(&request, &proposed, None) == Outcome::Pass, passes, "{proposed:?}");
        }
    }
}
