//! Access tokens whose signature was found good before. Whether one is good now is asked each time: its time, its issuer,
//! its realm's keys, and the database about what it is worth.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use matricula_realms::Realm;
use matricula_store::StoreError;
use quick_cache::sync::Cache;

use super::{Claims, kind};
use crate::keys::{Keys, SigningKey};

/// Tokens that are remembered at most.
const TOKENS: usize = 1_000;
/// Longer tokens are not remembered, in bytes.
const LONGEST: usize = 4 << 10;

/// Where a token is remembered: its SHA-256, so that no token lies in memory longer than its request.
pub(super) type Place = [u8; 32];

/// The place of a token.
pub(super) fn place(token: &str) -> Option<Place> {
    (token.len() <= LONGEST).then(|| digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()).flatten()
}

/// A token with a good signature.
pub(super) struct Known {
    /// What it says.
    pub(super) claims: Arc<Claims>,
    /// What it was signed with.
    pub(super) key: Arc<SigningKey>,
}

/// The tokens that are remembered. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct KnownTokens(Arc<Cache<Place, Arc<Known>>>);

impl KnownTokens {
    /// None yet.
    pub(crate) fn none() -> KnownTokens {
        KnownTokens(Arc::new(Cache::new(TOKENS)))
    }

    /// What was found out about the token of this place, if the realm still has the key that it was signed with.
    ///
    /// # Errors
    /// When the realm's keys cannot be read.
    pub(super) async fn get(
        &self,
        place: &Option<Place>,
        keys: &Keys,
        realm: &Realm,
    ) -> Result<Option<Arc<Known>>, StoreError> {
        let Some(known) = place.as_ref().and_then(|place| self.0.get(place)) else { return Ok(None) };
        let key = keys.by_kid(realm, &known.key.kid).await?;
        Ok(key.filter(|key| Arc::ptr_eq(key, &known.key)).map(|_| known))
    }

    /// Remembers a token if it is of a kind that comes again and again.
    pub(super) fn keep(&self, place: Option<Place>, known: &Arc<Known>) {
        if let Some(place) = place
            && known.claims.typ == kind::BEARER
        {
            self.0.insert(place, Arc::clone(known));
        }
    }
}
