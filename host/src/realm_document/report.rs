//! What became of the entries of a document: lines as they happen, a file for programs, a summary, and how far it is.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use matricula_store::private_file::PrivateFile;
use serde_json::json;

/// How often the line about the progress is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// An entry of a document.
pub(super) struct Entry<'a> {
    /// The list or object that it is in: `clients`.
    pub(super) member: &'a str,
    /// Its place there, from 0.
    pub(super) index: Option<u64>,
    /// Its `clientId`, or its name; empty: it has none.
    pub(super) name: &'a str,
}

/// What became of an entry, or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It cannot be stored.
    Refused,
    /// Something else is there under its name or id, and stays.
    Conflict,
    /// It is left out, as it means nothing here; the rest of the entry is stored.
    NotRead,
    /// It is stored as it is, and is no value.
    Placeholder,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Refused => "refused",
            Outcome::Conflict => "conflict",
            Outcome::NotRead => "not read",
            Outcome::Placeholder => "placeholder",
        }
    }
}

/// What is told of a part of an entry.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) outcome: Outcome,
    /// The member of the entry; absent: all of it.
    pub(super) field: Option<String>,
    /// Why.
    pub(super) reason: String,
}

/// A note on an entry that was read before there was a report.
pub(super) struct Told {
    /// The list or object that it is in.
    pub(super) member: String,
    /// Its place there, from 0.
    pub(super) index: Option<u64>,
    /// Its name, if it has one.
    pub(super) name: String,
    pub(super) note: Note,
}

/// Counts and tells.
pub(super) struct Report {
    file: Option<BufWriter<PrivateFile>>,
    terminal: bool,
    began: Instant,
    drawn: Instant,
    /// Clients of the document.
    total: u64,
    /// Clients that were stored.
    pub(super) stored: u64,
    /// Clients that were there already.
    pub(super) same: u64,
    refused: u64,
    conflicts: u64,
    not_read: u64,
    placeholders: u64,
}

impl Report {
    /// Nothing was stored yet. Lines for programs go to `file`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn new(file: Option<&Path>, began: Instant, total: u64) -> anyhow::Result<Report> {
        // It can be looked at while it grows.
        let make = |file: &Path| {
            let mut made = PrivateFile::create(file)?;
            made.take_place()?;
            Ok::<_, std::io::Error>(made)
        };
        let file = file.map(|file| make(file).with_context(|| format!("making {}", file.display()))).transpose()?;
        Ok(Report {
            file: file.map(BufWriter::new),
            terminal: std::io::stderr().is_terminal(),
            began,
            drawn: began,
            total,
            stored: 0,
            same: 0,
            refused: 0,
            conflicts: 0,
            not_read: 0,
            placeholders: 0,
        })
    }

    /// Tells what became of an entry. `field` is the member of the entry that it is about.
    pub(super) fn tell(
        &mut self,
        outcome: Outcome,
        entry: &Entry<'_>,
        field: Option<&str>,
        reason: &str,
    ) -> anyhow::Result<()> {
        *match outcome {
            Outcome::Refused => &mut self.refused,
            Outcome::Conflict => &mut self.conflicts,
            Outcome::NotRead => &mut self.not_read,
            Outcome::Placeholder => &mut self.placeholders,
        } += 1;
        let word = outcome.word();
        let index = entry.index.map(|index| format!("[{index}]")).unwrap_or_default();
        let name = if entry.name.is_empty() { String::new() } else { format!(" {:?}", entry.name) };
        let place = field.map(|field| format!("{field}: ")).unwrap_or_default();
        self.clear();
        println!("{word}: {}{index}{name}: {place}{reason}", entry.member);
        if let Some(file) = &mut self.file {
            let line = json!({ "outcome": word, "member": entry.member, "index": entry.index, "name": entry.name,
                "field": field, "reason": reason });
            writeln!(file, "{line}").context("writing the report")?;
        }
        Ok(())
    }

    /// Tells what was noted of an entry.
    pub(super) fn note(&mut self, entry: &Entry<'_>, note: &Note) -> anyhow::Result<()> {
        self.tell(note.outcome, entry, note.field.as_deref(), &note.reason)
    }

    /// Writes how far it is, if somebody looks on and it is time.
    pub(super) fn draw(&mut self) {
        if !self.terminal || self.drawn.elapsed() < EVERY {
            return;
        }
        self.drawn = Instant::now();
        let done = self.stored + self.same + self.refused + self.conflicts;
        let rate = self.rate(done);
        let left = self.total.saturating_sub(done).checked_div(rate).unwrap_or(0);
        let filled = usize::try_from(30 * done / self.total.max(1)).unwrap_or(0).min(30);
        eprint!(
            "\r\x1b[K[{:30}] {done} of {} clients, {rate} a second, {}:{:02} left",
            "#".repeat(filled),
            self.total,
            left / 60,
            left % 60
        );
    }

    /// Takes the line about the progress away.
    fn clear(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }

    /// Clients a second, so far.
    fn rate(&self, done: u64) -> u64 {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        done * 1000 / milliseconds.max(1)
    }

    /// Prints the summary. How many entries were not stored.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn finish(mut self, realm: &str) -> anyhow::Result<u64> {
        self.clear();
        if let Some(file) = &mut self.file {
            file.flush().context("writing the report")?;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        println!(
            "Realm {realm}: {} clients stored, {} were there already; refused: {}, in conflict with others: {}.",
            self.stored, self.same, self.refused, self.conflicts
        );
        if self.not_read + self.placeholders > 0 {
            println!(
                "Left out of what was stored: {}; placeholders that were stored: {}.",
                self.not_read, self.placeholders
            );
        }
        println!("It took {seconds:.1} s: {} clients a second.", self.rate(self.stored + self.same));
        Ok(self.refused + self.conflicts)
    }
}
