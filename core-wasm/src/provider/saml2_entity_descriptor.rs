//! Provider `saml2-entity-descriptor`: SAML service providers by their metadata.
//!
//! In reading order: `encoding` (bytes to characters), `xml` (characters to elements, with `characters` and
//! `namespaces`), `metadata` (elements to what counts of them, with `time`); `refusal` is what each of them says no with.
#![expect(dead_code, reason = "what makes clients of it follows")]

mod characters;
mod encoding;
#[cfg(test)]
mod examples;
mod metadata;
mod namespaces;
mod refusal;
mod time;
mod xml;
