//! Searches for clients that a job is about: what is given must all hold.

use matricula_contract::Client;
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::StoreError;
use matricula_store::client_lives::Life;
use matricula_store::clients::State;
use serde_json::{Map, Value};
use url::Url;

use super::evaluation::{SOFTWARE_ID, kind_of};

/// Kinds of origin that can be asked for.
const ORIGINS: [&str; 4] = ["anonymous", "initial-access-token", "bearer", "administrator"];

/// What is searched for. Times are Unix milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Parts of id and name, in small letters.
    client_id: Option<String>,
    name: Option<String>,
    software_id: Option<String>,
    state: Option<State>,
    origin: Option<String>,
    initial_access_token: Option<String>,
    /// In small letters.
    redirect_host: Option<String>,
    created_before: Option<i64>,
    created_after: Option<i64>,
    last_used_before: Option<i64>,
    never_used: Option<bool>,
}

impl Search {
    /// Reads it from JSON.
    ///
    /// # Errors
    /// What is wrong with it, for the administrator.
    pub(crate) fn parse(text: &str) -> Result<Search, String> {
        Search::read(&serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, for the administrator.
    pub(crate) fn read(sent: &Value) -> Result<Search, String> {
        let Value::Object(members) = sent else { return Err("'search' must be an object".to_owned()) };
        let members: Map<String, Value> = members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if members.is_empty() {
            return Err("'search' must not be empty".to_owned());
        }
        let mut search = Search::default();
        for (name, value) in &members {
            let text = || {
                let text = value.as_str().filter(|text| !text.is_empty());
                text.map(str::to_owned).ok_or_else(|| format!("'search.{name}' must be a text"))
            };
            let time = || value.as_i64().ok_or_else(|| format!("'search.{name}' must be a time in Unix milliseconds"));
            match name.as_str() {
                "clientId" => search.client_id = Some(text()?.to_lowercase()),
                "name" => search.name = Some(text()?.to_lowercase()),
                "softwareId" => search.software_id = Some(text()?),
                "state" => {
                    let state = State::of_name(&text()?).ok_or_else(|| {
                        "'search.state' must be active, disabled, held, hibernating or leaving".to_owned()
                    })?;
                    search.state = Some(state);
                }
                "origin" => {
                    let origin = text()?;
                    if !ORIGINS.contains(&origin.as_str()) {
                        return Err(format!("'search.origin' must be one of {}", ORIGINS.join(", ")));
                    }
                    search.origin = Some(origin);
                }
                "initialAccessToken" => search.initial_access_token = Some(text()?),
                "redirectHost" => search.redirect_host = Some(text()?.to_lowercase()),
                "createdBefore" => search.created_before = Some(time()?),
                "createdAfter" => search.created_after = Some(time()?),
                "lastUsedBefore" => search.last_used_before = Some(time()?),
                "neverUsed" => {
                    let never = value.as_bool().ok_or_else(|| "'search.neverUsed' must be true or false".to_owned())?;
                    search.never_used = Some(never);
                }
                _ => return Err(format!("'search.{name}' is unknown")),
            }
        }
        Ok(search)
    }

    /// Whether a client is what is searched for. Clients of the server never are.
    ///
    /// # Errors
    /// The client cannot be read.
    pub(crate) fn finds(&self, life: &Life) -> Result<bool, StoreError> {
        let state = match (life.is_held, life.hibernated_ms.is_some(), life.is_enabled) {
            (true, ..) => State::Held,
            (false, true, _) => State::Hibernating,
            (false, false, true) => State::Active,
            (false, false, false) => State::Disabled,
        };
        let is_found = self.client_id.as_ref().is_none_or(|part| life.client_id.to_lowercase().contains(part))
            && self.state.is_none_or(|wanted| wanted == state)
            && self.origin.as_ref().is_none_or(|wanted| wanted == kind_of(life.origin.as_ref()))
            && self.initial_access_token.as_ref().is_none_or(|id| life.initial_access_token.as_ref() == Some(id))
            && self.created_before.is_none_or(|time| life.created_ms < time)
            && self.created_after.is_none_or(|time| life.created_ms > time)
            && self.last_used_before.is_none_or(|time| life.used_ms.is_some_and(|used| used < time))
            && self.never_used.is_none_or(|never| life.used_ms.is_none() == never);
        // What takes time to read is read of those only where it matters.
        let looks_into = self.name.is_some() || self.software_id.is_some() || self.redirect_host.is_some();
        if !is_found || !(looks_into || life.origin.is_none()) {
            return Ok(is_found);
        }
        let client = life.document.decode()?;
        Ok(!is_of_the_server(&client) && self.finds_within(&client))
    }

    fn finds_within(&self, client: &Client) -> bool {
        let software_id = || client.attributes.iter().find(|one| one.name == SOFTWARE_ID).map(|one| &one.value);
        let names = |part: &String| client.name.as_ref().is_some_and(|name| name.to_lowercase().contains(part));
        let has_host = |host: &String| {
            let uris = client.redirect_uris.iter().flatten();
            uris.filter_map(|uri| Url::parse(uri).ok()).any(|uri| uri.host_str() == Some(host.as_str()))
        };
        self.name.as_ref().is_none_or(names)
            && self.software_id.as_ref().is_none_or(|wanted| software_id() == Some(wanted))
            && self.redirect_host.as_ref().is_none_or(has_host)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_searched_for_is_named() {
        for (sent, text) in [
            (json!([]), "'search' must be an object"),
            (json!({}), "'search' must not be empty"),
            (json!({"name": null}), "'search' must not be empty"),
            (json!({"name": ""}), "'search.name' must be a text"),
            (json!({"colour": "red"}), "'search.colour' is unknown"),
            (json!({"state": "asleep"}), "'search.state' must be active, disabled, held, hibernating or leaving"),
            (
                json!({"origin": "elsewhere"}),
                "'search.origin' must be one of anonymous, initial-access-token, bearer, administrator",
            ),
            (json!({"createdBefore": "now"}), "'search.createdBefore' must be a time in Unix milliseconds"),
            (json!({"neverUsed": 1}), "'search.neverUsed' must be true or false"),
        ] {
            assert_eq!(Search::read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
