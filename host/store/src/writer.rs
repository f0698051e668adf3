//! The grouped writer: many writes, one transaction, one flush to disk.
//!
//! A write is a list of statements that hold together: all or none of them is stored. What waits is taken into one
//! transaction, at most [`GROUP`] writes. A group is run at once; when one of its writes loses, the transaction is taken
//! back and the group is run again with each write behind a savepoint, so that the others are stored. A write is answered
//! after the commit, so what was acknowledged is on disk.

mod count;
pub(super) mod postgres;
pub(super) mod sqlite;

use std::sync::Arc;
use std::time::Instant;

use matricula_contract::trace_target::TARGET;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, info_span};

pub(crate) use count::Count;

use super::figures::Figures;
use super::followers::Followers;
use super::{Database, Lost, StoreError, Value};

/// Writes in one transaction at most. PostgreSQL keeps track of up to 64 savepoints cheaply.
const GROUP: usize = 64;
/// Writes that may wait; more are refused as [`StoreError::Unavailable`].
const QUEUE: usize = 1024;

/// One statement of a write.
struct Statement {
    sql: &'static str,
    values: Vec<Value>,
    /// What it means when the statement changes no row; absent: nothing.
    otherwise: Option<Lost>,
    /// Of several such statements that name the same row only one finds it.
    only_one: bool,
    /// What it does is of this write alone: no other one of its group touches the same rows.
    apart: bool,
}

/// Statements that are stored together or not at all.
#[derive(Default)]
pub struct Write {
    /// Comes before the statements.
    count: Option<Count>,
    statements: Vec<Statement>,
}

impl Write {
    /// Adds a statement that may change any number of rows.
    pub fn run(&mut self, sql: &'static str, values: Vec<Value>) {
        self.statements.push(Statement { sql, values, otherwise: None, only_one: false, apart: false });
    }

    /// Adds a statement that must change a row: if it does not, the whole write is lost for this reason.
    pub fn require(&mut self, sql: &'static str, values: Vec<Value>, otherwise: Lost) {
        self.statements.push(Statement { sql, values, otherwise: Some(otherwise), only_one: false, apart: false });
    }

    /// Adds an `UPDATE table SET … WHERE …` or `DELETE FROM table WHERE …` that must change the one row it names, and
    /// after which the same statement would not find that row again: as by a version that each change raises.
    pub fn replace(&mut self, sql: &'static str, values: Vec<Value>, otherwise: Lost) {
        self.statements.push(Statement { sql, values, otherwise: Some(otherwise), only_one: true, apart: false });
    }

    /// Adds an `UPDATE table SET … WHERE …` or an `INSERT INTO table … SELECT … FROM … WHERE …` that may change any number
    /// of rows, none of which another write changes that could be stored together with this one.
    pub(crate) fn run_apart(&mut self, sql: &'static str, values: Vec<Value>) {
        self.statements.push(Statement { sql, values, otherwise: None, only_one: false, apart: true });
    }

    /// Counts a client of a realm, before anything else of this write is done: whoever changes that number does it
    /// first, so that nobody waits for each other. A write counts once, and [`Value::Generation`] is of that realm.
    pub(super) fn count(&mut self, count: Count) {
        self.count = Some(count);
    }

    /// Adds the statements of another write, which counts nothing, behind these.
    pub fn append(&mut self, other: Write) {
        self.statements.extend(other.statements);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.count.is_none()
    }

    /// Everything, as statements that stand for this write alone.
    fn alone(&self) -> impl Iterator<Item = &Statement> + Clone {
        self.count.iter().flat_map(|count| &count.alone).chain(&self.statements)
    }
}

/// A write that waits, and where its answer goes.
struct Job {
    write: Write,
    answer: Answer,
}

/// Where the answer to a write goes, and who is told when it is stored.
struct Answer {
    caller: oneshot::Sender<Result<(), StoreError>>,
    /// The realm whose clients it changes.
    changed: Option<String>,
    followers: Followers,
}

/// Answers a write. A caller that went away needs no answer; what it asked for is stored all the same.
fn tell(answer: Answer, result: Result<(), StoreError>) {
    if let Some(realm_id) = answer.changed.filter(|_| result.is_ok()) {
        answer.followers.changed(&realm_id);
    }
    let _ = answer.caller.send(result);
}

/// The way to the tasks that write. They end when every `Writer` is gone.
#[derive(Clone)]
pub struct Writer {
    database: Database,
    queue: mpsc::Sender<Job>,
    /// Those who wait for changes of clients.
    pub(super) followers: Followers,
    /// What became of writes.
    pub figures: Arc<Figures>,
}

impl Writer {
    /// Stores a write and returns when it is on disk.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when a statement that must change a row did not; [`StoreError::Unavailable`] when the
    /// database fails, is known to be gone, or too many writes wait. Of a write whose connection broke nobody can say
    /// whether it was stored.
    pub async fn write(&self, write: Write) -> Result<(), StoreError> {
        if write.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let result = self.queued(write).instrument(info_span!(target: TARGET, "store write")).await;
        self.figures.written(&result, began.elapsed());
        result
    }

    async fn queued(&self, write: Write) -> Result<(), StoreError> {
        self.database.check()?;
        let (caller, answered) = oneshot::channel();
        let changed = write.count.as_ref().map(|count| count.realm_id.clone());
        let answer = Answer { caller, changed, followers: self.followers.clone() };
        self.queue
            .try_send(Job { write, answer })
            .map_err(|_| StoreError::Unavailable("too many writes are waiting".to_owned()))?;
        answered.await.map_err(|_| StoreError::Unavailable("the writer has stopped".to_owned()))?
    }

    /// Writes in the queue, and how many there may be.
    pub fn queue(&self) -> (usize, usize) {
        let most = self.queue.max_capacity();
        (most - self.queue.capacity(), most)
    }
}

#[cfg(test)]
mod tests;
