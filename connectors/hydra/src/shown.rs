//! A client as Hydra shows it: whose it is, and its owned fields.

use matricula_policy_sdk::connector::{Finished, ForeignClient, Owned};
use serde_json::{Map, Value};

use crate::client::{MARK, METADATA, OWNED, SCOPE};

/// Members that Hydra sets.
const ITS_OWN: [&str; 5] =
    ["created_at", "updated_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri"];

/// Whose client this is: a realm's internal id.
pub(crate) fn mark(there: &Map<String, Value>) -> Option<&str> {
    of_mark(there, "realm")
}

/// Our internal id of it.
pub(crate) fn our_id(there: &Map<String, Value>) -> Option<&str> {
    of_mark(there, "id")
}

/// Its id at Hydra, which is the protocol's.
pub(crate) fn client_id(there: &Map<String, Value>) -> &str {
    there.get("client_id").and_then(Value::as_str).unwrap_or_default()
}

/// As the end of a task.
pub(crate) fn finished(there: &Map<String, Value>) -> Finished {
    let key = client_id(there).to_owned();
    Finished { known: Some(key.clone().into_bytes()), key: Some(key), ..Finished::showing(owned(there)) }
}

/// As a client that is not ours.
pub(crate) fn foreign(there: &Map<String, Value>) -> ForeignClient {
    ForeignClient {
        key: Some(client_id(there).to_owned()),
        mark: mark(there).map(str::to_owned),
        shown: owned(there).into_attributes(),
    }
}

/// The owned fields of a document, ours or Hydra's.
pub(crate) fn owned(document: &Map<String, Value>) -> Owned {
    let member = |name: &str| document.get(name).unwrap_or(&Value::Null);
    let mut owned = Owned::default();
    for (name, unordered) in OWNED {
        match unordered {
            true => owned.set_unordered(name, member(name)),
            false => owned.set(name, member(name)),
        }
    }
    let mut scopes: Vec<&str> = member(SCOPE).as_str().unwrap_or_default().split_whitespace().collect();
    scopes.sort_unstable();
    owned.set(SCOPE, &scopes.join(" ").into());
    owned.set("metadata.matricula", member(METADATA).get(MARK).unwrap_or(&Value::Null));
    owned
}

/// The document that PUT sends: ours, and what others gave the client at Hydra.
pub(crate) fn merged(mut ours: Map<String, Value>, there: &Map<String, Value>) -> Map<String, Value> {
    let is_ours = |name: &str| name == SCOPE || name == METADATA || OWNED.iter().any(|(owned, _)| *owned == name);
    for (name, value) in there {
        let is_secret = name == "client_secret";
        if !is_ours(name) && !is_secret && !ITS_OWN.contains(&name.as_str()) {
            ours.insert(name.clone(), value.clone());
        }
    }
    if let Some(mark) = ours.remove(METADATA) {
        let mut metadata = there.get(METADATA).and_then(Value::as_object).cloned().unwrap_or_default();
        if let Value::Object(mark) = mark {
            metadata.extend(mark);
        }
        ours.insert(METADATA.to_owned(), metadata.into());
    }
    ours
}

fn of_mark<'a>(there: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    there.get(METADATA)?.get(MARK)?.get(name)?.as_str()
}
