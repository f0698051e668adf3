//! `cargo xtask test`: build, then every kind of test. A kind is a file of `test/`.

mod clients;
mod conformance;
mod python;
mod rust;
mod server;

use crate::build::build;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::Subcommand;
use std::ffi::OsString;

/// One step of the tests; the build comes before it in any case.
#[derive(Subcommand)]
pub(crate) enum Only {
    /// Only `cargo test`.
    Rust {
        /// Arguments of `cargo test`, such as a part of a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CARGO TEST ARGUMENTS")]
        arguments: Vec<OsString>,
    },
    /// Only the conformance suite. It ends with the tests that pass but are listed as not yet expected to.
    Conformance {
        /// Arguments of pytest, such as `-x`, `-k <words>` or `test_smoke.py`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "PYTEST ARGUMENTS")]
        arguments: Vec<OsString>,
    },
    /// Only the programs that people register clients with today: Keycloak's Java library, its kcreg.sh,
    /// openid-client.
    Clients {
        /// Without one: all of them.
        programs: Vec<clients::Program>,
    },
}

/// Builds and runs the tests. After a failed build nothing runs; after a failed test the others do.
///
/// # Errors
/// A step failed.
pub(crate) fn test(workspace: &Workspace, only: Option<Only>) -> Result<()> {
    let mut steps = Steps::new("test");
    if steps.run("build", || build(workspace)) {
        match only {
            None => {
                steps.run("rust", || rust::test(workspace, &[]));
                steps.run("conformance", || conformance::test(workspace, &[]));
                steps.run("clients", || clients::test(workspace, &[]));
            }
            Some(Only::Rust { arguments }) => {
                steps.run("rust", || rust::test(workspace, &arguments));
            }
            Some(Only::Conformance { arguments }) => {
                steps.run("conformance", || conformance::test(workspace, &arguments));
            }
            Some(Only::Clients { programs }) => {
                steps.run("clients", || clients::test(workspace, &programs));
            }
        }
    }
    steps.finish()
}
