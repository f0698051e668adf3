//! The web pages (`web/<name>`): made by npm, left in `target/web/<name>`, where the server's sources take them from.

use crate::command::run;
use crate::npm;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds every page that is not up to date. Without Node.js that page is left out of the server, and said to be.
///
/// # Errors
/// A page does not build.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    for name in names(workspace)? {
        build_page(workspace, &name)?;
    }
    Ok(())
}

/// Folders of `web/` that hold an npm package, by name.
///
/// # Errors
/// `web/` cannot be read.
pub(crate) fn names(workspace: &Workspace) -> Result<Vec<String>> {
    npm::packages(&workspace.web())
}

fn build_page(workspace: &Workspace, name: &str) -> Result<()> {
    let built = workspace.root.join("target/web").join(name);
    let stamp = workspace.root.join("target/web").join(format!("{name}.sources"));
    let sources = sources(workspace, name)?;
    if built.join("index.html").is_file() && fs::read_to_string(&stamp).is_ok_and(|of| of == sources) {
        return Ok(());
    }
    if let Err(missing) = npm::ensure_node() {
        eprintln!("warning: the server is built without /{name}/: {missing:#}");
        // What an earlier build made of other sources is not to pass for this one.
        for outdated in [&stamp, &built.join("index.html")] {
            if outdated.exists() {
                fs::remove_file(outdated).with_context(|| outdated.display().to_string())?;
            }
        }
        return Ok(());
    }
    install(workspace, name)?;
    eprintln!("building web/{name}");
    run(npm(workspace, name)?.args(["run", "--silent", "build"]))?;
    fs::write(&stamp, sources).with_context(|| stamp.display().to_string())
}

/// Puts the packages of a page's lock file into its `node_modules`, unless they are there.
///
/// # Errors
/// Node.js or npm is missing and cannot be installed, or a package cannot be had.
pub(crate) fn install(workspace: &Workspace, name: &str) -> Result<()> {
    npm::install(&workspace.web().join(name))
}

/// `npm` in the folder of a page.
///
/// # Errors
/// There is no such folder.
pub(crate) fn npm(workspace: &Workspace, name: &str) -> Result<Command> {
    npm::command(&workspace.web().join(name))
}

/// Stands for everything that a page is made of: its files, what pages share, the components, the contract, and what
/// they take from the rest of the sources.
fn sources(workspace: &Workspace, name: &str) -> Result<String> {
    let root = &workspace.root;
    let mut files = vec![root.join("host/store/src/global_profiles.json")];
    for folder in [workspace.web().join(name), workspace.components(), root.join("wit"), root.join("tests/cases")] {
        collect(&folder, &mut files)?;
    }
    for entry in fs::read_dir(workspace.web())? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(root).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).with_context(|| file.display().to_string())?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Every file below a folder but those that tools put there, and tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.path().is_file() {
            files.push(entry.path());
        } else if !["node_modules", "generated", "test"].iter().any(|other| name == *other) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}
