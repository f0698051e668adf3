//! What callers are told of a client that is gone.

use axum::http::{HeaderName, HeaderValue};
use matricula_store::tombstones::Tombstone;
use time::OffsetDateTime;

/// The header that says which rule removed a client, or that somebody did, and when.
pub(crate) const GONE: HeaderName = HeaderName::from_static("matricula-gone");

/// Its value: `<rule or "deleted">; <RFC 3339>`.
pub(crate) fn value(tombstone: &Tombstone) -> Option<HeaderValue> {
    let time = OffsetDateTime::from_unix_timestamp(tombstone.removed_ms / 1000).ok()?;
    let rule = tombstone.rule.as_deref().unwrap_or("deleted");
    let (hour, minute, second) = time.to_hms();
    HeaderValue::from_str(&format!("{rule}; {}T{hour:02}:{minute:02}:{second:02}Z", time.date())).ok()
}
