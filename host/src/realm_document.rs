//! A realm as one document (Keycloak: the file of a realm export): `matricula realm import` and `realm export`, which work
//! on the database without a server.
//!
//! [`source`] is the file as UTF-8, [`scan`] walks through it, [`survey`] reads all of it but the clients, [`import`]
//! stores. Neither holds more than a batch of clients in memory, on the way in or out. [`migration`] and [`stand_in`] know
//! what old files lack and what stands in files instead of values.

mod client;
mod encoding;
pub(crate) mod export;
pub(crate) mod import;
mod migration;
mod offline;
mod parts;
mod report;
mod scan;
mod source;
mod stand_in;
pub(crate) mod survey;
mod targets;

/// Members of a realm's document that have tables of their own.
const TABLES: [&str; 10] = [
    "clients",
    "clientScopes",
    "defaultDefaultClientScopes",
    "defaultOptionalClientScopes",
    "roles",
    "defaultRole",
    "defaultRoles",
    "components",
    "clientProfiles",
    "clientPolicies",
];

/// The version that wrote the file. It is true of the file, not of the realm.
const VERSION: &str = "keycloakVersion";

/// Members about what this server does not do: log people in.
const UNUSED: [&str; 21] = [
    "applications",
    "authenticationFlows",
    "authenticatorConfig",
    "clientScopeMappings",
    "clientTemplates",
    "defaultGroups",
    "federatedUsers",
    "groups",
    "identityProviderMappers",
    "identityProviders",
    "localizationTexts",
    "oauthClients",
    "organizations",
    "protocolMappers",
    "requiredActions",
    "scopeMappings",
    "socialProviders",
    "userFederationMappers",
    "userFederationProviders",
    "users",
    "workflows",
];

/// Whether a member is no setting of the realm: it has tables of its own, or there is no use for it.
pub(crate) fn is_elsewhere(member: &str) -> bool {
    TABLES.contains(&member) || UNUSED.contains(&member) || member == VERSION
}
