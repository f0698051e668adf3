//! Targets: what stands behind a realm and must know its clients. A connector (a component) says what to send, this sends
//! it.

mod carrying;
mod client_credentials;
pub(crate) mod deliveries;
mod http;
pub(crate) mod lane;
mod perform;
mod retry_after;
pub(crate) mod runner;
#[cfg(test)]
pub(crate) mod stub;
pub(crate) mod task;
pub(crate) mod waiting;
mod words;
