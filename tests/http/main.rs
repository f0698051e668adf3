//! What the conformance suite cannot see: restarts, concurrency, components of one's own, the command line.

mod command_line;
mod component_files;
mod components;
mod concurrency;
mod decisions;
mod durability;
mod limits;
mod trusted_issuers;
