//! What a sweep waits for: answers of its target, and deliveries that it made due.

use std::collections::HashMap;
use std::time::Duration;

use matricula_contract::connectors::Task;
use matricula_store::StoreError;
use matricula_store::deliveries::compared::{self, Progress};
use tokio::time::Instant;

use super::{Stop, Sweep};
use crate::targets::runner::TASK_TIME;
use crate::targets::task::Ended;

/// Tries of a task when the target asks for pauses.
const TRIES: usize = 4;
/// The longest pause that a sweep makes.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long it waits for deliveries when nothing goes on.
const PATIENCE: Duration = TASK_TIME;
/// The longest time between two looks at deliveries.
const LOOK: Duration = Duration::from_millis(200);

impl Sweep {
    /// How a task ended that only looks. Pauses that the target asks for are made.
    pub(super) async fn ask(&self, task: &Task) -> Result<Ended, Stop> {
        let runner = self.deliveries.runner();
        for tries in 1..=TRIES {
            let deadline = std::time::Instant::now() + TASK_TIME;
            match runner.run(&self.connector, &self.reach, task, deadline).await {
                Ended::Failed(failed) => match failed.retry_after.filter(|pause| *pause <= LONGEST_PAUSE) {
                    Some(pause) if tries < TRIES => tokio::time::sleep(pause).await,
                    _ => return Err(Stop::Target(failed.message)),
                },
                Ended::Gone(words) => return Err(Stop::Target(words)),
                ended => return Ok(ended),
            }
        }
        Err(Stop::nonsense())
    }

    /// Waits until what became due is done, or nothing goes on any more; how far each is that is not gone.
    pub(super) async fn settled(&self, clients: &[&str]) -> Result<HashMap<String, Progress>, StoreError> {
        if clients.is_empty() {
            return Ok(HashMap::new());
        }
        self.deliveries.wake(&self.key.realm_id);
        let (mut open, mut since, mut pause) = (usize::MAX, Instant::now(), Duration::from_millis(10));
        loop {
            let progress =
                compared::progress(&self.store().database, &self.key.realm_id, &self.key.target, clients).await?;
            let still_open = progress.values().filter(|one| **one == Progress::Open).count();
            if still_open < open {
                (open, since) = (still_open, Instant::now());
            }
            if open == 0 || since.elapsed() > PATIENCE {
                return Ok(progress);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK);
        }
    }
}
