//! Keys of realms: an RSA key that signs access tokens, one to encrypt for the realm, and an HMAC key that signs the
//! tokens only this server reads. Each is made when it is first needed and kept in the database.

pub(crate) mod rsa;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use matricula_realms::Realm;
use matricula_store::{Change, Store, StoreError, Write, keys};
use matricula_system::clock;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Serialize;
use utoipa::ToSchema;

use rsa::RsaKeys;

/// Bytes that keys in memory may take at most; those that are not among them are read again.
const MEMORY: u64 = 32 << 20;
/// Bytes that the keys of a realm take beside the keys themselves.
const KEYS: u64 = 512;
/// Bytes in memory for a byte of a stored key: to sign, to verify and to publish.
const READ_OF_STORED: u64 = 4;
/// Realms that keys are expected of; only a hint.
const REALMS: usize = 20_000;

/// A key that signs and verifies tokens.
pub(crate) struct SigningKey {
    /// The `kid` in the headers of tokens.
    pub(crate) kid: String,
    /// The only algorithm it is used with, whatever a token's header says.
    pub(crate) algorithm: Algorithm,
    /// To sign with.
    pub(crate) encoding: EncodingKey,
    /// To verify with.
    pub(crate) decoding: DecodingKey,
    active: bool,
}

/// A public key as it is published (RFC 7517).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Jwk {
    /// Its name in the headers of tokens.
    kid: String,
    /// Always `RSA`.
    kty: &'static str,
    /// `RS256` or `RSA-OAEP`.
    alg: String,
    /// `sig` or `enc`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// Certificate, base64 of the DER.
    x5c: [String; 1],
    /// SHA-1 of the certificate.
    x5t: String,
    /// SHA-256 of the certificate.
    #[serde(rename = "x5t#S256")]
    x5t_s256: String,
    /// Modulus.
    n: String,
    /// Exponent.
    e: String,
}

/// Kinds of key that a realm has one of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// RSA, signs access and ID tokens.
    Signature,
    /// RSA, published for others to encrypt with.
    Encryption,
    /// HMAC, signs registration, initial access and refresh tokens.
    Secret,
}

impl Kind {
    /// JWA name of the algorithm.
    fn algorithm(self) -> &'static str {
        match self {
            Kind::Signature => "RS256",
            Kind::Encryption => "RSA-OAEP",
            Kind::Secret => "HS512",
        }
    }
}

/// The keys of one realm that exist by now.
#[derive(Default)]
struct RealmKeys {
    signing: Vec<Arc<SigningKey>>,
    published: Vec<Jwk>,
    /// Bytes of the stored keys.
    stored: u64,
}

/// Weighs keys by their bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<RealmKeys>> for Bytes {
    fn weight(&self, _realm_id: &String, keys: &Arc<RealmKeys>) -> u64 {
        KEYS + keys.stored * READ_OF_STORED
    }
}

impl RealmKeys {
    fn active(&self, kind: Kind) -> Option<&Arc<SigningKey>> {
        let algorithm = match kind {
            Kind::Signature => Algorithm::RS256,
            Kind::Secret => Algorithm::HS512,
            Kind::Encryption => return None,
        };
        self.signing.iter().find(|key| key.active && key.algorithm == algorithm)
    }
}

/// The keys of all realms.
#[derive(Clone)]
pub(crate) struct Keys {
    store: Store,
    realms: Arc<Cache<String, Arc<RealmKeys>, Bytes>>,
    rsa: RsaKeys,
}

impl Keys {
    /// No key in memory yet; RSA keys come from `rsa`.
    pub(crate) fn new(store: Store, rsa: RsaKeys) -> Keys {
        Keys { store, realms: Arc::new(Cache::with_weighter(REALMS, MEMORY, Bytes)), rsa }
    }

    /// The realm's active key of a kind, made now if there is none.
    pub(crate) async fn active(&self, realm: &Realm, kind: Kind) -> Result<Arc<SigningKey>, StoreError> {
        let keys = self.of_realm(realm).await?;
        if let Some(key) = keys.active(kind) {
            return Ok(Arc::clone(key));
        }
        let keys = self.make(realm, kind).await?;
        keys.active(kind).map(Arc::clone).ok_or_else(|| StoreError::Damaged(format!("no {} key", kind.algorithm())))
    }

    /// The key with this `kid`, if the realm has it: for verifying.
    pub(crate) async fn by_kid(&self, realm: &Realm, kid: &str) -> Result<Option<Arc<SigningKey>>, StoreError> {
        let find = |keys: &RealmKeys| keys.signing.iter().find(|key| key.kid == kid).map(Arc::clone);
        if let Some(key) = find(self.of_realm(realm).await?.as_ref()) {
            return Ok(Some(key));
        }
        // Another node may have made it just now, and the token may have come here faster than the announcement.
        if !keys::exists(&self.store.database, &realm.id, kid).await? {
            return Ok(None);
        }
        self.realms.remove(&realm.id);
        Ok(find(self.of_realm(realm).await?.as_ref()))
    }

    /// To be called when this realm was deleted, or changed by another node.
    pub(crate) fn changed(&self, change: &Change) {
        match change {
            Change::Realm(id) => drop(self.realms.remove(id)),
            Change::Components | Change::Clients => {}
            Change::Everything => self.realms.clear(),
        }
    }

    /// The public keys of a realm, made now if there are none.
    pub(crate) async fn published(&self, realm: &Realm) -> Result<Vec<Jwk>, StoreError> {
        let mut keys = self.of_realm(realm).await?;
        for kind in [Kind::Signature, Kind::Encryption] {
            if !keys.published.iter().any(|key| key.alg == kind.algorithm()) {
                keys = self.make(realm, kind).await?;
            }
        }
        Ok(keys.published.clone())
    }

    async fn of_realm(&self, realm: &Realm) -> Result<Arc<RealmKeys>, StoreError> {
        let guard = match self.realms.get_value_or_guard_async(realm.id.as_str()).await {
            Ok(keys) => return Ok(keys),
            Err(guard) => guard,
        };
        let keys = Arc::new(self.read(realm).await?);
        let _ = guard.insert(Arc::clone(&keys));
        Ok(keys)
    }

    /// Makes a key, unless another request or node was faster, and reads what is there then.
    async fn make(&self, realm: &Realm, kind: Kind) -> Result<Arc<RealmKeys>, StoreError> {
        let (kid, private_key, certificate) = match kind {
            Kind::Signature | Kind::Encryption => {
                let key = self.rsa.take().await;
                let certificate = key.certificate(&realm.name, rsa::TEN_YEARS).map_err(damaged)?;
                (key.kid(), key.pem().into_bytes(), Some(certificate))
            }
            Kind::Secret => (uuid::Uuid::new_v4().to_string(), matricula_system::random::bytes::<64>().to_vec(), None),
        };
        let row = keys::KeyRow { kid, algorithm: kind.algorithm().to_owned(), active: true, private_key, certificate };
        let mut write = Write::default();
        keys::insert(&mut write, &realm.id, row, clock::now())?;
        self.store.writer.write(write).await?;
        let keys = Arc::new(self.read(realm).await?);
        self.realms.insert(realm.id.clone(), Arc::clone(&keys));
        Ok(keys)
    }

    async fn read(&self, realm: &Realm) -> Result<RealmKeys, StoreError> {
        let mut found = RealmKeys::default();
        for row in keys::list(&self.store.database, &realm.id).await? {
            let certificate = row.certificate.as_ref().map_or(0, Vec::len);
            found.stored += (row.private_key.len() + certificate) as u64;
            if row.algorithm == Kind::Secret.algorithm() {
                found.signing.push(Arc::new(SigningKey {
                    kid: row.kid,
                    algorithm: Algorithm::HS512,
                    encoding: EncodingKey::from_secret(&row.private_key),
                    decoding: DecodingKey::from_secret(&row.private_key),
                    active: row.active,
                }));
                continue;
            }
            let key = rsa::RsaKey::from_pem(&row.private_key).map_err(damaged)?;
            let (modulus, exponent) = key.public_components().map_err(damaged)?;
            let certificate = row.certificate.unwrap_or_default();
            found.published.push(Jwk {
                kid: row.kid.clone(),
                kty: "RSA",
                usage: if row.algorithm == Kind::Signature.algorithm() { "sig" } else { "enc" },
                x5t: URL_SAFE_NO_PAD.encode(digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate)),
                x5t_s256: URL_SAFE_NO_PAD.encode(digest(&aws_lc_rs::digest::SHA256, &certificate)),
                x5c: [STANDARD.encode(&certificate)],
                n: URL_SAFE_NO_PAD.encode(&modulus),
                e: URL_SAFE_NO_PAD.encode(&exponent),
                alg: row.algorithm.clone(),
            });
            if row.algorithm == Kind::Signature.algorithm() {
                found.signing.push(Arc::new(SigningKey {
                    kid: row.kid,
                    algorithm: Algorithm::RS256,
                    encoding: EncodingKey::from_rsa_pem(&row.private_key).map_err(damaged)?,
                    decoding: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
                    active: row.active,
                }));
            }
        }
        found.signing.shrink_to_fit();
        Ok(found)
    }
}

fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("key: {error}"))
}

fn digest(algorithm: &'static aws_lc_rs::digest::Algorithm, bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(algorithm, bytes).as_ref().to_vec()
}
