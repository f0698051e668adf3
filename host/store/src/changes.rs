//! What other nodes changed: how a node that shares its database hears of it.
//!
//! Triggers on the tables that nodes keep in memory count each change and announce it (NOTIFY), see
//! `migrations/postgres/0001_realms.sql`. A node listens, and compares the count with its own five times a second: so it
//! notices an announcement that it missed, and whether the database is there at all.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::StoreError;
use super::connections::Connections;

/// The name of the announcements.
const CHANNEL: &str = "matricula_changes";
/// How often the count is compared.
const EVERY: Duration = Duration::from_millis(200);
/// How long the database may take to answer here before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is not any more as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something of the realm with this id: settings, client scopes, policies, keys.
    Realm(String),
    /// Uploaded components, or which of their versions decide.
    Components,
    /// Anything: announcements may have been missed.
    Everything,
}

/// Tells of every change from now on, until the process ends. Requests fail at once while the database is gone.
pub(super) fn follow(connections: Arc<Connections>, tell: impl Fn(Change) + Send + Sync + 'static) {
    tokio::spawn(async move {
        let mut gone = false;
        loop {
            match Listening::start(&connections).await {
                Ok(listening) => {
                    if gone {
                        tracing::info!("the database is back");
                    }
                    gone = false;
                    connections.found();
                    tell(Change::Everything);
                    let error = listening.listen(&connections, &tell).await;
                    tracing::warn!(%error, "the connection that listens for changes was lost");
                    connections.drop_idle();
                }
                Err(error) => {
                    if !gone {
                        tracing::error!(%error, "the database is gone");
                    }
                    gone = true;
                    connections.lost();
                    sleep(EVERY).await;
                }
            }
        }
    });
}

/// A connection that hears announcements.
struct Listening {
    listener: PgListener,
    /// The number of the last change that was told.
    seen: i64,
}

impl Listening {
    async fn start(connections: &Connections) -> Result<Listening, StoreError> {
        let connect = async {
            // The listener wants a pool of sqlx's to take its one connection from.
            let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(connections.options().clone());
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await?;
            let seen = count(&mut listener).await?;
            Ok::<_, sqlx::Error>(Listening { listener, seen })
        };
        Ok(timeout(PATIENCE, connect).await.map_err(|_| no_answer())??)
    }

    /// Tells what it hears until the connection is lost, and why that was.
    async fn listen(mut self, connections: &Connections, tell: &impl Fn(Change)) -> StoreError {
        let mut next = Instant::now() + EVERY;
        loop {
            match timeout_at(next, self.listener.try_recv()).await {
                Ok(Ok(Some(announced))) => tell(self.heard(announced.payload())),
                Ok(Ok(None)) => return StoreError::Unavailable("the connection was closed".to_owned()),
                Ok(Err(error)) => return error.into(),
                Err(_) => {
                    next = Instant::now() + EVERY;
                    match timeout(PATIENCE, count(&mut self.listener)).await {
                        Ok(Ok(number)) if number == self.seen => {}
                        Ok(Ok(number)) => {
                            self.seen = number;
                            tell(Change::Everything);
                        }
                        Ok(Err(error)) => return error.into(),
                        // A closed connection says little; no answer says that nobody else gets one.
                        Err(_) => {
                            connections.lost();
                            return no_answer();
                        }
                    }
                }
            }
        }
    }

    /// An announcement: the number of the change, a blank, the realm's id; without one it is about components.
    fn heard(&mut self, announcement: &str) -> Change {
        let parsed = announcement.split_once(' ').and_then(|(number, id)| Some((number.parse::<i64>().ok()?, id)));
        let Some((number, id)) = parsed else { return Change::Everything };
        let missed = number > self.seen + 1;
        self.seen = self.seen.max(number);
        match id {
            _ if missed => Change::Everything,
            "" => Change::Components,
            realm => Change::Realm(realm.to_owned()),
        }
    }
}

/// The number of changes up to now.
async fn count(listener: &mut PgListener) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT number FROM change_counter").fetch_one(listener).await
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("it gives no answer".to_owned())
}
