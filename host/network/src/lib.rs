//! The network as the server sees it: addresses and names, who is behind a proxy, and documents of others.

pub mod addresses;
pub mod authority;
pub mod client_documents;
pub mod form;
pub mod header_list;
mod joined;
pub mod named;
pub mod names;
pub mod not_link_local;
pub mod outside;
pub mod proxies;
