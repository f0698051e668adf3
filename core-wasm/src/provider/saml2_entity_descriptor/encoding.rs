//! The characters of a document: what its byte order mark says, else what its XML declaration says, else the `charset` of
//! the media type, else UTF-8 (XML 1.0 §4.3.3 and appendix F, RFC 7303).

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::characters::clip;
use super::xml::declared_encoding;

/// Why the bytes are no characters: the text up to there, and what is wrong.
pub(super) type Undecodable = (String, String);

/// The text of a document without its byte order mark.
///
/// # Errors
/// The encoding is not known, or does not have these bytes; either names it.
pub(super) fn decode(bytes: Vec<u8>, content_type: &str) -> Result<String, Undecodable> {
    match bytes.as_slice() {
        // Nearly all documents.
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest.to_vec()),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf_32(rest, u32::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        // The first character is ASCII: the zeros tell how many bytes a character has, and their order.
        [0, 0, 0, _, ..] => utf_32(&bytes, u32::from_be_bytes).and_then(|text| declared_as(text, "utf-32")),
        [_, 0, 0, 0, ..] => utf_32(&bytes, u32::from_le_bytes).and_then(|text| declared_as(text, "utf-32")),
        [0, _, ..] => utf_16(&bytes, u16::from_be_bytes).and_then(|text| declared_as(text, "utf-16")),
        [_, 0, ..] => utf_16(&bytes, u16::from_le_bytes).and_then(|text| declared_as(text, "utf-16")),
        // `<?xm` of mainframes.
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Err(unknown("EBCDIC")),
        _ => match declared(&bytes).or_else(|| charset(content_type)) {
            Some(label) => in_encoding(bytes, &label),
            None => utf_8(bytes),
        },
    }
}

/// What the XML declaration of a document says, in an encoding that has the characters of ASCII where ASCII has them.
fn declared(bytes: &[u8]) -> Option<String> {
    let content = bytes.strip_prefix(b"<?xml")?;
    let end = content.windows(2).position(|pair| pair == b"?>")?;
    declared_encoding(std::str::from_utf8(&content[..end]).ok()?).map(str::to_owned)
}

/// The parameter `charset` of a media type.
fn charset(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.next().map(|(_, value)| value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

/// A text whose first bytes gave its encoding away, if its declaration does not speak of another one.
fn declared_as(text: String, family: &str) -> Result<String, Undecodable> {
    let content = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    match content.and_then(|(declaration, _)| declared_encoding(declaration)) {
        Some(label) if !label.to_ascii_lowercase().starts_with(family) => Err(other_bytes(String::new(), label)),
        _ => Ok(text),
    }
}

/// A text in an encoding of this name (IANA's registry, as browsers read it).
fn in_encoding(bytes: Vec<u8>, label: &str) -> Result<String, Undecodable> {
    let lower = label.to_ascii_lowercase();
    let encoding = Encoding::for_label_no_replacement(label.as_bytes()).filter(|found| *found != X_USER_DEFINED);
    match (encoding, lower.as_str()) {
        // Its first bytes would have had zeros.
        (Some(wide), _) if wide == UTF_16LE || wide == UTF_16BE => Err(other_bytes(String::new(), label)),
        (None, "utf-32" | "utf-32le" | "utf-32be") => Err(other_bytes(String::new(), label)),
        (None, _) => Err(unknown(label)),
        (Some(encoding), _) if encoding == UTF_8 => utf_8(bytes),
        // Browsers take these for windows-1252, which has characters where they have none, or control characters.
        (_, "us-ascii" | "ascii" | "ansi_x3.4-1968") => ascii(bytes, label),
        (Some(encoding), name) if encoding == WINDOWS_1252 && !name.ends_with("1252") => {
            Ok(encoding_rs::mem::decode_latin1(&bytes).into_owned())
        }
        (Some(encoding), _) => legacy(&bytes, encoding, label),
    }
}

fn legacy(bytes: &[u8], encoding: &'static Encoding, label: &str) -> Result<String, Undecodable> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0));
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    // The places of code pages that are free are control characters in browsers.
    let free = |c: char| encoding.name().starts_with("windows-") && ('\u{80}'..='\u{9f}').contains(&c);
    if let Some(at) = text.find(free) {
        text.truncate(at);
        return Err(other_bytes(text, label));
    }
    match result {
        DecoderResult::InputEmpty => Ok(text),
        _ => Err(other_bytes(text, label)),
    }
}

fn ascii(bytes: Vec<u8>, label: &str) -> Result<String, Undecodable> {
    if bytes.is_ascii() {
        return utf_8(bytes);
    }
    let before = bytes.into_iter().take_while(u8::is_ascii).map(char::from).collect();
    Err(other_bytes(before, label))
}

fn utf_8(bytes: Vec<u8>) -> Result<String, Undecodable> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        other_bytes(String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned(), "UTF-8")
    })
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Undecodable> {
    let (units, rest) = bytes.as_chunks();
    let characters = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    whole(characters.map(Result::ok), bytes.len() / 2, rest, "UTF-16")
}

fn utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<String, Undecodable> {
    let (units, rest) = bytes.as_chunks();
    whole(units.iter().map(|bytes| char::from_u32(unit(*bytes))), bytes.len() / 4, rest, "UTF-32")
}

/// All characters, if all of them are some and no byte is left over.
fn whole(
    characters: impl Iterator<Item = Option<char>>,
    length: usize,
    rest: &[u8],
    name: &str,
) -> Result<String, Undecodable> {
    let mut text = String::with_capacity(length);
    for character in characters {
        match character {
            Some(character) => text.push(character),
            None => return Err(other_bytes(text, name)),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(other_bytes(text, name)) }
}

fn other_bytes(before: String, label: &str) -> Undecodable {
    (before, format!("a byte that is not {}", clip(label)))
}

fn unknown(label: &str) -> Undecodable {
    (String::new(), format!("the encoding {} is not known", clip(label)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn utf_32(text: &str, unit: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|c| unit(c.into())).collect()
    }

    #[test]
    fn the_first_bytes_tell_the_transformation_format() {
        for text in ["<größe>😀</größe>", "<?xml version='1.0' encoding='UTF-16'?><größe/>"] {
            for mark in ["", "\u{feff}"] {
                let marked = format!("{mark}{text}");
                for bytes in [utf_16(&marked, u16::to_be_bytes), utf_16(&marked, u16::to_le_bytes)] {
                    assert_eq!(decode(bytes, "application/xml; charset=utf-8").as_deref(), Ok(text));
                }
            }
        }
        for text in ["<größe>😀</größe>", "\u{feff}<größe>😀</größe>"] {
            let (be, le) = (utf_32(text, u32::to_be_bytes), utf_32(text, u32::to_le_bytes));
            for bytes in [text.as_bytes().into(), be, le] {
                assert_eq!(decode(bytes, "").as_deref(), Ok("<größe>😀</größe>"));
            }
        }
        assert_eq!(decode(Vec::new(), "").as_deref(), Ok(""));
    }

    #[test]
    fn a_mark_goes_before_the_declaration_and_this_before_the_media_type() {
        let latin = "<?xml version=\"1.0\" encoding='ISO-8859-1' ?><a b='gr\u{f6}\u{df}e'/>";
        let bytes: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        for content_type in ["", "application/xml", "application/xml; charset=utf-8", "application/xml;charset=\"x\""] {
            assert_eq!(decode(bytes.clone(), content_type).as_deref(), Ok(latin), "{content_type}");
        }
        assert_eq!(decode(format!("\u{feff}{latin}").into(), "").as_deref(), Ok(latin));
        for content_type in ["a/b;charset=iso-8859-1", "a/b; x=y; Charset = \"ISO-8859-1\" ", "a/b;charset=latin1"] {
            assert_eq!(decode(b"<gr\xf6\xdfe/>".into(), content_type).as_deref(), Ok("<größe/>"), "{content_type}");
        }
        assert_eq!(decode("<größe/>".into(), "a/b;charset=").as_deref(), Ok("<größe/>"));
    }

    #[test]
    fn encodings_are_those_of_their_names() {
        for (label, bytes, text) in [
            ("ISO-8859-1", &b"\x80\xa4\xff"[..], "\u{80}¤ÿ"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("windows-1252", b"\x84Prix\x93 \x80", "„Prix“ €"),
            ("US-ASCII", b"size", "size"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
            ("GB18030", b"\xc8\xd5", "日"),
            ("KOI8-R", b"\xc1", "а"),
            ("utf8", "größe".as_bytes(), "größe"),
        ] {
            let declaration = format!("<?xml version='1.0' encoding='{label}'?>");
            let document = [declaration.as_bytes(), bytes].concat();
            assert_eq!(decode(document, "").as_deref(), Ok(format!("{declaration}{text}").as_str()), "{label}");
        }
    }

    #[test]
    fn unknown_encodings_and_other_bytes_are_refused_by_the_name_of_the_encoding() {
        let declared = |label: &str, rest: &[u8]| {
            let declaration = format!("<?xml version='1.0' encoding='{label}'?>");
            decode([declaration.as_bytes(), rest].concat(), "").unwrap_err().1
        };
        for (label, rest, problem) in [
            ("x-klingon", &b""[..], "the encoding x-klingon is not known"),
            ("", b"", "the encoding  is not known"),
            ("x-user-defined", b"", "the encoding x-user-defined is not known"),
            ("iso-2022-kr", b"", "the encoding iso-2022-kr is not known"),
            ("us-ascii", b"\xc3\xbc", "a byte that is not us-ascii"),
            ("windows-1252", b"\x81", "a byte that is not windows-1252"),
            ("ISO-8859-9", b"\x81", "a byte that is not ISO-8859-9"),
            ("ISO-8859-7", b"\xff", "a byte that is not ISO-8859-7"),
            ("Shift_JIS", b"\xff", "a byte that is not Shift_JIS"),
            ("UTF-8", b"\xf6", "a byte that is not UTF-8"),
            ("UTF-16", b"", "a byte that is not UTF-16"),
            ("UTF-32", b"", "a byte that is not UTF-32"),
        ] {
            assert_eq!(declared(label, rest), problem);
        }
        let latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
        assert_eq!(decode(utf_16(latin, u16::to_le_bytes), "").unwrap_err().1, "a byte that is not ISO-8859-1");
        assert_eq!(decode(b"<a/>".into(), "a/b;charset=utf-16").unwrap_err().1, "a byte that is not utf-16");
        assert_eq!(decode(b"<a/>".into(), "a/b;charset=x-no").unwrap_err().1, "the encoding x-no is not known");
        assert_eq!(decode(b"\x4c\x6f\xa7\x94\x93".into(), "").unwrap_err().1, "the encoding EBCDIC is not known");
    }

    #[test]
    fn bytes_of_another_encoding_are_refused_where_they_are() {
        for (bytes, before) in [
            (&b"<gr\xf6\xdfe/>"[..], "<gr"),
            (b"<\0a\0>", "<a"),
            (b"\0<\xd8\0\0>", "<"),
            (b"\xff\xfe<\0\0\xdc", "<"),
            (b"<\0\0\0\0\0\x11\0", "<"),
        ] {
            assert_eq!(decode(bytes.into(), "").unwrap_err().0, before);
        }
    }
}
