//! Keycloak: clients as its realms want them, through its Admin REST API (verified with 26.7.5).
//!
//! `client.rs` makes our client its representation, `shown.rs` reads what it shows, `put.rs`, `find.rs`, `sweep.rs` and
//! `probe.rs` are the steps of the tasks.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails"))]

mod client;
mod find;
mod probe;
mod put;
mod scopes;
mod shown;
mod sweep;

use matricula_policy_sdk::connector::{
    Abilities, Connector, Done, Loss, Next, Response, Step, Stop, Target, Task, encode,
};
use matricula_policy_sdk::{Attribute, Client, Config, ConfigError, ConfigProperty, Property, Violation};
use serde::{Deserialize, Serialize};

/// The realm at the target.
pub const REALM: Property = Property {
    label: "Realm",
    help_text: "Name of the realm at the target. Empty: it is called as this realm",
    ..Property::text("realm")
};

/// A realm of a Keycloak.
pub struct Keycloak {
    /// Its name there.
    realm: String,
    /// Internal id of the realm here, which our clients bear there.
    mark: String,
}

/// Where a task stands.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// Of a put.
    Put(put::State),
    /// Of a removal or a look.
    Find(find::State),
    /// Of a page; clients before it.
    Page(usize),
    /// Of a probe.
    Probe(probe::State),
}

impl Connector for Keycloak {
    const ID: &'static str = "keycloak";
    const HELP_TEXT: &'static str = "A realm of a Keycloak";
    const CREDENTIALS: &'static [&'static str] = &["client-credentials", "bearer"];
    const ABLE: &'static [Abilities] = &[
        Abilities::TAKES_OUR_ID,
        Abilities::SHOWS,
        Abilities::SHOWS_SECRETS,
        Abilities::ENUMERATES,
        Abilities::DISABLES,
    ];

    type State = State;

    fn properties() -> Vec<ConfigProperty> {
        vec![REALM.form(Vec::new())]
    }

    fn read(config: &mut Config, target: &Target) -> Result<Self, ConfigError> {
        let realm = config.text(&REALM)?.unwrap_or_else(|| target.realm.clone());
        Ok(Self { realm, mark: target.realm_id.clone() })
    }

    fn review(&self, client: &Client) -> Result<Vec<Loss>, Vec<Violation>> {
        Ok(client::losses(client))
    }

    fn wanted(&self, client: &Client) -> Vec<Attribute> {
        let mut wanted = client::representation(client, &self.mark);
        scopes::add_own(client, &mut wanted);
        shown::owned(&wanted).into_attributes()
    }

    fn begin(&self, task: &Task) -> Next<State> {
        match task {
            Task::Put(put) => self.begin_put(put),
            Task::Remove(remove) => self.begin_find(&remove.id, remove.known.as_deref()),
            Task::Look(look) => self.begin_find(&look.id, look.known.as_deref()),
            Task::Enumerate(after) => self.begin_page(after.as_deref()),
            Task::Probe => self.begin_probe(),
            // Not among what it is able to do.
            Task::Held(_) => Ok(Step::Done(Done::Finished(Default::default()))),
        }
    }

    fn proceed(&self, task: &Task, state: State, response: Response) -> Next<State> {
        match (task, state) {
            (Task::Put(put), State::Put(state)) => self.proceed_put(put, state, response),
            (Task::Remove(remove), State::Find(state)) => self.proceed_remove(remove, state, response),
            (Task::Look(look), State::Find(state)) => self.proceed_look(look, state, response),
            (Task::Enumerate(_), State::Page(first)) => self.proceed_page(first, response),
            (Task::Probe, State::Probe(state)) => self.proceed_probe(state, response),
            _ => Err(Stop::out_of_step()),
        }
    }
}

impl Keycloak {
    /// Below the realm.
    fn path(&self, rest: &str) -> String {
        format!("/admin/realms/{}{rest}", encode(&self.realm))
    }

    /// One client, by the target's id of it.
    fn client(&self, key: &str) -> String {
        self.path(&format!("/clients/{}", encode(key)))
    }

    /// The clients of a name: one or none.
    fn named(&self, client_id: &str) -> String {
        self.path(&format!("/clients?clientId={}", encode(client_id)))
    }
}

matricula_policy_sdk::connector!(Keycloak);

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
