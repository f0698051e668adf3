//! Files of cases, and what came of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

/// What is in a file of JSON. A mark of the byte order, which some editors write, is no part of it.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn json_of(file: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).with_context(|| format!("{} is no JSON", file.display()))
}

/// The cases of a file that holds one or a list of them.
fn several<C>(file: &Path, read: impl Fn(Value) -> anyhow::Result<C>) -> anyhow::Result<Vec<C>> {
    let list = match json_of(file)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let numbered =
        |(index, json)| read(json).with_context(|| format!("{} holds no cases: case {}", file.display(), index + 1));
    list.into_iter().enumerate().map(numbered).collect()
}

/// The cases of these files and of the `.json` files in these folders, with the files' names.
///
/// # Errors
/// Why one cannot be read, or that there are none.
pub(super) fn all<C>(
    paths: &[PathBuf],
    read: impl Fn(Value) -> anyhow::Result<C>,
) -> anyhow::Result<Vec<(PathBuf, Vec<C>)>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let reading = || format!("reading the folder {}", path.display());
            for entry in fs::read_dir(path).with_context(reading)? {
                let file = entry.with_context(reading)?.path();
                if file.extension().is_some_and(|extension| extension == "json") {
                    files.push(file);
                }
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    let cases: Vec<_> =
        files.into_iter().map(|file| Ok((file.clone(), several(&file, &read)?))).collect::<anyhow::Result<_>>()?;
    if cases.iter().all(|(_, cases)| cases.is_empty()) {
        bail!("no cases in {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "));
    }
    Ok(cases)
}

/// An answer that is not the expected one.
pub(super) struct Difference {
    /// What it should be; where, if that is not all of it.
    pub(super) expected: String,
    /// What it is.
    pub(super) found: String,
}

/// Counts cases, and says of each how it ended.
#[derive(Default)]
pub(super) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// A case that was run.
    pub(super) fn add(&mut self, name: &str, differs: anyhow::Result<Option<Difference>>) {
        match differs {
            Ok(None) => {
                self.passed += 1;
                println!("  ok      {name}");
                return;
            }
            Ok(Some(Difference { expected, found })) => {
                println!("  FAILED  {name}\n    expected {expected}\n    but it is {found}");
            }
            Err(error) => println!("  FAILED  {name}\n    {error:#}"),
        }
        self.failed += 1;
    }

    /// All of them.
    ///
    /// # Errors
    /// Some failed.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let Report { passed, failed } = self;
        if failed > 0 {
            bail!("{failed} of {} cases failed", passed + failed);
        }
        println!("{passed} cases passed");
        Ok(())
    }
}
