//! The clients that every realm has: the server's own.

use crate::Client;

/// Clients of the server that every realm has, beside the one that manages it.
pub const OF_EVERY_REALM: [&str; 6] =
    ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"];

/// The attribute that marks the clients whose roles open the server itself (Keycloak: `realm_client`).
pub const REALM_CLIENT: &str = "realm_client";

/// Whether a client is one of the server's own, which cannot be deleted.
pub fn is_of_the_server(client: &Client) -> bool {
    client.client_id.as_deref().is_some_and(|client_id| OF_EVERY_REALM.contains(&client_id))
        || client.attributes.iter().any(|attribute| attribute.name == REALM_CLIENT && attribute.value == "true")
}
