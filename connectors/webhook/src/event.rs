//! A task as an event.

use matricula_policy_sdk::connector::{Task, representation};
use serde_json::{Map, Value, json};

use crate::{Webhook, timestamp};

pub(crate) const PUT: &str = "client.put";
pub(crate) const REMOVE: &str = "client.remove";
pub(crate) const HELD: &str = "client.held";
pub(crate) const PROBE: &str = "probe";

/// The events that an administrator chooses from.
pub(crate) const TYPES: [&str; 3] = [PUT, REMOVE, HELD];

/// What is told.
pub(crate) struct Event<'a> {
    pub(crate) kind: &'static str,
    /// Internal id of the client and its generation.
    about: Option<(&'a str, u64)>,
    /// Members of `data` beside the realm.
    data: Map<String, Value>,
}

impl<'a> Event<'a> {
    /// The event of a task. Absent: there is none, as nothing changes.
    pub(crate) fn of(task: &'a Task) -> Option<Self> {
        let of = |kind, about, data: Value| {
            let data = if let Value::Object(data) = data { data } else { Map::new() };
            Some(Event { kind, about, data })
        };
        match task {
            Task::Put(put) => {
                let id = put.client.id.as_deref().unwrap_or_default();
                let data = json!({
                    "id": id,
                    "clientId": put.client.client_id,
                    "generation": put.generation,
                    "client": representation(&put.client),
                });
                of(PUT, Some((id, put.generation)), data)
            }
            Task::Remove(remove) => {
                let data = json!({"id": remove.id, "clientId": remove.client_id, "generation": remove.generation});
                of(REMOVE, Some((remove.id.as_str(), remove.generation)), data)
            }
            Task::Held(held) => {
                let id = held.client.id.as_deref().unwrap_or_default();
                let data = json!({
                    "id": id,
                    "clientId": held.client.client_id,
                    "name": held.client.name,
                    "reason": held.reason,
                    "decision": held.decision,
                });
                of(HELD, Some((id, held.generation)), data)
            }
            Task::Probe => of(PROBE, None, Value::Null),
            Task::Look(_) | Task::Enumerate(_) => None,
        }
    }

    /// `webhook-id`: the same whenever this event is tried.
    pub(crate) fn id(&self, now: u64) -> String {
        match (self.kind, self.about) {
            // An approval is a generation of its own, but a client may be held anew without one.
            (HELD, Some((id, generation))) => format!("msg_{id}_{generation}_held"),
            (_, Some((id, generation))) => format!("msg_{id}_{generation}"),
            (_, None) => format!("msg_probe_{now}"),
        }
    }

    /// The body.
    pub(crate) fn document(self, webhook: &Webhook) -> Value {
        let mut data = Map::new();
        data.insert("realm".to_owned(), webhook.realm.as_str().into());
        data.insert("realmId".to_owned(), webhook.realm_id.as_str().into());
        data.extend(self.data);
        json!({"type": self.kind, "timestamp": timestamp::utc(webhook.now), "data": data})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Client;
    use matricula_policy_sdk::connector::{HeldTask, PutTask, RemoveTask};

    fn webhook() -> Webhook {
        Webhook { realm: "demo".into(), realm_id: "r-1".into(), now: 1_795_885_200, wanted: Vec::new() }
    }

    fn client(secret: Option<&str>) -> Client {
        let text = |text: &str| Some(text.to_owned());
        Client { id: text("c-1"), client_id: text("app"), secret: secret.and_then(text), ..Client::default() }
    }

    #[test]
    fn a_put_tells_the_client_and_its_secret_only_when_it_is_due() {
        for secret in [Some("s3cret"), None] {
            let task = Task::Put(PutTask { client: client(secret), generation: 3, known: None, adopt: false });
            let event = Event::of(&task).unwrap();
            assert_eq!(event.id(1), "msg_c-1_3");
            let document = event.document(&webhook());
            assert_eq!(document["type"], "client.put");
            assert_eq!(document["timestamp"], "2026-11-28T17:00:00Z");
            let data = &document["data"];
            assert_eq!(
                [&data["realm"], &data["realmId"], &data["id"], &data["clientId"]],
                ["demo", "r-1", "c-1", "app"]
            );
            assert_eq!(data["generation"], 3);
            assert_eq!(data["client"]["clientId"], "app");
            assert_eq!(data["client"].get("secret"), secret.map(Value::from).as_ref());
        }
    }

    #[test]
    fn a_removal_tells_no_client() {
        let task = Task::Remove(RemoveTask { id: "c-1".into(), client_id: "app".into(), generation: 4, known: None });
        let event = Event::of(&task).unwrap();
        assert_eq!(event.id(1), "msg_c-1_4");
        let data = &event.document(&webhook())["data"];
        assert_eq!(*data, json!({"realm": "demo", "realmId": "r-1", "id": "c-1", "clientId": "app", "generation": 4}));
    }

    #[test]
    fn a_held_client_is_told_with_the_reason() {
        let held = HeldTask { client: client(None), generation: 1, reason: "new here".into(), decision: "d-1".into() };
        let task = Task::Held(held);
        let event = Event::of(&task).unwrap();
        assert_eq!(event.id(1), "msg_c-1_1_held");
        let data = &event.document(&webhook())["data"];
        assert_eq!(
            *data,
            json!({"realm": "demo", "realmId": "r-1", "id": "c-1", "clientId": "app", "name": null,
                "reason": "new here", "decision": "d-1"})
        );
    }

    #[test]
    fn a_probe_tells_the_realm_alone() {
        let document = Event::of(&Task::Probe).unwrap().document(&webhook());
        assert_eq!(
            (&document["type"], &document["data"]),
            (&json!("probe"), &json!({"realm": "demo", "realmId": "r-1"}))
        );
        assert!(Event::of(&Task::Enumerate(None)).is_none());
    }
}
