//! Targets: what stands behind a realm and must know its clients. A connector (a component) says what to send, this sends
//! it.

mod adoption;
mod carrying;
mod client_credentials;
pub(crate) mod deliveries;
mod http;
mod issuing;
pub(crate) mod lane;
mod perform;
pub(crate) mod proposing;
mod retry_after;
pub(crate) mod review;
pub(crate) mod runner;
pub(crate) mod standing;
#[cfg(test)]
pub(crate) mod stub;
pub(crate) mod sweep;
pub(crate) mod task;
pub(crate) mod waiting;
mod words;
