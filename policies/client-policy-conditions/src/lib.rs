//! Conditions of client policies: who registers ([`caller`]) what ([`client`]). What Keycloak's conditions say about
//! log-ins and tokens ([`elsewhere`]) is nothing here.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod caller;
pub mod client;
pub mod elsewhere;

#[cfg(feature = "export")]
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
    executors: [],
);
