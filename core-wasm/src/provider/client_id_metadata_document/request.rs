//! The body of a request: where the document is, and with it the document, once there is one.

use crate::contract::matricula::registration::decision::Violation;
use crate::json::{self, Value};
use crate::violation::refused;

/// A request as read.
pub(super) struct Request {
    pub(super) client_id: String,
    /// As it is written. What the host fetched comes as a JSON text, so that it is here to the byte; people who try one
    /// out write an object.
    pub(super) document: Option<String>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// It is no JSON, or no such request.
    pub(super) fn read(body: &[u8]) -> Result<Self, Violation> {
        let (mut client_id, mut document, mut other) = (None, None, None);
        json::read_object(body, |name, value| {
            match name {
                "client_id" => client_id = value.text()?,
                "document" => document = text(value)?,
                name => {
                    other.get_or_insert_with(|| name.to_owned());
                }
            }
            Ok(())
        })?;
        let invalid = |message: String| refused("invalid_client_metadata", message);
        let client_id = client_id.ok_or_else(|| invalid("client_id is missing".to_owned()))?;
        match other {
            Some(name) => Err(invalid(format!("{name} is no member of this request"))),
            None => Ok(Request { client_id, document }),
        }
    }
}

/// The document as it is written. A text that is none (half a surrogate pair) is no document either.
fn text(value: Value<'_, '_>) -> Result<Option<String>, Violation> {
    let is_text = value.starts_with(b'"');
    let Some(raw) = value.raw()? else { return Ok(None) };
    let document = if is_text { serde_json::from_str(raw).unwrap_or_default() } else { raw.to_owned() };
    Ok(Some(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(String, Option<String>), String> {
        match Request::read(body.as_bytes()) {
            Ok(Request { client_id, document }) => Ok((client_id, document)),
            Err(violation) => Err(violation.message),
        }
    }

    #[test]
    fn a_request_names_an_address_and_perhaps_brings_the_document() {
        for (body, document) in [
            (r#"{"client_id": "x"}"#, None),
            (r#"{"client_id": "x", "document": null}"#, None),
            (r#"{"document": {"a" : 1}, "client_id": "x"}"#, Some(r#"{"a" : 1}"#)),
            (r#"{"client_id": "x", "document": "{\"a\":1, \"a\":2}"}"#, Some(r#"{"a":1, "a":2}"#)),
            (r#"{"client_id": "x", "document": "a\u0000"}"#, Some("a\0")),
            (r#"{"client_id": "x", "document": "\ud800"}"#, Some("")),
            (r#"{"client_id": "x", "document": [1]}"#, Some("[1]")),
        ] {
            assert_eq!(read(body).unwrap(), ("x".to_owned(), document.map(str::to_owned)), "{body}");
        }
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (body, message) in [
            ("{}", "client_id is missing"),
            (r#"{"client_id": null}"#, "client_id is missing"),
            (r#"{"colour": "red", "document": {}}"#, "client_id is missing"),
            (r#"{"client_id": "x", "colour": "red", "size": 1}"#, "colour is no member of this request"),
            (r#"{"client_id": ["x"]}"#, "Cannot parse the JSON: client_id must be a text"),
            ("[]", "Cannot parse the JSON: the body must be an object"),
        ] {
            assert_eq!(read(body).unwrap_err(), message, "{body}");
        }
    }
}
