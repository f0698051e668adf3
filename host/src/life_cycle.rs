//! The life of clients: when they were used last, which of them hibernate, and what is left of those that are gone.

pub(crate) mod bulk;
pub(crate) mod client_secrets;
pub(crate) mod duplicates;
pub(crate) mod evaluation;
pub(crate) mod gone;
pub(crate) mod hibernation;
pub(crate) mod jobs;
pub(crate) mod rules;
mod runs;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod uses;
