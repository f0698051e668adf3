//! RSA keys and a small pool of ready ones: making one takes a tenth of a second of CPU, which no request should wait for.

use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex, mpsc};

/// Validity of the certificates of realms.
pub(crate) const TEN_YEARS: Duration = Duration::days(3650);
/// Validity of the certificates of SAML clients.
pub(crate) const THREE_YEARS: Duration = Duration::days(1096);

/// Keys that wait to be used.
const READY: usize = 4;

/// An RSA key pair of 2048 bits.
pub(crate) struct RsaKey(KeyPair);

impl RsaKey {
    /// Makes one. It takes a tenth of a second: not for threads that serve requests.
    fn generate() -> anyhow::Result<RsaKey> {
        KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map(RsaKey).context("making an RSA key")
    }

    /// Reads PKCS #8 in PEM.
    pub(crate) fn from_pem(pem: &[u8]) -> anyhow::Result<RsaKey> {
        KeyPair::from_pkcs8_pem_and_sign_algo(std::str::from_utf8(pem)?, &PKCS_RSA_SHA256)
            .map(RsaKey)
            .context("reading an RSA key")
    }

    /// PKCS #8 in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// PKCS #8 in DER.
    pub(crate) fn der(&self) -> &[u8] {
        self.0.serialized_der()
    }

    /// The name of the key: SHA-256 of the public key, base64url.
    pub(crate) fn kid(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.0.der_bytes());
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Modulus and exponent, big-endian.
    pub(crate) fn public_components(&self) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(self.0.serialized_der()).context("reading an RSA key")?;
        let public = key.public_key();
        let bytes = |number: aws_lc_rs::io::Positive<'_>| number.big_endian_without_leading_zero().to_vec();
        Ok((bytes(public.modulus()), bytes(public.exponent())))
    }

    /// A self-signed certificate with `CN` = `common_name`, in DER, valid from now on.
    pub(crate) fn certificate(&self, common_name: &str, validity: Duration) -> anyhow::Result<Vec<u8>> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = OffsetDateTime::now_utc();
        params.not_after = params.not_before + validity;
        let certificate = params.self_signed(&self.0).context("signing a certificate")?;
        Ok(certificate.der().to_vec())
    }
}

/// The pool. It is filled in the background, from the first use on.
#[derive(Clone)]
pub(crate) struct RsaKeys {
    ready: Arc<Mutex<mpsc::Receiver<RsaKey>>>,
}

impl RsaKeys {
    /// Starts to fill the pool on a thread of its own, which ends with the last `RsaKeys`.
    pub(crate) fn start() -> anyhow::Result<RsaKeys> {
        let (keys, ready) = mpsc::channel(READY);
        std::thread::Builder::new()
            .name("rsa-keys".to_owned())
            .spawn(move || {
                loop {
                    match RsaKey::generate() {
                        Ok(key) => {
                            if keys.blocking_send(key).is_err() {
                                return;
                            }
                        }
                        Err(error) => {
                            tracing::error!(%error, "no RSA key could be made");
                            std::thread::sleep(std::time::Duration::from_secs(1));
                        }
                    }
                }
            })
            .context("starting the thread that makes RSA keys")?;
        Ok(RsaKeys { ready: Arc::new(Mutex::new(ready)) })
    }

    /// A key that nobody else has, as soon as there is one.
    pub(crate) async fn take(&self) -> RsaKey {
        loop {
            if let Some(key) = self.ready.lock().await.recv().await {
                return key;
            }
            // The thread that makes keys never ends while this pool is there.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}
