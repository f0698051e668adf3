//! JSON bodies of the Admin API, read the way Keycloak reads them: unknown members are refused, numbers and switches may
//! be texts, `null` is as good as absent.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::App;
use crate::document;
use crate::error::ErrorResponse;
use crate::json_text;

/// A kind of body.
pub(crate) trait Representation: DeserializeOwned {
    /// Keycloak's name of it, for errors.
    const NAME: &'static str;
    /// Its members; others are refused. `None`: others are kept.
    const MEMBERS: Option<&'static [&'static str]>;
    /// Those for which `null` says something.
    const NULLS: &'static [&'static str] = &[];
}

/// A body of this kind.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Representation> FromRequest<App> for Json<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _: &App) -> Result<Self, ErrorResponse> {
        read(&text(request.into_body()).await?).map(Json)
    }
}

/// The JSON of a body, in whatever form of Unicode it came.
pub(crate) async fn text(body: Body) -> Result<Vec<u8>, ErrorResponse> {
    Ok(json_text::utf_8(document::bytes(body).await?)?)
}

/// Reads a body that is UTF-8.
pub(crate) fn read<T: Representation>(body: &[u8]) -> Result<T, ErrorResponse> {
    representation(body, value(body)?)
}

/// Reads a body that is a list of these.
pub(crate) fn read_list<T: Representation>(body: &[u8]) -> Result<Vec<T>, ErrorResponse> {
    match value(body)? {
        Value::Array(items) => items.into_iter().map(|item| representation(body, item)).collect(),
        _ => Err(unreadable("unknown_error", &format!("the body must be a list of {}", T::NAME))),
    }
}

fn representation<T: Representation>(body: &[u8], value: Value) -> Result<T, ErrorResponse> {
    let mut members: Map<String, Value> = match value {
        Value::Object(members) => members,
        _ => return Err(unreadable("unknown_error", &format!("{} must be an object", T::NAME))),
    };
    if let Some(known) = T::MEMBERS
        && let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str()))
    {
        return Err(unknown_member::<T>(body, unknown));
    }
    members.retain(|name, value| !value.is_null() || T::NULLS.contains(&name.as_str()));
    if let Some(name) = members.iter().find_map(|(name, value)| has_nul(value).then_some(name)) {
        return Err(unreadable("unknown_error", &format!("{name} contains U+0000")));
    }
    T::deserialize(Value::Object(members)).map_err(|error| {
        let error = error.to_string();
        // Members further down are refused by their own types, in these words.
        let unknown = error.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        unknown.map_or_else(|| unreadable("unknown_error", &error), |(name, _)| unknown_member::<T>(body, name))
    })
}

fn unknown_member<T: Representation>(body: &[u8], name: &str) -> ErrorResponse {
    let (line, column) = place(body, name);
    ErrorResponse::bare(
        StatusCode::BAD_REQUEST,
        format!(
            "Invalid json representation for {}. Unrecognized field \"{name}\" at line {line} column {column}.",
            T::NAME
        ),
    )
}

/// A body as JSON; text behind the value is ignored.
pub(super) fn value(body: &[u8]) -> Result<Value, ErrorResponse> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        None | Some(Ok(Value::Null)) => {
            Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", "The body is empty"))
        }
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(unreadable("invalid_request", &error.to_string())),
    }
}

fn unreadable(error: &str, detail: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, error, format!("Cannot parse the JSON: {detail}"))
}

/// Whether a text in a value has U+0000 in it, which no database stores.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// Line and column, both from 1, where the value of a member begins.
fn place(body: &[u8], member: &str) -> (usize, usize) {
    let text = String::from_utf8_lossy(body);
    let key = Value::from(member).to_string();
    let Some(at) = text.find(&key) else { return (1, 1) };
    let behind = &text[at + key.len()..];
    let skipped = behind.len() - behind.trim_start_matches([' ', '\t', '\r', '\n', ':']).len();
    let before = &text[..at + key.len() + skipped];
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 2;
    (line, column)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use axum::response::IntoResponse;
    use matricula_store::lenient::{lenient_entries, lenient_number, lenient_texts};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "lenient_number")]
        count: Option<i64>,
        #[serde(deserialize_with = "lenient_texts")]
        list: Option<Vec<String>>,
        #[serde(deserialize_with = "lenient_entries")]
        map: BTreeMap<String, String>,
    }
    impl Representation for Sample {
        const NAME: &'static str = "SampleRepresentation";
        const MEMBERS: Option<&'static [&'static str]> = Some(&["count", "list", "map"]);
    }

    #[test]
    fn null_is_absent_in_lists_and_maps_too() {
        let read = read::<Sample>(br#"{"list":[null,"a"],"map":{"a":null,"b":"c"}}"#).unwrap();
        assert_eq!(
            (read.list, read.map.len(), read.map.get("b").map(String::as_str)),
            (Some(vec!["a".to_owned()]), 1, Some("c"))
        );
        let list = read_list::<Sample>(br#"[{"count":1},{"count":null}]"#).unwrap();
        assert_eq!(list.iter().map(|sample| sample.count).collect::<Vec<_>>(), [Some(1), None]);
        for body in ["[null]", "{}", "", "[{\"other\":1}]"] {
            assert_eq!(read_list::<Sample>(body.as_bytes()).unwrap_err().status(), 400, "{body}");
        }
    }

    #[test]
    fn numbers_may_be_texts_and_null_is_absent() {
        for (body, expected) in
            [("{\"count\":3}", Some(3)), ("{\"count\":\"3\"}", Some(3)), ("{\"count\":null}", None), ("{} x", None)]
        {
            assert_eq!(read::<Sample>(body.as_bytes()).unwrap().count, expected, "{body}");
        }
    }

    #[test]
    fn refuses_what_is_no_such_body() {
        for body in ["", "null", "[]", "{", "{\"count\":\"x\"}", "{\"count\":99999999999}", "{\"other\":1}"] {
            assert_eq!(read::<Sample>(body.as_bytes()).unwrap_err().into_response().status(), 400, "{body}");
        }
    }

    #[test]
    fn places_are_counted_from_one() {
        assert_eq!(place(b"{\"foo\":\"x\"}", "foo"), (1, 9));
        assert_eq!(place(b"{\n \"foo\": 1}", "foo"), (2, 10));
    }
}
