//! The files of a new policy (`host/templates`): those of its language, its cases, and the contract.

use crate::config::Language;

/// A file of a template: where it goes, and what is in it. `my-policy` stands for the policy's name, and `MY_POLICY` for
/// the name that cargo makes of it.
pub(super) type File = (&'static str, &'static str);

/// Files of a folder, by their names in it and below the place where they go.
macro_rules! files {
    ($from:literal => $to:literal: $($name:literal),+ $(,)?) => {
        [$((concat!($to, $name), include_str!(concat!("../../../", $from, $name)))),+]
    };
}

const CASES: &[File] = &files!("templates/cases/" => "cases/": "addresses.json", "settings.json");

const REQUEST: File = ("request.json", include_str!("../../../templates/request.json"));

/// The contract. Each language has it where its tools look for it.
macro_rules! contract {
    ($to:literal) => {
        files!("../wit/" => $to:
            "client-policy.wit", "client.wit", "config.wit", "decision.wit", "facts.wit", "policy.wit", "provider.wit",
            "request.wit", "world.wit")
    };
}

const RUST: &[&[File]] = &[
    &files!("templates/rust/" => "": "Cargo.toml", "README.md", "build.sh", "src/lib.rs", "sdk/Cargo.toml"),
    &[(".gitignore", include_str!("../../../templates/rust/gitignore"))],
    &SDK,
    &contract!("sdk/wit/"),
];

/// The SDK is no published crate: a policy brings it along.
const SDK: [File; 10] = files!("../policies/sdk/" => "sdk/":
    "README.md", "src/amendment.rs", "src/client_policy.rs", "src/client_policy_component.rs", "src/component.rs",
    "src/config.rs", "src/decision.rs", "src/host.rs", "src/lib.rs", "src/policy.rs");

const JAVASCRIPT: &[&[File]] = &[
    &files!("templates/javascript/" => "": "package.json", "README.md", "build.sh", "policy.js", "sdk/matricula.js"),
    &[(".gitignore", include_str!("../../../templates/javascript/gitignore"))],
    &contract!("wit/"),
];

const PYTHON: &[&[File]] = &[
    &files!("templates/python/" => "": "requirements.txt", "README.md", "build.sh", "policy.py", "matricula.py"),
    &[(".gitignore", include_str!("../../../templates/python/gitignore"))],
    &contract!("wit/"),
];

/// Every file of a new policy in this language.
pub(super) fn files(language: Language) -> impl Iterator<Item = File> {
    let own = match language {
        Language::Rust => RUST,
        Language::Javascript => JAVASCRIPT,
        Language::Python => PYTHON,
    };
    own.iter().copied().chain([CASES, &[REQUEST]]).flatten().copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Files only: what of the next contract is on trial stays in its folder.
    fn names_in(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_policy_in_rust_brings_the_whole_sdk_and_the_whole_contract() {
        let made = |folder: &str| -> BTreeSet<String> {
            files(Language::Rust).filter_map(|(name, _)| Some(name.strip_prefix(folder)?.to_owned())).collect()
        };
        assert_eq!(made("sdk/src/"), names_in("../policies/sdk/src"));
        assert_eq!(made("sdk/wit/"), names_in("../wit"));
    }

    #[test]
    fn the_sdk_of_a_policy_has_the_same_dependencies_as_ours() {
        let workspace = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
        let line = |text: &str| text.lines().find(|line| line.starts_with("wit-bindgen")).unwrap().to_owned();
        assert_eq!(line(include_str!("../../../templates/rust/sdk/Cargo.toml")), line(&workspace));
    }
}
