//! Initial access tokens (RFC 7591 §3): given out beforehand, good for a number of clients.

use matricula_realms::Realm;
use matricula_store::StoreError;
use matricula_store::initial_access_tokens::{self, InitialAccessTokenRow};
use serde_json::Value;

use super::AuthenticationError;
use crate::app::App;
use crate::keys::Kind;
use crate::tokens::{self, Claims, kind};

/// The entry of a verified token.
///
/// # Errors
/// [`AuthenticationError::InitialAccessTokenNotFound`] when it was deleted.
pub(super) async fn find(
    app: &App,
    realm: &Realm,
    claims: &Claims,
) -> Result<InitialAccessTokenRow, AuthenticationError> {
    initial_access_tokens::by_id(&app.store.database, &realm.id, &claims.jti)
        .await?
        .ok_or(AuthenticationError::InitialAccessTokenNotFound)
}

/// The token of an entry. It is shown once and kept nowhere.
pub(crate) async fn issue(
    app: &App,
    realm: &Realm,
    issuer: &str,
    entry: &InitialAccessTokenRow,
    web_origins: Option<Vec<String>>,
) -> Result<String, StoreError> {
    let claims = Claims {
        exp: Some(if entry.expiration == 0 { 0 } else { entry.created_at + entry.expiration }),
        iat: entry.created_at,
        jti: entry.id.clone(),
        iss: issuer.to_owned(),
        aud: Value::String(issuer.to_owned()),
        typ: kind::INITIAL_ACCESS.to_owned(),
        allowed_origins: web_origins,
        ..Claims::default()
    };
    tokens::sign(&app.keys, realm, Kind::Secret, &claims).await
}
