//! The inputs that fuzzers found worth keeping, and those that once broke something: each is tried again.

// A test that fails by a panic says where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use matricula_fuzz::{TARGETS, named};

/// Tries the corpus of a target.
fn replay(name: &str) {
    let target = named(name).unwrap_or_else(|| panic!("no target {name}"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut tried = 0;
    for entry in entries {
        let file = entry.expect("an entry").path();
        let input = std::fs::read(&file).expect("an input");
        eprintln!("{}", file.display());
        (target.run)(&input);
        tried += 1;
    }
    assert!(tried > 0, "{} is empty", folder.display());
}

macro_rules! replayed {
    ($($test:ident: $name:literal),* $(,)?) => {
        $( #[test] fn $test() { replay($name); } )*

        #[test]
        fn every_target_is_replayed() {
            let replayed = [$($name),*];
            for target in TARGETS {
                assert!(replayed.contains(&target.name), "{} is not", target.name);
            }
        }
    };
}

replayed! {
    documents_of_default_come_back: "default",
    documents_of_openid_connect_come_back: "openid-connect",
    documents_of_saml_come_back: "saml",
    documents_at_an_address_come_back: "client-id-metadata-document",
    addresses_come_back: "uris",
    amendments_come_back: "amendment",
    stored_clients_come_back: "stored-client",
    files_of_realms_come_back: "realm-file",
    only_what_was_signed_is_accepted: "tokens",
    requests_are_answered: "requests",
}
