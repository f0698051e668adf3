//! The files of a new policy, condition, executor or provider (`host/templates`): its rule, its cases, what its language
//! needs, and the contract.

use crate::config::{Kind, Language};

/// A file of a template: where it goes, and what is in it. [`filled`] puts names into it.
pub(super) type File = (&'static str, &'static str);

/// Files of a folder, by their names in it and below the place where they go.
macro_rules! files {
    ($from:literal => $to:literal: $($name:literal),+ $(,)?) => {
        [$((concat!($to, $name), include_str!(concat!("../../../", $from, $name)))),+]
    };
}

/// One file under another name.
macro_rules! file {
    ($from:literal => $to:literal) => {
        [($to, include_str!(concat!("../../../templates/", $from)))]
    };
}

/// The contract. Each language has it where its tools look for it.
macro_rules! contract {
    ($to:literal) => {
        files!("../wit/" => $to:
            "client-policy.wit", "client.wit", "config.wit", "decision.wit", "facts.wit", "policy.wit", "provider.wit",
            "request.wit", "world.wit")
    };
}

const RUST: &[&[File]] = &[
    &files!("templates/rust/" => "": "Cargo.toml", "README.md", "build.sh", "sdk/Cargo.toml"),
    &file!("rust/gitignore" => ".gitignore"),
    &SDK,
    &contract!("sdk/wit/"),
];

/// The SDK is no published crate: a policy brings it along.
const SDK: [File; 13] = files!("../policies/sdk/" => "sdk/":
    "README.md", "src/amendment.rs", "src/client_policy.rs", "src/client_policy_component.rs", "src/component.rs",
    "src/config.rs", "src/decision.rs", "src/host.rs", "src/lib.rs", "src/panic.rs", "src/policy.rs", "src/provider.rs",
    "src/provider_component.rs");

const JAVASCRIPT: &[&[File]] = &[
    &files!("templates/javascript/" => "": "package.json", "README.md", "build.sh",
        "sdk/client.js", "sdk/exceptions.js", "sdk/host.js", "sdk/settings.js"),
    &file!("javascript/gitignore" => ".gitignore"),
    &contract!("wit/"),
];

const PYTHON: &[&[File]] = &[
    &files!("templates/python/" => "": "requirements.txt", "README.md", "build.sh",
        "matricula/client.py", "matricula/exceptions.py", "matricula/settings.py"),
    &file!("python/gitignore" => ".gitignore"),
    &contract!("wit/"),
];

/// The rule, and what rules of its kind are written with.
fn rule(language: Language, kind: Kind) -> &'static [&'static [File]] {
    match (language, kind) {
        (Language::Rust, Kind::Policy) => &[&file!("rust/policy.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Condition) => &[&file!("rust/condition.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Executor) => &[&file!("rust/executor.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Provider) => &[&file!("rust/provider.rs" => "src/lib.rs")],
        (Language::Javascript, Kind::Policy) => &[
            &files!("templates/javascript/" => "": "policy.js"),
            &file!("javascript/kit/policies.js" => "sdk/matricula.js"),
        ],
        (Language::Javascript, Kind::Condition) => &[
            &files!("templates/javascript/" => "": "condition.js"),
            &file!("javascript/kit/client-policies.js" => "sdk/matricula.js"),
        ],
        (Language::Javascript, Kind::Executor) => &[
            &files!("templates/javascript/" => "": "executor.js"),
            &file!("javascript/kit/client-policies.js" => "sdk/matricula.js"),
        ],
        (Language::Javascript, Kind::Provider) => &[
            &files!("templates/javascript/" => "": "provider.js"),
            &file!("javascript/kit/providers.js" => "sdk/matricula.js"),
        ],
        (Language::Python, Kind::Policy) => &[
            &files!("templates/python/" => "": "policy.py"),
            &file!("python/kit/policies.py" => "matricula/__init__.py"),
        ],
        (Language::Python, Kind::Condition) => &[
            &files!("templates/python/" => "": "condition.py"),
            &file!("python/kit/client_policies.py" => "matricula/__init__.py"),
        ],
        (Language::Python, Kind::Executor) => &[
            &files!("templates/python/" => "": "executor.py"),
            &file!("python/kit/client_policies.py" => "matricula/__init__.py"),
        ],
        (Language::Python, Kind::Provider) => &[
            &files!("templates/python/" => "": "provider.py"),
            &file!("python/kit/providers.py" => "matricula/__init__.py"),
        ],
    }
}

/// Its cases, and a request to try.
fn cases(kind: Kind) -> &'static [&'static [File]] {
    match kind {
        Kind::Policy => &[
            &files!("templates/cases/policy/" => "cases/": "addresses.json", "settings.json"),
            &file!("requests/policy.json" => "request.json"),
        ],
        Kind::Condition => &[
            &files!("templates/cases/condition/" => "cases/": "hosts.json", "settings.json"),
            &file!("requests/condition.json" => "request.json"),
        ],
        Kind::Executor => &[
            &files!("templates/cases/executor/" => "cases/": "number.json", "settings.json"),
            &file!("requests/executor.json" => "request.json"),
        ],
        Kind::Provider => &[
            &files!("templates/cases/provider/" => "cases/": "documents.json"),
            &file!("requests/provider.json" => "request.json"),
        ],
    }
}

/// Every file of a new one.
pub(super) fn files(language: Language, kind: Kind) -> impl Iterator<Item = File> {
    let own = match language {
        Language::Rust => RUST,
        Language::Javascript => JAVASCRIPT,
        Language::Python => PYTHON,
    };
    own.iter().chain(rule(language, kind)).chain(cases(kind)).copied().flatten().copied()
}

/// A file's text with the names of what is made: its own, the one that cargo makes of it, and what it is.
pub(super) fn filled(text: &str, name: &str, kind: Kind) -> String {
    let (word, world, what) = match kind {
        Kind::Policy => ("policy", "policy", "A registration policy"),
        Kind::Condition => ("condition", "client-policy", "A condition of client policies"),
        Kind::Executor => ("executor", "client-policy", "An executor of client policies"),
        Kind::Provider => ("provider", "provider", "A registration provider"),
    };
    text.replace("my-policy", name)
        .replace("MY_POLICY", &name.replace('-', "_"))
        .replace("MY_KIND", word)
        .replace("MY_WORLD", world)
        .replace("MY_WHAT", what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Files only: what 0.2.0 adds stays in its folder.
    fn names_in(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_policy_in_rust_brings_the_whole_sdk_and_the_whole_contract() {
        let made = |folder: &str| -> BTreeSet<String> {
            files(Language::Rust, Kind::Policy)
                .filter_map(|(name, _)| Some(name.strip_prefix(folder)?.to_owned()))
                .collect()
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
