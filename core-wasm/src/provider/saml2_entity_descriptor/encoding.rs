//! The characters of a document: UTF-16 if its first bytes say so (XML 1.0 appendix F), else UTF-8.

/// The text of a document without its byte order mark. What the XML declaration says of the encoding does not count,
/// as in Keycloak.
///
/// # Errors
/// The bytes are not of that encoding: the text up to there, and what is wrong.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, (String, &'static str)> {
    let text = match bytes.as_slice() {
        [0xfe, 0xff, ..] | [0, b'<', ..] => utf_16(&bytes, u16::from_be_bytes)?,
        [0xff, 0xfe, ..] | [b'<', 0, ..] => utf_16(&bytes, u16::from_le_bytes)?,
        _ => utf_8(bytes)?,
    };
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn utf_8(bytes: Vec<u8>) -> Result<String, (String, &'static str)> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        (before, "a byte that is not UTF-8, the encoding that documents are read in")
    })
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, (String, &'static str)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err((text, "half a character of UTF-16")),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err((text, "half a character of UTF-16")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_utf_8_unless_their_first_bytes_are_of_utf_16() {
        let utf_16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for text in ["<größe>😀</größe>", "\u{feff}<größe>😀</größe>"] {
            for bytes in [text.as_bytes().into(), utf_16(text, u16::to_be_bytes), utf_16(text, u16::to_le_bytes)] {
                assert_eq!(decode(bytes).as_deref(), Ok("<größe>😀</größe>"));
            }
        }
        assert_eq!(decode(Vec::new()).as_deref(), Ok(""));
    }

    #[test]
    fn bytes_of_another_encoding_are_refused_where_they_are() {
        for (bytes, before) in [
            (&b"<gr\xf6\xdfe/>"[..], "<gr"),
            (b"<\0a\0>", "<a"),
            (b"\0<\xd8\0\0>", "<"),
            (b"\xff\xfe<\0\0\xdc", "\u{feff}<"),
        ] {
            assert_eq!(decode(bytes.into()).unwrap_err().0, before);
        }
    }
}
