//! What the conformance suite cannot see: restarts, concurrency, several nodes, components of one's own, the command
//! line.

mod administration;
mod author;
mod command_line;
mod component_files;
mod components;
mod concurrency;
mod console_session;
mod contract_versions;
mod decisions;
mod durability;
mod limits;
mod nodes;
mod trusted_issuers;
