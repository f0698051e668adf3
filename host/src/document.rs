//! Bodies of requests: of documents at most 1 MiB is read, and nothing is parsed of what is longer.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::ErrorResponse;
use crate::wasm::contract::Document;

/// Longest body, in bytes.
pub(crate) const LENGTH: usize = 1 << 20;

/// Reads a body.
///
/// # Errors
/// 413 when it is too long, 400 when the caller goes away in the middle of it.
pub(crate) async fn bytes(body: Body) -> Result<Vec<u8>, ErrorResponse> {
    at_most(body, LENGTH).await.map(Vec::from)
}

/// The same of another length.
///
/// # Errors
/// As [`bytes`].
pub(crate) async fn at_most(body: Body, length: usize) -> Result<Bytes, ErrorResponse> {
    match Limited::new(body, length).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ErrorResponse::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            format!("The body is longer than {length} bytes"),
        )),
        Err(_) => {
            Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", "The body could not be read to its end"))
        }
    }
}

/// Reads a body as a document for a provider.
///
/// # Errors
/// As [`bytes`].
pub(crate) async fn read(content_type: Option<String>, body: Body) -> Result<Document, ErrorResponse> {
    Ok(Document { content_type: content_type.unwrap_or_default(), body: bytes(body).await? })
}
