//! Bodies of requests: of documents at most 1 MiB is read, and nothing is parsed of what is longer or comes too slowly.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use matricula_contract::Document;

use crate::error::ErrorResponse;
use crate::json_text;

/// The media type of documents that are JSON.
pub(crate) const JSON: &str = "application/json";
/// Longest body, in bytes; JSON counts as UTF-8.
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
        Err(error) if error.is::<LengthLimitError>() => Err(too_long(length)),
        Err(_) => {
            Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", "The body could not be read to its end"))
        }
    }
}

/// Reads a body as a document for a provider, which gets JSON as UTF-8. `media_type` is what the document is taken for.
///
/// # Errors
/// As [`bytes`], and 400 for JSON that is no text.
pub(crate) async fn read(
    content_type: Option<String>,
    media_type: &str,
    body: Body,
) -> Result<Document, ErrorResponse> {
    let mut body = bytes(body).await?;
    if media_type.eq_ignore_ascii_case(JSON) {
        body = json_text::utf_8(body)?;
        if body.len() > LENGTH {
            return Err(too_long(LENGTH));
        }
    }
    Ok(Document { content_type: content_type.unwrap_or_default(), body })
}

/// A document that is known by its characters: what an XML declaration says of the bytes that they once were does not
/// count, which the mark tells whoever reads it.
pub(crate) fn of_text(content_type: String, text: String) -> Document {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = if media_type.ends_with("xml") { format!("\u{feff}{text}") } else { text };
    Document { content_type, body: body.into_bytes() }
}

fn too_long(length: usize) -> ErrorResponse {
    let description = format!("The body is longer than {length} bytes");
    ErrorResponse::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", description)
}
