//! A member of a realm that is an object of settings, as administrators send it: what it leaves out has its default, what
//! it does not know is refused.

use serde_json::{Map, Value};

/// The members of such an object.
pub(crate) struct Members<'a> {
    name: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// Those of the setting `name`; `None`: it was `null`.
    ///
    /// # Errors
    /// It is no object, or has a member that is not `known`.
    pub(crate) fn of(sent: &'a Value, name: &'static str, known: &[&str]) -> Result<Option<Members<'a>>, String> {
        let members = match sent {
            Value::Null => return Ok(None),
            Value::Object(members) => members,
            _ => return Err(format!("'{name}' must be an object")),
        };
        match members.keys().find(|member| !known.contains(&member.as_str())) {
            Some(unknown) => Err(format!("'{name}' has no '{unknown}'")),
            None => Ok(Some(Members { name, members })),
        }
    }

    /// A member that is a text, if it is there; an empty one is none.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn text(&self, member: &str) -> Result<Option<&'a str>, String> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("'{}.{member}' must be a text", self.name)),
        }
    }

    /// A member that is a switch, if it is there.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn switch(&self, member: &str) -> Result<Option<bool>, String> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(format!("'{}.{member}' must be true or false", self.name)),
        }
    }

    /// A member that is a whole number between these, if it is there.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn number(&self, member: &str, least: u32, most: u32) -> Result<Option<u32>, String> {
        let sent = match self.members.get(member) {
            None | Some(Value::Null) => return Ok(None),
            Some(sent) => sent,
        };
        let number = sent.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(format!("'{}.{member}' must be {least} to {most}", self.name)),
        }
    }

    /// A member that is one of these words, if it is there; gives what belongs to it.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn word<T: Copy>(&self, member: &str, words: &[(&str, T)]) -> Result<Option<T>, String> {
        let sent = match self.members.get(member) {
            None | Some(Value::Null) => return Ok(None),
            Some(sent) => sent,
        };
        match words.iter().find(|(word, _)| sent == word) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(format!("'{}.{member}' must be {}", self.name, known.join(" or ")))
            }
        }
    }
}
