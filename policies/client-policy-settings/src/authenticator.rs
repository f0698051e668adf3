//! How a confidential client proves who it is.

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

use super::flags::METADATA;

/// Refuses ways that are not listed.
pub struct SecureClientAuthenticator {
    allowed: Vec<String>,
    default: Option<String>,
}

const AUTHENTICATORS: [&str; 5] = ["client-jwt", "client-secret", "federated-jwt", "client-x509", "client-secret-jwt"];

const ALLOWED: Property = Property {
    label: "Allowed Client Authenticators",
    help_text: "List of available client authentication methods, which are allowed for clients to use. Other client authentication methods will not be allowed.",
    ..Property::choices("allowed-client-authenticators")
};

const DEFAULT: Property = Property {
    label: "Default Client Authenticator",
    help_text: "This client authentication method will be set as the authentication method to new clients during register/update request of the client in case that client does not have explicitly set other client authenticator method. If it is not set, then the client authenticator won't be set on new clients. Regardless the value of this option, client is still always validated to match with any of the allowed client authentication methods",
    kind: "List",
    default_value: Some("\"client-jwt\""),
    ..Property::text("default-client-authenticator")
};

impl Executor for SecureClientAuthenticator {
    const ID: &'static str = "secure-client-authenticator";
    const HELP_TEXT: &'static str = "It makes the client enforce registering/updating secure client authentication.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        [ALLOWED, DEFAULT].map(|property| property.form(AUTHENTICATORS.map(str::to_owned).into())).into()
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { allowed: config.list(&ALLOWED), default: config.text(&DEFAULT)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        let asked = proposed.client_authenticator_type.as_deref();
        let would_have = asked.or(self.default.as_deref());
        let is_allowed = would_have.is_some_and(|kind| self.allowed.iter().any(|allowed| allowed == kind));
        if !is_allowed && proposed.public_client != Some(true) {
            let message = "Invalid client metadata: token_endpoint_auth_method";
            return match asked {
                Some(asked) => Outcome::refuse_value(METADATA, message, "client-authenticator-type", asked),
                None => Outcome::refuse(METADATA, message),
            };
        }
        match (asked, &self.default) {
            (None, Some(default)) => {
                Outcome::Amend(Client { client_authenticator_type: Some(default.clone()), ..Client::default() })
            }
            _ => Outcome::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    #[test]
    fn judges_what_is_named_or_set_but_not_public_clients() {
        for (allowed, default, asked, public, expected) in [
            (&["client-jwt"][..], "client-jwt", None, false, "client-jwt"),
            (&["client-jwt"], "client-jwt", Some("client-jwt"), false, "passed"),
            (&["client-jwt"], "client-jwt", Some("client-secret"), false, "refused"),
            (&["client-jwt"], "client-jwt", Some("client-secret"), true, "passed"),
            (&["client-jwt"], "client-secret", None, false, "refused"),
            (&["client-jwt"], "", None, false, "refused"),
            (&["client-jwt"], "", None, true, "passed"),
            (&[], "client-jwt", Some("client-jwt"), false, "refused"),
        ] {
            let mut config = Config::default()
                .with("allowed-client-authenticators", allowed)
                .with("default-client-authenticator", &[default]);
            let executor = SecureClientAuthenticator::read(&mut config).unwrap();
            let request = Request { context: &Context::default(), host: &Host::default() };
            let proposed = Client {
                client_authenticator_type: asked.map(str::to_owned),
                public_client: public.then_some(true),
                ..Client::default()
            };
            let outcome = match executor.on_request(&request, &proposed, None) {
                Outcome::Pass => "passed".to_owned(),
                Outcome::Refuse(_) => "refused".to_owned(),
                Outcome::Amend(change) => change.client_authenticator_type.unwrap_or_default(),
                Outcome::KeepRegistrationAccessToken => "kept".to_owned(),
            };
            assert_eq!(outcome, expected, "{allowed:?} {default} {asked:?} {public}");
        }
    }
}
