//! Trusted keys: with any configured, only components with a good signature are loaded.

use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Ed25519 public keys.
#[derive(Default)]
pub(crate) struct TrustedKeys {
    keys: Vec<[u8; 32]>,
}

impl TrustedKeys {
    /// Reads keys in PEM, as `openssl pkey -pubout` writes them.
    ///
    /// # Errors
    /// When a file cannot be read or holds no Ed25519 key.
    pub(crate) fn read<P: AsRef<Path>>(files: &[P]) -> anyhow::Result<TrustedKeys> {
        let key = |file: &P| {
            let file = file.as_ref();
            let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            key(&text).with_context(|| format!("reading the component key {}", file.display()))
        };
        Ok(TrustedKeys { keys: files.iter().map(key).collect::<anyhow::Result<_>>()? })
    }

    /// Lets a component through that one of the keys has signed; any, when there are no keys.
    ///
    /// # Errors
    /// What is wrong with the signature.
    pub(crate) fn verify(&self, bytes: &[u8], signature: Option<&[u8]>) -> Result<(), &'static str> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let signature = signature.ok_or("it is not signed, and this server loads signed components only")?;
        let verifies = |key: &[u8; 32]| UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature).is_ok();
        if self.keys.iter().any(verifies) { Ok(()) } else { Err("its signature is of none of the trusted keys") }
    }
}

/// A signature as text.
///
/// # Errors
/// When it is not Base64.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    STANDARD.decode(text.trim()).map_err(|_| "the signature is not Base64")
}

fn key(pem: &str) -> anyhow::Result<[u8; 32]> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).context("it is not PEM")?;
    match der.strip_prefix(&PREFIX[..]).map(<[u8; 32]>::try_from) {
        Some(Ok(key)) => Ok(key),
        _ => bail!("it is no Ed25519 public key; `openssl pkey -in key.pem -pubout` writes one"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    fn pair() -> (Ed25519KeyPair, String) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der = [&PREFIX[..], pair.public_key().as_ref()].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
        (pair, pem)
    }

    #[test]
    fn only_what_a_trusted_key_signed_passes() {
        let ((signer, pem), (stranger, _)) = (pair(), pair());
        let keys = TrustedKeys { keys: vec![key(&pem).unwrap()] };
        assert!(keys.verify(b"file", Some(signer.sign(b"file").as_ref())).is_ok());
        assert!(keys.verify(b"other", Some(signer.sign(b"file").as_ref())).is_err());
        assert!(keys.verify(b"file", Some(stranger.sign(b"file").as_ref())).is_err());
        assert!(keys.verify(b"file", Some(b"short")).is_err());
        assert!(keys.verify(b"file", None).is_err());
        assert!(TrustedKeys::default().verify(b"file", None).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "!"] {
            assert!(key(text).is_err(), "{text}");
        }
    }
}
