//! Executors that judge the addresses of a client: that they are secure ([`secure`]), that redirect URIs are of an
//! allowed kind ([`redirects`]), that they match patterns ([`patterns`]).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod addresses;
pub mod patterns;
pub mod redirects;
pub mod secure;
pub mod uri;

#[cfg(feature = "export")]
matricula_policy_sdk::export_client_policies!(
    conditions: [],
    executors: [secure::SecureClientUris, redirects::SecureRedirectUris, patterns::SecureClientUrisPattern],
);
