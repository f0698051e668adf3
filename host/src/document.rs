//! Bodies of requests: of documents at most 1 MiB is read, and nothing is parsed of what is longer or comes too slowly.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::ErrorResponse;
use crate::wasm::contract::Document;

/// Longest body, in bytes.
pub(crate) const LENGTH: usize = 1 << 20;
/// Time in which a body must have come, for each mebibyte that it may have.
const TIME: Duration = Duration::from_secs(30);

/// Reads a body.
///
/// # Errors
/// 413 when it is too long, 408 when it comes too slowly, 400 when the caller goes away in the middle of it.
pub(crate) async fn bytes(body: Body) -> Result<Vec<u8>, ErrorResponse> {
    at_most(body, LENGTH).await.map(Vec::from)
}

/// The same of another length.
///
/// # Errors
/// As [`bytes`].
pub(crate) async fn at_most(body: Body, length: usize) -> Result<Bytes, ErrorResponse> {
    let time = TIME * u32::try_from(length.div_ceil(LENGTH)).unwrap_or(u32::MAX);
    let Ok(collected) = tokio::time::timeout(time, Limited::new(body, length).collect()).await else {
        let late = format!("The body did not come within {} seconds", time.as_secs());
        return Err(ErrorResponse::new(StatusCode::REQUEST_TIMEOUT, "invalid_request", late));
    };
    match collected {
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
