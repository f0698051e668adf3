//! The licences of what others wrote, with their texts, as most of them ask for.

use super::parts::Part;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// How the files begin that hold licences and what goes with them.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// A page with every part and every text; a text that many have stands there once.
///
/// # Errors
/// A file cannot be read.
pub(super) fn text(parts: &[Part]) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut page = String::from("What others wrote and this release holds.\n\n");
    for part in parts {
        writeln!(page, "{} {}: {}", part.name, part.version, part.license)?;
        for text in texts_of(part)? {
            texts.entry(text).or_default().push(format!("{} {}", part.name, part.version));
        }
    }
    let mut texts: Vec<(Vec<String>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    texts.sort();
    for (of, text) in texts {
        write!(page, "\n{}\n{}\n\n{}\n", "─".repeat(80), of.join(", "), text.trim())?;
    }
    Ok(page)
}

/// The texts in a part's folder, by the names of their files.
fn texts_of(part: &Part) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(&part.folder).with_context(|| part.folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && FILES.iter().any(|begin| name.starts_with(begin)) {
            files.push(path);
        }
    }
    files.sort();
    files
        .iter()
        .map(|file| Ok(String::from_utf8_lossy(&fs::read(file)?).replace("\r\n", "\n")))
        .collect::<Result<_>>()
        .with_context(|| part.folder.display().to_string())
}
