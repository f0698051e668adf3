//! What fuzzers try: each target takes any bytes. It panics when something is wrong with what the server makes of them.

// A target says by a panic what it has found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documents;
mod realm;
mod requests;
mod tokens;
mod uris;

/// Something that takes any bytes.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// One try.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    // Documents of clients, from parsing to the answer.
    Target { name: "default", run: documents::default },
    Target { name: "openid-connect", run: documents::openid_connect },
    Target { name: "client-id-metadata-document", run: documents::client_id_metadata_document },
    Target { name: "saml", run: documents::saml },
    Target { name: "uris", run: uris::run },
    // The boundary between host and components, and what is stored.
    Target { name: "amendment", run: |input| matricula::fuzzing::amended_client(input).expect("an amended client") },
    Target { name: "stored-client", run: matricula::fuzzing::stored_client },
    // The file of a realm.
    Target { name: "realm-file", run: matricula::fuzzing::realm_file },
    // Tokens, alone.
    Target { name: "tokens", run: tokens::run },
    // Whole requests: paths, headers, tokens, bodies of the Admin API, documents through the real components.
    Target { name: "requests", run: requests::run },
];

/// The target of this name.
pub fn named(name: &str) -> Option<Target> {
    TARGETS.iter().find(|target| target.name == name).map(|target| Target { name: target.name, run: target.run })
}
