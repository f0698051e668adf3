//! The owned fields in which a target's client differs, for people.

use std::collections::BTreeMap;

use matricula_contract::Attribute;
use matricula_contract::secrets::{self, MASK};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Characters of a value that are shown.
const LENGTH: usize = 500;
/// Fields of a client that are shown.
const FIELDS: usize = 100;
/// How names begin of fields that are texts whatever they look like.
const ATTRIBUTES: &str = "attributes.";
/// Names of members that hold a secret.
const SECRETS: [&str; 3] = ["secret", "client_secret", "registrationAccessToken"];

/// A field that is otherwise at the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DifferentField)]
pub(crate) struct Field {
    /// As in ClientRepresentation, or `attributes.` and a name.
    field: String,
    /// What the target has; absent: nothing.
    #[schema(value_type = Object)]
    target: Option<Value>,
    /// What it should have; absent: nothing.
    #[schema(value_type = Object)]
    wanted: Option<Value>,
}

/// Fields by name.
pub(crate) type Fields = BTreeMap<String, String>;

/// Fields as a connector says them.
pub(crate) fn of(attributes: Vec<Attribute>) -> Fields {
    attributes.into_iter().map(|one| (one.name, one.value)).collect()
}

/// Fields as they are stored.
pub(super) fn stored(json: Option<&str>) -> Fields {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// In which fields the target's client is another, by name.
pub(crate) fn different(target: &Fields, wanted: &Fields) -> Vec<Field> {
    let names = target.keys().chain(wanted.keys().filter(|name| !target.contains_key(*name)));
    let mut names: Vec<&String> = names.filter(|name| target.get(*name) != wanted.get(*name)).collect();
    names.sort();
    names.truncate(FIELDS);
    let field = |name: &String| Field {
        field: name.clone(),
        target: target.get(name).map(|value| shown(name, value)),
        wanted: wanted.get(name).map(|value| shown(name, value)),
    };
    names.into_iter().map(field).collect()
}

/// A value for people: without secrets, not too long, and lists as lists.
fn shown(name: &str, value: &str) -> Value {
    let attribute = name.strip_prefix(ATTRIBUTES);
    if SECRETS.contains(&name) || attribute.is_some_and(secrets::is_key) {
        return MASK.into();
    }
    if value.chars().nth(LENGTH).is_some() {
        return value.chars().take(LENGTH).collect::<String>().into();
    }
    // The contract: what is no text is JSON. A number may as well be a text of digits.
    match serde_json::from_str(value) {
        Ok(read @ (Value::Array(_) | Value::Object(_) | Value::Bool(_))) if attribute.is_none() => read,
        _ => value.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(list: &[(&str, &str)]) -> Fields {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_differs_is_named_and_no_secret_shown() {
        let long = "x".repeat(LENGTH + 1);
        let target = fields(&[
            ("name", "Theirs"),
            ("same", "1"),
            ("redirectUris", r#"["https://evil.example"]"#),
            ("attributes.flag", "true"),
            ("attributes.saml.signing.private.key", "MIItheirs"),
            ("secret", "theirs"),
            ("description", &long),
        ]);
        let wanted = fields(&[
            ("name", "Ours"),
            ("same", "1"),
            ("redirectUris", "[]"),
            ("enabled", "true"),
            ("attributes.saml.signing.private.key", "MIIours"),
        ]);
        let shown = serde_json::to_value(different(&target, &wanted)).unwrap();
        let expected = json!([
            {"field": "attributes.flag", "target": "true", "wanted": null},
            {"field": "attributes.saml.signing.private.key", "target": MASK, "wanted": MASK},
            {"field": "description", "target": "x".repeat(LENGTH), "wanted": null},
            {"field": "enabled", "target": null, "wanted": true},
            {"field": "name", "target": "Theirs", "wanted": "Ours"},
            {"field": "redirectUris", "target": ["https://evil.example"], "wanted": []},
            {"field": "secret", "target": MASK, "wanted": null},
        ]);
        assert_eq!(shown, expected);
    }
}
