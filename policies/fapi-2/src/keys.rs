//! A client's keys (RFC 7517): large enough, of a kind that signs, and public.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use matricula_policy_sdk::Violation;
use serde_json::{Map, Value};

use crate::judgement::{of, refused};

/// The attribute that holds `jwks`.
pub const ATTRIBUTE: &str = "jwks.string";

/// P-256 or more.
const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];
/// Members of a private or secret key (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Base64url as key sets in the wild have it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An objection to each key that is not allowed; its value is the `kid`.
pub fn violations(set: &str, min_rsa_bits: usize) -> Vec<Violation> {
    let set: Option<Value> = serde_json::from_str(set).ok();
    let Some(keys) = set.as_ref().and_then(|set| set.get("keys")?.as_array()) else {
        return vec![violation(None)];
    };
    let is_wrong = |key: &&Value| !key.as_object().is_some_and(|key| is_allowed(key, min_rsa_bits));
    keys.iter().filter(is_wrong).map(|key| violation(key.get("kid").and_then(Value::as_str))).collect()
}

fn violation(kid: Option<&str>) -> Violation {
    let violation = refused("Key is not allowed by FAPI");
    Violation { field: Some(of(ATTRIBUTE)), value: kid.map(str::to_owned), ..violation }
}

fn is_allowed(key: &Map<String, Value>, min_rsa_bits: usize) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let is_public = PRIVATE.iter().all(|name| key.get(*name).is_none_or(Value::is_null));
    is_public
        && match text("kty") {
            Some("RSA") => text("n").is_some_and(|modulus| bits(modulus) >= min_rsa_bits),
            Some("EC") => text("crv").is_some_and(|curve| CURVES.contains(&curve)),
            Some("OKP") => text("crv") == Some("Ed25519"),
            _ => false,
        }
}

/// Length of a number; 0: it is none.
fn bits(number: &str) -> usize {
    let bytes = LENIENT.decode(number.replace('+', "-").replace('/', "_")).unwrap_or_default();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = &bytes[zeros..];
    rest.len() * 8 - rest.first().map_or(0, |byte| byte.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn is_taken(key: &Value) -> bool {
        violations(&json!({"keys": [key]}).to_string(), 2048).is_empty()
    }

    #[test]
    fn takes_public_keys_that_are_large_enough() {
        let modulus = |bytes: usize, first: u8| {
            let mut modulus = vec![0xff; bytes];
            modulus[0] = first;
            URL_SAFE_NO_PAD.encode(modulus)
        };
        for (key, taken) in [
            (json!({"kty": "RSA", "n": modulus(256, 0x80), "e": "AQAB", "alg": "RS256"}), true),
            (json!({"kty": "RSA", "n": modulus(257, 0), "e": "AQAB"}), true),
            (json!({"kty": "RSA", "n": modulus(256, 0x7f), "e": "AQAB"}), false),
            (json!({"kty": "RSA", "n": modulus(257, 0).replace('_', "/") + "=", "e": "AQAB"}), true),
            (json!({"kty": "RSA", "n": "?"}), false),
            (json!({"kty": "RSA", "n": modulus(256, 0x80), "e": "AQAB", "d": "AQ"}), false),
            (json!({"kty": "EC", "crv": "P-256"}), true),
            (json!({"kty": "EC", "crv": "P-192"}), false),
            (json!({"kty": "EC", "crv": "secp256k1"}), false),
            (json!({"kty": "OKP", "crv": "Ed25519"}), true),
            (json!({"kty": "OKP", "crv": "X25519"}), false),
            (json!({"kty": "oct", "k": "AQ"}), false),
            (json!({"kty": "EC", "crv": "P-256", "d": null}), true),
            (json!([]), false),
            (json!({}), false),
        ] {
            assert_eq!(is_taken(&key), taken, "{key}");
        }
    }

    #[test]
    fn names_each_key_by_its_id() {
        let set =
            json!({"keys": [{"kty": "oct", "kid": "a"}, {"kty": "EC", "crv": "P-256"}, {"kty": "oct"}]}).to_string();
        let found: Vec<_> = violations(&set, 2048).into_iter().map(|violation| violation.value).collect();
        assert_eq!(found, [Some("a".to_owned()), None]);
        assert_eq!(violations("no JSON", 2048).len(), 1);
        assert_eq!(violations("{}", 2048).len(), 1);
    }
}
