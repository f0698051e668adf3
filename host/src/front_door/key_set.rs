//! The keys of an authorization server, from where its metadata says.

use axum::http::HeaderMap;
use matricula_store::realm_settings::AuthorizationServer;
use serde_json::Value;

use super::Documents;

/// Fetches the key set (RFC 7517 §5) of the server that a realm stands before.
///
/// # Errors
/// Why there is none, for the log.
pub(crate) async fn fetch(
    documents: &Documents,
    realm_id: &str,
    server: &AuthorizationServer,
) -> Result<Value, String> {
    let found = documents.get(realm_id, server).await.map_err(|reason| format!("its metadata: {reason}"))?;
    let jwks_uri = found.document.jwks_uri().ok_or("its metadata names no jwks_uri")?;
    let failed = |reason: String| format!("{jwks_uri}: {reason}");
    let answer = documents.named().get(&jwks_uri, HeaderMap::new()).await;
    let answer = answer.map_err(|failure| failed(failure.to_string()))?;
    if answer.status != 200 {
        return Err(failed(format!("status {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))
}
