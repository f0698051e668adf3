//! Carries out one delivery: reads the client as it is now, runs the task, stores how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use matricula_contract::connectors::{Abilities, Finished, Loss, PutTask, RemoveTask, Task};
use matricula_contract::secrets;
use matricula_store::StoreError;
use matricula_store::clients::{self, ClientRow};
use matricula_store::deliveries::outcomes::{self, Delivered, Failure};
use matricula_store::deliveries::queue::{self, Due};
use matricula_store::proposals;
use matricula_system::clock;
use matricula_system::random;
use matricula_wasm::connector::ConnectorHandle;

use super::deliveries::Hub;
use super::issuing;
use super::runner::TASK_TIME;
use super::task::{Ended, Reach};

/// How often it starts over when the client changes while it is read, or the target has lost it.
const ATTEMPTS: u32 = 5;
/// How long a call may still take when the server stops.
const LAST_MOMENT: Duration = Duration::from_secs(4);
/// The longest pause between two attempts, in milliseconds.
const LONGEST_MS: i64 = 300_000;

/// What every delivery to a target needs.
pub(super) struct Errand {
    pub(super) hub: Arc<Hub>,
    pub(super) connector: Arc<ConnectorHandle>,
    pub(super) reach: Reach,
}

impl Errand {
    /// Carries out a delivery, and tells those who wait for it.
    pub(super) async fn carry_out(&self, due: Due) {
        let client = due.key.client.clone();
        match self.attempt(due).await {
            // At once: the lane may be looking for what is next.
            Ok(true) => self.hub.waiting.tell(&client),
            // Another node has it.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, target = self.reach.target.name, "what became of a delivery could not be stored");
                // It is due as before, and would be tried again at once.
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }

    async fn attempt(&self, mut due: Due) -> Result<bool, StoreError> {
        let Hub { store, node, .. } = &*self.hub;
        if !due.is_ours && !queue::take(&store.writer, &due.key, node).await? {
            return Ok(false);
        }
        for _ in 0..ATTEMPTS {
            // The client first: if it changes in between, the delivery is of a later state.
            let client = self.client(&due).await?;
            let Some(now) = queue::again(&store.database, &due.key, node).await? else { return Ok(true) };
            if !now.is_ours {
                return Ok(false);
            }
            if !now.present {
                self.remove(&now).await?;
                return Ok(true);
            }
            let Some(client) = client.filter(|client| client.generation == now.generation) else {
                due = now;
                continue;
            };
            if self.put(&now, client).await? {
                return Ok(true);
            }
        }
        // It changes all the time: another time.
        outcomes::given_back(&store.writer, &due.key, node).await?;
        Ok(false)
    }

    /// The client in the state that is due, as it is now or is proposed to be.
    async fn client(&self, due: &Due) -> Result<Option<ClientRow>, StoreError> {
        let (database, key) = (&self.hub.store.database, &due.key);
        let found = clients::by_id(database, &key.realm_id, &key.client).await?;
        if !due.present || found.as_ref().is_some_and(|client| client.generation == due.generation) {
            return Ok(found);
        }
        Ok(proposals::by_id(database, &key.realm_id, &key.client).await?.or(found))
    }

    /// Makes the target's client equal to this one; `false`: the target has lost what it had, once more from the
    /// beginning.
    async fn put(&self, due: &Due, row: ClientRow) -> Result<bool, StoreError> {
        let Hub { store, node, .. } = &*self.hub;
        let (generation, secrets_version) = (row.generation, row.secrets_version);
        let mut client = row.client.clone();
        let has_secrets = client.secret.is_some() || client.attributes.iter().any(|one| secrets::is_key(&one.name));
        if due.delivered_secrets == Some(secrets_version) {
            client.secret = None;
            client.attributes.retain(|attribute| !secrets::is_key(&attribute.name));
        }
        let task = Task::Put(PutTask {
            client,
            generation: generation.unsigned_abs(),
            known: due.known.clone(),
            adopt: due.adopts,
        });
        let Some(ended) = self.run(&task).await else {
            outcomes::given_back(&store.writer, &due.key, node).await?;
            return Ok(true);
        };
        match ended {
            Ended::Finished(finished) => {
                let secrets = has_secrets.then_some(secrets_version);
                let with_issued = issuing::with_issued(&row, finished.issued.as_ref());
                let delivered = self.delivered(generation, secrets, finished);
                match with_issued {
                    Some(client) => issuing::store(&self.hub, &due.key, &delivered, &client).await?,
                    None => outcomes::delivered(&store.writer, &due.key, node, &delivered).await?,
                }
                self.count("delivered");
            }
            Ended::Missing if due.known.is_some() => {
                outcomes::missing(&store.writer, &due.key, node).await?;
                return Ok(false);
            }
            other => self.not_done(due, generation, other).await?,
        }
        Ok(true)
    }

    fn delivered(&self, generation: i64, secrets: Option<i64>, finished: Finished) -> Delivered {
        let shows = self.connector.is_able(Abilities::SHOWS) && finished.fingerprint.is_some();
        let shown = finished.shown.iter().map(|one| (one.name.clone(), one.value.clone().into()));
        let shown = serde_json::Value::Object(shown.collect());
        Delivered {
            generation,
            secrets,
            known: finished.known,
            key: finished.key,
            fingerprint: finished.fingerprint,
            shown: shows.then(|| shown.to_string()),
            losses: (!finished.losses.is_empty()).then(|| losses(&finished.losses)),
            drift: shows.then_some("none"),
        }
    }

    /// The target shall not have the client any more.
    async fn remove(&self, due: &Due) -> Result<(), StoreError> {
        let Hub { store, node, .. } = &*self.hub;
        let task = Task::Remove(RemoveTask {
            id: due.key.client.clone(),
            client_id: due.client_id.clone(),
            generation: due.generation.unsigned_abs(),
            known: due.known.clone(),
        });
        let Some(ended) = self.run(&task).await else {
            return outcomes::given_back(&store.writer, &due.key, node).await;
        };
        match ended {
            Ended::Finished(_) | Ended::Missing => {
                self.count("delivered");
                outcomes::removed(&store.writer, &due.key, node, due.generation).await
            }
            other => self.not_done(due, due.generation, other).await,
        }
    }

    /// Runs a task; `None`: the server stops, and the task is somebody else's.
    async fn run(&self, task: &Task) -> Option<Ended> {
        let deadline = Instant::now() + TASK_TIME;
        let task = self.hub.runner.run(&self.connector, &self.reach, task, deadline);
        tokio::select! {
            ended = task => Some(ended),
            () = async { self.hub.stopping.begun().await; tokio::time::sleep(LAST_MOMENT).await } => None,
        }
    }

    fn count(&self, outcome: &'static str) {
        self.hub.runner.figures.delivered(&self.reach.realm.name, &self.reach.target.name, outcome);
    }

    async fn not_done(&self, due: &Due, generation: i64, ended: Ended) -> Result<(), StoreError> {
        let Hub { store, node, .. } = &*self.hub;
        self.count(match &ended {
            Ended::Refused(_) | Ended::Gone(_) | Ended::Foreign(_) => "refused",
            Ended::Failed(failed) if failed.retry_after.is_some() => "waited",
            _ => "failed",
        });
        let refused = |message: String, pauses| async move {
            outcomes::refused(&store.writer, due, node, generation, &message, pauses).await
        };
        match ended {
            Ended::Refused(violation) => refused(violation.message, false).await,
            Ended::Gone(message) => {
                refused(message, true).await?;
                self.hub.realms.changed(&self.reach.realm.name);
                Ok(())
            }
            Ended::Foreign(_) => refused(foreign(&due.client_id), false).await,
            Ended::Failed(failed) => {
                let asked = failed.retry_after.map(|pause| i64::try_from(pause.as_millis()).unwrap_or(LONGEST_MS));
                let now = clock::now_ms();
                let failure = Failure {
                    message: &failed.message,
                    again_ms: now + asked.unwrap_or_else(|| pause_ms(due.attempts)),
                    pause_until_ms: asked.filter(|_| failed.whole_target).map(|pause| now + pause),
                };
                outcomes::failed(&store.writer, &due.key, node, &failure).await
            }
            Ended::Finished(_) | Ended::Missing | Ended::Page(_) | Ended::Ready(_) => {
                let message = "The connector ended with something else than it was asked for";
                let failure =
                    Failure { message, again_ms: clock::now_ms() + pause_ms(due.attempts), pause_until_ms: None };
                outcomes::failed(&store.writer, &due.key, node, &failure).await
            }
        }
    }
}

/// What a client of the target's own is met with.
pub(super) fn foreign(client_id: &str) -> String {
    format!("The target has a client '{client_id}' that is not ours; adopt it")
}

/// Losses as they are stored.
pub(super) fn losses(losses: &[Loss]) -> String {
    shown_losses(losses).to_string()
}

/// Losses as they are shown.
pub(super) fn shown_losses(losses: &[Loss]) -> serde_json::Value {
    let losses = losses.iter().map(|loss| {
        let mut shown = serde_json::json!({ "field": loss.field, "value": loss.value, "message": loss.message });
        if let (Some(becomes), Some(members)) = (&loss.becomes, shown.as_object_mut()) {
            members.insert("becomes".to_owned(), becomes.clone().into());
        }
        shown
    });
    serde_json::Value::Array(losses.collect())
}

/// The pause after so many attempts in vain: a second, doubled each time up to five minutes, and up to a fifth more or
/// less, so that what failed together does not come back together.
fn pause_ms(attempts: i64) -> i64 {
    let doubled = 1000_i64.checked_shl(u32::try_from(attempts).unwrap_or(9).min(9)).unwrap_or(LONGEST_MS);
    let pause = doubled.min(LONGEST_MS);
    let [byte] = random::bytes();
    pause * (80 + i64::from(byte) % 41) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        for (attempts, usual) in [(0, 1000), (1, 2000), (3, 8000), (8, 256_000), (9, 300_000), (1_000_000, 300_000)] {
            let pause = pause_ms(attempts);
            assert!((usual * 4 / 5..=usual * 6 / 5).contains(&pause), "{attempts}: {pause}");
        }
    }
}
