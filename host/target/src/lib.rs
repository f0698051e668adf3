//! A target as an administrator set it up: where it is, how it is called, what it gets. Nothing is called from here.

pub mod base_url;
pub mod credentials;
pub mod headers;
pub mod settings;
pub mod standard_webhooks;
