//! Reading: from the members of an object to typed values, with Jackson's leniency towards scalars.

use std::collections::HashMap;

use super::scan::Scanner;
use crate::contract::matricula::registration::client::Attribute;
use crate::contract::matricula::registration::decision::Violation;
use crate::violation::{INVALID_REDIRECT_URI, refused};

/// Names with values, `None` for `null`.
pub type Entries<T> = Vec<(String, Option<T>)>;

/// Reads a document that must be an object, member by member. Text behind the object is ignored.
///
/// # Errors
/// The first problem: of the document itself, or what `member` answered.
pub fn read_object<'a>(
    document: &'a [u8],
    mut member: impl FnMut(&str, Value<'_, 'a>) -> Result<(), Violation>,
) -> Result<(), Violation> {
    let text = std::str::from_utf8(document).map_err(|error| {
        let at = error.valid_up_to() + 1;
        refused(INSIDE_A_VALUE, format!("Cannot parse the JSON: byte {at} of the body is not UTF-8"))
    })?;
    let mut scanner = Scanner::new(text);
    match scanner.peek_token() {
        Some(b'{') => members(&mut scanner, None, &mut member),
        Some(b'[') => Err(no_object()),
        Some(b'n') => scanner.word("null").and_then(|()| Err(no_body())),
        None => Err(no_body()),
        Some(_) => scanner.skip().and_then(|()| Err(no_object())),
    }
}

/// The `error` of what is no JSON between the members. It is another one than within texts, lists and objects, which
/// Jackson leaves to the types that they are read as.
const OUTSIDE_OF_VALUES: &str = "invalid_request";
const INSIDE_A_VALUE: &str = "HTTP 400 Bad Request";

/// Keycloak answers 500 to these (deviation 1).
fn no_body() -> Violation {
    refused("invalid_request", "The body must be a JSON object, and there is none".to_owned())
}

fn no_object() -> Violation {
    refused("unknown_error", "Cannot parse the JSON: the body must be an object".to_owned())
}

/// Reads the members of the object that comes next.
fn members<'a>(
    scanner: &mut Scanner<'a>,
    parent: Option<&str>,
    member: &mut impl FnMut(&str, Value<'_, 'a>) -> Result<(), Violation>,
) -> Result<(), Violation> {
    let mut more = scanner.open(b'}');
    while more {
        let name = scanner.name()?;
        let start = scanner.at;
        if parent.is_none() && matches!(scanner.peek(), Some(b'"' | b'[' | b'{')) {
            scanner.error = INSIDE_A_VALUE;
        }
        member(&name, Value { scanner, name: &name, parent })?;
        if scanner.at == start {
            scanner.skip()?;
        }
        if parent.is_none() {
            scanner.error = OUTSIDE_OF_VALUES;
        }
        more = scanner.another(b'}')?;
    }
    Ok(())
}

/// A value that is about to be read, as one of these types. A value that is dropped is skipped.
///
/// `null` is `None`. An error of type is `unknown_error` and names the member; what is no JSON says where.
pub struct Value<'r, 'a> {
    scanner: &'r mut Scanner<'a>,
    /// Of the member that holds the value.
    name: &'r str,
    /// The member around it.
    parent: Option<&'r str>,
}

impl<'a> Value<'_, 'a> {
    /// Text; numbers and booleans as they are written.
    ///
    /// # Errors
    /// A list or object, or text with U+0000.
    pub fn text(self) -> Result<Option<String>, Violation> {
        match self.scanner.peek() {
            Some(b'"') => {
                let text = self.scanner.string()?.into_owned();
                // Most texts are short, and it is one fast search.
                if text.as_bytes().contains(&0) { Err(self.null_character()) } else { Ok(Some(text)) }
            }
            Some(b'-' | b'0'..=b'9') => Ok(Some(self.scanner.number()?.text.to_owned())),
            Some(b't') => self.scanner.word("true").map(|()| Some("true".to_owned())),
            Some(b'f') => self.scanner.word("false").map(|()| Some("false".to_owned())),
            _ => self.null_or("a text"),
        }
    }

    /// True or false, also as text (`TRUE`, `False`, …) or integer (0 is false). Blank text is `None`.
    ///
    /// # Errors
    /// Anything else.
    pub fn boolean(self) -> Result<Option<bool>, Violation> {
        const EXPECTED: &str = "true or false";
        match self.scanner.peek() {
            Some(b't') => self.scanner.word("true").map(|()| Some(true)),
            Some(b'f') => self.scanner.word("false").map(|()| Some(false)),
            Some(b'"') => match self.scanner.string()?.trim() {
                "true" | "True" | "TRUE" => Ok(Some(true)),
                "false" | "False" | "FALSE" => Ok(Some(false)),
                "" | "null" => Ok(None),
                _ => Err(self.wrong_type(EXPECTED)),
            },
            Some(b'-' | b'0'..=b'9') => match self.scanner.number()? {
                number if number.integral => Ok(Some(number.text != "0")),
                _ => Err(self.wrong_type(EXPECTED)),
            },
            _ => self.null_or(EXPECTED),
        }
    }

    /// A whole number of 32 bits, also as text. Fractions are cut off; blank text is `None`.
    ///
    /// # Errors
    /// Anything else. A number that is too large has Keycloak's own `error` for it.
    pub fn integer(self) -> Result<Option<i32>, Violation> {
        self.whole_number("a whole number of 32 bits", |number| i32::try_from(number).ok())
    }

    /// The same of 64 bits: times do not end in 2038.
    ///
    /// # Errors
    /// As [`Value::integer`].
    pub fn long_integer(self) -> Result<Option<i64>, Violation> {
        self.whole_number("a whole number of 64 bits", Some)
    }

    fn whole_number<T>(self, expected: &str, narrow: impl Fn(i64) -> Option<T>) -> Result<Option<T>, Violation> {
        match self.scanner.peek() {
            Some(b'-' | b'0'..=b'9') => {
                let number = self.scanner.number()?;
                let whole = if number.integral { number.text.parse().ok() } else { truncated(number.text) };
                let large =
                    || Violation { error: Some("HTTP 400 Bad Request".to_owned()), ..self.wrong_type(expected) };
                whole.and_then(narrow).map(Some).ok_or_else(large)
            }
            Some(b'"') => match self.scanner.string()?.trim() {
                "" | "null" => Ok(None),
                text => {
                    let whole = text.parse().ok().and_then(narrow);
                    whole.map(Some).ok_or_else(|| self.wrong_type(expected))
                }
            },
            _ => self.null_or(expected),
        }
    }

    /// A list of texts, each as lenient as [`Value::text`]. A `null` in it is left out.
    ///
    /// # Errors
    /// No list, or something in it that is no text.
    pub fn texts(self) -> Result<Option<Vec<String>>, Violation> {
        self.texts_or(None)
    }

    /// The same, but a `null` in it counts as this text.
    ///
    /// # Errors
    /// As [`Value::texts`].
    pub fn texts_with_null_as(self, null: &str) -> Result<Option<Vec<String>>, Violation> {
        self.texts_or(Some(null))
    }

    fn texts_or(self, null: Option<&str>) -> Result<Option<Vec<String>>, Violation> {
        let mut texts = Vec::new();
        let present = self.items("a list of texts", |item| {
            texts.extend(item.text()?.or_else(|| null.map(str::to_owned)));
            Ok(())
        })?;
        Ok(present.then_some(texts))
    }

    /// Names with texts, each as lenient as [`Value::text`]; of equal names the last counts.
    ///
    /// # Errors
    /// No object, or something in it that is no text.
    pub fn entries(self) -> Result<Option<Entries<String>>, Violation> {
        self.entries_of("an object of texts", |value| value.text())
    }

    /// Names with numbers, each as lenient as [`Value::integer`]; of equal names the last counts.
    ///
    /// # Errors
    /// No object, or something in it that is no number.
    pub fn integers(self) -> Result<Option<Entries<i32>>, Violation> {
        self.entries_of("an object of whole numbers", |value| value.integer())
    }

    fn entries_of<T>(
        self,
        expected: &str,
        read: impl Fn(Value<'_, 'a>) -> Result<Option<T>, Violation>,
    ) -> Result<Option<Entries<T>>, Violation> {
        let mut entries = Vec::new();
        let object = self.object(expected, |name, value| {
            if name.contains('\0') {
                return Err(value.null_character());
            }
            entries.push((name.to_owned(), read(value)?));
            Ok(())
        })?;
        Ok(object.map(|_| last_of_each_name(entries)))
    }

    /// [`Value::entries`] as attributes of the contract; a `null` becomes an empty value, which removes.
    ///
    /// # Errors
    /// As [`Value::entries`].
    pub fn attributes(self) -> Result<Option<Vec<Attribute>>, Violation> {
        let attribute = |(name, value): (String, Option<String>)| Attribute { name, value: value.unwrap_or_default() };
        Ok(self.entries()?.map(|entries| entries.into_iter().map(attribute).collect()))
    }

    /// The items of a list, in order; `false` for `null`.
    ///
    /// # Errors
    /// No list (the text says what was expected), or what `item` answers.
    pub fn items(
        self,
        expected: &str,
        mut item: impl FnMut(Value<'_, 'a>) -> Result<(), Violation>,
    ) -> Result<bool, Violation> {
        if self.scanner.peek() != Some(b'[') {
            return self.null_or::<()>(expected).map(|_| false);
        }
        let mut more = self.scanner.open(b']');
        while more {
            self.scanner.peek_token();
            let start = self.scanner.at;
            item(Value { scanner: self.scanner, name: self.name, parent: self.parent })?;
            if self.scanner.at == start {
                self.scanner.skip()?;
            }
            more = self.scanner.another(b']')?;
        }
        Ok(true)
    }

    /// The members of an object, in order. Answers the object as it is written.
    ///
    /// # Errors
    /// No object (the text says what was expected), or what `member` answers.
    pub fn object(
        self,
        expected: &str,
        mut member: impl FnMut(&str, Value<'_, 'a>) -> Result<(), Violation>,
    ) -> Result<Option<&'a str>, Violation> {
        if self.scanner.peek() != Some(b'{') {
            return self.null_or(expected);
        }
        let start = self.scanner.at;
        members(self.scanner, Some(self.name), &mut member)?;
        Ok(Some(self.scanner.since(start)))
    }

    /// The value as it is written, checked to be JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn raw(self) -> Result<Option<&'a str>, Violation> {
        let start = self.scanner.at;
        self.scanner.skip()?;
        let text = self.scanner.since(start);
        Ok((text != "null").then_some(text))
    }

    /// An object as it is written.
    ///
    /// # Errors
    /// Another type, or no JSON.
    pub fn raw_object(self) -> Result<Option<&'a str>, Violation> {
        match self.scanner.peek() {
            Some(b'{') => self.raw(),
            _ => self.null_or("an object"),
        }
    }

    /// Whether the value begins with this byte (`"`, `[`, `{`), for members where a type has an error of its own.
    pub fn starts_with(&self, byte: u8) -> bool {
        self.scanner.peek() == Some(byte)
    }

    /// Keycloak's refusal of a member that the representation does not have. Its text is the `error`.
    pub fn unknown(self, representation: &str) -> Violation {
        let mut end = self.scanner.at + 1;
        if !matches!(self.scanner.peek(), Some(b'"' | b'{' | b'[')) {
            if let Err(syntax) = self.scanner.skip() {
                return syntax;
            }
            end = self.scanner.at;
        }
        let (line, column) = self.scanner.position(end);
        refused(
            &format!(
                "Invalid json representation for {representation}. Unrecognized field \"{}\" at line {line} column {column}.",
                self.name
            ),
            String::new(),
        )
    }

    /// Takes `null`; anything else is an error.
    fn null_or<T>(self, expected: &str) -> Result<Option<T>, Violation> {
        match self.scanner.peek() {
            Some(b'n') => self.scanner.word("null").map(|()| None),
            // Jackson stops at the first token of a value; only a word or number has to be complete.
            Some(b'[' | b'{' | b'"') => Err(self.wrong_type(expected)),
            _ => {
                self.scanner.skip()?;
                Err(self.wrong_type(expected))
            }
        }
    }

    #[cold]
    fn wrong_type(&self, expected: &str) -> Violation {
        refused("unknown_error", format!("Cannot parse the JSON: {} must be {expected}", self.member()))
    }

    /// No store can keep it; Keycloak answers 500 (deviation 1).
    #[cold]
    fn null_character(&self) -> Violation {
        let outer = self.parent.unwrap_or(self.name);
        let error = match outer {
            "redirectUris" | "redirect_uris" => INVALID_REDIRECT_URI,
            _ => "invalid_client_metadata",
        };
        refused(error, format!("{} must not contain the character U+0000", self.member()))
    }

    /// The member for people, with the one around it.
    fn member(&self) -> String {
        match self.parent {
            Some(parent) => format!("{parent}.{}", self.name.replace('\0', "U+0000")),
            None => self.name.to_owned(),
        }
    }
}

/// A number with fraction or exponent, cut to a whole one if it fits.
fn truncated(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    (number >= i64::MIN as f64 && number <= i64::MAX as f64).then_some(number as i64)
}

/// Drops all but the last entry of each name; the order is that of the first ones.
fn last_of_each_name<T>(entries: Entries<T>) -> Entries<T> {
    let mut kept = Entries::with_capacity(entries.len());
    if entries.len() <= 32 {
        for entry in entries {
            match kept.iter_mut().find(|(name, _)| *name == entry.0) {
                Some(earlier) => *earlier = entry,
                None => kept.push(entry),
            }
        }
        return kept;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    for entry in entries {
        match places.get(&entry.0) {
            Some(&place) => kept[place] = entry,
            None => {
                places.insert(entry.0.clone(), kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the member `x` of a document with `read`; `y` and others are skipped.
    fn read<T>(
        json: &str,
        read: impl Fn(Value<'_, '_>) -> Result<Option<T>, Violation>,
    ) -> Result<Option<T>, (String, String)> {
        let mut found = None;
        read_object(json.as_bytes(), |name, value| {
            if name == "x" {
                found = read(value)?;
            }
            Ok(())
        })
        .map(|()| found)
        .map_err(|violation| (violation.error.unwrap_or_default(), violation.message))
    }

    fn error_of<T: std::fmt::Debug>(result: Result<Option<T>, (String, String)>) -> (String, String) {
        result.unwrap_err()
    }

    #[test]
    fn texts_accept_scalars() {
        for (json, expected) in [
            (r#"{"x":"text"}"#, Some("text")),
            (r#"{ "x" : "a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00é" } rest"#, Some("a\"\\/\u{8}\u{c}\n\r\tä😀é")),
            (r#"{"x":"\ud800\u0041\udc00"}"#, Some("\u{fffd}A\u{fffd}")),
            (r#"{"x":1.50}"#, Some("1.50")),
            (r#"{"x":-0}"#, Some("-0")),
            (r#"{"x":true}"#, Some("true")),
            (r#"{"x":null}"#, None),
            (r#"{"x":"first","x":"last"}"#, Some("last")),
            (r#"{"x":"first","x":null}"#, None),
            (r#"{"y":{"a":[1,{"b":[]},{}]},"\u0078":"named by an escape"}"#, Some("named by an escape")),
            ("\u{feff}{\"x\":\"after a byte order mark\"}", Some("after a byte order mark")),
        ] {
            assert_eq!(read(json, |v| v.text()), Ok(expected.map(str::to_owned)), "{json}");
        }
    }

    #[test]
    fn booleans_and_integers_are_lenient() {
        for (value, expected) in [
            ("true", Some(true)),
            ("\"TRUE\"", Some(true)),
            ("\" False \"", Some(false)),
            ("0", Some(false)),
            ("7", Some(true)),
            ("\"\"", None),
            ("null", None),
        ] {
            assert_eq!(read(&format!("{{\"x\":{value}}}"), |v| v.boolean()), Ok(expected), "{value}");
        }
        for (value, expected) in [
            ("5", Some(5)),
            ("\"5\"", Some(5)),
            ("1.9", Some(1)),
            ("-2147483648", Some(i32::MIN)),
            ("1e3", Some(1000)),
            ("\"\"", None),
        ] {
            assert_eq!(read(&format!("{{\"x\":{value}}}"), |v| v.integer()), Ok(expected), "{value}");
        }
        for (value, expected) in [
            ("2893276800", Some(2_893_276_800)),
            ("\"2893276800\"", Some(2_893_276_800)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("2147483648.9", Some(2_147_483_648)),
            ("null", None),
        ] {
            assert_eq!(read(&format!("{{\"x\":{value}}}"), |v| v.long_integer()), Ok(expected), "{value}");
        }
    }

    #[test]
    fn null_in_a_list_of_texts_is_left_out_or_stands_for_a_text() {
        let list = |texts: &[&str]| Ok(Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()));
        assert_eq!(read(r#"{"x":[null,"a",null]}"#, |v| v.texts()), list(&["a"]));
        assert_eq!(read(r#"{"x":[null,"a"]}"#, |v| v.texts_with_null_as("none")), list(&["none", "a"]));
        assert_eq!(read(r#"{"x":null}"#, |v| v.texts_with_null_as("none")), Ok(None));
    }

    #[test]
    fn values_of_another_type_are_refused_by_the_name_of_the_member() {
        let errors = [
            error_of(read(r#"{"x":{}}"#, |v| v.text())),
            error_of(read(r#"{"x":[1]}"#, |v| v.text())),
            error_of(read(r#"{"x":"maybe"}"#, |v| v.boolean())),
            error_of(read(r#"{"x":1.5}"#, |v| v.boolean())),
            error_of(read(r#"{"x":"soon"}"#, |v| v.integer())),
            error_of(read(r#"{"x":"99999999999"}"#, |v| v.integer())),
            error_of(read(r#"{"x":true}"#, |v| v.integer())),
            error_of(read(r#"{"x":"9223372036854775808"}"#, |v| v.long_integer())),
            error_of(read(r#"{"x":"text"}"#, |v| v.texts())),
            error_of(read(r#"{"x":[{}]}"#, |v| v.texts())),
            error_of(read(r#"{"x":[]}"#, |v| v.entries())),
            error_of(read(r#"{"x":{"a":{"b":1}}}"#, |v| v.entries())),
            error_of(read(r#"{"x":[]}"#, |v| v.raw_object().map(|_| None::<()>))),
        ];
        for (error, message) in errors {
            assert_eq!(error, "unknown_error");
            assert!(message.starts_with("Cannot parse the JSON: x"), "{message}");
        }
        let (error, message) = error_of(read(r#"{"x":99999999999}"#, |v| v.integer()));
        assert_eq!(error, "HTTP 400 Bad Request");
        assert_eq!(message, "Cannot parse the JSON: x must be a whole number of 32 bits");
        for large in ["9223372036854775808", "1e19"] {
            let (error, message) = error_of(read(&format!("{{\"x\":{large}}}"), |v| v.long_integer()));
            assert_eq!((error.as_str(), message.ends_with(" 64 bits")), ("HTTP 400 Bad Request", true), "{large}");
        }
    }

    #[test]
    fn lists_and_entries_keep_their_order() {
        assert_eq!(read(r#"{"x":["a",null,1]}"#, |v| v.texts()), Ok(Some(vec!["a".into(), "1".into()])));
        assert_eq!(read(r#"{"x":[]}"#, |v| v.texts()), Ok(Some(vec![])));
        let entries = read(r#"{"x":{"a":"1","b":null,"a":true}}"#, |v| v.entries()).unwrap().unwrap();
        assert_eq!(entries, [("a".to_owned(), Some("true".to_owned())), ("b".to_owned(), None)]);
        let many: Vec<String> = (0..100).map(|n| format!("\"{}\":\"{n}\"", n % 40)).collect();
        let entries = read(&format!("{{\"x\":{{{}}}}}", many.join(",")), |v| v.entries()).unwrap().unwrap();
        assert_eq!(entries.len(), 40);
        assert_eq!(entries[3], ("3".to_owned(), Some("83".to_owned())));
    }

    #[test]
    fn syntax_errors_say_where() {
        for (json, place) in [
            ("{", "line 1 column 2: expected the name of a member before the end of the body"),
            ("{\n\"x\": \"y\",\r\n}", "line 3 column 1: expected the name of a member"),
            ("{'x':1}", "line 1 column 2"),
            ("{\"x\" 1}", "line 1 column 6: expected ':'"),
            ("{\"x\":1 \"y\":2}", "line 1 column 8: expected ',' or '}'"),
            ("{\"x\":tru}", "line 1 column 6"),
            ("{\"x\":01}", "line 1 column 7"),
            ("nul", "line 1 column 1"),
            ("%", "line 1 column 1"),
        ] {
            let (error, message) = error_of(read(json, |v| v.text()));
            assert_eq!(error, "invalid_request", "{json}");
            assert!(message.starts_with(&format!("Cannot parse the JSON: {place}")), "{json}: {message}");
        }
        for (json, place) in [
            ("{\"x\":\"a\nb\"}", "line 1 column 8"),
            ("{\"x\":\"a", "line 1 column 8"),
            ("{\"x\":\"\\q\"}", "line 1 column 8"),
            ("{\"x\":\"\\ud800\\u\"}", "line 1 column 14"),
            ("{\"y\":[1,]}", "line 1 column 9"),
        ] {
            let (error, message) = error_of(read(json, |v| v.text()));
            assert_eq!(error, "HTTP 400 Bad Request", "{json}");
            assert!(message.starts_with(&format!("Cannot parse the JSON: {place}")), "{json}: {message}");
        }
        let deep = format!("{{\"y\":{}", "[".repeat(100_000));
        assert_eq!(error_of(read(&deep, |v| v.text())).0, "HTTP 400 Bad Request");
    }

    #[test]
    fn documents_that_are_no_objects_are_refused() {
        for (json, expected) in [
            ("", "invalid_request"),
            (" \n", "invalid_request"),
            ("null", "invalid_request"),
            ("[]", "unknown_error"),
            ("\"text\"", "unknown_error"),
            ("5", "unknown_error"),
        ] {
            let (error, message) = error_of(read(json, |v| v.text()));
            assert_eq!(error, expected, "{json}");
            assert!(message.contains("body"), "{message}");
        }
        let violation = read_object(b"{\"x\":\"\xff\"}", |_, _| Ok(())).unwrap_err();
        assert_eq!(violation.message, "Cannot parse the JSON: byte 7 of the body is not UTF-8");
    }

    #[test]
    fn unknown_members_are_located_as_jackson_does() {
        for (json, place) in [
            (r#"{"foo":"x"}"#, "line 1 column 9"),
            (r#"{"foo":{}}"#, "line 1 column 9"),
            (r#"{"foo":123}"#, "line 1 column 11"),
            (r#"{"foo":null}"#, "line 1 column 12"),
            ("{\n \"foo\" : true}", "line 2 column 14"),
        ] {
            let violation = read_object(json.as_bytes(), |_, value| Err(value.unknown("R"))).unwrap_err();
            let error = format!("Invalid json representation for R. Unrecognized field \"foo\" at {place}.");
            assert_eq!((violation.error, violation.message.as_str()), (Some(error), ""), "{json}");
        }
    }

    #[test]
    fn null_characters_are_refused_by_the_name_of_the_member() {
        let (error_of_text, message) = error_of(read(r#"{"x":"a\u0000b"}"#, |v| v.text()));
        assert_eq!(error_of_text, "invalid_client_metadata");
        assert!(message.starts_with("x "), "{message}");
        let (_, message) = error_of(read(r#"{"x":{"\u0000":""}}"#, |v| v.entries()));
        assert!(message.starts_with("x."), "{message}");
        let uris = |value: Value<'_, '_>| value.texts().map(drop);
        let violation = read_object(br#"{"redirectUris":["\u0000"]}"#, |_, value| uris(value)).unwrap_err();
        assert_eq!(violation.error.as_deref(), Some("invalid_redirect_uri"));
    }

    #[test]
    fn raw_values_are_as_written() {
        assert_eq!(
            read(r#"{"x": {"a" : [1, 2]} }"#, |v| Ok(v.raw()?.map(str::to_owned))),
            Ok(Some(r#"{"a" : [1, 2]}"#.into()))
        );
        assert_eq!(read(r#"{"x":null}"#, |v| Ok(v.raw_object()?.map(str::to_owned))), Ok(None));
    }
}
