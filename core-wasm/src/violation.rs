//! What is wrong with a document or a client, as the contract's `violation`: made here, answered by the host.

use crate::contract::matricula::registration::decision::Violation;

/// `error` of RFC 7591 §3.2.2 for a redirect URI at fault. The host answers `invalid_client_metadata` for the rest.
pub const INVALID_REDIRECT_URI: &str = "invalid_redirect_uri";

/// The whole document is at fault: an `error` and a message for the caller.
pub fn refused(error: &str, message: String) -> Violation {
    Violation { error: Some(error.to_owned()), message, ..Violation::default() }
}

/// A field of `client` is at fault: its name in kebab-case or `attributes.` and a name, the offending value, and the
/// message. The `error` follows from the field.
pub fn about(field: &str, value: &str, message: String) -> Violation {
    Violation {
        error: (field == "redirect-uris").then(|| INVALID_REDIRECT_URI.to_owned()),
        field: Some(field.to_owned()),
        value: Some(value.to_owned()),
        message,
        hint: None,
    }
}
