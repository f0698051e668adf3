//! New clients and changes of clients that some target must take: they are proposed to the targets, and stored when those
//! have taken them. Else nothing of them stays: what reached another target is removed there, or put back.

use std::sync::Arc;
use std::time::Duration;

use matricula_realms::Realm;
use matricula_store::clients::{self, ClientRow};
use matricula_store::deliveries::Carrier;
use matricula_store::{Lost, Store, StoreError, Write, proposals};
use tokio::time::Instant;

use super::deliveries::Deliveries;
use super::waiting::{LOOK, Pending, Verdict};

/// How long a change waits for another one of the same client: longer than any target is waited for.
const TURN: Duration = Duration::from_secs(15);

/// Why a proposal came to nothing.
#[derive(Debug)]
pub(crate) enum Untaken {
    /// A target that must take it never does.
    Refused {
        /// Its name.
        target: String,
        /// Its words.
        message: String,
    },
    /// A target that must take it did not in time; it is tried again in so many seconds.
    Late {
        /// Its name.
        target: String,
        /// Seconds.
        again: u64,
    },
    /// It could not be stored.
    Store(StoreError),
}

impl From<StoreError> for Untaken {
    fn from(error: StoreError) -> Untaken {
        Untaken::Store(error)
    }
}

/// What is proposed.
enum Kind {
    New,
    Change,
}

impl Deliveries {
    /// Whether some target of the realm must take each client.
    pub(crate) fn any_must_take(&self, realm: &Realm) -> bool {
        realm.targets.iter().any(|target| target.is_asked() && self.must_take(target))
    }

    /// Whether some target of the realm may refuse a new client. One that waits for an administrator goes nowhere yet.
    pub(crate) fn may_refuse(&self, realm: &Realm, client: &ClientRow) -> bool {
        !client.is_held() && self.any_must_take(realm)
    }

    /// The same for another state of a client. One that disables it, lets it hibernate or revives it is never refused for
    /// a target.
    pub(crate) fn may_refuse_change(&self, realm: &Realm, client: &ClientRow) -> bool {
        client.enabled() && !client.read_asleep && client.hibernation.is_none() && self.may_refuse(realm, client)
    }

    /// Waits until no change of this client is proposed to targets that must take it; `true`: there was one.
    pub(crate) async fn waited_for_turn(&self, realm: &Realm, client: &str) -> Result<bool, StoreError> {
        if !self.any_must_take(realm) {
            return Ok(false);
        }
        let told = self.hub().waiting.of(client);
        let until = Instant::now() + TURN;
        let mut waited = false;
        while Instant::now() < until {
            let changed = told.notified();
            tokio::pin!(changed);
            // From here on nothing is missed.
            changed.as_mut().enable();
            if !proposals::is_proposed(&self.hub().store.database, &realm.id, client).await? {
                break;
            }
            waited = true;
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(waited)
    }

    /// Proposes a new client, which the write counts, to the targets.
    pub(crate) fn propose(&self, write: &mut Write, realm_id: &str, client: &ClientRow) -> Result<(), StoreError> {
        proposals::insert(write, realm_id, client, self.node(), &self.carrier(true))
    }

    /// Adds a client that some target must take. `first` [proposes](Self::propose) it; `beside` is written with it.
    pub(crate) async fn add(
        &self,
        realm: &Arc<Realm>,
        client: &ClientRow,
        first: Write,
        beside: Write,
    ) -> Result<Pending, Untaken> {
        self.carry_through(Kind::New, realm, client, first, beside).await
    }

    /// Changes a client that some target must take, if it still is as it was read ([`Lost::Changed`]). `beside` is written
    /// with the new state.
    pub(crate) async fn change(
        &self,
        realm: &Arc<Realm>,
        client: &ClientRow,
        beside: Write,
    ) -> Result<Pending, Untaken> {
        let mut first = Write::default();
        proposals::changes::propose(&mut first, &realm.id, client, self.node(), &self.carrier(true))?;
        self.carry_through(Kind::Change, realm, client, first, beside).await
    }

    /// Goes on though the caller does not wait any more: what is proposed must be ended.
    async fn carry_through(
        &self,
        kind: Kind,
        realm: &Arc<Realm>,
        client: &ClientRow,
        first: Write,
        beside: Write,
    ) -> Result<Pending, Untaken> {
        self.hub().store.writer.write(first).await?;
        let (deliveries, realm, client) = (self.clone(), Arc::clone(realm), client.clone());
        let ended = tokio::spawn(async move { deliveries.ended(&kind, &realm, &client, beside).await });
        ended.await.map_err(|_| StoreError::Unavailable("a proposal was given up".to_owned()))?
    }

    async fn ended(&self, kind: &Kind, realm: &Realm, client: &ClientRow, beside: Write) -> Result<Pending, Untaken> {
        let store = &self.hub().store;
        let untaken = match self.decided(realm, &client.id, true).await {
            Verdict::Taken(pending) => {
                let mut write = Write::default();
                match kind {
                    Kind::New => proposals::confirm(&mut write, &realm.id, client),
                    Kind::Change => proposals::changes::confirm(&mut write, &realm.id, client),
                }
                write.append(beside);
                match store.writer.write(write).await {
                    Ok(()) => {
                        self.hub().waiting.tell(&client.id);
                        return Ok(pending);
                    }
                    Err(error) => Untaken::Store(error),
                }
            }
            Verdict::Refused { target, message } => Untaken::Refused { target, message },
            Verdict::Late { target, again } => Untaken::Late { target, again },
        };
        if let Err(error) = withdraw(store, &realm.id, &client.id, &self.carrier(false)).await {
            tracing::error!(%error, "what a target did not take could not be withdrawn yet");
        }
        self.hub().waiting.tell(&client.id);
        self.changed(&realm.id).await;
        Err(untaken)
    }
}

/// Ends what is proposed of a client, if that has not ended.
pub(super) async fn withdraw(store: &Store, realm_id: &str, id: &str, carrier: &Carrier) -> Result<(), StoreError> {
    let mut write = Write::default();
    match clients::by_id(&store.database, realm_id, id).await? {
        Some(client) => proposals::changes::withdraw(&mut write, realm_id, &client, carrier),
        None => proposals::withdraw(&mut write, realm_id, id, carrier),
    }
    match store.writer.write(write).await {
        Ok(()) | Err(StoreError::Lost(Lost::Changed)) => Ok(()),
        Err(error) => Err(error),
    }
}
