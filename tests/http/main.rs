//! What the conformance suite cannot see: restarts, concurrency, forged tokens and broken HTTP, several nodes,
//! components of one's own, the command line.

mod administration;
mod author;
mod backup;
mod browsers;
mod command_line;
mod component_files;
mod components;
mod concurrency;
mod console_session;
mod contract_versions;
mod decisions;
mod description;
mod discovery;
mod durability;
mod encryption;
mod faults;
mod forged_tokens;
mod growing_realm;
mod hostile_requests;
mod hosts;
mod https;
mod limits;
mod many_realms;
mod nodes;
mod observation;
mod proxies;
mod rate_limits;
mod realm_files;
mod sessions;
mod token_states;
mod traces;
mod trusted_issuers;
