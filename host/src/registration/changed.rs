//! `Matricula-Changed`: members of the caller's document that policies gave another value.

use std::collections::BTreeSet;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use matricula_contract::Document;
use serde_json::{Map, Value};

use crate::policies::{Evaluation, Verdict};

/// The header; absent: everything is as it was sent.
const CHANGED: HeaderName = HeaderName::from_static("matricula-changed");

/// What stands before the name of an attribute in the contract.
const ATTRIBUTES: &str = "attributes";

/// Says in an answer which members were changed. What the caller did not send was not changed but set: the answer shows it.
pub(super) fn mark(response: &mut Response, document: &Document, evaluations: &[Evaluation]) {
    let amended = |one: &&Evaluation| one.decides() && one.verdict == Verdict::Amend;
    let mut changes = evaluations.iter().filter(amended).flat_map(|one| &one.changes).peekable();
    if changes.peek().is_none() {
        return;
    }
    // Documents in XML have no members.
    let Ok(sent) = serde_json::from_slice::<Map<String, Value>>(&document.body) else { return };
    let names: BTreeSet<&str> = changes.filter_map(|change| member(&sent, &change.field)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    if !names.is_empty()
        && let Ok(names) = HeaderValue::from_str(&names.join(", "))
    {
        response.headers_mut().insert(CHANGED, names);
    }
}

/// The member that a changed field was sent in.
fn member<'a>(sent: &'a Map<String, Value>, field: &'a str) -> Option<&'a str> {
    let is_sent = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    if is_sent(sent.get(field)) {
        return Some(field);
    }
    let (list, name) = field.split_once('.')?;
    (list == ATTRIBUTES && is_sent(sent.get(list)?.get(name))).then_some(ATTRIBUTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_sent_was_changed() {
        let Value::Object(sent) = json!({"scope": "phone", "jwks": null, "attributes": {"logoUri": "x"}}) else {
            return;
        };
        for (field, expected) in [
            ("scope", Some("scope")),
            ("jwks", None),
            ("client_name", None),
            ("attributes.logoUri", Some("attributes")),
            ("attributes.tosUri", None),
        ] {
            assert_eq!(member(&sent, field), expected, "{field}");
        }
    }
}
