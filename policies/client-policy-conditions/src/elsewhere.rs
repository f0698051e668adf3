//! Conditions about log-ins and tokens: they have nothing to say about registration, so a policy of mode `DEFAULT`
//! skips them and one of mode `STRICT` does not apply.

use matricula_policy_sdk::{
    ClientPolicyCondition, Config, ConfigError, ConfigProperty, Host, Moment, Property, Request, Verdict,
};

/// Makes a condition that abstains.
macro_rules! abstains {
    ($(#[$doc:meta])* $name:ident, $id:literal, $help:literal, $negatable:literal, [$($property:expr),*]) => {
        $(#[$doc])*
        pub struct $name;

        impl ClientPolicyCondition for $name {
            const ID: &'static str = $id;
            const HELP_TEXT: &'static str = $help;
            const NEGATABLE: bool = $negatable;
            const READS: Option<&'static [&'static str]> = Some(&[]);

            fn properties(_: &Host) -> Vec<ConfigProperty> {
                vec![$($property.form(Vec::new())),*]
            }

            fn read(_: &mut Config) -> Result<Self, ConfigError> {
                Ok(Self)
            }

            fn judge(&self, _: &Request, _: &Moment) -> Verdict {
                Verdict::Abstain
            }
        }
    };
}

abstains!(
    /// Scopes of a log-in.
    ClientScopes,
    "client-scopes",
    "It uses the scopes requested or assigned in advance to the client to determine whether the policy is applied to this client. Condition is evaluated during OpenID Connect authorization request and/or token request.",
    true,
    [Property::list("scopes"), Property { kind: "List", ..Property::text("type") }]
);
abstains!(
    /// Grant of a token request.
    GrantType,
    "grant-type",
    "The condition checks that the grant type used is one of those in the configured list.",
    true,
    [Property::choices("grant_types")]
);
abstains!(
    /// Authentication context of a log-in.
    Acr,
    "acr-condition",
    "The condition is satisfied when configured acr value is requested",
    false,
    [Property::text("acr-property")]
);
abstains!(
    /// Identity provider of a log-in.
    IdentityProvider,
    "identity-provider-alias",
    "Condition that checks the Identity Provider that is involved in the client request.\nOnly applies to operations in which an IdP is involved (for example JWT Authorization grant).\n",
    true,
    [Property::list("identity_provider_aliases")]
);
