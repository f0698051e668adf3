//! `cargo xtask test`: build, then every kind of test. A kind is a file of `test/`.

mod clients;
mod conformance;
mod docs;
mod integrations;
pub(crate) mod postgres;
pub(crate) mod python;
mod rust;
pub(crate) mod server;
mod soak;
mod web;

use crate::build::build;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use postgres::{Keep, Postgres};
use std::ffi::OsString;

/// A kind of database that the server can keep everything in.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Database {
    /// The embedded one.
    Sqlite,
    /// A server that the tests start.
    Postgres,
}

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
    /// Only the programs and libraries that people register clients with today.
    Clients {
        /// Without one: all of them.
        programs: Vec<clients::Program>,
    },
    /// Only the packages for authorization servers, with the real ones, up to a token.
    Integrations {
        /// Names of folders in integrations/; without one: all of them.
        packages: Vec<String>,
    },
    /// Only the tests of the web pages, in Chromium. Pictures of the pages go to target/screenshots.
    Web {
        /// Names of folders in web/; without one: all of them.
        pages: Vec<String>,
    },
    /// Only kills under load, full and read-only disks, many of them; nothing else runs them. It needs to be root, as it
    /// mounts small disks and makes writes fail.
    Faults {
        /// How often the server is killed under load, on each kind of database.
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// Only a long load on each kind of database, under which the server must not grow; nothing else runs it.
    Soak {
        /// How long, on each.
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Only docs/writing-a-policy.md and docs/writing-a-connector.md, followed as they stand there.
    Docs {
        /// Without one: all of them.
        languages: Vec<docs::Language>,
    },
}

/// Builds and runs the tests on this database, or on both. After a failed build nothing runs; after a failed test the
/// others do.
///
/// # Errors
/// A step failed.
pub(crate) fn test(workspace: &Workspace, database: Option<Database>, only: Option<Only>) -> Result<()> {
    let (mut rust, mut conformance, mut clients, mut web) = (None, None, None, None);
    let (mut docs, mut faults, mut soak, mut integrations) = (None, None, None, None);
    match &only {
        None => {
            (rust, conformance, clients, web) = (Some(&[][..]), Some(&[][..]), Some(&[][..]), Some(&[][..]));
            (docs, integrations) = (Some(&[][..]), Some(&[][..]));
        }
        Some(Only::Rust { arguments }) => rust = Some(arguments.as_slice()),
        Some(Only::Conformance { arguments }) => conformance = Some(arguments.as_slice()),
        Some(Only::Clients { programs }) => clients = Some(programs.as_slice()),
        Some(Only::Integrations { packages }) => integrations = Some(packages.as_slice()),
        Some(Only::Web { pages }) => web = Some(pages.as_slice()),
        Some(Only::Faults { rounds }) => faults = Some(*rounds),
        Some(Only::Soak { minutes }) => soak = Some(*minutes),
        Some(Only::Docs { languages }) => docs = Some(languages.as_slice()),
    }
    let on = |wanted| database.is_none_or(|chosen| chosen == wanted);
    let mut steps = Steps::new("test");
    let mut server = None;
    if steps.run("build", || build(workspace)) {
        steps.run("start PostgreSQL", || {
            server = Some(Postgres::start(Keep::Nothing)?);
            Ok(())
        });
    }
    if let Some(postgres) = server {
        if let Some(arguments) = rust {
            if on(Database::Sqlite) {
                steps.run("rust", || rust::test(workspace, &postgres, arguments));
            }
            if on(Database::Postgres) {
                steps.run("rust on PostgreSQL", || rust::test_on_postgres(workspace, &postgres, arguments));
            }
        }
        if let Some(arguments) = conformance {
            if on(Database::Sqlite) {
                steps.run("conformance", || conformance::test(workspace, arguments, None));
                if conformance::asks_for_proxies(arguments) {
                    steps.run("conformance behind proxies", || conformance::test_proxies(workspace, arguments));
                }
            }
            if on(Database::Postgres) {
                steps.run("conformance on PostgreSQL", || {
                    conformance::test(workspace, arguments, Some(&postgres.database("conformance")?))
                });
            }
        }
        if let Some(rounds) = faults {
            if on(Database::Sqlite) {
                steps.run("faults", || rust::faults(workspace, &postgres, rounds, false));
            }
            if on(Database::Postgres) {
                steps.run("faults on PostgreSQL", || rust::faults(workspace, &postgres, rounds, true));
            }
        }
        if let Some(minutes) = soak {
            if on(Database::Sqlite) {
                steps.run("soak", || soak::test(workspace, minutes * 60, None));
            }
            if on(Database::Postgres) {
                steps.run("soak on PostgreSQL", || soak::test(workspace, minutes * 60, Some(&postgres)));
            }
        }
        if let Some(programs) = clients {
            // They mind the protocol, not where it is kept: one database will do.
            steps.run("clients", || {
                let url = if on(Database::Sqlite) { None } else { Some(postgres.database("clients")?) };
                clients::test(workspace, programs, url.as_deref())
            });
        }
        if let Some(packages) = integrations {
            steps.run("integrations", || {
                let url = if on(Database::Sqlite) { None } else { Some(postgres.database("integrations")?) };
                integrations::test(workspace, packages, url.as_deref())
            });
        }
        if let Some(pages) = web {
            steps.run("web", || web::test(workspace, pages));
        }
        if let Some(languages) = docs {
            steps.run("docs", || docs::test(workspace, languages));
        }
    }
    steps.finish()
}
