//! The two codes of a registration that waits: one for its caller's program, one that people compare and type.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula_store::pending_registrations::CodeHash;
use matricula_system::random;

/// Letters of verification codes: no vowels, so that they spell nothing, and none that looks like another.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many a code has.
const LENGTH: usize = 8;
/// The largest multiple of 20 that fits a byte: what lies above would favour some letters.
const USABLE: u8 = 240;

/// A registration code: 43 characters that hold 256 bits.
pub(crate) fn registration_code() -> String {
    URL_SAFE_NO_PAD.encode(random::bytes::<32>())
}

/// The letters of a verification code.
pub(crate) fn verification_letters() -> String {
    let mut letters = String::with_capacity(LENGTH);
    while letters.len() < LENGTH {
        let usable = random::bytes::<16>().into_iter().filter(|byte| *byte < USABLE);
        letters.extend(usable.take(LENGTH - letters.len()).map(|byte| char::from(LETTERS[usize::from(byte % 20)])));
    }
    letters
}

/// The letters as people see them: `FBWS-TRGK`.
pub(crate) fn shown(letters: &str) -> String {
    let (first, second) = letters.split_at_checked(LENGTH / 2).unwrap_or((letters, ""));
    format!("{first}-{second}")
}

/// The letters of a code as somebody typed it: in any case, with or without the hyphen. `None`: it is no such code.
pub(crate) fn typed(code: &str) -> Option<String> {
    let letters = code.trim().replace('-', "").to_ascii_uppercase();
    (letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter))).then_some(letters)
}

/// What is stored of a code.
pub(crate) fn hash(code: &str) -> CodeHash {
    let mut hash = CodeHash::default();
    hash.copy_from_slice(digest(&SHA256, code.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_length_and_letters() {
        assert_eq!(registration_code().len(), 43);
        for _ in 0..100 {
            let letters = verification_letters();
            assert_eq!(typed(&letters).as_deref(), Some(letters.as_str()));
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for code in ["FBWS-TRGK", "fbws-trgk", "FBWSTRGK", " fbwstrgk "] {
            assert_eq!(typed(code).as_deref(), Some("FBWSTRGK"), "{code}");
        }
        for code in ["", "FBWS-TRG", "FBWS-TRGKB", "FBWS-TRGA", "FBWS-TRG1", "FBWS-TRG\u{212a}"] {
            assert_eq!(typed(code), None, "{code}");
        }
        assert_eq!(shown("FBWSTRGK"), "FBWS-TRGK");
    }
}
