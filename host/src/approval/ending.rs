//! The end of a registration that comes to nothing: its client goes, and a use of an initial access token is given back.

use matricula_contract::Operation;
use matricula_realms::Realm;
use matricula_store::pending_registrations::{self, PendingRow, PendingState};
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, Store, StoreError, Write, clients, events};

use crate::events::Subject;
use crate::targets::deliveries::Deliveries;

/// Why it comes to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// An administrator refused the client.
    Refused,
    /// Nobody decided in time, or the client was not fetched.
    Expired,
    /// Its caller took it back.
    Cancelled,
    /// The client is gone: an administrator deleted it.
    Deleted,
}

impl End {
    /// The state in which it is remembered; `None`: it is not.
    fn state(self) -> Option<PendingState> {
        match self {
            End::Refused => Some(PendingState::Refused),
            End::Expired => Some(PendingState::Expired),
            End::Cancelled | End::Deleted => None,
        }
    }

    /// `error` of the event; `None`: the deletion had its own.
    fn error(self) -> Option<&'static str> {
        match self {
            End::Refused => Some("access_denied"),
            End::Expired => Some("expired_token"),
            End::Cancelled => Some("cancelled"),
            End::Deleted => None,
        }
    }
}

/// Adds the end of a registration that still is as it was read to the write that removes its client.
/// [`Lost::Changed`] when somebody was faster. `address`: of who ends it.
pub(crate) fn add(write: &mut Write, realm: &Realm, pending: &PendingRow, client_id: &str, end: End, address: &str) {
    match end.state() {
        Some(state) => pending_registrations::change(write, pending, state),
        None => pending_registrations::delete(write, pending),
    }
    pending_registrations::give_back(write, pending);
    let subject = Subject { realm, operation: Operation::Register, address, client_id: Some(client_id) };
    if let Some(event) = end.error().and_then(|error| subject.error(error, &[])) {
        events::insert(write, &realm.id, &event);
    }
}

/// Ends a registration and removes its client, be it approved by now; `false`: somebody was faster.
///
/// # Errors
/// When the database gives no answer.
pub(crate) async fn end(
    store: &Store,
    deliveries: &Deliveries,
    realm: &Realm,
    pending: &PendingRow,
    end: End,
    address: &str,
) -> Result<bool, StoreError> {
    let client = clients::by_id(&store.database, &realm.id, &pending.client).await?;
    let mut write = Write::default();
    match &client {
        Some(client) => {
            clients::delete(&mut write, &realm.id, client, Removal::WITHOUT_TRACE, &deliveries.carrier(false));
            add(&mut write, realm, pending, client.client_id(), end, address);
        }
        None => add(&mut write, realm, pending, &pending.client, End::Deleted, address),
    }
    match store.writer.write(write).await {
        Ok(()) => {
            deliveries.wake(&realm.id);
            Ok(true)
        }
        Err(StoreError::Lost(Lost::Changed)) => Ok(false),
        Err(error) => Err(error),
    }
}
