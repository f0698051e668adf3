//! The rooms of the server: its crates below `host`, and that arrows between them run downwards only. Cargo refuses
//! circles; that an arrow skips no floor upwards is told here.

use crate::command::output;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// The crates from the ground to the roof: each may use those before it.
const ROOMS: [&str; 8] = [
    "matricula-system",
    "matricula-contract",
    "matricula-network",
    "matricula-target",
    "matricula-store",
    "matricula-realms",
    "matricula-wasm",
    "matricula",
];

/// Looks at what the crates below `host` depend on.
///
/// # Errors
/// One of them uses a room above it, or is not in the list.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let metadata = output(&mut workspace.cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let upwards = upwards(&serde_json::from_str(&metadata)?, &workspace.root.join("host"))?;
    if !upwards.is_empty() {
        bail!("{}", upwards.join("\n"));
    }
    Ok(())
}

/// What is wrong with the crates in this folder, a line each.
fn upwards(metadata: &Value, folder: &Path) -> Result<Vec<String>> {
    let floor = |name: &str| ROOMS.iter().position(|room| *room == name);
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata names no packages")? {
        let name = package["name"].as_str().unwrap_or_default();
        if !package["manifest_path"].as_str().is_some_and(|manifest| Path::new(manifest).starts_with(folder)) {
            continue;
        }
        let Some(own) = floor(name) else {
            wrong.push(format!("{name} has no place among the rooms: add it to xtask/src/rooms.rs"));
            continue;
        };
        let used = package["dependencies"].as_array().into_iter().flatten().filter_map(|used| used["name"].as_str());
        for used in used.filter(|used| floor(used).is_some_and(|used| used >= own)) {
            wrong.push(format!("{name} uses {used}, which lies above it"));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(packages: &[(&str, &[&str])]) -> Vec<String> {
        let package = |(name, used): &(&str, &[&str])| {
            let used: Vec<_> = used.iter().map(|name| json!({ "name": name })).collect();
            json!({ "name": name, "manifest_path": format!("/clone/host/{name}/Cargo.toml"), "dependencies": used })
        };
        let metadata = json!({ "packages": packages.iter().map(package).collect::<Vec<_>>() });
        upwards(&metadata, Path::new("/clone/host")).unwrap_or_default()
    }

    #[test]
    fn arrows_upwards_and_rooms_without_a_place_are_told() {
        assert_eq!(found(&[("matricula-wasm", &["matricula-store", "serde"])]), Vec::<String>::new());
        assert_eq!(
            found(&[("matricula-store", &["matricula-wasm"])]),
            ["matricula-store uses matricula-wasm, which lies above it"]
        );
        assert_eq!(
            found(&[("matricula-attic", &[])]),
            ["matricula-attic has no place among the rooms: add it to xtask/src/rooms.rs"]
        );
    }
}
