//! X.509 certificates as metadata carries them: base64 of DER, looked at no further than their shape (RFC 5280 §4.1).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 with or without the `=` at its end, and whatever the unused bits of the last character are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A certificate as it is stored: base64 without line breaks, given the text of an `X509Certificate`.
///
/// # Errors
/// The text is not base64 of a certificate; what is wrong follows the element's name.
pub(super) fn normalize(text: &str) -> Result<String, &'static str> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(compact).map_err(|_| "is not base64 (write it without the BEGIN and END lines)")?;
    if is_certificate(&bytes) { Ok(BASE64.encode(bytes)) } else { Err("is no X.509 certificate") }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// Whether these bytes are a certificate, with nothing behind it (Java: `CertificateFactory.generateCertificate`).
fn is_certificate(bytes: &[u8]) -> bool {
    parse(bytes).is_some()
}

fn parse(bytes: &[u8]) -> Option<()> {
    let mut rest = Der(bytes);
    let mut certificate = rest.take(SEQUENCE)?;
    rest.is_empty().then_some(())?;
    let mut signed = certificate.take(SEQUENCE)?;
    check_algorithm(&mut certificate)?;
    certificate.take(BIT_STRING)?;
    certificate.is_empty().then_some(())?;

    signed.skip(VERSION);
    signed.take(INTEGER)?;
    check_algorithm(&mut signed)?;
    check_name(&mut signed)?;
    let mut validity = signed.take(SEQUENCE)?;
    for _ in ["not before", "not after"] {
        validity.take(UTC_TIME).or_else(|| validity.take(GENERALIZED_TIME))?;
    }
    check_name(&mut signed)?;
    let mut key = signed.take(SEQUENCE)?;
    check_algorithm(&mut key)?;
    key.take(BIT_STRING)?;
    for optional in [ISSUER_ID, SUBJECT_ID, EXTENSIONS] {
        signed.skip(optional);
    }
    (signed.is_empty() && key.is_empty() && validity.is_empty()).then_some(())
}

/// AlgorithmIdentifier: the parameters may be anything.
fn check_algorithm(der: &mut Der) -> Option<()> {
    der.take(SEQUENCE)?.take(OBJECT_IDENTIFIER).map(|_| ())
}

/// Name: sets of types and values. It may be empty.
fn check_name(der: &mut Der) -> Option<()> {
    let mut name = der.take(SEQUENCE)?;
    while !name.is_empty() {
        name.take(SET)?.take(SEQUENCE)?.take(OBJECT_IDENTIFIER)?;
    }
    Some(())
}

/// DER values one behind the other, each a tag, a length and so many bytes.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next value, if it has this tag. Else nothing is taken.
    fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        let (first, rest) = self.0.strip_prefix(&[tag])?.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            // The length has so many bytes; four say more than any document holds.
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Der(content))
    }

    fn skip(&mut self, tag: u8) {
        self.take(tag);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::saml2_entity_descriptor::examples::CERTIFICATE;

    #[test]
    fn a_certificate_is_stored_without_white_space() {
        let lines = CERTIFICATE.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
        let spaced: String = lines.map(|line| format!("\r\n\t {line}")).collect();
        assert_eq!(normalize(&spaced).as_deref(), Ok(CERTIFICATE));
        assert_eq!(normalize(CERTIFICATE.trim_end_matches('=')).as_deref(), Ok(CERTIFICATE));
    }

    #[test]
    fn nothing_may_follow_the_certificate() {
        let bytes = BASE64.decode(CERTIFICATE).unwrap();
        for tail in [&[0][..], b"\n", b"\r\n", &[0x30, 0x00], &bytes] {
            assert_eq!(normalize(&BASE64.encode([&bytes, tail].concat())), Err("is no X.509 certificate"), "{tail:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for text in ["AAAA", "not base64!", "MAA=", "MIAAAA==", "MIT/////", &format!("-----BEGIN{CERTIFICATE}")] {
            assert!(normalize(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_part_of_a_certificate_is_one_and_no_change_makes_it_panic() {
        let bytes = BASE64.decode(CERTIFICATE).unwrap();
        for end in 0..bytes.len() {
            assert!(!is_certificate(&bytes[..end]));
        }
        for at in 0..bytes.len() {
            for value in [0, 0x30, 0x7f, 0x84, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = is_certificate(&changed);
            }
        }
    }
}
