//! Targets: what stands behind a realm and must know its clients. A connector (a component) says what to send, this sends
//! it.

pub(crate) mod base_url;
mod client_credentials;
pub(crate) mod credentials;
mod http;
mod perform;
mod retry_after;
pub(crate) mod runner;
pub(crate) mod standard_webhooks;
pub(crate) mod task;
mod words;
