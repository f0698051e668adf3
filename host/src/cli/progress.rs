//! A line on the terminal while something takes long: the first compilation of a large component does. Pipes and files
//! get nothing of it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What takes no longer is not worth a line.
const SOON: Duration = Duration::from_millis(300);

/// The line; it goes when this does.
pub(crate) struct Progress {
    done: Option<mpsc::Sender<()>>,
    line: Option<JoinHandle<()>>,
}

impl Progress {
    /// Tells what is being done, and for how long.
    pub(crate) fn of(doing: String) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress { done: None, line: None };
        }
        let (done, waits) = mpsc::channel();
        let line = std::thread::spawn(move || {
            let began = Instant::now();
            let mut next = SOON;
            // The sender is dropped at the end.
            while waits.recv_timeout(next) == Err(RecvTimeoutError::Timeout) {
                next = Duration::from_secs(1);
                let mut terminal = std::io::stderr();
                // A terminal that is gone has no reader.
                let _ = write!(terminal, "\r{doing} … {} s", began.elapsed().as_secs());
                let _ = terminal.flush();
            }
            if began.elapsed() > SOON {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        });
        Progress { done: Some(done), line: Some(line) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.take();
        if let Some(line) = self.line.take() {
            // Whatever became of it, nothing depends on it.
            let _ = line.join();
        }
    }
}
