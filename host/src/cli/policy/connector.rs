//! `matricula connector …`: an author's tools for connectors, which need no server.

mod case;
mod compare;
mod exchange;

use std::path::{Path, PathBuf};

use super::cases::{self, Report};
use super::trial::{self, Trial};
use super::{check, new};
use crate::config::Kind;
use crate::config::connector::ConnectorCommand;
use case::Case;

/// Runs the command.
pub(crate) async fn run(command: ConnectorCommand) -> anyhow::Result<()> {
    match command {
        ConnectorCommand::New { name, language } => new::new(&name, language, Kind::Connector),
        ConnectorCommand::Check { file } => check::check(&file).await,
        ConnectorCommand::Test { file, cases } => test(&file, &cases).await,
    }
}

/// Runs the cases of these files and folders; without any, those of the folder `cases` beside the component.
async fn test(file: &Path, cases: &[PathBuf]) -> anyhow::Result<()> {
    let beside = [file.with_file_name("cases")];
    let cases = cases::all(if cases.is_empty() { &beside } else { cases }, Case::of)?;
    let trial = Trial::load(&trial::engine()?, file).await?;
    let mut report = Report::default();
    for (file, cases) in cases {
        println!("{}", file.display());
        for case in cases {
            report.add(&case.name, exchange::run(&trial, &case).await);
        }
    }
    report.end()
}
