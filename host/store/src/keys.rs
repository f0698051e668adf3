//! Table `realm_keys`.

use super::{Database, StoreError, Write, sealing, values};

/// A signing or encryption key of a realm.
pub struct KeyRow {
    /// The `kid` in the headers of tokens.
    pub kid: String,
    /// JWA name: `RS256`, `RSA-OAEP`, `HS512`.
    pub algorithm: String,
    /// New tokens are signed with it; others only verify.
    pub active: bool,
    /// PKCS #8 in DER of an RSA key, the bytes of an HMAC key.
    pub private_key: Vec<u8>,
    /// X.509 in DER, of an RSA key.
    pub certificate: Option<Vec<u8>>,
}

/// Where a private key belongs.
pub(super) fn place(realm_id: &str, kid: &str) -> String {
    format!("key {realm_id} {kid}")
}

/// Every key of a realm.
pub async fn list(database: &Database, realm_id: &str) -> Result<Vec<KeyRow>, StoreError> {
    let rows = database
        .all(
            "SELECT kid, algorithm, active, private_key, certificate FROM realm_keys WHERE realm_id = $1 \
             ORDER BY created_at DESC, kid",
            values![realm_id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let kid: String = row.get(0)?;
            Ok(KeyRow {
                algorithm: row.get(1)?,
                active: row.get(2)?,
                private_key: sealing::open(&place(realm_id, &kid), row.get(3)?)?,
                certificate: row.get(4)?,
                kid,
            })
        })
        .collect()
}

/// Whether a realm has a key.
pub async fn exists(database: &Database, realm_id: &str, kid: &str) -> Result<bool, StoreError> {
    let found =
        database.first("SELECT 1 FROM realm_keys WHERE realm_id = $1 AND kid = $2", values![realm_id, kid]).await?;
    Ok(found.is_some())
}

/// Adds the first active key of an algorithm; nothing happens when there is one already (another node was faster).
pub fn insert(write: &mut Write, realm_id: &str, key: KeyRow, now: i64) -> Result<(), StoreError> {
    let private_key = sealing::seal(&place(realm_id, &key.kid), key.private_key)?;
    write.run(
        "INSERT INTO realm_keys (realm_id, kid, algorithm, active, private_key, certificate, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        values![realm_id, key.kid, key.algorithm, key.active, private_key, key.certificate, now],
    );
    Ok(())
}
