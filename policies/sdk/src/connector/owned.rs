//! The owned fields of a client as a target shows them, and their fingerprint.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Attribute;

/// Fields that a connector answers for, by name, in a form in which equal ones look equal: what is empty is not there,
/// texts are as they are, everything else is JSON with sorted members.
///
/// Secrets don't belong here: people see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owned(BTreeMap<String, String>);

impl Owned {
    /// A field whose lists have an order.
    pub fn set(&mut self, name: impl Into<String>, value: &Value) {
        if let Some(text) = text(value) {
            self.0.insert(name.into(), text);
        }
    }

    /// A field whose list has no order.
    pub fn set_unordered(&mut self, name: impl Into<String>, value: &Value) {
        match value {
            Value::Array(entries) => {
                let mut entries: Vec<Value> = entries.iter().map(sorted).collect();
                entries.sort_by_cached_key(Value::to_string);
                entries.dedup();
                self.set(name, &Value::Array(entries));
            }
            other => self.set(name, other),
        }
    }

    /// A short text that changes with every field.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for text in self.0.iter().flat_map(|(name, value)| [name, value]) {
            // With its length, no text can reach into the next one.
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text);
        }
        hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Name by name, for people.
    pub fn into_attributes(self) -> Vec<Attribute> {
        self.0.into_iter().map(|(name, value)| Attribute { name, value }).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Array(entries) if entries.is_empty() => None,
        Value::Object(members) if members.is_empty() => None,
        other => Some(sorted(other).to_string()),
    }
}

/// The same with members in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(entries) => entries.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owned(fields: Value) -> Owned {
        let mut owned = Owned::default();
        for (name, value) in fields.as_object().unwrap() {
            owned.set_unordered(name, value);
        }
        owned
    }

    #[test]
    fn what_says_the_same_has_the_same_fingerprint() {
        let one = json!({"name": "a", "uris": ["x", "y"], "keys": {"b": 1, "a": {"d": 1, "c": 2}}, "flag": false});
        let other = json!({"flag": false, "keys": {"a": {"c": 2, "d": 1}, "b": 1}, "uris": ["y", "x"], "name": "a",
            "empty": "", "none": [], "null": null});
        assert_eq!(owned(one.clone()).fingerprint(), owned(other).fingerprint());
        for (name, value) in [("name", json!("b")), ("uris", json!(["x"])), ("flag", json!(true)), ("new", json!("1"))]
        {
            let mut changed = one.clone();
            changed[name] = value;
            assert_ne!(owned(one.clone()).fingerprint(), owned(changed).fingerprint(), "{name}");
        }
    }

    #[test]
    fn an_order_that_says_something_counts() {
        let ordered = |list: Value| {
            let mut owned = Owned::default();
            owned.set("list", &list);
            owned
        };
        assert_ne!(ordered(json!(["a", "b"])).fingerprint(), ordered(json!(["b", "a"])).fingerprint());
    }

    #[test]
    fn people_see_texts_as_they_are_and_the_rest_as_json() {
        let shown = owned(json!({"name": "A \"b\"", "uris": ["y", "x"], "flag": true})).into_attributes();
        let shown: Vec<_> = shown.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        assert_eq!(shown, [("flag", "true"), ("name", "A \"b\""), ("uris", r#"["x","y"]"#)]);
    }
}
