//! Roles with a meaning of their own: those that give rights in a realm, and those that contain others.

use std::collections::BTreeSet;

/// Role of realm `master` whose holders administer every realm.
pub const ADMIN: &str = "admin";
/// Role of realm `master` whose holders may make realms.
pub const CREATE_REALM: &str = "create-realm";
/// Contains every other role of its client.
const REALM_ADMIN: &str = "realm-admin";

/// Roles of the client that manages a realm (Keycloak: `realm-management`), in alphabetical order.
pub(crate) const MANAGEMENT: [&str; 22] = [
    "create-client",
    "impersonation",
    "manage-authorization",
    "manage-clients",
    "manage-events",
    "manage-identity-providers",
    "manage-organizations",
    "manage-realm",
    "manage-users",
    "query-clients",
    "query-groups",
    "query-organizations",
    "query-realms",
    "query-users",
    REALM_ADMIN,
    "view-authorization",
    "view-clients",
    "view-events",
    "view-identity-providers",
    "view-organizations",
    "view-realm",
    "view-users",
];

/// Whether this is the name of a role of the client that manages a realm, as Keycloak or its guide spells it
/// (deviation 27).
pub fn is_management(name: &str) -> bool {
    MANAGEMENT.contains(&name) || matches!(name, "manage-client" | "view-client")
}

/// Adds what the roles of a set contain (Keycloak: composite roles).
pub fn resolve(roles: &mut BTreeSet<String>) {
    if roles.contains(REALM_ADMIN) {
        roles.extend(MANAGEMENT.map(str::to_owned));
    }
    for (role, contained) in [
        ("view-clients", &["query-clients"][..]),
        ("view-users", &["query-users", "query-groups"]),
        ("view-organizations", &["query-organizations"]),
    ] {
        if roles.contains(role) {
            roles.extend(contained.iter().map(|name| (*name).to_owned()));
        }
    }
}

/// Whether a role contains others.
pub fn is_composite(client_id: &str, name: &str) -> bool {
    matches!(client_id, "realm-management" | "master-realm")
        && matches!(name, REALM_ADMIN | "view-clients" | "view-users" | "view-organizations")
}
