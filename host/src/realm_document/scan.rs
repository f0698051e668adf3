//! Walks through a JSON document from a file, member by member, without holding more of it than one value.
//!
//! It finds where values begin and end and leaves reading them to others, so it refuses only what makes that impossible.

use std::io::Read;

use anyhow::{Context, bail, ensure};

/// Bytes read at a time.
const BLOCK: usize = 256 << 10;
/// The largest value that is handed out; the whole of a realm's roles is one.
const VALUE: usize = 256 << 20;

/// A place in the document.
pub(super) struct Scanner<R> {
    input: R,
    block: Box<[u8]>,
    /// Between them lies what was read and not yet passed.
    at: usize,
    end: usize,
    /// Bytes of the file before the block.
    before: u64,
}

impl<R: Read> Scanner<R> {
    /// The beginning of `input`, which is at `position` of the file.
    pub(super) fn new(input: R, position: u64) -> Scanner<R> {
        Scanner { input, block: vec![0; BLOCK].into(), at: 0, end: 0, before: position }
    }

    /// Bytes of the file before this place.
    pub(super) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Reads the next block once this one has been passed; `false` at the end of the file.
    fn fill(&mut self) -> anyhow::Result<bool> {
        self.before += self.end as u64;
        (self.at, self.end) = (0, 0);
        self.end = loop {
            match self.input.read(&mut self.block) {
                Ok(number) => break number,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("reading the file"),
            }
        };
        Ok(self.end > 0)
    }

    /// The next byte that is no white space; it is not passed.
    pub(super) fn peek(&mut self) -> anyhow::Result<u8> {
        loop {
            while self.at < self.end {
                let byte = self.block[self.at];
                if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                    return Ok(byte);
                }
                self.at += 1;
            }
            ensure!(self.fill()?, "the document ends too early, at byte {}", self.position());
        }
    }

    /// Passes this byte and white space before it.
    fn pass(&mut self, expected: u8) -> anyhow::Result<()> {
        let found = self.peek()?;
        if found != expected {
            bail!("{:?} instead of {:?} at byte {}", char::from(found), char::from(expected), self.position());
        }
        self.at += 1;
        Ok(())
    }

    /// Goes into the object that begins here.
    pub(super) fn enter_object(&mut self) -> anyhow::Result<()> {
        self.pass(b'{')
    }

    /// Goes into the list that begins here.
    pub(super) fn enter_list(&mut self) -> anyhow::Result<()> {
        self.pass(b'[')
    }

    /// The name of the next member of an object, up to its value; `None` behind the last one. `first`: none was read yet.
    pub(super) fn next_member(&mut self, first: bool) -> anyhow::Result<Option<String>> {
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(None);
        }
        if !first {
            self.pass(b',')?;
        }
        ensure!(self.peek()? == b'"', "no name of a member at byte {}", self.position());
        let mut name = Vec::new();
        self.value(&mut name)?;
        self.pass(b':')?;
        serde_json::from_slice(&name)
            .with_context(|| format!("reading the name before byte {}", self.position()))
            .map(Some)
    }

    /// Whether another entry of a list begins here.
    pub(super) fn next_item(&mut self, first: bool) -> anyhow::Result<bool> {
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            self.pass(b',')?;
        }
        Ok(true)
    }

    /// Appends the text of the value that begins here, and passes it.
    pub(super) fn value(&mut self, text: &mut Vec<u8>) -> anyhow::Result<()> {
        self.walk(|piece| {
            ensure!(text.len() + piece.len() <= VALUE, "a value is larger than {} MiB", VALUE >> 20);
            text.extend_from_slice(piece);
            Ok(())
        })
    }

    /// Passes the value that begins here.
    pub(super) fn skip(&mut self) -> anyhow::Result<()> {
        self.walk(|_| Ok(()))
    }

    /// Passes a value and shows it piece by piece.
    fn walk(&mut self, mut show: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let first = self.peek()?;
        ensure!(!matches!(first, b',' | b':' | b'}' | b']'), "no value at byte {}", self.position());
        let scalar = !matches!(first, b'{' | b'[' | b'"');
        let mut place = Place::default();
        loop {
            let from = self.at;
            while self.at < self.end {
                let byte = self.block[self.at];
                if scalar {
                    if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                        return show(&self.block[from..self.at]);
                    }
                    self.at += 1;
                } else {
                    self.at += 1;
                    if place.step(byte) {
                        return show(&self.block[from..self.at]);
                    }
                }
            }
            show(&self.block[from..self.end])?;
            if !self.fill()? {
                ensure!(scalar, "the document ends within a value, at byte {}", self.position());
                return Ok(());
            }
        }
    }
}

/// How deep within a value.
#[derive(Default)]
struct Place {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Place {
    /// Goes on by a byte; `true` when it is the value's last.
    fn step(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    return self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Gives one byte at a time: every place is the end of a block.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            into[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn members(text: &str) -> anyhow::Result<Vec<(String, String)>> {
        let mut scanner = Scanner::new(Trickle(text.as_bytes()), 0);
        scanner.enter_object()?;
        let mut members = Vec::new();
        while let Some(name) = scanner.next_member(members.is_empty())? {
            let mut value = Vec::new();
            scanner.value(&mut value)?;
            members.push((name, String::from_utf8(value)?));
        }
        Ok(members)
    }

    #[test]
    fn members_are_found_whatever_they_hold() {
        let text = r#" { "a" : 1.5e3 ,"b\"\\":"x\\\"]}","c":[{"d":"}"},[ ]] , "e":null,"f":{}, "g" : true}"#;
        let expected = [
            ("a", "1.5e3"),
            ("b\"\\", r#""x\\\"]}""#),
            ("c", r#"[{"d":"}"},[ ]]"#),
            ("e", "null"),
            ("f", "{}"),
            ("g", "true"),
        ];
        assert_eq!(members(text).unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_place() {
        for (text, expected) in [
            ("", "the document ends too early, at byte 0"),
            ("[1]", "'[' instead of '{' at byte 0"),
            (r#"{"a" 1}"#, "'1' instead of ':' at byte 5"),
            (r#"{"a":1 "b":2}"#, "'\"' instead of ',' at byte 7"),
            (r#"{"a":,"b":2}"#, "no value at byte 5"),
            (r#"{"a":{"b":2}"#, "the document ends too early, at byte 12"),
            (r#"{"a":{"b":2"#, "the document ends within a value, at byte 11"),
            (r#"{a:1}"#, "no name of a member at byte 1"),
        ] {
            assert_eq!(members(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_place_can_be_found_again() {
        let text = br#"{"skipped":[1,"]"],"list":[{"a":1},{"b":2}]}"#;
        let mut scanner = Scanner::new(&text[..], 0);
        scanner.enter_object().unwrap();
        scanner.next_member(true).unwrap();
        scanner.skip().unwrap();
        scanner.next_member(false).unwrap();
        let place = scanner.position();
        let mut again = Scanner::new(&text[usize::try_from(place).unwrap()..], place);
        again.enter_list().unwrap();
        let mut items = Vec::new();
        while again.next_item(items.is_empty()).unwrap() {
            let mut item = Vec::new();
            again.value(&mut item).unwrap();
            items.push(String::from_utf8(item).unwrap());
        }
        assert_eq!(items, [r#"{"a":1}"#, r#"{"b":2}"#]);
    }
}
