//! What becomes of clients, and of registrations that wait, with time (realm setting `lifeCycle`).

pub(crate) mod settings;
