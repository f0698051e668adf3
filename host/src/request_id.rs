//! The id of a request: it stands in its answer and in every line that is logged about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries the id, of requests and of answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id of a caller that is kept.
const LENGTH: usize = 64;

/// The id that a request came with, so that a proxy's log and ours name the same request; else a new one. An id that is
/// long or could be mistaken for something else in a log counts as none.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    headers.get(REQUEST_ID).filter(|id| is_plain(id.as_bytes())).cloned().unwrap_or_else(new)
}

/// The id as text.
pub(crate) fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// Letters, digits, and what proxies put between them.
fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    (1..=LENGTH).contains(&id.len()) && id.iter().all(plain)
}

fn new() -> HeaderValue {
    let mut text = [0; uuid::fmt::Simple::LENGTH];
    let id: &str = Uuid::new_v4().as_simple().encode_lower(&mut text);
    // Hexadecimal digits are fit for a header: the other case does not come.
    HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_short_plain_ids_and_replaces_others() {
        let long = "a".repeat(65);
        for (id, kept) in [
            ("7F000001:8296_7F00002E:1F90_4B7D", true),
            ("0af7651916cd43dd8448eb211c80319c", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("two words", false),
            ("\"quoted\"", false),
            ("<script>", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("")));
            assert_eq!(of(&headers) == id, kept, "{id}");
        }
        let (one, other) = (of(&HeaderMap::new()), of(&HeaderMap::new()));
        assert!(one != other && text(&one).len() == 32, "{one:?}");
    }
}
