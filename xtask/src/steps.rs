//! The steps of a command: each with a heading and its duration, and one line at the end that says how it went.

use crate::command::run_quietly;
use anyhow::{Result, anyhow};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The steps run so far.
pub(crate) struct Steps {
    command: &'static str,
    started: Instant,
    done: Vec<Step>,
}

/// A step that has ended.
struct Step {
    name: String,
    took: Duration,
    passed: bool,
}

impl Steps {
    /// No step yet; `command` begins the closing line.
    pub(crate) fn new(command: &'static str) -> Steps {
        Steps { command, started: Instant::now(), done: Vec::new() }
    }

    /// Runs a step, prints why it failed, and says whether it passed, so that the caller knows whether to go on.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        self.begin(name);
        let started = Instant::now();
        let outcome = step();
        self.end(name, started.elapsed(), outcome)
    }

    /// Runs rows of steps beside each other, in a row one after the other, whether or not one of them fails. What a step
    /// prints is shown when it has ended.
    pub(crate) fn beside_each_other(&mut self, rows: Vec<Vec<(String, Quietly<'_>)>>) {
        let (tell, ended) = mpsc::channel();
        thread::scope(|scope| {
            for row in rows {
                let tell = tell.clone();
                scope.spawn(move || {
                    for (name, step) in row {
                        let started = Instant::now();
                        let (printed, outcome) = step();
                        // Whoever listens does so until all have spoken.
                        let _ = tell.send((name, printed, started.elapsed(), outcome));
                    }
                });
            }
            drop(tell);
            for (name, printed, took, outcome) in ended {
                self.begin(&name);
                eprint!("{printed}");
                self.end(&name, took, outcome);
            }
        });
    }

    /// The heading of a step.
    fn begin(&self, name: &str) {
        eprintln!("\n── {}: {name}", self.command);
    }

    /// How it went; whether it passed.
    fn end(&mut self, name: &str, took: Duration, outcome: Result<()>) -> bool {
        match &outcome {
            Ok(()) => eprintln!("── {}: {name} passed in {}", self.command, readable(took)),
            Err(error) => eprintln!("── {}: {name} FAILED after {}: {error:#}", self.command, readable(took)),
        }
        self.done.push(Step { name: name.to_owned(), took, passed: outcome.is_ok() });
        outcome.is_ok()
    }

    /// Prints the closing line.
    ///
    /// # Errors
    /// A step failed; the error is the closing line.
    pub(crate) fn finish(self) -> Result<()> {
        let total = readable(self.started.elapsed());
        let durations: Vec<_> = self.done.iter().map(|step| format!("{} {}", step.name, readable(step.took))).collect();
        let durations = durations.join(", ");
        let failed: Vec<_> = self.done.iter().filter(|step| !step.passed).map(|step| step.name.as_str()).collect();
        if failed.is_empty() {
            println!("\n{}: all passed in {total} ({durations})", self.command);
            Ok(())
        } else {
            Err(anyhow!("{}: FAILED: {}, after {total} ({durations})", self.command, failed.join(", ")))
        }
    }
}

/// A step beside others: what it printed, and how it went.
pub(crate) type Quietly<'a> = Box<dyn FnOnce() -> (String, Result<()>) + Send + 'a>;

/// The step that runs commands up to the first that fails.
pub(crate) fn one_after_the_other(commands: Vec<Command>) -> Quietly<'static> {
    Box::new(|| {
        let mut all = String::new();
        for mut command in commands {
            let (printed, outcome) = run_quietly(&mut command);
            all.push_str(&printed);
            if outcome.is_err() {
                return (all, outcome);
            }
        }
        (all, Ok(()))
    })
}

/// A duration for people: `0.4 s`, `12.3 s`, `3 min 05 s`.
fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_steps_that_failed() {
        let mut steps = Steps::new("test");
        assert!(steps.run("one", || Ok(())));
        assert!(!steps.run("two", || Err(anyhow!("broken"))));
        let closing_line = steps.finish().map_err(|error| error.to_string());
        assert!(closing_line.is_err_and(|line| line.starts_with("test: FAILED: two, after 0.0 s (one 0.0 s, two")));
    }

    #[test]
    fn runs_rows_beside_each_other_and_a_step_to_its_first_failure() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let folder = std::env::temp_dir();
        let file = |name: &str| folder.join(format!("matricula-steps-{}-{name}", std::process::id()));
        let (met, after) = (file("met"), file("after"));
        let waits =
            format!("for i in $(seq 200); do [ -e {0} ] && exec rm {0}; sleep 0.1; done; exit 1", met.display());
        let mut steps = Steps::new("test");
        steps.beside_each_other(vec![
            vec![
                ("one".to_owned(), one_after_the_other(vec![shell(&waits)])),
                (
                    "two".to_owned(),
                    one_after_the_other(vec![shell("exit 3"), shell(&format!("touch {}", after.display()))]),
                ),
            ],
            vec![("three".to_owned(), one_after_the_other(vec![shell(&format!("touch {}", met.display()))]))],
        ]);
        assert!(!after.exists());
        let closing_line = steps.finish().map_err(|error| error.to_string());
        assert!(closing_line.is_err_and(|line| line.starts_with("test: FAILED: two, after")));
    }

    #[test]
    fn shows_durations_in_seconds_and_minutes() {
        for (milliseconds, text) in [(0, "0.0 s"), (12_340, "12.3 s"), (60_000, "1 min 00 s"), (185_900, "3 min 05 s")]
        {
            assert_eq!(readable(Duration::from_millis(milliseconds)), text);
        }
    }
}
