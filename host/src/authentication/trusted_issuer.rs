//! Bearer tokens of other issuers that a realm trusts (realm attribute `clientRegistration.trustedIssuers`, and the
//! authorization server that it stands before): they count like the realm's own, with the roles that one of their claims
//! names.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use matricula_network::outside::Outside;
use matricula_realms::Realm;
use matricula_store::realm_settings::AuthorizationServer;
use quick_cache::sync::Cache;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::front_door::{Documents, key_set};

/// The realm attribute.
pub(crate) const ATTRIBUTE: &str = "clientRegistration.trustedIssuers";
/// Issuers whose keys are kept in memory at most.
const ISSUERS: usize = 1_024;
/// How long keys are used before they are fetched again.
const FRESH: Duration = Duration::from_secs(600);
/// Keys are not fetched again before, not even for a `kid` that nobody knows.
const PAUSE: Duration = Duration::from_secs(60);
/// What the header of an access token calls it (RFC 7519 §5.1, RFC 9068 §2.1), if it does.
const HEADER_TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];
/// What its claim `typ` calls it, if there is one: Keycloak's has `ID`, `Refresh`, `Logout`, … in others.
const CLAIM_TYPES: [&str; 3] = ["bearer", "jwt", "at+jwt"];

/// An issuer that a realm trusts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrustedIssuer {
    /// The `iss` of its tokens.
    issuer: String,
    /// Where its keys are; absent: where its discovery document says.
    jwks_uri: Option<String>,
    /// What must be among the `aud` of its tokens; absent, as only for an authorization server: anything.
    #[serde(deserialize_with = "required")]
    audience: Option<String>,
    /// The claim that lists roles; dots separate levels.
    roles_claim: String,
    /// The authorization server that it is, whose metadata says where its keys are.
    #[serde(skip)]
    server: Option<AuthorizationServer>,
}

fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl TrustedIssuer {
    /// The authorization server that a realm stands before, if its tokens count.
    fn of_server(realm: &Realm) -> Option<TrustedIssuer> {
        let server = realm.settings.authorization_server.as_ref().filter(|server| server.trust_tokens)?;
        Some(TrustedIssuer {
            issuer: server.issuer.clone(),
            jwks_uri: None,
            audience: server.audience.clone(),
            roles_claim: server.roles_claim.clone(),
            server: Some(server.clone()),
        })
    }
}

/// What a good token of a trusted issuer says.
pub(crate) struct Trusted {
    /// Id of the token.
    pub(crate) token_id: String,
    /// When it was issued, Unix seconds; 0: it does not say.
    pub(crate) issued_at: i64,
    /// Who holds it.
    pub(crate) subject: Option<String>,
    /// Roles of its holder.
    pub(crate) roles: Vec<String>,
    /// The claim that names the holder's groups; null: there is none.
    pub(crate) groups: Value,
    /// Origins that browsers may use it from.
    pub(crate) allowed_origins: Option<Vec<String>>,
}

/// Reads the attribute.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(attribute: &str) -> Result<Vec<TrustedIssuer>, serde_json::Error> {
    serde_json::from_str(attribute)
}

/// A key that tokens may be signed with.
#[derive(Clone)]
struct IssuerKey {
    kid: String,
    /// The algorithms that it is for: only those with public keys (RFC 8725 §3.1).
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl IssuerKey {
    /// A key of an issuer's set, if it is one for signatures, has a name, and can be used.
    fn of(jwk: &Jwk) -> Option<IssuerKey> {
        let common = &jwk.common;
        let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            _ => Vec::new(),
        };
        // A key that names its algorithm is for that one; else its type says which there are.
        if let Some(named) = common.key_algorithm {
            algorithms.retain(|algorithm| Algorithm::try_from(named).is_ok_and(|named| named == *algorithm));
        }
        let kid = common.key_id.clone().filter(|_| signs && !algorithms.is_empty())?;
        Some(IssuerKey { kid, algorithms, key: DecodingKey::from_jwk(jwk).ok()? })
    }

    /// The keys of a set that can be used. What cannot be read says nothing about the others.
    fn all(set: &Value) -> Vec<IssuerKey> {
        let keys = set["keys"].as_array().into_iter().flatten();
        keys.filter_map(|key| IssuerKey::of(&Jwk::deserialize(key).ok()?)).collect()
    }
}

/// The keys of an issuer.
#[derive(Default)]
struct Known {
    /// What was fetched last, and when that was.
    keys: RwLock<(Option<Instant>, Arc<[IssuerKey]>)>,
    /// Held while the issuer is asked: when it was asked last.
    asked: Mutex<Option<Instant>>,
}

impl Known {
    /// The keys of this name for this algorithm, and whether they need not be fetched again.
    fn find(&self, header: &Header) -> (Vec<DecodingKey>, bool) {
        let (fetched, keys) = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let wanted = |key: &&IssuerKey| header.kid.as_ref() == Some(&key.kid) && key.algorithms.contains(&header.alg);
        let found: Vec<DecodingKey> = keys.iter().filter(wanted).map(|key| key.key.clone()).collect();
        let fresh = !found.is_empty() && fetched.is_some_and(|fetched| fetched.elapsed() <= FRESH);
        (found, fresh)
    }
}

/// Which keys: those of an issuer under the settings of one realm, so that no realm's setting is another's matter.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    realm_id: String,
    issuer: String,
    jwks_uri: Option<String>,
    server: Option<AuthorizationServer>,
}

/// The keys of all trusted issuers.
#[derive(Clone)]
pub(crate) struct TrustedIssuers {
    outside: Outside,
    documents: Documents,
    known: Arc<Cache<Place, Arc<Known>>>,
}

impl TrustedIssuers {
    /// No key in memory yet.
    pub(crate) fn new(outside: Outside, documents: Documents) -> TrustedIssuers {
        TrustedIssuers { outside, documents, known: Arc::new(Cache::new(ISSUERS)) }
    }

    /// The issuers that a token may be of, as it says: those that the realm trusts. `own` is the address of the realm: of
    /// that, only an authorization server at the same address is another issuer. The token is not verified here.
    pub(crate) fn of_token(realm: &Realm, own: &str, token: &str) -> Vec<TrustedIssuer> {
        let server = TrustedIssuer::of_server(realm);
        let attribute = realm.settings.attributes.get(ATTRIBUTE);
        if server.is_none() && attribute.is_none() {
            return Vec::new();
        }
        let Some(named) = issuer_of(token) else { return Vec::new() };
        let others = attribute.filter(|_| named != own).and_then(|attribute| read(attribute).ok());
        let trusted = others.into_iter().flatten().chain(server);
        trusted.filter(|trusted| trusted.issuer == named).collect()
    }

    /// What a token says that is good for one of these issuers.
    pub(crate) async fn verify(&self, realm: &Realm, issuers: &[TrustedIssuer], token: &str) -> Option<Trusted> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let is_access_token = header.typ.as_ref().is_none_or(|typ| is_one_of(&HEADER_TYPES, typ));
        // What must be understood and is not known here (RFC 7515 §4.1.11).
        if !is_access_token || header.crit.is_some() {
            return None;
        }
        for issuer in issuers {
            for key in self.keys(realm, issuer, &header).await {
                if let Some(trusted) = issuer.verify(&key, header.alg, token) {
                    return Some(trusted);
                }
            }
        }
        None
    }

    /// The issuer's keys that a token with this header can be signed with. One request at a time asks the issuer; others
    /// whose keys are there do not wait for its answer.
    async fn keys(&self, realm: &Realm, issuer: &TrustedIssuer, header: &Header) -> Vec<DecodingKey> {
        let place = Place {
            realm_id: realm.id.clone(),
            issuer: issuer.issuer.clone(),
            jwks_uri: issuer.jwks_uri.clone(),
            server: issuer.server.clone(),
        };
        let known = self.known.get(&place).unwrap_or_else(|| {
            let known = Arc::new(Known::default());
            self.known.insert(place, Arc::clone(&known));
            known
        });
        if let (found, true) = known.find(header) {
            return found;
        }
        let mut asked = known.asked.lock().await;
        let (found, fresh) = known.find(header);
        let age = asked.map(|asked| asked.elapsed());
        if fresh || age.is_some_and(|age| age <= PAUSE) {
            return found;
        }
        *asked = Some(Instant::now());
        match self.fetch(&realm.id, issuer).await {
            Ok(keys) => {
                let fetched = (Some(Instant::now()), keys.into());
                *known.keys.write().unwrap_or_else(PoisonError::into_inner) = fetched;
            }
            // Keys that were good stay good while the issuer cannot be reached.
            Err(error) => {
                tracing::warn!(issuer = issuer.issuer, error, "the keys of a trusted issuer are not to be had")
            }
        }
        known.find(header).0
    }

    async fn fetch(&self, realm_id: &str, issuer: &TrustedIssuer) -> Result<Vec<IssuerKey>, String> {
        if let Some(server) = &issuer.server {
            return Ok(IssuerKey::all(&key_set::fetch(&self.documents, realm_id, server).await?));
        }
        let jwks_uri = match &issuer.jwks_uri {
            Some(uri) => uri.clone(),
            None => {
                let address = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
                let metadata = self.json(&address).await?;
                if metadata["issuer"].as_str() != Some(&issuer.issuer) {
                    return Err(format!("{address} is the document of another issuer"));
                }
                metadata["jwks_uri"].as_str().ok_or_else(|| format!("{address} names no jwks_uri"))?.to_owned()
            }
        };
        Ok(IssuerKey::all(&self.json(&jwks_uri).await?))
    }

    async fn json(&self, address: &str) -> Result<Value, String> {
        let document = self.outside.get(address).await?;
        if document.status != 200 {
            return Err(format!("{address} answers {}", document.status));
        }
        serde_json::from_slice(&document.body).map_err(|error| format!("{address}: {error}"))
    }
}

impl TrustedIssuer {
    /// What a token says that was signed with this key and is meant for us.
    fn verify(&self, key: &DecodingKey, algorithm: Algorithm, token: &str) -> Option<Trusted> {
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        match &self.audience {
            Some(audience) => {
                validation.set_required_spec_claims(&["exp", "iss", "aud"]);
                validation.set_audience(&[audience]);
            }
            None => {
                validation.set_required_spec_claims(&["exp", "iss"]);
                validation.validate_aud = false;
            }
        }
        let claims = jsonwebtoken::decode::<Value>(token, key, &validation).ok()?.claims;
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        if text("typ").is_some_and(|typ| !is_one_of(&CLAIM_TYPES, &typ)) {
            return None;
        }
        Some(Trusted {
            token_id: text("jti").unwrap_or_default(),
            // Fractions of a second are allowed (RFC 7519 §2).
            issued_at: claims["iat"].as_i64().or_else(|| whole(claims["iat"].as_f64()?)).unwrap_or(0),
            subject: text("sub"),
            roles: roles(&claims, &self.roles_claim),
            groups: claims["groups"].clone(),
            allowed_origins: claims["allowed-origins"].as_array().map(|list| texts(list)),
        })
    }
}

/// The `iss` of a token that is not verified yet.
fn issuer_of(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["iss"].as_str().map(str::to_owned)
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "fractions are cut off")]
    (number.abs() < 1e15).then_some(number as i64)
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The roles that a claim names: a list of texts, or one text with blanks between.
fn roles(claims: &Value, path: &str) -> Vec<String> {
    // A claim may have dots in its name: the whole path is tried first.
    let found = claims.get(path).or_else(|| path.split('.').try_fold(claims, |level, name| level.get(name)));
    match found {
        Some(Value::Array(list)) => texts(list),
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Points of the curves and a modulus that keys can be read from.
    const RSA: &str = "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0_IzW7yWR7QkrmBL7jTKEn5u-qKhbwKfBstIs-bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyehkd3qqGElvW_VDL5AaWTg0nLVkjRo9z-40RQzuVaE8AkAFmxZzow3x-VJYKdjykkJ0iT9wCS0DRTXu269V264Vf_3jvredZiKRkgwlL9xNAwxXFg0x_XFw005UWVRIkdgcKWTjpBP2dPwVZ4WWC-9aGVd-Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbcmw";
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    #[test]
    fn a_key_says_which_algorithms_it_is_for() {
        let rsa = json!({ "kid": "k", "kty": "RSA", "n": RSA, "e": "AQAB" });
        let ec = json!({ "kid": "k", "kty": "EC", "crv": "P-256", "x": X, "y": Y });
        let all_of_rsa = "RS256 RS384 RS512 PS256 PS384 PS512";
        for (key, more, expected) in [
            (&rsa, json!({}), all_of_rsa),
            (&rsa, json!({ "use": "sig", "alg": "PS384" }), "PS384"),
            (&rsa, json!({ "key_ops": ["sign", "verify"] }), all_of_rsa),
            (&rsa, json!({ "use": "enc" }), ""),
            (&rsa, json!({ "use": "other" }), ""),
            (&rsa, json!({ "key_ops": ["encrypt"] }), ""),
            (&rsa, json!({ "key_ops": [] }), ""),
            (&rsa, json!({ "alg": "RSA-OAEP" }), ""),
            (&rsa, json!({ "alg": "ES256" }), ""),
            (&rsa, json!({ "alg": "HS256" }), ""),
            (&rsa, json!({ "kid": null }), ""),
            (&ec, json!({}), "ES256"),
            (&ec, json!({ "alg": "ES384" }), ""),
            (&ec, json!({ "crv": "P-384" }), "ES384"),
            (&ec, json!({ "crv": "P-521" }), ""),
            (&json!({ "kid": "k", "kty": "OKP", "crv": "Ed25519", "x": X }), json!({}), "EdDSA"),
            (&json!({ "kid": "k", "kty": "oct", "k": "c2VjcmV0" }), json!({}), ""),
            (&json!({ "kid": "k", "kty": "oct", "k": "c2VjcmV0" }), json!({ "alg": "HS256" }), ""),
            (&json!({ "kid": "k", "kty": "new" }), json!({}), ""),
        ] {
            let mut key = key.clone();
            for (name, value) in more.as_object().into_iter().flatten() {
                key[name] = value.clone();
            }
            // The one behind it is read all the same.
            let read =
                IssuerKey::all(&json!({ "keys": [key, { "kid": "last", "kty": "RSA", "n": RSA, "e": "AQAB" }] }));
            let named = |kid: &str| -> Vec<String> {
                let of_kid = read.iter().filter(|key| key.kid == kid).flat_map(|key| &key.algorithms);
                of_kid.map(|algorithm| format!("{algorithm:?}")).collect()
            };
            assert_eq!(named("k").join(" "), expected, "{key}");
            assert_eq!(named("last").join(" "), all_of_rsa, "{key}");
        }
    }

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
