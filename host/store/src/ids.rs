//! New identifiers of what is stored.

use uuid::Uuid;

/// A new identifier: UUIDv7 (RFC 9562 §5.7), which begins with the time. What is stored one after the other lies side by
/// side in the indexes, so that a new row touches the same few pages however many rows there are.
pub fn fresh() -> String {
    Uuid::now_v7().to_string()
}
