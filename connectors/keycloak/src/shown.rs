//! A client as the target shows it: whose it is, and its owned fields.

use matricula_policy_sdk::connector::{Finished, ForeignClient, Owned};
use serde_json::{Map, Value};

use crate::client::{LISTS, MARK, OTHERS, OUR_ATTRIBUTES, OUR_ID, SCOPES, TEXTS};

/// A ClientRepresentation out of the target.
pub(crate) struct Shown<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Shown<'a> {
    /// The target's id of it.
    pub(crate) fn key(&self) -> &'a str {
        self.text("id")
    }

    pub(crate) fn client_id(&self) -> &'a str {
        self.text("clientId")
    }

    /// Our internal id; of a client that bears the mark alone the target's.
    pub(crate) fn our_id(&self) -> &'a str {
        self.attribute(OUR_ID).unwrap_or_else(|| self.key())
    }

    /// Whose it is, if it is marked.
    pub(crate) fn mark(&self) -> Option<&'a str> {
        self.attribute(MARK)
    }

    /// The secret, if the target shows it.
    pub(crate) fn secret(&self) -> Option<&'a str> {
        self.0.get("secret").and_then(Value::as_str)
    }

    /// Names of the attributes that were ours when it was put.
    pub(crate) fn our_attributes(&self) -> Vec<String> {
        our_attributes(self.0)
    }

    /// One of the two lists of client scopes.
    pub(crate) fn scopes(&self, list: &str) -> Vec<String> {
        let names = self.0.get(list).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// As the end of a task.
    pub(crate) fn finished(&self) -> Finished {
        let key = self.key().to_owned();
        Finished { known: Some(key.clone().into_bytes()), key: Some(key), ..Finished::showing(owned(self.0)) }
    }

    /// As a client that is not ours.
    pub(crate) fn foreign(&self) -> ForeignClient {
        let mark = self.mark().map(str::to_owned);
        ForeignClient { key: Some(self.key().to_owned()), mark, shown: owned(self.0).into_attributes() }
    }

    fn text(&self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.0.get("attributes")?.get(name)?.as_str().filter(|value| !value.is_empty())
    }
}

/// The owned fields of a representation, ours or the target's: neither secrets nor what others keep there.
pub(crate) fn owned(client: &Map<String, Value>) -> Owned {
    let member = |name: &str| client.get(name).unwrap_or(&Value::Null);
    let mut owned = Owned::default();
    for name in TEXTS.iter().chain(&OTHERS).filter(|name| **name != "secret") {
        owned.set(*name, member(name));
    }
    for name in LISTS.iter().chain(&SCOPES) {
        owned.set_unordered(*name, member(name));
    }
    let attributes = member("attributes");
    let names = our_attributes(client);
    for name in names.iter().map(String::as_str).chain([MARK, OUR_ID, OUR_ATTRIBUTES]) {
        owned.set(format!("attributes.{name}"), attributes.get(name).unwrap_or(&Value::Null));
    }
    owned.set_unordered("protocolMappers", &mappers(member("protocolMappers")));
    owned
}

fn our_attributes(client: &Map<String, Value>) -> Vec<String> {
    let names = client.get("attributes").and_then(|attributes| attributes.get(OUR_ATTRIBUTES)).and_then(Value::as_str);
    names.and_then(|names| serde_json::from_str(names).ok()).unwrap_or_default()
}

/// Mappers without the target's ids, and without settings that are empty: it drops them.
fn mappers(mappers: &Value) -> Value {
    let mut mappers = mappers.clone();
    for mapper in mappers.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        mapper.remove("id");
        if let Some(config) = mapper.get_mut("config").and_then(Value::as_object_mut) {
            config.retain(|_, value| value.as_str() != Some(""));
        }
    }
    mappers
}
