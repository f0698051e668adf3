//! The outside of a file: whether it is a component, what it exports and imports, and whether the contract has that.
//! Looked at before anything is compiled.

use std::fmt::Write as _;

use anyhow::{Context, anyhow, bail};
use wasmparser::{Parser, Payload};

/// What the names of the contract's interfaces begin with.
const PACKAGE: &str = "matricula:registration/";
/// The version of `wit/`.
const VERSION: &str = "0.1.0";
/// The version of `wit/next/`.
const NEXT_VERSION: &str = "0.2.0";

/// What a component may export: interface, and the world that has it.
const EXPORTS: [(&str, &str); 4] = [
    ("policies", "policy"),
    ("client-policies", "client-policy"),
    ("providers", "provider"),
    ("connectors", "connector"),
];
/// What every component may import.
const IMPORTS: [&str; 6] = ["client", "request", "decision", "config", "realm", "facts"];
/// Interfaces that the next version has in a form of its own.
const CHANGED: [&str; 2] = ["policies", "request"];
/// Interfaces that only the next version has.
const ADDED: [&str; 2] = ["connectors", "log"];

/// What a component asks for and offers, by name.
pub struct Shape {
    /// Imported interfaces.
    pub imports: Vec<String>,
    /// Exported interfaces.
    pub exports: Vec<String>,
}

/// Looks at a file's outside: whether it is a component, and one of this contract.
///
/// # Errors
/// Why it is not.
pub fn shape(bytes: &[u8]) -> anyhow::Result<Shape> {
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {}
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => bail!(
            "it is a core module, not yet a component. What cargo builds for wasm32-unknown-unknown becomes one by \
             `matricula policy wrap MODULE --output FILE`"
        ),
        [0, b'a', b's', b'm', ..] => bail!("it is of a version of WebAssembly that this server does not know"),
        _ => bail!("it is no WebAssembly file, let alone a component"),
    }
    let shape = outside(bytes).context("it is no valid component")?;
    exports(&shape)?;
    imports(&shape)?;
    Ok(shape)
}

/// The names on a component's outside.
fn outside(bytes: &[u8]) -> anyhow::Result<Shape> {
    let mut shape = Shape { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    shape.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    shape.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(shape)
}

/// An interface of the contract by its whole name: its short name, when the server has it in this version.
fn ours(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    versions(interface).any(|known| known == version).then_some(interface)
}

/// The version in the name of an interface of the contract, when the server does not have that version.
fn other_version(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    (![VERSION, NEXT_VERSION].contains(&version)).then_some(version)
}

/// The versions of the contract that have an interface.
fn versions(interface: &str) -> impl Iterator<Item = &'static str> {
    let added = ADDED.contains(&interface);
    let next = added || CHANGED.contains(&interface);
    [(!added).then_some(VERSION), next.then_some(NEXT_VERSION)].into_iter().flatten()
}

/// The names that an interface may be exported under.
pub fn exported_names(interface: &str) -> impl Iterator<Item = String> {
    versions(interface).map(move |version| format!("{PACKAGE}{interface}@{version}"))
}

fn exports(shape: &Shape) -> anyhow::Result<()> {
    if shape.exports.iter().filter_map(|name| ours(name)).any(|name| EXPORTS.iter().any(|(known, _)| *known == name)) {
        return Ok(());
    }
    if let Some(version) = shape.exports.iter().find_map(|name| other_version(name)) {
        bail!(
            "it is made for version {version} of the contract, and this server has {VERSION} and {NEXT_VERSION}: build \
             it again with the WIT files of one of these, which `matricula policy new` puts into a folder"
        );
    }
    let expected = EXPORTS.map(|(interface, world)| {
        let names: Vec<_> = exported_names(interface).collect();
        format!("{} (world `{world}`)", names.join(" or "))
    });
    let found = if shape.exports.is_empty() { "nothing".to_owned() } else { shape.exports.join(", ") };
    bail!(
        "it is of the wrong world: it exports {found}, so it exports none of {}, of which a component for this server has \
         one or several",
        expected.join(", ")
    )
}

fn imports(shape: &Shape) -> anyhow::Result<()> {
    let exports = |interface: &str| shape.exports.iter().any(|name| ours(name) == Some(interface));
    let offered = |name: &str| match ours(name) {
        Some("fetch") => exports("providers"),
        Some("clients") => exports("client-policies"),
        Some("log") => exports("connectors"),
        Some(name) => IMPORTS.contains(&name),
        None => false,
    };
    let denied: Vec<&str> = shape.imports.iter().map(String::as_str).filter(|name| !offered(name)).collect();
    if denied.is_empty() {
        return Ok(());
    }
    let mut text = "it imports what the host does not offer:".to_owned();
    for name in &denied {
        let _ = write!(text, "\n  {name}: {}", denial(name));
    }
    if denied.iter().any(|name| name.starts_with("wasi:")) {
        text.push_str(
            "\nA component here gets nothing of the system (WASI), so leave it out when you build:\n  \
             JavaScript: componentize-qjs --stub-wasi (with --sync)\n  \
             Python: componentize-py … componentize --stub-wasi\n  \
             Rust: build for wasm32-unknown-unknown, not for wasm32-wasip1 or wasm32-wasip2",
        );
    }
    Err(anyhow!(text))
}

/// Why an import is not there.
fn denial(name: &str) -> String {
    let Some(system) = name.strip_prefix("wasi:") else {
        return match (ours(name), other_version(name)) {
            (Some("fetch"), _) => "documents elsewhere are fetched for providers only".to_owned(),
            (Some("clients"), _) => "roles of clients are told to client policies only".to_owned(),
            (Some("log"), _) => "this one is for connectors; others log with `facts.log`".to_owned(),
            (_, Some(version)) => {
                format!("version {version} of the contract; this server has {VERSION} and {NEXT_VERSION}")
            }
            _ => "it is not in the contract".to_owned(),
        };
    };
    let package = system.split(['/', '@']).next().unwrap_or_default();
    match package {
        "clocks" => "there is no clock; the time of the request is in the context: `now`",
        "random" => "there is no randomness",
        "filesystem" => "there are no files",
        "sockets" | "http" => "there is no network; for DNS ask `facts`",
        "cli" => "there are no environment, arguments, terminal or exit; to log use `facts.log`",
        "io" => "there is nothing to read from or write to",
        _ => "it is not in the contract",
    }
    .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn refused(imported: &[&str], exported: &str) -> Option<String> {
        let names = |names: &[&str]| names.iter().map(|&name| format!("{PACKAGE}{name}")).collect();
        let shape = Shape { imports: names(imported), exports: names(&[exported]) };
        exports(&shape).and_then(|()| imports(&shape)).err().map(|error| error.to_string())
    }

    #[test]
    fn both_versions_of_the_contract_are_taken() {
        for (imported, exported) in [
            (&["client@0.1.0", "facts@0.1.0"][..], "policies@0.1.0"),
            (&["request@0.2.0", "facts@0.1.0"], "policies@0.2.0"),
            (&["log@0.2.0"], "connectors@0.2.0"),
        ] {
            assert_eq!(refused(imported, exported), None, "{exported}");
        }
    }

    #[test]
    fn a_component_of_the_trial_is_to_be_built_again() {
        let text = refused(&[], "policies@0.2.0-trial").unwrap();
        assert!(text.contains("version 0.2.0-trial of the contract, and this server has 0.1.0 and 0.2.0"), "{text}");
        assert!(text.contains("build it again"), "{text}");
    }

    #[test]
    fn what_a_version_does_not_have_is_refused() {
        for (imported, exported, why) in [
            (&[][..], "connectors@0.1.0", "it is of the wrong world"),
            (&["log@0.2.0"], "policies@0.2.0", "others log with `facts.log`"),
            (&["fetch@0.1.0"], "connectors@0.2.0", "for providers only"),
            (&["weather@0.2.0"], "connectors@0.2.0", "it is not in the contract"),
        ] {
            let text = refused(imported, exported).unwrap_or_default();
            assert!(text.contains(why), "{exported}: {text}");
        }
    }
}
