//! Webhooks: tells of clients as events (Standard Webhooks 1.0). The host signs them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails"))]

mod event;
mod timestamp;

use matricula_policy_sdk::connector::{
    Abilities, Connector, Done, Finished, Http, Method, Next, Response, Step, Stop, Target, Task,
};
use matricula_policy_sdk::{Config, ConfigError, ConfigProperty, Property, Violation};

use event::Event;

/// Which events are sent.
pub const EVENTS: Property = Property {
    label: "Events",
    help_text: "What is told: client.put, client.remove, and client.held (a client waits for approval). None: the first two",
    ..Property::choices("events")
};

/// A receiver, and the events that it wants.
pub struct Webhook {
    realm: String,
    realm_id: String,
    now: u64,
    wanted: Vec<String>,
}

impl Connector for Webhook {
    const ID: &'static str = "webhook";
    const HELP_TEXT: &'static str = "Any service that takes signed events (Standard Webhooks)";
    const CREDENTIALS: &'static [&'static str] = &["standard-webhooks"];
    const ABLE: &'static [Abilities] = &[Abilities::DISABLES, Abilities::HEARS_HELD];

    /// A task is one call, so there is nothing to tell apart.
    type State = ();

    fn properties() -> Vec<ConfigProperty> {
        vec![EVENTS.form(event::TYPES.map(str::to_owned).into())]
    }

    fn read(config: &mut Config, target: &Target) -> Result<Self, ConfigError> {
        let mut wanted = config.list(&EVENTS);
        if let Some(unknown) = wanted.iter().find(|name| !event::TYPES.contains(&name.as_str())) {
            return Err(EVENTS.error(format!("'events' has no event '{unknown}'")));
        }
        if wanted.is_empty() {
            wanted = [event::PUT, event::REMOVE].map(str::to_owned).into();
        }
        Ok(Self { realm: target.realm.clone(), realm_id: target.realm_id.clone(), now: target.now, wanted })
    }

    fn begin(&self, task: &Task) -> Next<()> {
        let Some(event) = Event::of(task) else {
            return Err(Stop::Failed("The target can't be looked at".to_owned()));
        };
        if event.kind != event::PROBE && !self.wanted.iter().any(|wanted| wanted == event.kind) {
            return Ok(Step::Done(told()));
        }
        let id = event.id(self.now);
        let body = event.document(self);
        Http::new(Method::Post, "").header("webhook-id", id).json(&body).then(())
    }

    fn proceed(&self, task: &Task, (): (), response: Response) -> Next<()> {
        match response.status {
            200..300 if matches!(task, Task::Probe) => {
                Ok(Step::Done(Done::Ready(format!("The target took an event ({})", response.status))))
            }
            200..300 => Ok(Step::Done(told())),
            400 | 409 | 422 => Err(Stop::Refused(Violation::new(response.words().unwrap_or_else(|| response.told())))),
            410 => Err(Stop::Gone(response.told())),
            _ => Err(response.failed()),
        }
    }
}

/// A receiver shows nothing.
fn told() -> Done {
    Done::Finished(Finished::default())
}

matricula_policy_sdk::connector!(Webhook);

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
