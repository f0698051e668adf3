//! Whether a component answered what a case names.

use serde_json::Value;

use crate::cli::policy::cases::Difference;

/// What differs. What a case does not name is not compared, null says that there is nothing, and lists are compared as a
/// whole.
pub(super) fn differs(expected: &Value, found: &Value) -> Option<Difference> {
    unlike(expected, found, "")
}

fn unlike(expected: &Value, found: &Value, at: &str) -> Option<Difference> {
    if expected == found || is_nothing(expected) && is_nothing(found) {
        return None;
    }
    match (expected, found) {
        (Value::Object(members), Value::Object(there)) => members
            .iter()
            .find_map(|(name, value)| unlike(value, there.get(name).unwrap_or(&Value::Null), &format!("{at}{name}: "))),
        (Value::Array(entries), Value::Array(there)) if entries.len() == there.len() => {
            entries.iter().zip(there).find_map(|(entry, there)| unlike(entry, there, at))
        }
        // Bytes that are JSON.
        (Value::Object(_) | Value::Array(_) | Value::Number(_), Value::String(text)) => {
            match serde_json::from_str::<Value>(text) {
                Ok(json) if !json.is_string() => unlike(expected, &json, at),
                _ => Some(difference(expected, found, at)),
            }
        }
        _ => Some(difference(expected, found, at)),
    }
}

/// What an answer leaves out, as it says as much.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn difference(expected: &Value, found: &Value, at: &str) -> Difference {
    Difference { expected: format!("{at}{expected}"), found: found.to_string() }
}
