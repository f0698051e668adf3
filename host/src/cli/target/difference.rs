//! What a client is at a target, and what it is here.

use serde_json::Value;

use super::{entries, text};

/// Characters of a value that are shown.
const LENGTH: usize = 60;

/// A field with another value there.
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) there: String,
    pub(super) here: String,
}

/// Those of a client, as reports and adoptions name them.
pub(super) fn differences(client: &Value) -> impl Iterator<Item = Difference> {
    entries(client, "fields").map(|field| Difference {
        field: text(field, "field").to_owned(),
        there: short(&field["target"]),
        here: short(&field["wanted"]),
    })
}

/// A value on a line.
fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.replace(['\r', '\n'], " "),
        value => value.to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
