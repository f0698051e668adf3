//! Commands that talk to a running server over HTTP, as its administrator.

pub(crate) mod component;
mod connection;
mod moment;
pub(crate) mod policy;
mod progress;
pub(crate) mod realm;
pub(crate) mod table;
pub(crate) mod target;
pub(crate) mod token;
