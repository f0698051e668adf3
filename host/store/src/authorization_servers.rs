//! Table `authorization_servers`: the last good metadata of the server that a realm stands before.

use super::realm_settings::AuthorizationServer;
use super::{Database, StoreError, Write, values};

/// The metadata that was kept under these settings, JSON.
pub async fn metadata(
    database: &Database,
    realm_id: &str,
    server: &AuthorizationServer,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT metadata FROM authorization_servers WHERE realm_id = $1 AND issuer = $2 AND metadata_url = $3";
    let row = database.first(sql, values![realm_id, &server.issuer, url(server)]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Keeps metadata in place of what was kept, if the realm is still there.
pub fn keep(write: &mut Write, realm_id: &str, server: &AuthorizationServer, metadata: &str) {
    write.run(
        "INSERT INTO authorization_servers (realm_id, issuer, metadata_url, metadata) \
         SELECT id, $2, $3, $4 FROM realms WHERE id = $1 \
         ON CONFLICT (realm_id) DO UPDATE SET issuer = $2, metadata_url = $3, metadata = $4",
        values![realm_id, &server.issuer, url(server), metadata],
    );
}

/// As it is stored: empty where the issuer says the address.
fn url(server: &AuthorizationServer) -> &str {
    server.metadata_url.as_deref().unwrap_or_default()
}
