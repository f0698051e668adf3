//! Executors about log-ins and tokens. They are offered so that profiles which name them can be used unchanged; no event
//! of registration concerns them, so the host never runs them.

use matricula_policy_sdk::{Config, ConfigError, ConfigProperty, Event, Executor, Host, Property};

/// Makes an executor that is never run.
macro_rules! elsewhere {
    ($(#[$doc:meta])* $name:ident, $id:literal, $help:literal, [$($property:expr),*]) => {
        $(#[$doc])*
        pub struct $name;

        impl Executor for $name {
            const ID: &'static str = $id;
            const HELP_TEXT: &'static str = $help;
            const EVENTS: &'static [Event] = &[];

            fn properties(_: &Host) -> Vec<ConfigProperty> {
                vec![$($property.form(Vec::new())),*]
            }

            fn read(_: &mut Config) -> Result<Self, ConfigError> {
                Ok(Self)
            }
        }
    };
}

const AVAILABLE_PERIOD: Property = Property { default_value: Some("\"3600\""), ..Property::text("available-period") };

elsewhere!(
    /// Keycloak: ConfidentialClientAcceptExecutor.
    ConfidentialClient,
    "confidential-client",
    "On authorization endpoint and token endpoint, this executor checks whether the client is confidential client. If not, it denies its request.",
    []
);
elsewhere!(
    /// Keycloak: AuthenticationFlowSelectorExecutor.
    AuthFlowEnforcer,
    "auth-flow-enforcer",
    "It selects the authentication flow of a log-in.",
    [Property::text("auth-flow-alias"), Property { kind: "Integer", ..Property::text("auth-flow-loa") }]
);
elsewhere!(
    /// Keycloak: DownscopeAssertionGrantEnforcerExecutor.
    DownscopeAssertionGrantEnforcer,
    "downscope-assertion-grant-enforcer",
    "It ensures that the scopes in the final access token are limited to the ones already present in the JWT assertion passed.",
    []
);
elsewhere!(
    /// Keycloak: IntentClientBindCheckExecutor.
    IntentClientBindChecker,
    "intent-client-bind-checker",
    "The executor checks if openbanking_intent_id is bound with a client.",
    [Property::text("intent-client-bind-check-endpoint")]
);
elsewhere!(
    /// Keycloak: JWTClaimEnforcerExecutor.
    JwtClaimEnforcer,
    "jwt-claim-enforcer",
    "The executor enforces the presence and specific values of a claim in a JWT.",
    [Property::text("claim-name"), Property::text("allowed-value")]
);
elsewhere!(
    /// Keycloak: SecureCibaSessionEnforceExecutor.
    SecureCibaSession,
    "secure-ciba-session",
    "To distinguish which authentication belongs to which CIBA flow, it refuses backchannel authentication request which lacks 'binding_message' parameter.",
    []
);
elsewhere!(
    /// Keycloak: SecureCibaSignedAuthenticationRequestExecutor.
    SecureCibaSignedAuthnRequest,
    "secure-ciba-signed-authn-req",
    "The executor checks whether the client treats the signed authentication request in its CIBA backchannel authentication request by following Financial-grade API CIBA Security Profile.",
    [AVAILABLE_PERIOD]
);
elsewhere!(
    /// Keycloak: SecureClientAuthenticationAssertionExecutor.
    SecureClientAuthenticationAssertion,
    "secure-client-authentication-assertion",
    "This executor only accepts Keycloak's issuer URI as the aud claim value in a client authentication assertion",
    []
);
elsewhere!(
    /// Keycloak: SecureParContentsExecutor.
    SecureParContent,
    "secure-par-content",
    "It checks if a PAR request includes necessary parameters included by an authorization request.",
    []
);
elsewhere!(
    /// Keycloak: SecureRequestObjectExecutor.
    SecureRequestObject,
    "secure-request-object",
    "The executor checks whether the client treats the request object in its authorization request by following Financial-grade API Security Profile : Read and Write API Security Profile.",
    [
        Property::switch("verify-nbf"),
        AVAILABLE_PERIOD,
        Property::switch("encryption-required"),
        Property::text("allowed-clock-skew")
    ]
);
elsewhere!(
    /// Keycloak: SecureSessionEnforceExecutor.
    SecureSession,
    "secure-session",
    "To prevent CSRF, it refuses the client's authorization request which lacks 'nonce' parameter in OIDC flow or 'state' parameter in OAuth2 grant.",
    []
);
elsewhere!(
    /// Keycloak: SecureSigningAlgorithmForSignedJwtExecutor.
    SecureSignatureAlgorithmSignedJwt,
    "secure-signature-algorithm-signed-jwt",
    "It refuses the client whose JWT token signature algorithms are considered not to be secure. It accepts ES256, ES384, ES512, PS256, PS384 and PS512.",
    [Property::switch("require-client-assertion")]
);
elsewhere!(
    /// Keycloak: SuppressRefreshTokenRotationExecutor.
    SuppressRefreshTokenRotation,
    "suppress-refresh-token-rotation",
    "When token refresh, it does not return a refreshed refresh token to a client.",
    []
);
elsewhere!(
    /// Keycloak: UseLightweightAccessTokenExecutor.
    UseLightweightAccessToken,
    "use-lightweight-access-token",
    "Use lightweight access token",
    []
);
