//! JSON objects without a name twice. Of two equal names readers take one or the other, so that two of them could see
//! two different clients.

use std::collections::HashSet;

use serde_json::Map;

use crate::contract::matricula::registration::decision::Violation;
use crate::json::{self, Value};

/// Reads an object that, with all that is in it, has no name twice. Absent: it is none, or something follows it.
pub(super) fn read_object(text: &str) -> Option<Map<String, serde_json::Value>> {
    let object = serde_json::from_str(text).ok()?;
    let mut names = HashSet::new();
    json::read_object(text.as_bytes(), |name, value| distinct(&mut names, name, value)).ok()?;
    Some(object)
}

/// Takes a member. What is said of one that is there already is not told.
fn distinct(names: &mut HashSet<String>, name: &str, value: Value<'_, '_>) -> Result<(), Violation> {
    if names.insert(name.to_owned()) { check(value) } else { Err(Violation::default()) }
}

/// Looks into objects and lists. They are not too deep: the other reader has a limit.
fn check(value: Value<'_, '_>) -> Result<(), Violation> {
    if value.starts_with(b'{') {
        let mut names = HashSet::new();
        value.object("an object", |name, value| distinct(&mut names, name, value)).map(drop)
    } else if value.starts_with(b'[') {
        value.items("a list", check).map(drop)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_found_wherever_they_are() {
        for (text, good) in [
            ("{}", true),
            (r#" {"a": {"a": [{"a": 1}, {"a": 1}]}, "b": null} "#, true),
            (r#"{"a": 1, "a": 1}"#, false),
            (r#"{"a": 1, "\u0061": 1}"#, false),
            (r#"{"b": {"a": 1, "a": 1}}"#, false),
            (r#"{"b": [[{"a": 1, "c": 2, "a": 1}]]}"#, false),
        ] {
            assert_eq!(read_object(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_none() {
        let deep = format!(r#"{{"a": {}1{}}}"#, "[".repeat(200), "]".repeat(200));
        for text in [
            "",
            "null",
            "[]",
            r#""x""#,
            "{",
            "{}}",
            "{} x",
            "{\"a\": 1,}",
            "{a: 1}",
            "\u{feff}{}",
            "{\"a\": \"\\ud800\"}",
            &deep,
        ] {
            assert!(read_object(text).is_none(), "{text}");
        }
    }
}
