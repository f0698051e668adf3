//! Executors that judge, and where they are told to set, flags and attributes of clients. Each looks at what a request
//! names before the client is registered or changed; [`certificate`] looks at the result.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod algorithms;
pub mod authenticator;
pub mod binding;
pub mod certificate;
pub mod flags;
pub mod logout;

#[cfg(feature = "export")]
matricula_policy_sdk::export_client_policies!(
    conditions: [],
    executors: [
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
    ],
);
