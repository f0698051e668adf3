//! Signatures of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>): who gets an event knows that it is ours.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use matricula_contract::secrets::MASK;
use matricula_system::random;
use serde::{Deserialize, Serialize};

/// Header with the event's id, the same at each try; the connector sets it.
pub const ID: &str = "webhook-id";
/// Header with the time of the try, Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";
/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// What `secrets` must be.
pub const SIGNING_SECRETS: &str = "1 to 3 of whsec_ and 24 to 64 bytes in Base64";

/// A secret that events are signed with: `whsec_` and 24 to 64 bytes in Base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// A new one.
    pub fn make() -> SigningSecret {
        SigningSecret(format!("{PREFIX}{}", STANDARD.encode(random::bytes::<32>())))
    }

    /// Reads one, if it is one.
    pub fn parse(text: &str) -> Option<SigningSecret> {
        let secret = SigningSecret(text.to_owned());
        (24..=64).contains(&secret.bytes()?.len()).then_some(secret)
    }

    /// As the receiver needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

/// The value of the header: a signature for each secret, in their order.
pub fn signature(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let of = |secret: &SigningSecret| {
        let key = Key::new(HMAC_SHA256, &secret.bytes()?);
        Some(format!("v1,{}", STANDARD.encode(sign(&key, &signed))))
    };
    secrets.iter().filter_map(of).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    /// From the specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_published_example_has_the_published_signature() {
        let secret = SigningSecret::parse(SECRET).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let found = signature(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(found, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_in_its_order() {
        let (one, two) = (SigningSecret::make(), SigningSecret::make());
        let alone = |secret: &SigningSecret| signature(std::slice::from_ref(secret), "id", 1, b"body");
        let both = signature(&[one.clone(), two.clone()], "id", 1, b"body");
        assert_eq!(both, format!("{} {}", alone(&one), alone(&two)));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        let of = |length: usize| format!("{PREFIX}{}", STANDARD.encode(vec![7; length]));
        for (text, good) in [
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            (STANDARD.encode([7; 32]), false),
            (format!("{PREFIX}not base64!"), false),
        ] {
            assert_eq!(SigningSecret::parse(&text).is_some(), good, "{text}");
        }
        assert!(SigningSecret::parse(SigningSecret::make().reveal()).is_some());
    }
}
