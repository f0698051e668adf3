//! Users' passwords: Argon2id (RFC 9106), hashed and verified away from the threads that serve requests.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

/// Hashes that are worked on at the same time; each takes 7 MiB. The others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// 7 MiB, five passes, one lane: as strong as RFC 9106's 19 MiB and two passes, with less memory.
fn argon2() -> Argon2<'static> {
    let params = Params::new(7 * 1024, 5, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password as a PHC string, with a salt of its own.
///
/// # Errors
/// When the process has no randomness or no threads.
pub(crate) async fn hash(password: String) -> anyhow::Result<String> {
    let _turn = AT_ONCE.acquire().await?;
    tokio::task::spawn_blocking(move || {
        argon2()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| anyhow::anyhow!("hashing a password: {error}"))
    })
    .await?
}

/// Whether this is the password of the hash. Without a hash the work is done all the same, so that the time does not
/// tell whether a user exists.
pub(crate) async fn verify(password: String, hash: Option<String>) -> bool {
    let Ok(_turn) = AT_ONCE.acquire().await else { return false };
    tokio::task::spawn_blocking(move || match hash.as_deref().map(PasswordHash::new) {
        Some(Ok(hash)) => argon2().verify_password(password.as_bytes(), &hash).is_ok(),
        Some(Err(_)) | None => {
            let _ = argon2().hash_password(password.as_bytes());
            false
        }
    })
    .await
    .unwrap_or(false)
}
