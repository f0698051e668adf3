//! What this server fetches of an authorization server must not come from here: a proxy may send the address of the
//! metadata to this server.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::app::App;
use crate::error::ErrorResponse;

/// Marks requests of this server.
pub(super) const HEADER: HeaderName = HeaderName::from_static("matricula-fetch");
/// They are for metadata.
pub(super) const METADATA: HeaderValue = HeaderValue::from_static("metadata");

/// A request for metadata that is not from such a server.
pub(crate) struct NotOurs;

impl FromRequestParts<App> for NotOurs {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ErrorResponse> {
        if parts.headers.get(HEADER).is_some_and(|fetched| *fetched == METADATA) {
            let description = "metadataUrl leads back to this server";
            return Err(ErrorResponse::new(StatusCode::LOOP_DETECTED, "server_error", description));
        }
        Ok(NotOurs)
    }
}
