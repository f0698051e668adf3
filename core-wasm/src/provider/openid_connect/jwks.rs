//! A client's key set in its metadata (RFC 7517) and the signing key in it.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Base64 as key sets in the wild have it: either alphabet, padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key set that can be stored.
#[derive(Debug, PartialEq)]
pub(super) struct KeySet {
    /// The set as JSON: `keys` and nothing else.
    pub(super) json: String,
    /// The first key that is there to verify the client's signatures.
    pub(super) signing_key: Option<SigningKey>,
}

/// A public key in the form that Keycloak keeps it.
#[derive(Debug, PartialEq)]
pub(super) struct SigningKey {
    /// Base64 of the SubjectPublicKeyInfo (RFC 5280 §4.1).
    pub(super) public_key: String,
    /// Its `kid`, if it has one.
    pub(super) id: Option<String>,
}

/// What is wrong with a key set.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// This member of it has the wrong JSON type, so that the document can't be read.
    Type(&'static str),
    /// It can be read, but makes no sense, and this is why.
    Content(&'static str),
}

/// Reads the value of `jwks`, which is a JSON object. A certificate gets its thumbprints.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(json: &[u8]) -> Result<KeySet, Fault> {
    let mut set: Map<String, Value> =
        serde_json::from_slice(json).map_err(|_| Fault::Content("too deep, or has half a surrogate pair"))?;
    let mut keys = match set.remove("keys") {
        Some(Value::Array(keys)) => keys,
        Some(Value::Object(_)) => return Err(Fault::Type("keys")),
        None | Some(Value::Null) => return Err(Fault::Content("no keys")),
        Some(_) => return Err(Fault::Content("keys: not a list of objects")),
    };
    let mut signing_key = None;
    for key in &mut keys {
        let Value::Object(key) = key else { return Err(Fault::Content("keys: not a list of objects")) };
        add_thumbprints(key)?;
        if signing_key.is_none() && text(key, "use")?.as_deref() == Some("sig") {
            signing_key = subject_public_key_info(key)?;
        }
    }
    set.clear();
    set.insert("keys".to_owned(), Value::Array(keys));
    Ok(KeySet { json: Value::Object(set).to_string(), signing_key })
}

/// A member that is text; numbers and booleans count as text, null as absent.
fn text(key: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Fault> {
    match key.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => Err(Fault::Content("has the character U+0000")),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(_) | Value::Object(_)) => Err(Fault::Type(name)),
        Some(scalar) => Ok(Some(scalar.to_string())),
    }
}

/// Adds `x5t` and `x5t#S256` to a key with a certificate (RFC 7517 §4.8, §4.9).
fn add_thumbprints(key: &mut Map<String, Value>) -> Result<(), Fault> {
    let certificate = match key.get("x5c") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(chain)) => match chain.first() {
            None => return Ok(()),
            Some(Value::String(certificate)) => certificate,
            Some(_) => return Err(Fault::Type("x5c")),
        },
        Some(_) => return Err(Fault::Type("x5c")),
    };
    let der = STANDARD.decode(certificate).map_err(|_| Fault::Content("x5c: not base64"))?;
    let (sha1, sha256) = (URL_SAFE_NO_PAD.encode(Sha1::digest(&der)), URL_SAFE_NO_PAD.encode(Sha256::digest(&der)));
    key.insert("x5t".to_owned(), sha1.into());
    key.insert("x5t#S256".to_owned(), sha256.into());
    Ok(())
}

/// The public key, if its type is one that can sign: `RSA`, `EC` or `OKP`.
fn subject_public_key_info(key: &Map<String, Value>) -> Result<Option<SigningKey>, Fault> {
    let der = match text(key, "kty")?.as_deref() {
        Some("RSA") => rsa(&number(key, "n")?, &number(key, "e")?)?,
        Some("EC") => ec(text(key, "crv")?.as_deref(), &number(key, "x")?, &number(key, "y")?)?,
        Some("OKP") => okp(text(key, "crv")?.as_deref(), &bytes(key, "x")?)?,
        _ => return Ok(None),
    };
    Ok(Some(SigningKey { public_key: STANDARD.encode(der), id: text(key, "kid")? }))
}

/// The bytes of a member of a key.
fn bytes(key: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Fault> {
    let text = text(key, name)?.ok_or(Fault::Content("a signing key lacks a member"))?;
    let unpadded = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    LENIENT.decode(unpadded).map_err(|_| Fault::Content("a signing key has a member that is not base64url"))
}

/// The same as an unsigned number, without leading zeros.
fn number(key: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Fault> {
    let mut bytes = bytes(key, name)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    Ok(bytes)
}

/// RFC 3279 §2.3.1. The limits are those of the Java platform's keys.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, Fault> {
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if !(512..=16384).contains(&bits) || matches!(exponent, [] | [0..=2]) || exponent.len() > modulus.len() {
        return Err(Fault::Content("not an RSA key"));
    }
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let numbers = [positive_integer(modulus), positive_integer(exponent)].concat();
    Ok(key_info(&ALGORITHM, &element(SEQUENCE, &numbers)))
}

/// RFC 5480.
fn ec(curve: Option<&str>, x: &[u8], y: &[u8]) -> Result<Vec<u8>, Fault> {
    const P256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    const P384: [u8; 5] = [0x2b, 0x81, 0x04, 0x00, 0x22];
    const P521: [u8; 5] = [0x2b, 0x81, 0x04, 0x00, 0x23];
    const EC_PUBLIC_KEY: [u8; 9] = [OBJECT_IDENTIFIER, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let (curve, size): (&[u8], usize) = match curve {
        Some("P-256") => (&P256, 32),
        Some("P-384") => (&P384, 48),
        Some("P-521") => (&P521, 66),
        _ => return Err(Fault::Content("a signing key has an unknown crv")),
    };
    if x.len() > size || y.len() > size {
        return Err(Fault::Content("not a point of its curve"));
    }
    let mut point = vec![0; 1 + 2 * size];
    point[0] = 4;
    point[1 + size - x.len()..][..x.len()].copy_from_slice(x);
    point[1 + 2 * size - y.len()..].copy_from_slice(y);
    let algorithm = [&EC_PUBLIC_KEY[..], &element(OBJECT_IDENTIFIER, curve)].concat();
    Ok(key_info(&element(SEQUENCE, &algorithm), &point))
}

/// RFC 8410 §4.
fn okp(curve: Option<&str>, key: &[u8]) -> Result<Vec<u8>, Fault> {
    let (curve, size) = match curve {
        Some("Ed25519") => ([0x2b, 0x65, 0x70], 32),
        Some("Ed448") => ([0x2b, 0x65, 0x71], 57),
        _ => return Err(Fault::Content("a signing key has an unknown crv")),
    };
    if key.len() != size {
        return Err(Fault::Content("not a key of its curve"));
    }
    Ok(key_info(&element(SEQUENCE, &element(OBJECT_IDENTIFIER, &curve)), key))
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

fn key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[algorithm, &bits].concat())
}

fn positive_integer(number: &[u8]) -> Vec<u8> {
    match number.first() {
        Some(0x80..) => element(INTEGER, &[&[0], number].concat()),
        _ => element(INTEGER, number),
    }
}

/// One element of DER (X.690 §8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        length @ ..0x80 => der.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let significant = &bytes[length.leading_zeros() as usize / 8..];
            der.push(0x80 | significant.len() as u8);
            der.extend_from_slice(significant);
        }
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    // The examples of RFC 7517 appendix A.1 and RFC 8037 appendix A.2.
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","kid":"rsa-key","alg":"RS256","use":"sig"}"#;
    const RSA_DER: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDKgwIDAQAB";
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"ec-key","use":"sig"}"#;
    const EC_DER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==";
    const OKP: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"okp-key","use":"sig"}"#;
    const OKP_DER: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn set_of(keys: &str) -> String {
        format!(r#"{{"keys":[{keys}]}}"#)
    }

    #[test]
    fn keeps_the_set_and_extracts_the_signing_key() {
        for (key, der, kid) in [(RSA, RSA_DER, "rsa-key"), (EC, EC_DER, "ec-key"), (OKP, OKP_DER, "okp-key")] {
            let set = read(set_of(key).as_bytes()).unwrap();
            assert_eq!(set.json, set_of(key));
            let expected = SigningKey { public_key: der.to_owned(), id: Some(kid.to_owned()) };
            assert_eq!(set.signing_key, Some(expected));
        }
    }

    #[test]
    fn extracts_the_first_signing_key_only() {
        let encryption = RSA.replace(r#""use":"sig""#, r#""use":"enc""#);
        let set = read(set_of(&format!("{encryption},{EC},{RSA}")).as_bytes()).unwrap();
        assert_eq!(set.signing_key.unwrap().id.as_deref(), Some("ec-key"));
    }

    #[test]
    fn a_set_may_lack_a_signing_key() {
        let unnamed = RSA.replace(r#","use":"sig""#, "");
        for keys in ["", &unnamed, r#"{"kty":"oct","k":"AAAA","use":"sig"}"#, r#"{"kty":"unknown","use":"sig"}"#] {
            let set = read(set_of(keys).as_bytes()).unwrap();
            assert_eq!((set.json, set.signing_key), (set_of(keys), None));
        }
    }

    #[test]
    fn keeps_members_of_keys_and_drops_those_of_the_set() {
        let key = EC.replace(r#""kid""#, r#""x-note":{"a":[1.5,null]},"key_ops":["verify"],"kid""#);
        let set = read(format!(r#"{{"note":1,"keys":[{key}],"other":2}}"#).as_bytes()).unwrap();
        assert_eq!(set.json, set_of(&key));
    }

    #[test]
    fn a_certificate_gets_its_thumbprints() {
        let set = read(set_of(r#"{"kty":"RSA","x5c":["YWJj"]}"#).as_bytes()).unwrap();
        let thumbprints =
            r#""x5t":"qZk-NkcGgWq6PiVxeFDCbJzQ2J0","x5t#S256":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0""#;
        assert_eq!(set.json, set_of(&format!(r#"{{"kty":"RSA","x5c":["YWJj"],{thumbprints}}}"#)));
    }

    #[test]
    fn long_numbers_keep_their_sign_and_short_coordinates_their_place() {
        let der = ec(Some("P-521"), &[1], &[2]).unwrap();
        assert_eq!((der.len(), der[der.len() - 1], der[der.len() - 67]), (158, 2, 1));
        assert_eq!(positive_integer(&[0x80]), [INTEGER, 2, 0, 0x80]);
        assert_eq!(element(SEQUENCE, &[0; 300])[..4], [SEQUENCE, 0x82, 1, 44]);
    }

    #[test]
    fn refuses_sets_that_are_none() {
        let keys = [
            r#"{"kty":"RSA","use":"sig"}"#,
            r#"{"kty":"RSA","use":"sig","n":"AQAB","e":"AQAB"}"#,
            r#"{"kty":"EC","use":"sig","crv":"P-256","x":"*","y":"AA"}"#,
            r#"{"kty":"EC","use":"sig","crv":"secp256k1","x":"AA","y":"AA"}"#,
            r#"{"kty":"OKP","use":"sig","crv":"Ed25519","x":"AA"}"#,
            r#"{"kty":"OKP","use":"sig","crv":"Ed25519","x":"AA","kid":"\u0000"}"#,
            "null",
            "1",
        ];
        let sets = keys.map(set_of);
        for json in ["{}", r#"{"keys":null}"#, r#"{"keys":"text"}"#].into_iter().chain(sets.iter().map(String::as_str))
        {
            assert!(matches!(read(json.as_bytes()), Err(Fault::Content(_))), "{json}");
        }
        for json in [r#"{"keys":{}}"#, r#"{"keys":[{"use":["sig"]}]}"#, r#"{"keys":[{"x5c":"text"}]}"#] {
            assert!(matches!(read(json.as_bytes()), Err(Fault::Type(_))), "{json}");
        }
    }
}
