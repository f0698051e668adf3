//! `cargo xtask …`: the project's own commands, as two compile targets need more than one command of cargo's.
//!
//! Each command is one file; `test/` holds a file per step of the tests.

mod apt;
mod bench;
mod build;
mod check;
mod command;
mod components;
mod dist;
mod fuzz;
mod npm;
mod pictures;
mod rooms;
mod run;
mod rustc;
mod steps;
mod test;
mod toolchain;
mod web;
mod workspace;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;
use workspace::Workspace;

/// Builds, checks, runs and tests Matricula.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    /// How long `rustup target add` may take where the wasm32 target is missing; 0 skips it.
    #[arg(long, global = true, env = "WASM_TARGET_TIMEOUT", default_value_t = 20, value_name = "SECONDS")]
    wasm_target_timeout: u64,

    #[command(subcommand)]
    command: Commands,
}

/// One variant a command; the comments are its help text.
#[derive(Subcommand)]
enum Commands {
    /// Builds the WebAssembly components, the web pages, and the server with them built in.
    Build {
        /// Only the components, into target/components.
        #[arg(long)]
        components: bool,
    },
    /// Builds, then runs `matricula serve` with these arguments.
    Run {
        /// Arguments of `matricula serve`, after `--`.
        #[arg(last = true, value_name = "SERVE ARGUMENTS")]
        arguments: Vec<OsString>,
    },
    /// Builds, then puts load on the server, beside Keycloak where Maven and a JDK are found.
    Bench(bench::Options),
    /// Checks format, lints and documentation; any warning is an error.
    Check,
    /// Makes the archive of a release, in target/dist.
    Dist,
    /// Looks for inputs that break something; `tests/fuzz` holds what is tried.
    Fuzz {
        /// A folder of tests/fuzz/corpus; without it each in turn.
        target: Option<String>,
        /// How long for each.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Adds what reaches new code to the corpus, which every test tries again.
        #[arg(long)]
        keep: bool,
    },
    /// Builds and tests everything, or one step of the tests.
    Test {
        /// Only on this kind of database; without it on both.
        #[arg(long, value_enum, value_name = "KIND")]
        database: Option<test::Database>,
        /// Without one: all steps.
        #[command(subcommand)]
        only: Option<test::Only>,
    },
    /// Puts pictures that `test web` made into docs/images, for the README and the pages in docs.
    Pictures,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Workspace::find(Duration::from_secs(cli.wasm_target_timeout)).and_then(|workspace| match cli.command {
        Commands::Build { components: true } => components::build(&workspace),
        Commands::Build { components: false } => build::build(&workspace),
        Commands::Run { arguments } => run::run(&workspace, &arguments),
        Commands::Bench(options) => bench::bench(&workspace, &options),
        Commands::Check => check::check(&workspace),
        Commands::Dist => dist::dist(&workspace),
        Commands::Fuzz { target, seconds, keep } => fuzz::fuzz(&workspace, target.as_deref(), seconds, keep),
        Commands::Test { database, only } => test::test(&workspace, database, only),
        Commands::Pictures => pictures::pictures(&workspace),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
