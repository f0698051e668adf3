//! Lets go what need not be kept any more, beside the requests that add to it: none of them waits for it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::interval;

use super::decisions::{AGE_MS, KEPT, first_id};
use super::{
    Database, StoreError, Write, Writer, client_jobs, pending_registrations, removed_clients, tombstones, values,
};
use matricula_system::clock;

/// How often what is not looked at for a realm is looked at.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Realms that may wait; those that come when there are more are looked at another time.
const QUEUE: usize = 256;
/// Records that go at once, so that writes of requests need not wait long.
const STEP: usize = 100;
/// Records that go in one visit.
const VISIT: i64 = 20_000;

/// The way to the task that trims. It ends when every `Trimmer` is gone.
#[derive(Clone)]
pub struct Trimmer {
    queue: mpsc::Sender<String>,
}

impl Trimmer {
    /// Starts the task.
    pub(super) fn start(database: Database, writer: Writer) -> Trimmer {
        let (queue, mut realms) = mpsc::channel::<String>(QUEUE);
        tokio::spawn(async move {
            let mut looks = interval(EVERY);
            loop {
                tokio::select! {
                    realm_id = realms.recv() => {
                        let Some(realm_id) = realm_id else { break };
                        if let Err(error) = trim(&database, &writer, &realm_id).await {
                            tracing::warn!(%error, "old decision records could not be removed; they go another time");
                        }
                    }
                    _ = looks.tick() => {
                        if let Err(error) = removed_clients::trim(&writer).await {
                            tracing::warn!(%error, "removed clients could not be forgotten; they are another time");
                        }
                        if let Err(error) = pending_registrations::forget(&writer).await {
                            tracing::warn!(%error, "ended registrations could not be forgotten; they are another time");
                        }
                        if let Err(error) = client_jobs::trim(&writer).await {
                            tracing::warn!(%error, "old jobs could not be removed; they go another time");
                        }
                        if let Err(error) = tombstones::trim(&writer).await {
                            tracing::warn!(%error, "tombstones could not be removed; they go another time");
                        }
                    }
                }
            }
        });
        Trimmer { queue }
    }

    /// A realm has a new record with this id, which is stored. Every now and then the realm is looked at for it.
    pub fn added(&self, realm_id: &str, id: &str) {
        // Ids end at random: one in 4,096 ends like this. A visit passes over all that is kept.
        if id.ends_with("000") {
            // Where too many wait, a later record asks again.
            let _ = self.queue.try_send(realm_id.to_owned());
        }
    }
}

/// Removes the records of a realm that are too many or too old.
async fn trim(database: &Database, writer: &Writer, realm_id: &str) -> Result<(), StoreError> {
    let last_kept = database
        .scan(
            "SELECT id FROM decision_records WHERE realm_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
            values![realm_id, KEPT - 1],
        )
        .await?;
    let last_kept: Option<String> = last_kept.first().map(|row| row.get(0)).transpose()?;
    let before = last_kept.unwrap_or_default().max(first_id(clock::now_ms() - AGE_MS));
    let old = database
        .scan(
            "SELECT id FROM decision_records WHERE realm_id = $1 AND id < $2 ORDER BY id LIMIT $3",
            values![realm_id, before, VISIT],
        )
        .await?;
    for step in old.chunks(STEP) {
        let (Some(first), Some(last)) = (step.first(), step.last()) else { break };
        let mut write = Write::default();
        // Both ends: what went before stays in PostgreSQL's index for a while, and is not to be passed over each time.
        write.run(
            "DELETE FROM decision_records WHERE realm_id = $1 AND id >= $2 AND id <= $3",
            values![realm_id, first.get::<String>(0)?, last.get::<String>(0)?],
        );
        writer.write(write).await?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Store, decisions};
    use matricula_system::ids;

    #[tokio::test]
    async fn the_newest_ten_thousand_of_the_last_week_stay() {
        let file = std::env::temp_dir().join(format!("matricula-{}.db", ids::fresh()));
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        let mut write = Write::default();
        let realm = "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $1, TRUE, '{}', 0)";
        write.run(realm, values!["busy"]);
        write.run(realm, values!["quiet"]);
        let days_ago = |days: i64| first_id(clock::now_ms() - days * 24 * 60 * 60 * 1000);
        for (days, number) in (0..10_250).map(|number| (1, number)).chain([(8, 0), (6, 1)]) {
            let id = format!("{}-7000-8000-{number:012}", days_ago(days));
            let realm = if days == 1 { "busy" } else { "quiet" };
            decisions::insert(&mut write, realm, &id, format!("{{\"id\":\"{id}\"}}"), None);
        }
        store.writer.write(write).await.unwrap();
        for realm in ["busy", "quiet"] {
            trim(&store.database, &store.writer, realm).await.unwrap();
        }
        let all = "SELECT id FROM decision_records WHERE realm_id = $1 ORDER BY id";
        let busy = store.database.all(all, values!["busy"]).await.unwrap();
        assert_eq!(busy.len(), 10_000);
        assert!(busy[0].get::<String>(0).unwrap().ends_with("000000000250"));
        let quiet = store.database.all(all, values!["quiet"]).await.unwrap();
        assert_eq!(quiet.len(), 1);
        assert!(quiet[0].get::<String>(0).unwrap() > days_ago(7));
    }
}
