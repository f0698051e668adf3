//! JSON as UTF-8, whatever form of Unicode it came in (deviation 39): registration documents and bodies of the Admin API
//! go through here before they are read. Realm files are read as streams: `realm_document/encoding.rs`.

use thiserror::Error;

/// Bytes that are no text of the encoding which the first ones stand for.
#[derive(Debug, Error)]
#[error("byte {} is not {encoding}", .at + 1)]
pub(crate) struct NotUnicode {
    encoding: &'static str,
    at: usize,
}

/// A JSON text as UTF-8 without a byte order mark. UTF-16 and UTF-32 are told by their mark, else by the zeros among the
/// first bytes, as JSON begins with a character of ASCII (RFC 4627 §3; so does Jackson, which Keycloak reads with). What
/// is left of a character at the end is behind the JSON and dropped. UTF-8 is not checked: whoever reads it does.
///
/// # Errors
/// A unit of UTF-16 or UTF-32 that is no character.
pub(crate) fn utf_8(mut text: Vec<u8>) -> Result<Vec<u8>, NotUnicode> {
    match text.as_slice() {
        [0xef, 0xbb, 0xbf, ..] => {
            text.drain(..3);
            Ok(text)
        }
        [0, 0, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf_32(rest, u32::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0, 0, 0, _, ..] => utf_32(&text, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => utf_32(&text, u32::from_le_bytes),
        [0, _, ..] => utf_16(&text, u16::from_be_bytes),
        [_, 0, ..] => utf_16(&text, u16::from_le_bytes),
        _ => Ok(text),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, NotUnicode> {
    let (units, _) = bytes.as_chunks();
    let characters = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    whole(characters.map(Result::ok), bytes.len(), "UTF-16", |c| 2 * c.len_utf16())
}

fn utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<Vec<u8>, NotUnicode> {
    let (units, _) = bytes.as_chunks();
    whole(units.iter().map(|bytes| char::from_u32(unit(*bytes))), bytes.len(), "UTF-32", |_| 4)
}

fn whole(
    characters: impl Iterator<Item = Option<char>>,
    length: usize,
    encoding: &'static str,
    width: impl Fn(char) -> usize,
) -> Result<Vec<u8>, NotUnicode> {
    let (mut text, mut at) = (String::with_capacity(length), 0);
    for character in characters {
        let character = character.ok_or(NotUnicode { encoding, at })?;
        text.push(character);
        at += width(character);
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    const TEXT: &str = "{\"name\":\"Größe 大 😀\"}";

    fn utf_16_of(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn utf_32_of(text: &str, unit: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|character| unit(character.into())).collect()
    }

    #[test]
    fn the_first_bytes_tell_the_encoding() {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{TEXT}");
            for bytes in [
                text.clone().into_bytes(),
                utf_16_of(&text, u16::to_be_bytes),
                utf_16_of(&text, u16::to_le_bytes),
                utf_32_of(&text, u32::to_be_bytes),
                utf_32_of(&text, u32::to_le_bytes),
            ] {
                assert_eq!(utf_8(bytes.clone()).unwrap(), TEXT.as_bytes(), "{bytes:?}");
            }
        }
        for short in ["", "1", "{}", " 1"] {
            assert_eq!(utf_8(short.into()).unwrap(), short.as_bytes());
            assert_eq!(utf_8(utf_16_of(short, u16::to_le_bytes)).unwrap(), short.as_bytes());
            assert_eq!(utf_8(utf_32_of(short, u32::to_be_bytes)).unwrap(), short.as_bytes());
        }
        assert_eq!(utf_8(b"\xff".into()).unwrap(), b"\xff");
    }

    #[test]
    fn what_is_no_character_is_refused_where_it_is_unless_it_is_behind_the_end() {
        for (bytes, place) in [
            (&b"{\0\0\xd8}\0"[..], "byte 3 is not UTF-16"),
            (b"\0{\xdc\0", "byte 3 is not UTF-16"),
            (b"{\0\0\0\0\0\x11\0", "byte 5 is not UTF-32"),
            (b"\0\0\0{\0\0\xd8\0", "byte 5 is not UTF-32"),
        ] {
            assert_eq!(utf_8(bytes.into()).unwrap_err().to_string(), place);
        }
        assert_eq!(utf_8(b"{\0}\0\n".into()).unwrap(), b"{}");
        assert_eq!(utf_8(b"\0\0\0{\0\0".into()).unwrap(), b"{");
    }
}
