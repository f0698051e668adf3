//! The encoding of a realm's document. JSON is UTF-8 (RFC 8259 §8.1); tools also write a byte order mark before it, and
//! some write UTF-16 or UTF-32 (RFC 4627 §3). What follows reads UTF-8 only.

use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};

use anyhow::{Context, bail};

/// Where the text of a file begins, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8 from this byte on.
    Utf8(u64),
    /// UTF-16 or UTF-32.
    Wide(Wide),
}

/// Units of two or four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide {
    bytes: usize,
    big_endian: bool,
}

/// The encoding of a file that begins so: by its byte order mark, else by where its first character, which is an ASCII
/// one, has its zeros.
pub(super) fn of(first: &[u8]) -> Encoding {
    let wide = |bytes, big_endian| Encoding::Wide(Wide { bytes, big_endian });
    match *first {
        [0xef, 0xbb, 0xbf, ..] => Encoding::Utf8(3),
        [0xff, 0xfe, 0, 0, ..] | [1..=255, 0, 0, 0, ..] => wide(4, false),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=255, ..] => wide(4, true),
        [0xff, 0xfe, ..] | [1..=255, 0, ..] => wide(2, false),
        [0xfe, 0xff, ..] | [0, 1..=255, ..] => wide(2, true),
        _ => Encoding::Utf8(0),
    }
}

impl Wide {
    /// Writes the text as UTF-8, without a byte order mark.
    ///
    /// # Errors
    /// With the place of what is no character, or when a file cannot be read or written.
    pub(super) fn to_utf8(self, input: impl Read, output: impl Write) -> anyhow::Result<()> {
        let mut units = Units { input: BufReader::with_capacity(256 << 10, input), form: self, at: 0 };
        let mut output = BufWriter::with_capacity(256 << 10, output);
        while let Some(unit) = units.next()? {
            let code = match unit {
                0xd800..=0xdbff if self.bytes == 2 => match units.next()? {
                    Some(low @ 0xdc00..=0xdfff) => 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                    _ => unit,
                },
                _ => unit,
            };
            let Some(character) = char::from_u32(code) else {
                bail!("no character of UTF-{} before byte {}", 8 * self.bytes, units.at);
            };
            if character != '\u{feff}' || units.at > self.bytes as u64 {
                output.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        output.flush()?;
        Ok(())
    }
}

/// A file as a row of numbers.
struct Units<R> {
    input: BufReader<R>,
    form: Wide,
    /// Bytes that were read.
    at: u64,
}

impl<R: Read> Units<R> {
    fn next(&mut self) -> anyhow::Result<Option<u32>> {
        let mut unit = [0; 4];
        let read = match self.input.fill_buf() {
            Ok([]) => return Ok(None),
            Ok(_) => self.input.read_exact(&mut unit[..self.form.bytes]),
            Err(error) => Err(error),
        };
        match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                bail!("the file ends within a character of UTF-{}", 8 * self.form.bytes)
            }
            read => read.context("reading the file")?,
        }
        self.at += self.form.bytes as u64;
        let [a, b, c, d] = unit;
        Ok(Some(match (self.form.bytes, self.form.big_endian) {
            (2, false) => u32::from(u16::from_le_bytes([a, b])),
            (2, true) => u32::from(u16::from_be_bytes([a, b])),
            (_, false) => u32::from_le_bytes([a, b, c, d]),
            (_, true) => u32::from_be_bytes([a, b, c, d]),
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"name":"Größe 大 🔑"}"#;

    fn wide(bytes: usize, big_endian: bool, mark: bool) -> Vec<u8> {
        let text = if mark { format!("\u{feff}{TEXT}") } else { TEXT.to_owned() };
        match (bytes, big_endian) {
            (2, false) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            (2, true) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            (_, false) => text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
            (_, true) => text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect(),
        }
    }

    #[test]
    fn every_encoding_is_told_by_its_first_bytes_and_read() {
        for (bytes, big_endian, mark) in [2, 4]
            .into_iter()
            .flat_map(|bytes| [(bytes, false), (bytes, true)])
            .flat_map(|(bytes, big_endian)| [(bytes, big_endian, false), (bytes, big_endian, true)])
        {
            let file = wide(bytes, big_endian, mark);
            let Encoding::Wide(found) = of(&file) else { panic!("{bytes} {big_endian} {mark}") };
            assert_eq!(found, Wide { bytes, big_endian });
            let mut text = Vec::new();
            found.to_utf8(&file[..], &mut text).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), TEXT);
        }
        for (file, begin) in [("\u{feff}{}", 3), ("{}", 0), ("", 0), ("{", 0)] {
            assert_eq!(of(file.as_bytes()), Encoding::Utf8(begin));
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for (file, expected) in [
            (&b"{\0\0\xd8}\0"[..], "no character of UTF-16 before byte 6"),
            (&b"{\0\0\xdc}\0"[..], "no character of UTF-16 before byte 4"),
            (&b"{\0\0\xd8"[..], "no character of UTF-16 before byte 4"),
            (&b"{\0}"[..], "the file ends within a character of UTF-16"),
            (&b"{\0\0\0\0\0\x11\0"[..], "no character of UTF-32 before byte 8"),
        ] {
            let Encoding::Wide(wide) = of(file) else { panic!("{file:?}") };
            assert_eq!(wide.to_utf8(file, Vec::new()).unwrap_err().to_string(), expected, "{file:?}");
        }
    }
}
