//! What nobody can guess: secrets, salts and the bytes of keys.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

const LETTERS_AND_DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Random bytes.
#[expect(clippy::expect_used, reason = "without randomness no secret may be made: the request ends here")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system's random number generator does not fail once it is seeded");
    bytes
}

/// Random letters and digits.
pub fn text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 248 is the largest multiple of 62 that fits a byte: what lies above would favour some letters.
        let usable = bytes::<128>().into_iter().filter(|byte| *byte < 248);
        text.extend(
            usable.take(length - text.len()).map(|byte| char::from(LETTERS_AND_DIGITS[usize::from(byte % 62)])),
        );
    }
    text
}

/// A client secret: 86 letters and digits, as Keycloak makes them.
pub fn secret() -> String {
    text(86)
}
