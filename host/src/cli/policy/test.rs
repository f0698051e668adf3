//! `matricula policy test`: cases, each on a new instance.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::Value;

use super::case::{self, Case};
use super::trial::{self, Trial};

/// Runs the cases of these files and folders; without any, those of the folder `cases` beside the component.
///
/// # Errors
/// The component does not load, a file cannot be read, or a case has another answer than expected.
pub(super) async fn test(file: &Path, cases: &[PathBuf]) -> anyhow::Result<()> {
    let beside = [file.with_file_name("cases")];
    let cases = case::all(if cases.is_empty() { &beside } else { cases })?;
    let trial = Trial::load(&trial::engine()?, file).await?;
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for (file, cases) in cases {
        println!("{}", file.display());
        for case in cases {
            let name = case.name.clone();
            match differs(&trial, case).await {
                Ok(None) => {
                    passed += 1;
                    println!("  ok      {name}");
                }
                Ok(Some((expected, found))) => {
                    failed += 1;
                    println!("  FAILED  {name}\n    expected {expected}\n    but it is {found}");
                }
                Err(error) => {
                    failed += 1;
                    println!("  FAILED  {name}\n    {error:#}");
                }
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} cases failed", passed + failed);
    }
    println!("{passed} cases passed");
    Ok(())
}

/// Runs a case; the expected answer and that of the component when they differ.
async fn differs(trial: &Trial, mut case: Case) -> anyhow::Result<Option<(Value, Value)>> {
    let expected = trial.normal(&mut case).await?;
    let found = trial.ask(case).await?.value;
    Ok((found != expected).then_some((expected, found)))
}
