//! Provider `saml2-entity-descriptor`: SAML service providers by their metadata.
//!
//! In reading order: `encoding` (bytes to characters), `xml` (characters to elements, with `characters` and
//! `namespaces`), `metadata` (elements to what counts of them, with `time`), `client` (that to a client, with
//! `certificate`); `refusal` is what each of them says no with.
#![cfg_attr(not(test), expect(dead_code, reason = "the provider follows"))]

mod certificate;
mod characters;
mod client;
mod encoding;
#[cfg(test)]
mod examples;
mod metadata;
mod namespaces;
mod refusal;
mod time;
mod xml;
