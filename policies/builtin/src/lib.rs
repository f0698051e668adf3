//! Keycloak's eight policies in one component, so that one instance and one call serve a whole set of them. Each is
//! also a component of its own.
//!
//! The policies are included as modules, not linked as crates: cargo turns a feature on for all users of a crate in a
//! build, so `export`, which their own components need, would put their exports in here too.

#![cfg_attr(test, allow(clippy::panic, reason = "a test that panics fails"))]

#[path = "../../allowed-client-templates/src/lib.rs"]
pub mod allowed_client_templates;
#[path = "../../allowed-protocol-mappers/src/lib.rs"]
pub mod allowed_protocol_mappers;
#[path = "../../client-disabled/src/lib.rs"]
pub mod client_disabled;
#[path = "../../consent-required/src/lib.rs"]
pub mod consent_required;
#[path = "../../max-clients/src/lib.rs"]
pub mod max_clients;
#[path = "../../registration-web-origins/src/lib.rs"]
pub mod registration_web_origins;
#[path = "../../scope/src/lib.rs"]
pub mod scope;
#[path = "../../trusted-hosts/src/lib.rs"]
pub mod trusted_hosts;

matricula_policy_sdk::export!(
    trusted_hosts::TrustedHosts,
    consent_required::ConsentRequired,
    scope::Scope,
    max_clients::MaxClients,
    client_disabled::ClientDisabled,
    allowed_protocol_mappers::AllowedProtocolMappers,
    allowed_client_templates::AllowedClientTemplates,
    registration_web_origins::RegistrationWebOrigins,
);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::component::{describe, evaluate};
    use matricula_policy_sdk::{
        Caller, Client, ConditionKind, ConfigEntry, ConfiguredPolicy, Context, Decision, Hook, Host, PolicyProvider,
        Request,
    };

    /// The policies of a new realm for anonymous requests, with one host trusted.
    fn anonymous_set() -> Vec<ConfiguredPolicy> {
        [
            ("trusted-hosts", Some(("trusted-hosts", "localhost"))),
            ("consent-required", None),
            ("scope", None),
            ("max-clients", Some(("max-clients", "200"))),
            ("allowed-protocol-mappers", Some(("allowed-protocol-mapper-types", "oidc-full-name-mapper"))),
            ("allowed-client-templates", Some(("allow-default-scopes", "true"))),
        ]
        .map(|(provider, setting)| ConfiguredPolicy {
            provider: provider.into(),
            name: provider.into(),
            config: setting
                .map(|(name, value)| ConfigEntry { name: name.into(), values: vec![value.into()] })
                .into_iter()
                .collect(),
        })
        .into()
    }

    fn decide(hook: Hook, proposed: Client, stored: Option<Client>) -> Vec<Decision> {
        let caller = Caller { address: "127.0.0.1".into(), ..Caller::default() };
        let context = Context { caller, ..Context::default() };
        let host = Host { names: vec![("127.0.0.1", vec!["localhost".into()])], ..Host::default() };
        let request = Request { context: &context, host: &host };
        evaluate(KINDS, hook, &request, Some(proposed), stored, anonymous_set())
    }

    /// Field and value of every objection, in the order of the policies.
    fn objections(decisions: Vec<Decision>) -> Vec<(String, String)> {
        let rejected = decisions.into_iter().filter_map(|decision| match decision {
            Decision::Reject(violations) => Some(violations),
            _ => None,
        });
        rejected.flatten().map(|one| (one.field.unwrap_or_default(), one.value.unwrap_or_default())).collect()
    }

    #[test]
    fn offers_the_policies_and_properties_of_keycloak() {
        let summary = |provider: PolicyProvider| {
            let property = |one: matricula_policy_sdk::ConfigProperty| {
                format!("{}: {} = {}", one.name, one.type_, one.default_value.unwrap_or_default())
            };
            (provider.id, provider.properties.into_iter().map(property).collect::<Vec<_>>().join(", "))
        };
        let offered: Vec<_> = describe(KINDS, &Host::default()).into_iter().map(summary).collect();
        let expected = [
            (
                "trusted-hosts",
                "trusted-hosts: MultivaluedString = , host-sending-registration-request-must-match: boolean = \
                 \"true\", client-uris-must-match: boolean = \"true\"",
            ),
            ("consent-required", ""),
            ("scope", ""),
            ("max-clients", "max-clients: String = \"200\""),
            ("client-disabled", ""),
            ("allowed-protocol-mappers", "allowed-protocol-mapper-types: MultivaluedList = "),
            (
                "allowed-client-templates",
                "allowed-client-scopes: MultivaluedList = , allow-default-scopes: boolean = true",
            ),
            ("registration-web-origins", "web-origins: MultivaluedString = "),
        ];
        assert_eq!(offered, expected.map(|(id, properties)| (id.to_owned(), properties.to_owned())));
    }

    #[test]
    fn accepts_a_plain_client_below_the_limit() {
        let decisions = decide(Hook::BeforeRegister, Client::default(), None);
        assert_eq!(decisions.len(), 6);
        let Decision::Accept(conditions) = &decisions[3] else { panic!("{:?}", decisions[3]) };
        assert_eq!(conditions[0].kind, ConditionKind::ClientCountBelow(200));
        assert_eq!(decisions.into_iter().filter(|decision| *decision == Decision::accept()).count(), 5);
    }

    #[test]
    fn collects_what_every_policy_objects_to() {
        let proposed = Client {
            redirect_uris: Some(vec!["http://localhost/cb".into(), "https://evil.example/cb".into()]),
            optional_client_scopes: Some(vec!["nowhere".into()]),
            default_client_scopes: Some(Vec::new()),
            ..Client::default()
        };
        let expected = [("redirect-uris", "https://evil.example/cb"), ("optional-client-scopes", "nowhere")];
        assert_eq!(
            objections(decide(Hook::BeforeRegister, proposed, None)),
            expected.map(|(field, value)| (field.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn amends_a_new_client_and_keeps_its_owner_from_undoing_it() {
        let registered = Client { full_scope_allowed: Some(true), enabled: Some(true), ..Client::default() };
        let decisions = decide(Hook::AfterRegister, registered, None);
        let consent = Client { consent_required: Some(true), ..Client::default() };
        let scope = Client { full_scope_allowed: Some(false), ..Client::default() };
        assert_eq!(decisions[1..3], [Decision::amend(consent), Decision::amend(scope)]);

        let stored = Client { consent_required: Some(true), full_scope_allowed: Some(false), ..Client::default() };
        let proposed = Client { consent_required: Some(false), full_scope_allowed: Some(true), ..Client::default() };
        let expected = [("consent-required", "false"), ("full-scope-allowed", "true")];
        assert_eq!(
            objections(decide(Hook::BeforeUpdate, proposed, Some(stored))),
            expected.map(|(field, value)| (field.to_owned(), value.to_owned()))
        );
    }
}
