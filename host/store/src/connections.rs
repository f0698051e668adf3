//! A few connections to PostgreSQL, opened when they are first needed and shared by those who read.
//!
//! It stands in for sqlx's own pool, which asks the database for a sign of life whenever a connection comes back: as
//! much work as many of our statements.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::StoreError;
use super::plans::PlannedConnection;

/// How long a request waits for a connection, and again for an answer over it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How many connections take groups of one kind, reads or writes, at the same time: one for four cores. The fewer there
/// are, the larger their groups, and the less each part of a group costs.
pub(super) fn lanes() -> usize {
    (available_parallelism().map_or(1, NonZero::get) / 4).clamp(1, 8)
}

/// Up to a number of connections.
pub struct Connections {
    options: PgConnectOptions,
    free: Semaphore,
    most: usize,
    /// Open and unused, the most recently used last.
    idle: Mutex<Vec<PlannedConnection>>,
    unreachable: AtomicBool,
    /// How often the database was found gone: connections of before are dead.
    losses: AtomicU64,
}

/// A connection in use. It is closed when it is dropped without [`Taken::give_back`].
pub(super) struct Taken<'a> {
    pub(super) connection: PlannedConnection,
    home: &'a Connections,
    losses: u64,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    /// At most `most` connections; none is opened yet.
    pub(super) fn new(options: PgConnectOptions, most: usize) -> Connections {
        Connections {
            options,
            free: Semaphore::new(most),
            most,
            idle: Mutex::default(),
            unreachable: AtomicBool::new(false),
            losses: AtomicU64::new(0),
        }
    }

    /// A connection for the caller alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: at once while the database is known to be unreachable, else when it cannot be
    /// connected to, or when all connections stay in use for too long.
    pub(super) async fn take(&self) -> Result<Taken<'_>, StoreError> {
        self.check()?;
        let permit = timeout(PATIENCE, self.free.acquire()).await;
        let permit =
            permit.ok().and_then(Result::ok).ok_or_else(|| unavailable("every connection to it stays in use"))?;
        self.check()?;
        let losses = self.losses();
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => PlannedConnection::new(self.open().await?),
        };
        Ok(Taken { connection, home: self, losses, _permit: permit })
    }

    /// How to connect.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A new connection that is not counted among these.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be connected to.
    pub(super) async fn open(&self) -> Result<PgConnection, StoreError> {
        match timeout(PATIENCE, PgConnection::connect_with(&self.options)).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(unavailable("it accepts no connection")),
        }
    }

    /// A new connection, not counted among these, for statements that find each row by its key: they use an index,
    /// however small or new the table was when they were planned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be connected to.
    pub(super) async fn open_for_keys(&self) -> Result<PlannedConnection, StoreError> {
        let mut connection = self.open().await?;
        // One plan serves every call: for arrays the planner would else think anew each time, which costs more than
        // finding the rows.
        let plans = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; \
                     SET plan_cache_mode = force_generic_plan";
        match timeout(PATIENCE, sqlx::raw_sql(plans).execute(&mut connection)).await {
            Ok(done) => done?,
            Err(_) => return Err(unavailable("it gives no answer")),
        };
        Ok(PlannedConnection::new(connection))
    }

    /// How many are in use, and how many may be.
    pub(super) fn used(&self) -> (usize, usize) {
        (self.most.saturating_sub(self.free.available_permits()), self.most)
    }

    /// Fails while the database is known to be unreachable.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.unreachable.load(Ordering::Relaxed) { Err(unavailable("it is known to be gone")) } else { Ok(()) }
    }

    /// How often the database was found gone so far.
    pub(super) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// The database is gone: whoever asks is told so at once, until [`Connections::found`].
    pub(super) fn lost(&self) {
        self.unreachable.store(true, Ordering::Relaxed);
        self.drop_idle();
    }

    /// The database answers again.
    pub(super) fn found(&self) {
        self.unreachable.store(false, Ordering::Relaxed);
    }

    /// Closes what is unused, and makes others close what they have when they are done.
    pub(super) fn drop_idle(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PlannedConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// The connection works and may be used by others.
    pub(super) fn give_back(self) {
        let mut idle = self.home.idle();
        if self.losses == self.home.losses() {
            idle.push(self.connection);
        }
    }
}

/// Why a question has no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The connection had died before. What only reads may be asked again.
    #[error("the connection was lost")]
    OldConnection,
    #[error(transparent)]
    Failed(#[from] StoreError),
}

impl From<Unanswered> for StoreError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::OldConnection => unavailable("the connection was lost"),
            Unanswered::Failed(error) => error,
        }
    }
}

pub(super) fn unavailable(detail: &str) -> StoreError {
    StoreError::Unavailable(detail.to_owned())
}
