//! What the four requests answer when they succeed.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Exchange;
use crate::wasm::contract::Document;

/// The header that tells that a client waits for an administrator, and why.
const HELD: HeaderName = HeaderName::from_static("matricula-held");

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

impl Exchange {
    /// The address of a client under the provider of this request.
    pub(crate) fn client_uri(&self, client_id: &str) -> String {
        client_uri(&self.app.issuer(&self.realm, &self.caller), self.provider.id(), client_id)
    }
}

/// A document with secrets in it: nobody may keep it (RFC 7591 §3.2.1).
pub(super) fn document(status: StatusCode, document: Document) -> Response {
    let mut response = (status, document.body).into_response();
    let content_type = HeaderValue::from_str(&document.content_type);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/json")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// 201 with the address of the new client.
pub(super) fn created(answer: Document, client_uri: &str, held: Option<&str>) -> Response {
    let mut response = document(StatusCode::CREATED, answer);
    if let Ok(location) = HeaderValue::from_str(client_uri) {
        response.headers_mut().insert(LOCATION, location);
    }
    if let Some(reason) = held.and_then(|reason| HeaderValue::from_str(reason).ok()) {
        response.headers_mut().insert(HELD, reason);
    }
    response
}
