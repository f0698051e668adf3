//! Secrets at rest: the documents of clients and the keys of realms are encrypted (AES-256-GCM) when the environment has
//! a master key. Each stored value names the key that it was encrypted with, so that keys can be replaced one after the
//! other; values of before stay readable.

use std::sync::OnceLock;

use anyhow::{Context, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::StoreError;

/// The variable with the key that is encrypted with.
const CURRENT: &str = "MATRICULA_MASTER_KEY";
/// The variable with keys that are only decrypted with, separated by commas.
const PREVIOUS: &str = "MATRICULA_MASTER_KEY_PREVIOUS";
/// What an encrypted value begins with, followed by the key's id, the nonce, and what was encrypted. No document begins
/// so, no PEM file, and an HMAC key by chance once in 2^64.
const MARK: [u8; 8] = *b"\xf7sealed\x01";
const ID_LENGTH: usize = 4;
/// The names of keys are made from this, so that they tell nothing about the key.
const ID_LABEL: &[u8] = b"matricula master key";

/// A key of the environment.
struct MasterKey {
    id: [u8; ID_LENGTH],
    key: RandomizedNonceKey,
}

impl MasterKey {
    /// Reads a key: 32 bytes in Base64, as `openssl rand -base64 32` makes them.
    fn read(text: &str) -> anyhow::Result<MasterKey> {
        let bytes = STANDARD.decode(text.trim()).ok().filter(|bytes| bytes.len() == 32);
        let bytes = bytes.context("a master key is 32 random bytes in Base64; make one: openssl rand -base64 32")?;
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        digest.update(ID_LABEL);
        digest.update(&bytes);
        let mut id = [0; ID_LENGTH];
        id.copy_from_slice(&digest.finish().as_ref()[..ID_LENGTH]);
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).context("the master key cannot be used")?;
        Ok(MasterKey { id, key })
    }
}

/// The keys of a process.
#[derive(Default)]
struct MasterKeys {
    current: Option<MasterKey>,
    previous: Vec<MasterKey>,
}

/// The environment is the process's own, and so are the keys in it: rows are read and written in many places, and none
/// of them should have a choice of keys.
static KEYS: OnceLock<MasterKeys> = OnceLock::new();

/// Takes the master keys from the environment; before anything is read from the store.
///
/// # Errors
/// When a variable holds something else than keys.
pub fn take_keys() -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
    let current = variable(CURRENT).map(|text| MasterKey::read(&text).context(CURRENT)).transpose()?;
    let previous = variable(PREVIOUS).unwrap_or_default();
    let previous = previous.split(',').filter(|text| !text.trim().is_empty());
    let previous = previous.map(|text| MasterKey::read(text).context(PREVIOUS)).collect::<anyhow::Result<_>>()?;
    ensure!(KEYS.set(MasterKeys { current, previous }).is_ok(), "the master keys were taken already");
    Ok(())
}

fn keys() -> &'static MasterKeys {
    KEYS.get_or_init(MasterKeys::default)
}

/// A value as it is stored: encrypted if there is a master key. `place` names where it belongs: it opens nowhere else.
///
/// # Errors
/// When it cannot be encrypted.
pub(super) fn seal(place: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    match &keys().current {
        Some(key) => seal_with(key, place, value),
        None => Ok(value),
    }
}

/// A stored value as it was before it was encrypted; one that never was is returned as it is.
///
/// # Errors
/// [`StoreError::Damaged`] when the key is not there, or the value was changed or belongs to another place.
pub(super) fn open(place: &str, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let MasterKeys { current, previous } = keys();
    open_with(current.iter().chain(previous), place, stored)
}

/// Whether a stored value is as this process would store it now.
pub(super) fn is_current(stored: &[u8]) -> bool {
    let id = stored.strip_prefix(&MARK).and_then(|rest| rest.get(..ID_LENGTH));
    id == keys().current.as_ref().map(|key| key.id.as_slice())
}

fn seal_with(key: &MasterKey, place: &str, mut value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let nonce = key.key.seal_in_place_append_tag(Aad::from(place), &mut value);
    let nonce = nonce.map_err(|_| StoreError::Damaged(format!("{place} cannot be encrypted")))?;
    let nonce: &[u8; NONCE_LEN] = nonce.as_ref();
    Ok([&MARK[..], &key.id, nonce, &value].concat())
}

fn open_with<'a>(
    mut keys: impl Iterator<Item = &'a MasterKey>,
    place: &str,
    stored: Vec<u8>,
) -> Result<Vec<u8>, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("{place}: {what}"));
    let Some(rest) = stored.strip_prefix(&MARK) else { return Ok(stored) };
    let (id, rest) = rest.split_at_checked(ID_LENGTH).ok_or_else(|| damaged("cut off"))?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(|| damaged("cut off"))?;
    let key = keys.find(|key| key.id == id).ok_or_else(|| {
        damaged(&format!("it is encrypted with a master key that is in neither {CURRENT} nor {PREVIOUS}"))
    })?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged("cut off"))?;
    let mut value = sealed.to_vec();
    let length = key.key.open_in_place(nonce, Aad::from(place), &mut value).map(|opened| opened.len());
    let length = length.map_err(|_| damaged("it was changed after it was encrypted, or is of another place"))?;
    value.truncate(length);
    Ok(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MasterKey {
        MasterKey::read(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_value_opens_with_its_key_at_its_place_only() {
        let (one, two) = (key(1), key(2));
        let sealed = seal_with(&one, "here", b"secret".to_vec()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let open = |keys: &[&MasterKey], place: &str, value: &[u8]| {
            open_with(keys.iter().copied(), place, value.to_vec()).ok()
        };
        assert_eq!(open(&[&two, &one], "here", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(open(&[&two], "here", &sealed), None);
        assert_eq!(open(&[&one], "there", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            // Without its mark it is a value that never was encrypted: the caller cannot read it then.
            assert_ne!(open(&[&one], "here", &changed).as_deref(), Some(&b"secret"[..]), "byte {at}");
            assert_ne!(open(&[&one], "here", &sealed[..at]).as_deref(), Some(&b"secret"[..]), "{at} bytes");
        }
        assert_eq!(open(&[], "here", b"plain").as_deref(), Some(&b"plain"[..]));
    }

    #[test]
    fn a_master_key_is_32_bytes_in_base64() {
        for text in ["", "secret", "AAAA", &STANDARD.encode([0; 31]), &STANDARD.encode([0; 33])] {
            assert!(MasterKey::read(text).is_err(), "{text:?}");
        }
    }
}
