//! Attributes that bind codes and tokens to the client that asked for them. What is stored does not count: a request
//! must repeat the value, unless the executor sets it.

use matricula_policy_sdk::{
    Attribute, Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request,
};

use super::flags::{METADATA, auto, is_auto};

/// Makes an executor that wants an attribute to have one value.
macro_rules! enforces {
    ($(#[$doc:meta])* $name:ident, $id:literal, $help:literal, $auto:literal, $attribute:literal = $value:literal, $message:literal, [$($more:expr),*]) => {
        $(#[$doc])*
        pub struct $name {
            auto_configure: bool,
        }

        impl Executor for $name {
            const ID: &'static str = $id;
            const HELP_TEXT: &'static str = $help;

            fn properties(_: &Host) -> Vec<ConfigProperty> {
                const AUTO: Property = auto($auto);
                vec![AUTO.form(Vec::new()), $($more.form(Vec::new())),*]
            }

            fn read(config: &mut Config) -> Result<Self, ConfigError> {
                Ok(Self { auto_configure: is_auto(config)? })
            }

            fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
                enforce(proposed, $attribute, $value, self.auto_configure, $message)
            }
        }
    };
}

enforces!(
    /// Codes are bound by PKCE (RFC 7636) with S256.
    PkceEnforcer,
    "pkce-enforcer",
    "It makes the client enforce Proof Key for Code Exchange operation with secure algorithm like S256.",
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to enforce usage of PKCE with secure algorithm S256",
    "pkce.code.challenge.method" = "S256",
    "Invalid client metadata: code_challenge_method",
    []
);
enforces!(
    /// Tokens are bound to a key (DPoP, RFC 9449).
    DpopBindEnforcer,
    "dpop-bind-enforcer",
    "It enforces a client to enable DPoP bind token setting.",
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to use DPoP bind token",
    "dpop.bound.access.tokens" = "true",
    "Invalid client metadata: DPoP token is disabled",
    [
        Property::switch("enforce-authorization-code-binding-to-dpop"),
        Property::switch("allow-only-refresh-token-binding")
    ]
);
enforces!(
    /// Tokens are bound to a certificate (RFC 8705).
    HolderOfKeyEnforcer,
    "holder-of-key-enforcer",
    "It prohibits the client whose MTLS certificate does not match with the certificate thumbprint from the tokens.",
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to use MTLS HoK token",
    "tls.client.certificate.bound.access.tokens" = "true",
    "Invalid client metadata: MTLS token in disabled",
    []
);
enforces!(
    /// Answers of the authorization endpoint are signed.
    SecureResponseType,
    "secure-response-type",
    "The executor checks whether the client sent its authorization request with code id_token or code id_token token in its response type depending on its setting.",
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to use ID token returned from authorization endpoint as detached signature.",
    "id.token.as.detached.signature" = "true",
    "Invalid client metadata: ID Token as detached signature in disabled",
    [Property::switch("allow-token-response-type")]
);

/// The value of an attribute that the request names.
pub(super) fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    client.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
}

fn enforce(proposed: &Client, name: &str, value: &str, auto_configure: bool, message: &str) -> Outcome {
    match attribute(proposed, name) {
        Some(asked) if asked == value => Outcome::Pass,
        _ if auto_configure => {
            let attributes = vec![Attribute { name: name.into(), value: value.into() }];
            Outcome::Amend(Client { attributes, ..Client::default() })
        }
        Some(asked) => Outcome::refuse_value(METADATA, message, &format!("attributes.{name}"), asked),
        None => Outcome::refuse(METADATA, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_exactly_the_value_or_sets_it() {
        for (asked, auto_configure, expected) in [
            (None, false, "refused"),
            (Some("plain"), false, "refused"),
            (Some("s256"), false, "refused"),
            (Some("S256"), false, "passed"),
            (None, true, "amended"),
            (Some("plain"), true, "amended"),
            (Some("S256"), true, "passed"),
        ] {
            let attribute = |value: &str| Attribute { name: "method".into(), value: value.into() };
            let proposed = Client { attributes: asked.map(attribute).into_iter().collect(), ..Client::default() };
            let outcome = match enforce(&proposed, "method", "S256", auto_configure, "no") {
                Outcome::Pass => "passed",
                Outcome::Amend(change) if change.attributes == [attribute("S256")] => "amended",
                Outcome::Refuse(violation) if violation.value.as_deref() == asked => "refused",
                _ => "something else",
            };
            assert_eq!(outcome, expected, "{asked:?} {auto_configure}");
        }
    }
}
