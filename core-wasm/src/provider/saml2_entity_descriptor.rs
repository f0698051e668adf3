//! Provider `saml2-entity-descriptor`: SAML service providers by their metadata.
//!
//! In reading order: `encoding` (bytes to characters), `xml` (characters to elements, with `characters` and
//! `namespaces`).
#![expect(dead_code, reason = "what reads metadata with it follows")]

mod characters;
mod encoding;
mod namespaces;
mod xml;
