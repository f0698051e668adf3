//! Executors that are not about what a client is: [`RejectRequest`], [`KeepToken`], and those of Keycloak's that act on
//! log-ins and tokens only ([`elsewhere`]).

pub mod elsewhere;

use matricula_policy_sdk::{Client, Config, ConfigError, Event, Executor, Outcome, Request};

/// Refuses everything.
pub struct RejectRequest;

impl Executor for RejectRequest {
    const ID: &'static str = "reject-request";
    const HELP_TEXT: &'static str = "It rejects all requests from clients.";
    const EVENTS: &'static [Event] =
        &[Event::Register, Event::Registered, Event::Update, Event::Updated, Event::View, Event::Unregister];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn on_request(&self, _: &Request, _: &Client, _: Option<&Client>) -> Outcome {
        rejected()
    }

    fn on_result(&self, _: &Request, _: &Client, _: Option<&Client>) -> Outcome {
        rejected()
    }

    fn on_view(&self, _: &Request, _: &Client) -> Outcome {
        rejected()
    }

    fn on_unregister(&self, _: &Request, _: &Client) -> Outcome {
        rejected()
    }
}

fn rejected() -> Outcome {
    Outcome::refuse("invalid_request", "Request not allowed")
}

/// Lets callers keep their registration access token when they change their client; where the realm rotates on reading,
/// then too.
pub struct KeepToken;

impl Executor for KeepToken {
    const ID: &'static str = "registration-access-token-rotation-disabled";
    const HELP_TEXT: &'static str = "Disables registration access rotation for the client.";
    const EVENTS: &'static [Event] = &[Event::Update, Event::Updated, Event::View];

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn on_request(&self, _: &Request, _: &Client, _: Option<&Client>) -> Outcome {
        Outcome::KeepRegistrationAccessToken
    }

    fn on_result(&self, _: &Request, _: &Client, _: Option<&Client>) -> Outcome {
        Outcome::KeepRegistrationAccessToken
    }

    fn on_view(&self, _: &Request, _: &Client) -> Outcome {
        Outcome::KeepRegistrationAccessToken
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export_client_policies!(
    conditions: [],
    executors: [
        RejectRequest,
        KeepToken,
        elsewhere::ConfidentialClient,
        elsewhere::AuthFlowEnforcer,
        elsewhere::DownscopeAssertionGrantEnforcer,
        elsewhere::IntentClientBindChecker,
        elsewhere::JwtClaimEnforcer,
        elsewhere::SecureCibaSession,
        elsewhere::SecureCibaSignedAuthnRequest,
        elsewhere::SecureClientAuthenticationAssertion,
        elsewhere::SecureParContent,
        elsewhere::SecureRequestObject,
        elsewhere::SecureSession,
        elsewhere::SecureSignatureAlgorithmSignedJwt,
        elsewhere::SuppressRefreshTokenRotation,
        elsewhere::UseLightweightAccessToken,
    ],
);
