//! Registration access tokens (RFC 7592 §3): one client's own key to itself. The client stores the `jti` of its one good
//! token; whoever shows another is turned away.

use matricula_contract::RegistrationAuth;
use matricula_realms::Realm;
use matricula_store::StoreError;
use matricula_store::clients::ClientRow;
use matricula_system::clock;
use serde_json::Value;

use super::{AuthenticationError, Permit};
use crate::app::App;
use crate::keys::Kind;
use crate::tokens::{self, Claims, kind};

/// The claim that names the set of policies.
pub(crate) fn auth_name(auth: RegistrationAuth) -> &'static str {
    match auth {
        RegistrationAuth::Anonymous => "anonymous",
        RegistrationAuth::Authenticated => "authenticated",
    }
}

/// Which set of policies a token's client is under.
pub(super) fn registration_auth(claims: &Claims) -> RegistrationAuth {
    match claims.registration_auth.as_deref() {
        Some("authenticated") => RegistrationAuth::Authenticated,
        // Anything else is under the stricter set.
        _ => RegistrationAuth::Anonymous,
    }
}

/// How long the token before is good at most, in milliseconds.
pub(crate) const GRACE_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether the token is the good one of this client, or the one before while that is good too.
fn is_good(claims: &Claims, client: &ClientRow) -> bool {
    let is_previous = || {
        let previous = client.previous_token.as_ref().filter(|previous| clock::now_ms() < previous.until_ms);
        previous.is_some_and(|previous| previous.id == claims.jti)
    };
    client.registration_token_id.as_deref() == Some(claims.jti.as_str()) || is_previous()
}

/// Whether the token is the one good token of this client, which must be enabled and of the provider's protocol.
pub(super) fn fits(
    claims: &Claims,
    client: Option<&ClientRow>,
    protocol: Option<&str>,
    otherwise: AuthenticationError,
) -> Result<Permit, AuthenticationError> {
    let Some(client) = client.filter(|client| client.enabled() && is_good(claims, client)) else {
        return Err(otherwise);
    };
    if protocol.is_some() && client.client.protocol.as_deref() != protocol {
        return Err(AuthenticationError::WrongProtocol);
    }
    Ok(Permit::of(registration_auth(claims)))
}

/// A token with this `jti`. `allowed_origins` is absent in tokens that an administrator makes.
pub(crate) async fn issue(
    app: &App,
    realm: &Realm,
    issuer: &str,
    jti: &str,
    auth: RegistrationAuth,
    allowed_origins: Option<Vec<String>>,
) -> Result<String, StoreError> {
    let claims = Claims {
        exp: Some(0),
        iat: clock::now(),
        jti: jti.to_owned(),
        iss: issuer.to_owned(),
        aud: Value::String(issuer.to_owned()),
        typ: kind::REGISTRATION_ACCESS.to_owned(),
        registration_auth: Some(auth_name(auth).to_owned()),
        allowed_origins,
        ..Claims::default()
    };
    tokens::sign(&app.keys, realm, Kind::Secret, &claims).await
}
