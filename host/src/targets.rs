//! Targets: what stands behind a realm and must know its clients. A connector (a component) says what to send, this sends
//! it.

pub(crate) mod base_url;
mod carrying;
mod client_credentials;
pub(crate) mod credentials;
pub(crate) mod deliveries;
mod http;
pub(crate) mod lane;
mod perform;
mod retry_after;
pub(crate) mod runner;
pub(crate) mod settings;
pub(crate) mod standard_webhooks;
#[cfg(test)]
mod stub;
pub(crate) mod task;
pub(crate) mod waiting;
mod words;

use crate::wasm::contract::Attribute;

/// Whether a connector may set these headers.
///
/// # Errors
/// Which one it may not, and why.
pub(crate) fn check_headers(sent: &[Attribute]) -> Result<(), String> {
    http::headers(sent).map(drop)
}
