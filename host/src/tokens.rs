//! The JSON Web Tokens of a realm: what they say, and whether one that is shown is good (RFC 7519).

mod known;

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::{Header, Validation};
use matricula_realms::Realm;
use matricula_store::StoreError;
use matricula_system::clock;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::keys::{Keys, Kind};
use known::Known;
pub(crate) use known::KnownTokens;

/// Kinds of token: the claim `typ`.
pub(crate) mod kind {
    /// Access token of a user or a service account.
    pub(crate) const BEARER: &str = "Bearer";
    /// Given out to register clients with.
    pub(crate) const INITIAL_ACCESS: &str = "InitialAccessToken";
    /// A client's own key to itself.
    pub(crate) const REGISTRATION_ACCESS: &str = "RegistrationAccessToken";
    /// Gets new access tokens.
    pub(crate) const REFRESH: &str = "Refresh";
    /// Tells a client who the user is.
    pub(crate) const ID: &str = "ID";
    /// The console's cookie.
    pub(crate) const CONSOLE: &str = "Console";
}

/// The claim that names the groups of a token's holder.
pub(crate) const GROUPS: &str = "groups";

/// Names of roles under `roles`, as in `realm_access` and `resource_access`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Access {
    /// Names, composites resolved.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

/// The claims of every token that a realm signs. Those that a kind of token does not have are absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    /// Unix seconds; 0 or absent = never.
    pub(crate) exp: Option<i64>,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
    /// Unix seconds.
    pub(crate) iat: i64,
    /// Id of the token.
    pub(crate) jti: String,
    /// Address of the realm.
    pub(crate) iss: String,
    /// Whom it is for; text or list.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) aud: Value,
    /// Id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// See [`kind`].
    pub(crate) typ: String,
    /// The client that the token was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azp: Option<String>,
    /// Id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// Authentication context class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    /// Origins that browsers may call from with it.
    #[serde(rename = "allowed-origins", skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_origins: Option<Vec<String>>,
    /// Roles of the realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) realm_access: Option<Access>,
    /// Roles of clients, by `client_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_access: Option<BTreeMap<String, Access>>,
    /// Which policies apply to the client: `anonymous` or `authenticated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registration_auth: Option<String>,
    /// Granted scopes, separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    /// The rest: profile claims, `groups`.
    #[serde(flatten)]
    pub(crate) other: BTreeMap<String, Value>,
}

impl Claims {
    /// Whether the token is good at this time, Unix seconds.
    pub(crate) fn is_active(&self, now: i64) -> bool {
        let expired = self.exp.is_some_and(|exp| exp != 0 && exp < now);
        let early = self.nbf.is_some_and(|nbf| nbf > now);
        !expired && !early
    }

    /// Paths of the holder's groups, if the token names them: in a list, or one.
    pub(crate) fn groups(&self) -> Vec<String> {
        match self.other.get(GROUPS) {
            Some(Value::Array(groups)) => groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect(),
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        }
    }
}

/// Signs tokens with the active key of their realm.
///
/// # Errors
/// When the key cannot be read or made.
pub(crate) async fn sign(keys: &Keys, realm: &Realm, kind: Kind, claims: &Claims) -> Result<String, StoreError> {
    let key = keys.active(realm, kind).await?;
    let mut header = Header::new(key.algorithm);
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, claims, &key.encoding).map_err(|error| StoreError::Damaged(format!("key: {error}")))
}

/// The claims of a token that this realm signed and that is good now; `None` for any other. `issuer` is the realm's
/// address as the caller sees it. The kind of the token is not looked at.
///
/// # Errors
/// When the realm's keys cannot be read.
pub(crate) async fn verify(
    app: &App,
    realm: &Realm,
    issuer: &str,
    token: &str,
) -> Result<Option<Verified>, StoreError> {
    let verified = verify_at_any_time(app, realm, issuer, token).await?;
    Ok(verified.filter(|verified| verified.claims.is_active(clock::now())))
}

/// The same of a token that may have expired.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn verify_at_any_time(
    app: &App,
    realm: &Realm,
    issuer: &str,
    token: &str,
) -> Result<Option<Verified>, StoreError> {
    let place = known::place(token);
    let known = match app.known_tokens.get(&place, &app.keys, realm).await? {
        Some(known) => known,
        None => {
            let Some(signed) = signed(&app.keys, realm, token).await? else { return Ok(None) };
            app.known_tokens.keep(place, &signed);
            signed
        }
    };
    let claims = &known.claims;
    if claims.iss != issuer {
        return Ok(None);
    }
    let active = app.keys.active(realm, Kind::Secret).await?;
    Ok(Some(Verified { claims: Arc::clone(claims), by_active_key: known.key.kid == active.kid }))
}

/// What a token says that this realm signed; `None` for any other.
async fn signed(keys: &Keys, realm: &Realm, token: &str) -> Result<Option<Arc<Known>>, StoreError> {
    let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
    let Some(kid) = header.kid else { return Ok(None) };
    let Some(key) = keys.by_kid(realm, &kid).await? else { return Ok(None) };
    // The key knows its algorithm: a token cannot choose another one (RFC 8725 §3.1).
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
    Ok(decoded.ok().map(|decoded| Arc::new(Known { claims: Arc::new(decoded.claims), key })))
}

/// A token that was found good.
pub(crate) struct Verified {
    /// What it says.
    pub(crate) claims: Arc<Claims>,
    /// It was signed with the key that new registration tokens are signed with.
    pub(crate) by_active_key: bool,
}
