//! The files of a new policy, condition, executor, provider or connector (`host/templates`): its rule, its cases, what its
//! language needs, and the contract.

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

/// Its second version, which uses the first.
macro_rules! next_contract {
    ($to:literal) => {
        files!("../wit/next/" => $to: "connector.wit", "facts.wit", "policy.wit", "request.wit", "world.wit")
    };
}

/// What goes with every kind of component, or with every kind but one.
fn common(language: Language, kind: Kind) -> &'static [&'static [File]] {
    match (language, kind) {
        (Language::Rust, Kind::Connector) => &[
            &files!("templates/rust/connector/" => "": "Cargo.toml", "README.md"),
            &files!("templates/rust/" => "": "build.sh", "sdk/Cargo.toml"),
            &file!("rust/gitignore" => ".gitignore"),
            &SDK,
            &contract!("sdk/wit/"),
            &next_contract!("sdk/wit/next/"),
        ],
        (Language::Rust, _) => &[
            &files!("templates/rust/" => "": "Cargo.toml", "README.md", "build.sh", "sdk/Cargo.toml"),
            &file!("rust/gitignore" => ".gitignore"),
            &SDK,
            &contract!("sdk/wit/"),
        ],
        (Language::Javascript, Kind::Connector) => &[
            &files!("templates/javascript/connector/" => "": "package.json", "README.md"),
            &files!("templates/javascript/" => "": "build.sh", "sdk/client.js", "sdk/exceptions.js", "sdk/settings.js"),
            &files!("templates/javascript/connector/" => "sdk/": "host.js", "owned.js", "response.js", "stop.js"),
            &file!("javascript/gitignore" => ".gitignore"),
            &next_contract!("wit/"),
            &contract!("wit/deps/registration-0.1.0/"),
        ],
        (Language::Javascript, _) => &[
            &files!("templates/javascript/" => "": "package.json", "README.md", "build.sh",
                "sdk/client.js", "sdk/exceptions.js", "sdk/host.js", "sdk/settings.js"),
            &file!("javascript/gitignore" => ".gitignore"),
            &contract!("wit/"),
        ],
        (Language::Python, Kind::Connector) => &[
            &files!("templates/python/connector/" => "": "README.md"),
            &files!("templates/python/" => "": "requirements.txt", "build.sh",
                "matricula/client.py", "matricula/exceptions.py", "matricula/settings.py"),
            &files!("templates/python/connector/" => "matricula/": "lines.py", "owned.py", "response.py"),
            &file!("python/gitignore" => ".gitignore"),
            &next_contract!("wit/"),
            &contract!("wit/deps/registration-0.1.0/"),
        ],
        (Language::Python, _) => &[
            &files!("templates/python/" => "": "requirements.txt", "README.md", "build.sh",
                "matricula/client.py", "matricula/exceptions.py", "matricula/lines.py", "matricula/settings.py"),
            &file!("python/gitignore" => ".gitignore"),
            &contract!("wit/"),
        ],
    }
}

/// The SDK is no published crate: a policy brings it along.
const SDK: [File; 21] = files!("../policies/sdk/" => "sdk/":
    "README.md", "src/amendment.rs", "src/client_policy.rs", "src/client_policy_component.rs", "src/component.rs",
    "src/component_0_2.rs", "src/config.rs", "src/connector.rs", "src/connector/case.rs", "src/connector/http.rs",
    "src/connector/owned.rs", "src/connector/representation.rs", "src/connector/retry_after.rs",
    "src/connector_component.rs", "src/decision.rs", "src/host.rs", "src/lib.rs", "src/panic.rs", "src/policy.rs",
    "src/provider.rs", "src/provider_component.rs");

/// The rule, and what rules of its kind are written with.
fn rule(language: Language, kind: Kind) -> &'static [&'static [File]] {
    match (language, kind) {
        (Language::Rust, Kind::Policy) => &[&file!("rust/policy.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Condition) => &[&file!("rust/condition.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Executor) => &[&file!("rust/executor.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Provider) => &[&file!("rust/provider.rs" => "src/lib.rs")],
        (Language::Rust, Kind::Connector) => &[&file!("rust/connector/lib.rs" => "src/lib.rs")],
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
        (Language::Javascript, Kind::Connector) => &[
            &file!("javascript/connector/connector.js" => "connector.js"),
            &file!("javascript/kit/connectors.js" => "sdk/matricula.js"),
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
        (Language::Python, Kind::Connector) => &[
            &file!("python/connector/connector.py" => "connector.py"),
            &file!("python/kit/connectors.py" => "matricula/__init__.py"),
        ],
    }
}

/// Its cases, and a request to try; of a connector the cases say it all.
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
        Kind::Connector => &[&files!("templates/cases/connector/" => "cases/": "others.json", "put.json")],
    }
}

/// Every file of a new one.
pub(super) fn files(language: Language, kind: Kind) -> impl Iterator<Item = File> {
    common(language, kind).iter().chain(rule(language, kind)).chain(cases(kind)).copied().flatten().copied()
}

/// A file's text with the names of what is made: its own, the one that cargo makes of it, what it is, and where it finds
/// the time.
pub(super) fn filled(text: &str, name: &str, kind: Kind) -> String {
    let (word, world, what, now) = match kind {
        Kind::Policy => ("policy", "policy", "A registration policy", "request.now"),
        Kind::Condition => ("condition", "client-policy", "A condition of client policies", "request.now"),
        Kind::Executor => ("executor", "client-policy", "An executor of client policies", "request.now"),
        Kind::Provider => ("provider", "provider", "A registration provider", "request.now"),
        Kind::Connector => ("connector", "connector", "A connector", "target.now"),
    };
    text.replace("my-policy", name)
        .replace("MY_POLICY", &name.replace('-', "_"))
        .replace("MY_KIND", word)
        .replace("MY_WORLD", world)
        .replace("MY_WHAT", what)
        .replace("MY_NOW", now)
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
    fn what_is_made_in_rust_brings_the_whole_sdk_and_the_whole_contract() {
        let made = |kind: Kind, folder: &str| -> BTreeSet<String> {
            let below = files(Language::Rust, kind).filter_map(|(name, _)| name.strip_prefix(folder));
            below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
        };
        for (to, from) in [
            ("sdk/src/", "../policies/sdk/src"),
            ("sdk/src/connector/", "../policies/sdk/src/connector"),
            ("sdk/wit/", "../wit"),
        ] {
            assert_eq!(made(Kind::Policy, to), names_in(from));
        }
        assert_eq!(made(Kind::Connector, "sdk/wit/next/"), names_in("../wit/next"));
    }

    #[test]
    fn the_sdk_of_a_policy_has_the_same_dependencies_as_ours() {
        let workspace = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
        let line = |text: &str| text.lines().find(|line| line.starts_with("wit-bindgen")).unwrap().to_owned();
        assert_eq!(line(include_str!("../../../templates/rust/sdk/Cargo.toml")), line(&workspace));
    }
}
