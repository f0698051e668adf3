//! The outside of a file: whether it is a component, what it exports and imports, and whether the contract has that.
//! Looked at before anything is compiled.

use std::fmt::Write as _;

use anyhow::{Context, anyhow, bail};
use wasmparser::{Parser, Payload};

/// What the names of the contract's interfaces begin with.
const PACKAGE: &str = "matricula:registration/";
/// The contract's version.
const VERSION: &str = "0.1.0";

/// What a component may export: interface, and the world in `wit/world.wit` that has it.
const EXPORTS: [(&str, &str); 3] =
    [("policies", "policy"), ("client-policies", "client-policy"), ("providers", "provider")];
/// What every component may import.
const IMPORTS: [&str; 6] = ["client", "request", "decision", "config", "realm", "facts"];
/// What of the next version of the contract is on trial (`wit/next/`).
const ON_TRIAL: [&str; 2] = ["policies", "request"];
/// That version.
const TRIAL_VERSION: &str = "0.2.0-trial";

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
    let known = version == VERSION || version == TRIAL_VERSION && ON_TRIAL.contains(&interface);
    known.then_some(interface)
}

/// The version in the name of an interface of the contract, when the server has it in another one.
fn other_version(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    ours(name).is_none().then_some(version)
}

/// The names that an interface may be exported under.
pub fn exported_names(interface: &str) -> impl Iterator<Item = String> {
    let on_trial = ON_TRIAL.contains(&interface).then_some(TRIAL_VERSION);
    [VERSION].into_iter().chain(on_trial).map(move |version| format!("{PACKAGE}{interface}@{version}"))
}

fn exports(shape: &Shape) -> anyhow::Result<()> {
    if shape.exports.iter().filter_map(|name| ours(name)).any(|name| EXPORTS.iter().any(|(known, _)| *known == name)) {
        return Ok(());
    }
    if let Some(version) = shape.exports.iter().find_map(|name| other_version(name)) {
        bail!(
            "it is made for version {version} of the contract, and this server has {VERSION}: build it with the WIT \
             files of this version, which `matricula policy new` puts into a folder"
        );
    }
    let expected = EXPORTS.map(|(interface, world)| format!("{PACKAGE}{interface}@{VERSION} (world `{world}`)"));
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
            (_, Some(version)) => format!("version {version} of the contract; this server has {VERSION}"),
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
