//! Bearer tokens of other issuers that a realm trusts (realm attribute `clientRegistration.trustedIssuers`): they count
//! like the realm's own, with the roles that one of their claims names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::outside::Outside;
use crate::realm::Realm;

/// The realm attribute.
pub(crate) const ATTRIBUTE: &str = "clientRegistration.trustedIssuers";
/// Issuers whose keys are kept in memory at most.
const ISSUERS: usize = 256;
/// How long keys are used before they are fetched again.
const FRESH: Duration = Duration::from_secs(600);
/// Keys are not fetched again before, not even for a `kid` that nobody knows.
const PAUSE: Duration = Duration::from_secs(60);
/// Algorithms that a token may be signed with: only those with public keys (RFC 8725 §3.1).
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// An issuer that a realm trusts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrustedIssuer {
    /// The `iss` of its tokens.
    issuer: String,
    /// Where its keys are; absent: where its discovery document says.
    jwks_uri: Option<String>,
    /// What must be among the `aud` of its tokens.
    audience: String,
    /// The claim that lists roles; dots separate levels.
    roles_claim: String,
}

/// What a good token of a trusted issuer says.
pub(crate) struct Trusted {
    /// Id of the token.
    pub(crate) token_id: String,
    /// Who holds it.
    pub(crate) subject: Option<String>,
    /// Roles of its holder.
    pub(crate) roles: Vec<String>,
}

/// Reads the attribute.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(attribute: &str) -> Result<Vec<TrustedIssuer>, serde_json::Error> {
    serde_json::from_str(attribute)
}

/// The keys of an issuer, and when they were fetched.
#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    asked: Option<Instant>,
}

/// The keys of all trusted issuers.
#[derive(Clone)]
pub(crate) struct TrustedIssuers {
    outside: Outside,
    known: Arc<Cache<String, Arc<Mutex<Known>>>>,
}

impl TrustedIssuers {
    /// No key in memory yet.
    pub(crate) fn new(outside: Outside) -> TrustedIssuers {
        TrustedIssuers { outside, known: Arc::new(Cache::new(ISSUERS)) }
    }

    /// The issuer that a token names, if the realm trusts it. The token is not verified here.
    pub(crate) fn of_token(realm: &Realm, token: &str) -> Option<TrustedIssuer> {
        let attribute = realm.settings.attributes.get(ATTRIBUTE)?;
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let issuer = claims["iss"].as_str()?;
        read(attribute).ok()?.into_iter().find(|trusted| trusted.issuer == issuer)
    }

    /// What a token of this issuer says, if it is good.
    pub(crate) async fn verify(&self, issuer: &TrustedIssuer, token: &str) -> Option<Trusted> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if !ALGORITHMS.contains(&header.alg) {
            return None;
        }
        let key = self.key(issuer, &header.kid?).await?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&issuer.issuer]);
        validation.set_audience(&[&issuer.audience]);
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        Some(Trusted {
            token_id: text("jti").unwrap_or_default(),
            subject: text("sub"),
            roles: roles(&claims, &issuer.roles_claim),
        })
    }

    /// The issuer's key of this name. One request at a time asks the issuer; the others wait for its answer.
    async fn key(&self, issuer: &TrustedIssuer, kid: &str) -> Option<DecodingKey> {
        let name = issuer.jwks_uri.as_ref().unwrap_or(&issuer.issuer);
        let known = self.known.get(name).unwrap_or_else(|| {
            let known = Arc::new(Mutex::new(Known::default()));
            self.known.insert(name.clone(), Arc::clone(&known));
            known
        });
        let mut known = known.lock().await;
        let has = known.keys.as_ref().is_some_and(|keys| keys.find(kid).is_some());
        let age = known.asked.map(|asked| asked.elapsed());
        if age.is_none_or(|age| age > FRESH || (!has && age > PAUSE)) {
            known.asked = Some(Instant::now());
            match self.fetch(issuer).await {
                Ok(keys) => known.keys = Some(keys),
                // Keys that were good stay good while the issuer cannot be reached.
                Err(error) => {
                    tracing::warn!(issuer = issuer.issuer, error, "the keys of a trusted issuer are not to be had")
                }
            }
        }
        DecodingKey::from_jwk(known.keys.as_ref()?.find(kid)?).ok()
    }

    async fn fetch(&self, issuer: &TrustedIssuer) -> Result<JwkSet, String> {
        let jwks_uri = match &issuer.jwks_uri {
            Some(uri) => uri.clone(),
            None => {
                let address = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
                let metadata: Value = self.json(&address).await?;
                if metadata["issuer"].as_str() != Some(&issuer.issuer) {
                    return Err(format!("{address} is the document of another issuer"));
                }
                metadata["jwks_uri"].as_str().ok_or_else(|| format!("{address} names no jwks_uri"))?.to_owned()
            }
        };
        self.json(&jwks_uri).await
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, address: &str) -> Result<T, String> {
        let document = self.outside.get(address).await?;
        if document.status != 200 {
            return Err(format!("{address} answers {}", document.status));
        }
        serde_json::from_slice(&document.body).map_err(|error| format!("{address}: {error}"))
    }
}

/// The roles that a claim names: a list of texts, or one text with blanks between.
fn roles(claims: &Value, path: &str) -> Vec<String> {
    // A claim may have dots in its name: the whole path is tried first.
    let found = claims.get(path).or_else(|| path.split('.').try_fold(claims, |level, name| level.get(name)));
    match found {
        Some(Value::Array(list)) => list.iter().filter_map(|role| role.as_str().map(str::to_owned)).collect(),
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_are_read_from_any_level() {
        let claims = json!({"roles": ["a"], "realm": {"roles": "b c"}, "https://x.example/roles": ["d"], "number": 1});
        for (path, expected) in [
            ("roles", vec!["a"]),
            ("realm.roles", vec!["b", "c"]),
            ("https://x.example/roles", vec!["d"]),
            ("number", vec![]),
            ("nothing.here", vec![]),
        ] {
            assert_eq!(roles(&claims, path), expected, "{path}");
        }
    }
}
