//! `matricula policy new`: a folder to start from, also for conditions, executors, providers and connectors.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};

use super::templates;
use crate::config::{Kind, Language};

/// Makes the folder.
///
/// # Errors
/// The name is none, the folder is there already, or it cannot be written.
pub(super) fn new(name: &str, language: Language, kind: Kind) -> anyhow::Result<()> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    if !name.starts_with(is_letter) || !name.split('-').all(is_part) {
        bail!("{name:?} is no name: lower-case letters, digits and hyphens, such as `own-hosts`");
    }
    let folder = Path::new(name);
    fs::create_dir(folder).with_context(|| format!("making the folder {name}"))?;
    for (path, text) in templates::files(language, kind) {
        let file = folder.join(path);
        let writing = || format!("writing {}", file.display());
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(writing)?;
        }
        fs::write(&file, templates::filled(text, name, kind)).with_context(writing)?;
        if path.ends_with(".sh") {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).with_context(writing)?;
        }
    }
    let file = format!("{name}/{name}.wasm");
    println!("made {name}; what to try next:\n  {name}/build.sh");
    if kind == Kind::Connector {
        println!("  matricula connector check {file}\n  matricula connector test {file}");
    } else {
        println!(
            "  matricula policy check {file}\n  matricula policy test {file}\n  \
             matricula policy run {file} --request {name}/request.json"
        );
    }
    Ok(())
}
