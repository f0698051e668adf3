//! `matricula connector …`: its arguments.

use std::path::PathBuf;

use clap::Subcommand;

use super::Language;

/// What can be done with connectors of one's own.
#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// Makes a folder to start from: a connector, its cases, and the command that builds it.
    New {
        /// Its name, which is also the folder's: lower-case letters, digits and hyphens.
        name: String,
        /// The language to write it in.
        #[arg(long, value_enum)]
        language: Language,
    },
    /// Says whether a server can use a component of any kind, and if not, why; tries it with an empty client.
    Check {
        /// The component.
        file: PathBuf,
    },
    /// Runs cases: tasks with the calls that they make, the answers that these get, and the end that is expected.
    ///
    /// Nothing is called: answers are data. tests/cases/README.md says what can be in a case.
    Test {
        /// The component.
        file: PathBuf,
        /// Files with cases, or folders of such files [default: the folder `cases` beside the component].
        cases: Vec<PathBuf>,
    },
}
