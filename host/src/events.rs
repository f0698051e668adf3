//! User events of client registration (Keycloak: `CLIENT_REGISTER`, `CLIENT_INFO`, …).

use std::borrow::Cow;

use matricula_contract::Operation;
use matricula_realms::Realm;
use matricula_store::events::Event;
use matricula_system::{clock, ids};

/// Types that are stored when a realm names none.
const DEFAULT_TYPES: [&str; 14] = [
    TARGET_CREATE,
    TARGET_UPDATE,
    TARGET_DELETE,
    TARGET_FORGET,
    TARGET_SWEEP,
    TARGET_ADOPT,
    CLIENT_HIBERNATE,
    CLIENT_REVIVE,
    "CLIENT_REGISTER",
    "CLIENT_REGISTER_ERROR",
    CLIENT_UPDATE,
    "CLIENT_UPDATE_ERROR",
    CLIENT_DELETE,
    "CLIENT_DELETE_ERROR",
];

/// A version of a component failed on trial, and the one before was put back.
pub(crate) const COMPONENT_PUT_BACK: &str = "COMPONENT_PUT_BACK";
/// A component is gone, or a part of it, that realms need.
pub(crate) const COMPONENT_REMOVED: &str = "COMPONENT_REMOVED";

/// What administrators do with targets.
pub(crate) const TARGET_CREATE: &str = "TARGET_CREATE";
pub(crate) const TARGET_UPDATE: &str = "TARGET_UPDATE";
pub(crate) const TARGET_DELETE: &str = "TARGET_DELETE";
/// A client that left was forgotten, though a target may still have it.
pub(crate) const TARGET_FORGET: &str = "TARGET_FORGET";
/// A target is swept, and what is found put right.
pub(crate) const TARGET_SWEEP: &str = "TARGET_SWEEP";
/// A client that a target had before became ours.
pub(crate) const TARGET_ADOPT: &str = "TARGET_ADOPT";

/// A client was changed.
pub(crate) const CLIENT_UPDATE: &str = "CLIENT_UPDATE";
/// A client was deleted.
pub(crate) const CLIENT_DELETE: &str = "CLIENT_DELETE";
/// A client was put to sleep, or came back.
pub(crate) const CLIENT_HIBERNATE: &str = "CLIENT_HIBERNATE";
pub(crate) const CLIENT_REVIVE: &str = "CLIENT_REVIVE";

/// Every type that this server records: what the list of events can be asked for.
pub(crate) const TYPES: [&str; 18] = [
    COMPONENT_PUT_BACK,
    COMPONENT_REMOVED,
    TARGET_CREATE,
    TARGET_UPDATE,
    TARGET_DELETE,
    TARGET_FORGET,
    TARGET_SWEEP,
    TARGET_ADOPT,
    CLIENT_HIBERNATE,
    CLIENT_REVIVE,
    "CLIENT_REGISTER",
    "CLIENT_REGISTER_ERROR",
    "CLIENT_INFO",
    "CLIENT_INFO_ERROR",
    CLIENT_UPDATE,
    "CLIENT_UPDATE_ERROR",
    CLIENT_DELETE,
    "CLIENT_DELETE_ERROR",
];

/// What an administrator did with a target, if the realm stores it; without secrets.
pub(crate) fn of_target(
    event_type: &'static str,
    realm: &Realm,
    address: &str,
    details: &[(&str, &str)],
) -> Option<Event> {
    is_wanted(realm, event_type)
        .then(|| Event { ip_address: address.to_owned(), ..Event::of_component(event_type, &realm.id, details) })
}

/// What became of a client in the course of its life, if the realm stores it.
pub(crate) fn of_life(
    event_type: &'static str,
    realm: &Realm,
    client_id: &str,
    address: &str,
    details: &[(&str, &str)],
) -> Option<Event> {
    is_wanted(realm, event_type).then(|| {
        let event = Event::of_component(event_type, &realm.id, details);
        Event {
            client_id: Some(client_id.to_owned()),
            ip_address: address.to_owned(),
            details: event.details.filter(|details| !details.is_empty()),
            ..event
        }
    })
}

/// What an event is about, before it is known whether the realm wants it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) realm: &'a Realm,
    pub(crate) operation: Operation,
    pub(crate) address: &'a str,
    pub(crate) client_id: Option<&'a str>,
}

impl Subject<'_> {
    /// The event of a success, if the realm stores it.
    pub(crate) fn success(&self) -> Option<Event> {
        self.event(match self.operation {
            Operation::Register => "CLIENT_REGISTER",
            Operation::Read => "CLIENT_INFO",
            Operation::Update => CLIENT_UPDATE,
            Operation::Delete => CLIENT_DELETE,
        })
    }

    /// The event of a refusal, if the realm stores it.
    pub(crate) fn error(&self, error: &str, details: &[(&str, &str)]) -> Option<Event> {
        let mut event = self.event(match self.operation {
            Operation::Register => "CLIENT_REGISTER_ERROR",
            Operation::Read => "CLIENT_INFO_ERROR",
            Operation::Update => "CLIENT_UPDATE_ERROR",
            Operation::Delete => "CLIENT_DELETE_ERROR",
        })?;
        event.error = Some(error.to_owned());
        if !details.is_empty() {
            event.details =
                Some(details.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        }
        Some(event)
    }

    fn event(&self, event_type: &'static str) -> Option<Event> {
        is_wanted(self.realm, event_type).then(|| Event {
            id: ids::fresh(),
            time: clock::now_ms(),
            event_type: Cow::Borrowed(event_type),
            realm_id: self.realm.id.clone(),
            client_id: self.client_id.map(str::to_owned),
            ip_address: self.address.to_owned(),
            error: None,
            details: None,
        })
    }
}

/// Whether a realm stores events of this type.
fn is_wanted(realm: &Realm, event_type: &str) -> bool {
    let settings = &realm.settings;
    settings.events_enabled
        && if settings.enabled_event_types.is_empty() {
            DEFAULT_TYPES.contains(&event_type)
        } else {
            settings.enabled_event_types.iter().any(|enabled| enabled == event_type)
        }
}
