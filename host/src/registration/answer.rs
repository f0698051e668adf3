//! What the four requests answer when they succeed.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use matricula_contract::Document;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Exchange;

/// The header that tells that a client waits for an administrator, and why.
const HELD: HeaderName = HeaderName::from_static("matricula-held");

/// Characters of a reason that the header shows; the client shows all of it.
const REASON: usize = 255;

/// What is escaped in a client id: everything that would end or change its path segment (Keycloak's escapes, and `/` and
/// every `%`, so that the address can be requested).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The address of a client under a provider (RFC 7591 §3.2.1 `registration_client_uri`).
pub(crate) fn client_uri(issuer: &str, provider: &str, client_id: &str) -> String {
    format!("{issuer}/clients-registrations/{provider}/{}", utf8_percent_encode(client_id, SEGMENT))
}

/// What stands for itself in a path (RFC 3986 §2.3); all else is escaped.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same of a client whose id is an address: all of it is one segment, whatever reads it.
pub(crate) fn document_uri(issuer: &str, provider: &str, client_id: &str) -> String {
    format!("{issuer}/clients-registrations/{provider}/{}", utf8_percent_encode(client_id, UNRESERVED))
}

impl Exchange {
    /// The address of a client under the provider of this request.
    pub(crate) fn client_uri(&self, client_id: &str) -> String {
        client_uri(&self.app.issuer(&self.realm, &self.caller), self.provider.id(), client_id)
    }
}

/// A document with secrets in it: nobody may keep it (RFC 7591 §3.2.1).
pub(crate) fn document(status: StatusCode, document: Document) -> Response {
    let mut response = (status, document.body).into_response();
    let content_type = HeaderValue::from_str(&document.content_type);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/json")));
    not_stored(headers);
    response
}

/// The answer to who has the document already.
pub(super) fn not_modified() -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    not_stored(response.headers_mut());
    response
}

fn not_stored(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
}

/// 201 with the address of the new client.
pub(crate) fn created(answer: Document, client_uri: &str, held: Option<&str>) -> Response {
    let mut response = document(StatusCode::CREATED, answer);
    if let Ok(location) = HeaderValue::from_str(client_uri) {
        response.headers_mut().insert(LOCATION, location);
    }
    mark_held(&mut response, held);
    response
}

/// Says in an answer why a client waits for an administrator, if it does.
pub(crate) fn mark_held(response: &mut Response, held: Option<&str>) {
    if let Some(reason) = held {
        let reason = HeaderValue::from_maybe_shared(Bytes::from(one_line(reason)));
        response.headers_mut().insert(HELD, reason.unwrap_or(HeaderValue::from_static("")));
    }
}

/// A text as a header can hold it: one line of UTF-8, at most so many characters.
fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_control() || character.is_whitespace());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_becomes_one_line() {
        for (reason, expected) in [
            ("somebody has to look", "somebody has to look"),
            ("first\r\nSet-Cookie: a=b\n\n second\t", "first Set-Cookie: a=b second"),
            ("Größe\u{85}大\0", "Größe 大"),
            ("", ""),
        ] {
            assert_eq!(one_line(reason), expected);
        }
        assert_eq!(one_line(&"x".repeat(300)).len(), REASON);
    }
}
