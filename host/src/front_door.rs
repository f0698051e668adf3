//! The front door: what a realm says and lets in as the registration side of an authorization server that logs people in
//! (realm setting `authorizationServer`).

mod document;
mod documents;
mod fetch;
pub(crate) mod key_set;
pub(crate) mod members;
pub(crate) mod metadata;
pub(crate) mod own_fetch;
pub(crate) mod settings;

pub(crate) use documents::Documents;
