//! The tokens of JSON text (RFC 8259), one after the other: what `read` is made of.

use std::borrow::Cow;

use crate::contract::matricula::registration::decision::Violation;
use crate::violation::refused;

/// Lists and objects within each other, at most.
const DEPTH: u32 = 128;

/// A place in the text; everything before it is read.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Offset of the next byte. Always at the border of a character, as tokens begin and end with ASCII.
    pub(super) at: usize,
    /// The `error` of what is no JSON here.
    pub(super) error: &'static str,
}

/// A number as it is written.
pub(super) struct Number<'a> {
    pub(super) text: &'a str,
    /// Without fraction and exponent.
    pub(super) integral: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Scanner { text, at, error: "invalid_request" }
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    /// The text from an earlier offset up to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Takes the byte if it is the next token.
    ///
    /// # Errors
    /// Another token comes, or none.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Violation> {
        if self.peek_token() != Some(byte) {
            return Err(self.unexpected(&format!("'{}'", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes what follows an item of a list or object: `true` for a comma, `false` for the closing byte.
    ///
    /// # Errors
    /// Something else comes.
    pub(super) fn another(&mut self, closing: u8) -> Result<bool, Violation> {
        match self.peek_token() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.unexpected(&format!("',' or '{}'", closing as char))),
        }
    }

    /// Takes the opening byte of a list or object: `true` if an item follows, `false` if it ends at once.
    pub(super) fn open(&mut self, closing: u8) -> bool {
        self.at += 1;
        let empty = self.peek_token() == Some(closing);
        self.at += usize::from(empty);
        !empty
    }

    /// Takes `null`, `true` or `false`.
    ///
    /// # Errors
    /// Another word.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Violation> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes a text in quotes, which come next.
    ///
    /// # Errors
    /// The text does not end, or has a control character or an escape that is none.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Violation> {
        self.at += 1;
        let start = self.at;
        match self.plain()? {
            b'"' => {
                let text = self.since(start);
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            _ => self.escaped(start).map(Cow::Owned),
        }
    }

    /// Goes to the next quote or backslash.
    fn plain(&mut self) -> Result<u8, Violation> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ').unwrap_or(rest.len());
        self.at += length;
        match self.peek() {
            Some(byte @ (b'"' | b'\\')) => Ok(byte),
            Some(_) => Err(self.unexpected("no control character in a text")),
            None => Err(self.unexpected("the end of the text")),
        }
    }

    /// The rest of a text that has escapes; the first one comes next.
    fn escaped(&mut self, start: usize) -> Result<String, Violation> {
        let mut text = String::from(self.since(start));
        loop {
            self.at += 1;
            text.push(self.escape()?);
            let start = self.at;
            let end = self.plain()?;
            text.push_str(self.since(start));
            if end == b'"' {
                self.at += 1;
                return Ok(text);
            }
        }
    }

    /// Takes what follows a backslash.
    fn escape(&mut self) -> Result<char, Violation> {
        let escaped = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected("an escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// Takes the `u` of an escape and what belongs to it, a second escape for characters beyond U+FFFF. Half a pair,
    /// which Java's texts can have, becomes the replacement character.
    fn unicode_escape(&mut self) -> Result<char, Violation> {
        let first = self.code_unit()?;
        let after_first = self.at;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            if let Some(Ok(character)) = char::decode_utf16([first, self.code_unit()?]).next() {
                return Ok(character);
            }
            self.at = after_first;
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Takes `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u16, Violation> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.unexpected("four hexadecimal digits"));
        }
        self.at += 5;
        // Four digits fit and are digits, so 0 never stands in for a failure.
        Ok(u16::from_str_radix(self.since(self.at - 4), 16).unwrap_or(0))
    }

    /// Takes a number; a digit or minus comes next.
    ///
    /// # Errors
    /// It is not written as JSON numbers are.
    pub(super) fn number(&mut self) -> Result<Number<'a>, Violation> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(self.unexpected("no zeros before a number"));
            }
        } else {
            self.digits()?;
        }
        let mut integral = true;
        if self.peek() == Some(b'.') {
            integral = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            integral = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Number { text: self.since(start), integral })
    }

    /// Takes at least one digit.
    fn digits(&mut self) -> Result<(), Violation> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    /// Takes a value of any kind.
    ///
    /// # Errors
    /// It is no JSON, or lists and objects are too deep in each other.
    pub(super) fn skip(&mut self) -> Result<(), Violation> {
        self.skip_within(DEPTH)
    }

    fn skip_within(&mut self, depth: u32) -> Result<(), Violation> {
        match self.peek_token() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'{' | b'[') if depth == 0 => Err(self.unexpected("fewer levels of lists and objects")),
            Some(b'[') => {
                let mut more = self.open(b']');
                while more {
                    self.skip_within(depth - 1)?;
                    more = self.another(b']')?;
                }
                Ok(())
            }
            Some(b'{') => {
                let mut more = self.open(b'}');
                while more {
                    self.name()?;
                    self.skip_within(depth - 1)?;
                    more = self.another(b'}')?;
                }
                Ok(())
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Takes the name of a member and the colon, up to the value.
    ///
    /// # Errors
    /// Something else comes.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Violation> {
        if self.peek_token() != Some(b'"') {
            return Err(self.unexpected("the name of a member"));
        }
        let name = self.string()?;
        self.expect(b':')?;
        self.peek_token();
        Ok(name)
    }

    /// Line and column of an offset, as Jackson counts: from 1, in bytes.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset];
        let (mut line, mut start) = (1, 0);
        for (index, byte) in before.iter().enumerate() {
            // A carriage return with its line feed is one end of a line.
            if *byte == b'\n' || (*byte == b'\r' && self.text.as_bytes().get(index + 1) != Some(&b'\n')) {
                line += 1;
                start = index + 1;
            }
        }
        (line, offset - start + 1)
    }

    /// The syntax error at this place.
    #[cold]
    pub(super) fn unexpected(&self, expected: &str) -> Violation {
        let (line, column) = self.position(self.at);
        let found = if self.at == self.text.len() { " before the end of the body" } else { "" };
        refused(self.error, format!("Cannot parse the JSON: line {line} column {column}: expected {expected}{found}"))
    }
}
