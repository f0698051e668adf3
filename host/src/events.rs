//! User events of client registration (Keycloak: `CLIENT_REGISTER`, `CLIENT_INFO`, …).

use std::borrow::Cow;

use matricula_contract::Operation;
use matricula_realms::Realm;
use matricula_store::events::Event;
use matricula_store::{clock, ids};

/// Types that are stored when a realm names none.
const DEFAULT_TYPES: [&str; 6] = [
    "CLIENT_REGISTER",
    "CLIENT_REGISTER_ERROR",
    "CLIENT_UPDATE",
    "CLIENT_UPDATE_ERROR",
    "CLIENT_DELETE",
    "CLIENT_DELETE_ERROR",
];

/// A version of a component failed on trial, and the one before was put back.
pub(crate) const COMPONENT_PUT_BACK: &str = "COMPONENT_PUT_BACK";
/// A component is gone, or a part of it, that realms need.
pub(crate) const COMPONENT_REMOVED: &str = "COMPONENT_REMOVED";

/// Every type that this server records: what the list of events can be asked for.
pub(crate) const TYPES: [&str; 10] = [
    COMPONENT_PUT_BACK,
    COMPONENT_REMOVED,
    "CLIENT_REGISTER",
    "CLIENT_REGISTER_ERROR",
    "CLIENT_INFO",
    "CLIENT_INFO_ERROR",
    "CLIENT_UPDATE",
    "CLIENT_UPDATE_ERROR",
    "CLIENT_DELETE",
    "CLIENT_DELETE_ERROR",
];

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
            Operation::Update => "CLIENT_UPDATE",
            Operation::Delete => "CLIENT_DELETE",
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
        let settings = &self.realm.settings;
        let wanted = settings.events_enabled
            && if settings.enabled_event_types.is_empty() {
                DEFAULT_TYPES.contains(&event_type)
            } else {
                settings.enabled_event_types.iter().any(|enabled| enabled == event_type)
            };
        wanted.then(|| Event {
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
