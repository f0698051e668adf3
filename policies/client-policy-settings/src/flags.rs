//! Switches of a client: consent, full scope, grants.

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

/// Refuses clients that don't ask their users for consent.
pub struct ConsentRequired {
    auto_configure: bool,
}

const CONSENT_AUTO: Property = Property {
    default_value: Some("true"),
    ..auto(
        "If On, the configuration of the client will be auto-configured to enable consentRequired during client creation or update.If Off, the clients are validated to have consentRequired enabled during create/update client",
    )
};

impl Executor for ConsentRequired {
    const ID: &'static str = "consent-required";
    const HELP_TEXT: &'static str = "When present, then registered/updated clients will be verified to have 'consentRequired' switch enabled and eventually will be auto-configured for 'consentRequired' switch to be enabled";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![CONSENT_AUTO.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { auto_configure: is_auto(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, stored: Option<&Client>) -> Outcome {
        let asked = proposed.consent_required;
        // What a client has stays when an update says nothing.
        let has = asked.or_else(|| stored?.consent_required) == Some(true);
        match (has, self.auto_configure) {
            (_, true) if asked != Some(true) => {
                Outcome::Amend(Client { consent_required: Some(true), ..Client::default() })
            }
            (true, _) => Outcome::Pass,
            _ => refuse(
                "invalid_registration",
                "Client is required to enable consentRequired",
                "consent-required",
                asked,
            ),
        }
    }
}

/// Refuses clients whose tokens carry every role of the user.
pub struct FullScopeDisabled {
    auto_configure: bool,
}

const FULL_SCOPE_AUTO: Property = Property {
    default_value: Some("true"),
    ..auto(
        "If On, the configuration of the client will be auto-configured to disable fullScopeAllowed during client creation or update.If off, the clients are validated to not have fullScopeAllowed enabled during create/update client",
    )
};

impl Executor for FullScopeDisabled {
    const ID: &'static str = "full-scope-disabled";
    const HELP_TEXT: &'static str = "When present, then registered/updated clients will be verified to have 'fullScopeAllowed' switch disabled and eventually will be auto-configured for 'fullScopeAllowed' switch to be disabled";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![FULL_SCOPE_AUTO.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { auto_configure: is_auto(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, stored: Option<&Client>) -> Outcome {
        let asked = proposed.full_scope_allowed;
        // A new client has full scope by default; what a client has stays when an update says nothing.
        let would_get = asked.or_else(|| stored?.full_scope_allowed).unwrap_or(true);
        match asked {
            Some(false) => Outcome::Pass,
            _ if self.auto_configure => Outcome::Amend(Client { full_scope_allowed: Some(false), ..Client::default() }),
            _ if !would_get => Outcome::Pass,
            _ => {
                refuse("invalid_registration", "Not permitted to enable fullScopeAllowed", "full-scope-allowed", asked)
            }
        }
    }
}

/// Refuses clients of the implicit grant.
pub struct RejectImplicitGrant {
    auto_configure: bool,
}

const IMPLICIT_AUTO: Property = auto(
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to reject an implicit grant/hybrid flow.",
);

impl Executor for RejectImplicitGrant {
    const ID: &'static str = "reject-implicit-grant";
    const HELP_TEXT: &'static str = "It makes keycloak to reject an implicit grant / hybrid flow.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![IMPLICIT_AUTO.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { auto_configure: is_auto(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, stored: Option<&Client>) -> Outcome {
        let asked = proposed.implicit_flow_enabled;
        // Keycloak has no answer when the request says nothing; here the value counts that the client would get.
        let would_get = asked.or_else(|| stored?.implicit_flow_enabled).unwrap_or(false);
        match asked {
            Some(false) => Outcome::Pass,
            _ if self.auto_configure => {
                Outcome::Amend(Client { implicit_flow_enabled: Some(false), ..Client::default() })
            }
            _ if !would_get => Outcome::Pass,
            _ => refuse(METADATA, "Invalid client metadata: implicit flow enabled", "implicit-flow-enabled", asked),
        }
    }
}

/// Refuses clients of the password grant.
pub struct RejectRopcGrant {
    auto_configure: bool,
}

const ROPC_AUTO: Property = auto(
    "If On, then the during client creation or update, the configuration of the client will be auto-configured to reject a resource owner password credentials grant.",
);

impl Executor for RejectRopcGrant {
    const ID: &'static str = "reject-ropc-grant";
    const HELP_TEXT: &'static str = "It makes keycloak to reject a resource owner password credentials grant.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ROPC_AUTO.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { auto_configure: is_auto(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, stored: Option<&Client>) -> Outcome {
        let asked = proposed.direct_access_grants_enabled;
        // As above. A new client has the grant by default where its request names the protocol.
        let by_default = match stored {
            Some(stored) => stored.direct_access_grants_enabled == Some(true),
            None => proposed.protocol.as_deref() == Some("openid-connect"),
        };
        match asked {
            Some(false) => Outcome::Pass,
            _ if self.auto_configure => {
                Outcome::Amend(Client { direct_access_grants_enabled: Some(false), ..Client::default() })
            }
            None if !by_default => Outcome::Pass,
            _ => refuse(
                METADATA,
                "Invalid client metadata: resource owner password credentials grant enabled",
                "direct-access-grants-enabled",
                asked,
            ),
        }
    }
}

/// The error code of most refusals.
pub(super) const METADATA: &str = "invalid_client_metadata";

/// The switch that makes an executor set what it would ask for.
pub(super) const fn auto(help_text: &'static str) -> Property {
    Property { label: "Auto-configure", help_text, default_value: Some("false"), ..Property::switch("auto-configure") }
}

/// Whether that switch is on; absent: off.
pub(super) fn is_auto(config: &mut Config) -> Result<bool, ConfigError> {
    Ok(config.switch(&auto(""))?.unwrap_or(false))
}

/// The refusal of a switch, which the request may not have named.
fn refuse(error: &str, message: &str, field: &str, asked: Option<bool>) -> Outcome {
    match asked {
        Some(value) => Outcome::refuse_value(error, message, field, value.to_string()),
        None => Outcome::refuse(error, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    const AMENDED: &str = "amended";
    const PASSED: &str = "passed";
    const REFUSED: &str = "refused";

    fn run<E: Executor>(auto: &str, proposed: &Client, stored: Option<&Client>) -> &'static str {
        let executor = E::read(&mut Config::default().with("auto-configure", &[auto])).unwrap();
        let request = Request { context: &Context::default(), host: &Host::default() };
        match executor.on_request(&request, proposed, stored) {
            Outcome::Pass => PASSED,
            Outcome::Amend(_) => AMENDED,
            Outcome::Refuse(_) => REFUSED,
            Outcome::KeepRegistrationAccessToken => "kept",
        }
    }

    #[test]
    fn consent_may_stay_but_not_be_left_out() {
        let client = |consent_required| Client { consent_required, ..Client::default() };
        for (auto, asked, stored, expected) in [
            ("false", None, None, REFUSED),
            ("false", Some(false), None, REFUSED),
            ("false", Some(true), None, PASSED),
            ("false", None, Some(false), REFUSED),
            ("false", None, Some(true), PASSED),
            ("false", Some(false), Some(true), REFUSED),
            ("true", None, None, AMENDED),
            ("true", Some(false), None, AMENDED),
            ("true", Some(true), None, PASSED),
        ] {
            let stored = stored.map(|stored| client(Some(stored)));
            let outcome = run::<ConsentRequired>(auto, &client(asked), stored.as_ref());
            assert_eq!(outcome, expected, "{auto} {asked:?} {stored:?}");
        }
    }

    #[test]
    fn full_scope_left_open_counts_as_the_client_would_get_it() {
        let client = |full_scope_allowed| Client { full_scope_allowed, ..Client::default() };
        for (auto, asked, stored, expected) in [
            ("false", None, None, REFUSED),
            ("false", Some(true), None, REFUSED),
            ("false", Some(false), None, PASSED),
            ("false", None, Some(true), REFUSED),
            ("false", None, Some(false), PASSED),
            ("false", Some(true), Some(false), REFUSED),
            ("true", None, None, AMENDED),
            ("true", Some(true), None, AMENDED),
            ("true", None, Some(false), AMENDED),
            ("true", Some(false), None, PASSED),
        ] {
            let stored = stored.map(|stored| client(Some(stored)));
            let outcome = run::<FullScopeDisabled>(auto, &client(asked), stored.as_ref());
            assert_eq!(outcome, expected, "{auto} {asked:?} {stored:?}");
        }
    }

    #[test]
    fn a_grant_that_is_not_named_counts_as_the_client_would_get_it() {
        let client = |flag, protocol: Option<&str>| Client {
            implicit_flow_enabled: flag,
            direct_access_grants_enabled: flag,
            protocol: protocol.map(str::to_owned),
            ..Client::default()
        };
        for (auto, proposed, stored, implicit, password) in [
            ("false", client(None, None), None, PASSED, PASSED),
            ("false", client(None, Some("openid-connect")), None, PASSED, REFUSED),
            ("false", client(Some(true), None), None, REFUSED, REFUSED),
            ("false", client(Some(false), Some("openid-connect")), None, PASSED, PASSED),
            ("false", client(None, None), Some(client(Some(true), None)), REFUSED, REFUSED),
            ("false", client(None, Some("openid-connect")), Some(client(Some(false), None)), PASSED, PASSED),
            ("true", client(Some(true), None), None, AMENDED, AMENDED),
        ] {
            assert_eq!(run::<RejectImplicitGrant>(auto, &proposed, stored.as_ref()), implicit, "{proposed:?}");
            assert_eq!(run::<RejectRopcGrant>(auto, &proposed, stored.as_ref()), password, "{proposed:?}");
        }
    }
}
