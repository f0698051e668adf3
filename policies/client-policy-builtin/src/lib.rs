//! Keycloak's conditions and executors of client policies in one component, so that one instance serves them all and few
//! calls a request suffice. Each family is also a component of its own.
//!
//! The families are included as modules, not linked as crates: see `policies/builtin`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

#[path = "../../client-policy-conditions/src/lib.rs"]
pub mod conditions;
#[path = "../../client-policy-requests/src/lib.rs"]
pub mod requests;
#[path = "../../client-policy-settings/src/lib.rs"]
pub mod settings;
#[path = "../../client-policy-uris/src/lib.rs"]
pub mod uris;

use conditions::{caller, client, elsewhere};
use requests::elsewhere as not_registration;
use settings::{algorithms, authenticator, binding, certificate, flags, logout};
use uris::{patterns, redirects, secure};

matricula_policy_sdk::export_client_policies!(
    conditions: [
        client::AnyClient,
        caller::UpdaterContext,
        caller::UpdaterSourceHost,
        caller::UpdaterSourceRoles,
        caller::UpdaterSourceGroups,
        client::AccessType,
        client::ClientType,
        client::Attributes,
        client::Roles,
        elsewhere::ClientScopes,
        elsewhere::GrantType,
        elsewhere::Acr,
        elsewhere::IdentityProvider,
    ],
    executors: [
        requests::RejectRequest,
        requests::KeepToken,
        flags::ConsentRequired,
        flags::FullScopeDisabled,
        flags::RejectImplicitGrant,
        flags::RejectRopcGrant,
        binding::PkceEnforcer,
        binding::DpopBindEnforcer,
        binding::HolderOfKeyEnforcer,
        binding::SecureResponseType,
        algorithms::SecureSignatureAlgorithm,
        algorithms::SecureCibaRequestAlgorithm,
        authenticator::SecureClientAuthenticator,
        logout::SecureLogout,
        certificate::TlsClientAuthCaSubjectDn,
        secure::SecureClientUris,
        redirects::SecureRedirectUris,
        patterns::SecureClientUrisPattern,
        not_registration::ConfidentialClient,
        not_registration::AuthFlowEnforcer,
        not_registration::DownscopeAssertionGrantEnforcer,
        not_registration::IntentClientBindChecker,
        not_registration::JwtClaimEnforcer,
        not_registration::SecureCibaSession,
        not_registration::SecureCibaSignedAuthnRequest,
        not_registration::SecureClientAuthenticationAssertion,
        not_registration::SecureParContent,
        not_registration::SecureRequestObject,
        not_registration::SecureSession,
        not_registration::SecureSignatureAlgorithmSignedJwt,
        not_registration::SuppressRefreshTokenRotation,
        not_registration::UseLightweightAccessToken,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::client_policy_component::{check_config, describe};
    use matricula_policy_sdk::{Configured, Host, Role};

    #[test]
    fn offers_every_kind_once_and_reads_each_without_settings() {
        let offer = describe(CONDITIONS, EXECUTORS, &Host::default());
        for (role, ids) in [
            (Role::Condition, offer.conditions.into_iter().map(|one| one.id).collect::<Vec<_>>()),
            (Role::Executor, offer.executors.into_iter().map(|one| one.id).collect()),
        ] {
            for (at, provider) in ids.iter().enumerate() {
                assert!(!ids[..at].contains(provider), "{provider} twice");
                let part = Configured { provider: provider.clone(), policy: String::new(), config: Vec::new() };
                assert_eq!(check_config(CONDITIONS, EXECUTORS, role, part), Ok(()), "{provider}");
            }
        }
    }
}
