//! `matricula policy test`: cases, each on a new instance.

use std::path::{Path, PathBuf};

use super::case::{self, Case};
use super::cases::{self, Difference, Report};
use super::trial::{self, Trial};

/// Runs the cases of these files and folders; without any, those of the folder `cases` beside the component.
///
/// # Errors
/// The component does not load, a file cannot be read, or a case has another answer than expected.
pub(super) async fn test(file: &Path, cases: &[PathBuf]) -> anyhow::Result<()> {
    let beside = [file.with_file_name("cases")];
    let cases = cases::all(if cases.is_empty() { &beside } else { cases }, case::complete)?;
    let trial = Trial::load(&trial::engine()?, file).await?;
    let mut report = Report::default();
    for (file, cases) in cases {
        println!("{}", file.display());
        for case in cases {
            let name = case.name.clone();
            report.add(&name, differs(&trial, case).await);
        }
    }
    report.end()
}

/// Runs a case; the expected answer and that of the component when they differ.
async fn differs(trial: &Trial, mut case: Case) -> anyhow::Result<Option<Difference>> {
    let expected = trial.normal(&mut case).await?;
    let found = trial.ask(case).await?.value;
    Ok((found != expected).then(|| Difference { expected: expected.to_string(), found: found.to_string() }))
}
