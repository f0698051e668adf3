//! What others wrote and the server holds: crates that are linked in, packages that are bundled in its web pages.

use crate::command::output;
use crate::web;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// Our own crates that end up in the server: the program, and the components that it has built in.
const OURS: [&str; 8] = [
    "matricula",
    "matricula-core",
    "matricula-policies-builtin",
    "matricula-client-policy-builtin",
    "matricula-policy-approval-required",
    "matricula-policy-redirect-rules",
    "matricula-policy-scope-filter",
    "matricula-policy-fapi-2",
];

/// A package of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// Its address as a package URL: `pkg:cargo/serde@1.0.0`.
    pub(super) purl: String,
    pub(super) name: String,
    pub(super) version: String,
    /// SPDX expression.
    pub(super) license: String,
    /// Algorithm and hexadecimal digest of what was downloaded.
    pub(super) digest: Option<(&'static str, String)>,
    /// Where it lies, with the texts of its licences.
    pub(super) folder: PathBuf,
    /// Addresses of the packages that it needs.
    pub(super) needs: Vec<String>,
}

/// The server's version, and all parts in the order of their addresses.
///
/// # Errors
/// cargo does not tell, or a page has no lock file.
pub(super) fn all(workspace: &Workspace, host: &str) -> Result<(String, Vec<Part>)> {
    let (version, mut parts) = crates(workspace, host)?;
    for page in web::names(workspace)? {
        parts.extend(packages(workspace, &page)?);
    }
    parts.sort();
    parts.dedup_by(|one, other| one.purl == other.purl);
    Ok((version, parts))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn items<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}

/// The crates that ours link, and what these link; not what only runs at build time.
fn crates(workspace: &Workspace, host: &str) -> Result<(String, Vec<Part>)> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&output(&mut workspace.cargo(&arguments))?)?;
    let packages: BTreeMap<&str, &Value> =
        items(&metadata, "packages").filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let nodes: BTreeMap<&str, &Value> =
        items(&metadata["resolve"], "nodes").filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let linked = |id: &str| -> Vec<&str> {
        let Some(node) = nodes.get(id) else { return Vec::new() };
        let normal = |dependency: &&Value| items(dependency, "dep_kinds").any(|kind| kind["kind"].is_null());
        items(node, "deps").filter(normal).filter_map(|dependency| dependency["pkg"].as_str()).collect()
    };
    let own = |package: &Value| package["source"].is_null();
    let mut open: Vec<&str> = packages
        .iter()
        .filter(|(_, package)| own(package) && OURS.contains(&text(package, "name").as_str()))
        .map(|(id, _)| *id)
        .collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(linked(id));
        }
    }
    let purl = |id: &str| packages.get(id).map(|package| address("cargo", package)).unwrap_or_default();
    let digests = digests(&fs::read_to_string(workspace.root.join("Cargo.lock"))?);
    let mut parts = Vec::new();
    for id in seen {
        let Some(package) = packages.get(id).filter(|package| !own(package)) else { continue };
        let (name, version) = (text(package, "name"), text(package, "version"));
        let manifest = PathBuf::from(text(package, "manifest_path"));
        let mut needs: Vec<String> = linked(id).into_iter().map(purl).collect();
        needs.sort();
        parts.push(Part {
            purl: address("cargo", package),
            // `/` is an older way to write `OR`.
            license: text(package, "license").replace(" / ", " OR ").replace('/', " OR "),
            digest: digests.get(&(name.clone(), version.clone())).map(|digest| ("SHA-256", digest.clone())),
            folder: manifest.parent().map(PathBuf::from).unwrap_or_default(),
            name,
            version,
            needs,
        });
    }
    let server = packages.values().find(|package| own(package) && package["name"] == "matricula");
    Ok((server.map(|package| text(package, "version")).context("no package matricula")?, parts))
}

fn address(kind: &str, package: &Value) -> String {
    format!("pkg:{kind}/{}@{}", text(package, "name"), text(package, "version"))
}

/// The digests of a lock file of cargo, by name and version.
fn digests(lock: &str) -> BTreeMap<(String, String), String> {
    let entry = |block: &str| {
        let member = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
            Some(line.trim_matches('"').to_owned())
        };
        Some(((member("name")?, member("version")?), member("checksum")?))
    };
    lock.split("[[package]]").filter_map(entry).collect()
}

/// The packages that a page bundles: those that its lock file needs for more than building and testing. Optional ones are
/// programs for one kind of machine each, which no browser runs.
fn packages(workspace: &Workspace, page: &str) -> Result<Vec<Part>> {
    let folder = workspace.web().join(page);
    let file = folder.join("package-lock.json");
    let lock = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let lock: Value = serde_json::from_str(&lock).with_context(|| file.display().to_string())?;
    let bundled =
        |package: &Value| ["dev", "devOptional", "optional"].iter().all(|kind| package[*kind].as_bool() != Some(true));
    let mut parts = Vec::new();
    for (place, package) in lock["packages"].as_object().into_iter().flatten() {
        let Some((_, name)) = place.rsplit_once("node_modules/").filter(|_| bundled(package)) else { continue };
        let version = text(package, "version");
        let digest = package["integrity"].as_str().and_then(|digest| digest.strip_prefix("sha512-"));
        parts.push(Part {
            // The `@` of a scope is escaped in such addresses.
            purl: format!("pkg:npm/{}@{version}", name.replace('@', "%40")),
            name: name.to_owned(),
            version,
            license: text(package, "license"),
            digest: digest.map(|digest| ("SHA-512", hexadecimal(digest))),
            folder: folder.join(place),
            needs: Vec::new(),
        });
    }
    Ok(parts)
}

/// Base64 as hexadecimal digits.
fn hexadecimal(base64: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut digits) = (0u32, 0, String::new());
    for digit in base64.bytes() {
        let Some(value) = DIGITS.iter().position(|known| *known == digit) else { break };
        bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        held += 6;
        while held >= 4 {
            held -= 4;
            digits.extend(char::from_digit(bits >> held & 15, 16));
        }
    }
    // Whole bytes only: what is left over is padding.
    digits.truncate(digits.len() / 2 * 2);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shown_as_hexadecimal() {
        for (base64, shown) in [("AA==", "00"), ("/wD+", "ff00fe"), ("aGk=", "6869")] {
            assert_eq!(hexadecimal(base64), shown, "{base64}");
        }
    }

    #[test]
    fn digests_stand_beside_names_and_versions() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"s\"\nchecksum = \"00ff\"\n\n\
            [[package]]\nname = \"ours\"\nversion = \"2\"\n";
        let found = digests(lock);
        assert_eq!(found.get(&("a".to_owned(), "1".to_owned())).map(String::as_str), Some("00ff"));
        assert_eq!(found.len(), 1);
    }
}
