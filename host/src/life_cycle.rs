//! The life of clients: when they were used last.

pub(crate) mod uses;
