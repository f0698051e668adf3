//! Ory Hydra: clients as its admin API wants them (verified with 2.3.0).
//!
//! `client.rs` makes our client its document, `losses.rs` names what that leaves out, `shown.rs` reads what Hydra shows,
//! `put.rs`, `find.rs` and `sweep.rs` are the steps of the tasks.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails"))]

mod client;
mod find;
mod losses;
mod put;
mod shown;
mod sweep;

use matricula_policy_sdk::connector::{
    Abilities, Connector, Done, Http, Loss, Next, Response, Step, Stop, Target, Task, encode,
};
use matricula_policy_sdk::{Attribute, Client, Config, ConfigError, ConfigProperty, Property, Violation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The audiences that every client may ask for.
pub const AUDIENCE: Property = Property {
    label: "Audience",
    help_text: "What each client may ask to be the audience of its tokens. Empty: nothing",
    ..Property::list("audience")
};

/// A Hydra.
pub struct Hydra {
    /// Internal id of the realm here, which our clients bear there.
    mark: String,
    audience: Vec<String>,
}

/// Where a task stands.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// Of a put.
    Put(put::State),
    /// Of a removal or a look.
    Find(find::State),
    /// Of a page.
    Page,
    /// Of a probe.
    Probe,
}

impl Connector for Hydra {
    const ID: &'static str = "hydra";
    const HELP_TEXT: &'static str = "The admin API of an Ory Hydra";
    const CREDENTIALS: &'static [&'static str] = &["none", "bearer", "basic"];
    const PROTOCOLS: &'static [&'static str] = &["openid-connect"];
    const ABLE: &'static [Abilities] = &[Abilities::SHOWS, Abilities::ENUMERATES];

    type State = State;

    fn properties() -> Vec<ConfigProperty> {
        vec![AUDIENCE.form(Vec::new())]
    }

    fn read(config: &mut Config, target: &Target) -> Result<Self, ConfigError> {
        Ok(Self { mark: target.realm_id.clone(), audience: config.list(&AUDIENCE) })
    }

    fn review(&self, client: &Client) -> Result<Vec<Loss>, Vec<Violation>> {
        let violations = client::violations(client);
        if violations.is_empty() { Ok(losses::of(client)) } else { Err(violations) }
    }

    fn wanted(&self, client: &Client) -> Vec<Attribute> {
        shown::owned(&self.document(client)).into_attributes()
    }

    fn begin(&self, task: &Task) -> Next<State> {
        match task {
            Task::Put(put) => self.begin_put(put),
            Task::Remove(remove) => self.begin_remove(remove),
            Task::Look(look) => self.begin_look(look),
            Task::Enumerate(after) => self.begin_page(after.as_deref()),
            Task::Probe => Http::get("/admin/clients?page_size=1").then(State::Probe),
            // Not among what it is able to do.
            Task::Held(_) => Ok(Step::Done(Done::Finished(Default::default()))),
        }
    }

    fn proceed(&self, task: &Task, state: State, response: Response) -> Next<State> {
        match (task, state) {
            (Task::Put(put), State::Put(state)) => self.proceed_put(put, state, response),
            (Task::Remove(_), State::Find(state)) => self.proceed_remove(state, response),
            (Task::Look(_), State::Find(_)) => self.proceed_look(response),
            (Task::Enumerate(_), State::Page) => self.proceed_page(response),
            (Task::Probe, State::Probe) => {
                response.success::<Vec<Value>>()?;
                Ok(Step::Done(Done::Ready("Hydra".to_owned())))
            }
            _ => Err(Stop::out_of_step()),
        }
    }
}

impl Hydra {
    /// Our client as Hydra's document.
    fn document(&self, client: &Client) -> Map<String, Value> {
        client::document(client, &self.mark, &self.audience)
    }
}

/// The path of a client.
fn path(client_id: &str) -> String {
    format!("/admin/clients/{}", encode(client_id))
}

/// Hydra finds no client whose id holds a slash: its 404 says nothing about it.
fn is_out_of_reach(client_id: &str) -> bool {
    client_id.contains('/')
}

/// What that means.
const OUT_OF_REACH: &str = "Hydra can't change or remove a client whose id contains '/'";

matricula_policy_sdk::connector!(Hydra);

#[cfg(test)]
mod tests {
    use super::CONNECTORS;

    #[test]
    fn every_case_ends_as_expected() {
        let cases = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
        match matricula_policy_sdk::connector::case::run(CONNECTORS, cases) {
            Ok(count) => assert!(count > 0, "no cases"),
            Err(why) => panic!("{why}"),
        }
    }
}
