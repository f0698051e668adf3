//! The life of clients: when they were used last, and what is left of those that are gone.

pub(crate) mod gone;
pub(crate) mod settings;
pub(crate) mod uses;
