//! Attributes by name: a blank value removes, an update merges.

use std::collections::HashMap;

use super::{REALM_CLIENT, is_blank};
use crate::contract::matricula::registration::client::Attribute;

/// The value of an attribute that is stored or sent.
pub(super) fn get<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
}

/// Sets an attribute, whether it is there or not.
pub(super) fn set(attributes: &mut Vec<Attribute>, name: &str, value: &str) {
    match attributes.iter_mut().find(|attribute| attribute.name == name) {
        Some(attribute) => value.clone_into(&mut attribute.value),
        None => attributes.push(Attribute { name: name.to_owned(), value: value.to_owned() }),
    }
}

/// Sets an attribute that is not there.
pub(super) fn default(attributes: &mut Vec<Attribute>, name: &str, value: &str) {
    if get(attributes, name).is_none() {
        attributes.push(Attribute { name: name.to_owned(), value: value.to_owned() });
    }
}

/// Removes what is not stored of the attributes of a new client.
pub(super) fn remove_blank(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !is_blank(&attribute.value) && attribute.name != REALM_CLIENT);
}

/// Puts what was sent into what is stored.
pub(super) fn merge(stored: &mut Vec<Attribute>, sent: Vec<Attribute>) {
    merge_entries(stored, sent.into_iter().filter(|attribute| attribute.name != REALM_CLIENT));
}

/// Merges entry by entry; a blank value removes.
pub(super) fn merge_entries(stored: &mut Vec<Attribute>, sent: impl IntoIterator<Item = Attribute>) {
    let mut changes: HashMap<String, String> = HashMap::new();
    let mut added = Vec::new();
    for Attribute { name, value } in sent {
        if changes.insert(name.clone(), value).is_none() {
            added.push(name);
        }
    }
    stored.retain_mut(|attribute| match changes.remove(&attribute.name) {
        Some(value) if is_blank(&value) => false,
        Some(value) => {
            attribute.value = value;
            true
        }
        None => true,
    });
    for name in added {
        match changes.remove(&name) {
            Some(value) if !is_blank(&value) => stored.push(Attribute { name, value }),
            _ => {}
        }
    }
}
