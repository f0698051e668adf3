//! The program: reads the arguments, starts what they name. The only place that exits.

use std::process::ExitCode;

use matricula::config::Cli;

/// Requests make and free many small pieces of memory: mimalloc is quicker at that than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    matricula::huge_pages::refuse();
    let done = Cli::read().and_then(matricula::run);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<clap::Error>() {
            // The command line is wrong in a way that only the command itself can see.
            Some(mistake) => {
                eprint!("{mistake}");
                ExitCode::from(2)
            }
            None => {
                eprintln!("matricula: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}
