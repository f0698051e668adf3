//! The life of clients: when they were used last, which of them hibernate, and what is left of those that are gone.

pub(crate) mod evaluation;
pub(crate) mod gone;
pub(crate) mod hibernation;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod uses;
