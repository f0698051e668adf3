//! Keeps clients in a directory of applications: `PUT /apps/{our id of the client}` and the like.

use matricula_policy_sdk::connector::{
    Abilities, Connector, Done, Finished, ForeignClient, Http, Listed, Loss, Next, Owned, Page, Response, Step, Stop,
    Target, Task, encode,
};
use matricula_policy_sdk::{Attribute, Client, Config, ConfigError, ConfigProperty, Property, Violation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The setting, as the administrator's form shows it.
const TEAM: Property =
    Property { label: "Team", help_text: "Who answers for the applications there", ..Property::text("team") };

/// The directory as an administrator set it up.
struct Directory {
    /// What our applications bear: the realm's internal id.
    mark: String,
    team: Option<String>,
}

/// An application, as the directory shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    id: String,
    owner: Option<String>,
    client_id: String,
    name: Option<String>,
    team: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    enabled: bool,
}

/// What the call before was for.
#[derive(Serialize, Deserialize)]
enum State {
    /// To see what is there.
    Looked,
    /// To change it.
    Changed,
}

impl Connector for Directory {
    const ID: &'static str = "my-policy";
    const HELP_TEXT: &'static str = "Our directory of applications";
    const CREDENTIALS: &'static [&'static str] = &["none", "bearer"];
    const PROTOCOLS: &'static [&'static str] = &["openid-connect"];
    const ABLE: &'static [Abilities] =
        &[Abilities::TAKES_OUR_ID, Abilities::SHOWS, Abilities::ENUMERATES, Abilities::DISABLES];
    type State = State;

    fn properties() -> Vec<ConfigProperty> {
        vec![TEAM.form(Vec::new())]
    }

    fn read(config: &mut Config, target: &Target) -> Result<Self, ConfigError> {
        Ok(Self { mark: target.realm_id.clone(), team: config.text(&TEAM)? })
    }

    fn review(&self, client: &Client) -> Result<Vec<Loss>, Vec<Violation>> {
        Ok(losses(client))
    }

    fn wanted(&self, client: &Client) -> Vec<Attribute> {
        owned(&self.app(client)).into_attributes()
    }

    fn begin(&self, task: &Task) -> Next<State> {
        match task {
            Task::Put(put) => Http::get(path(id(&put.client))),
            Task::Remove(remove) => Http::get(path(&remove.id)),
            Task::Look(look) => Http::get(path(&look.id)),
            Task::Enumerate(_) | Task::Probe => Http::get(format!("/apps?owner={}", encode(&self.mark))),
            // Only who is able to hear it is told.
            Task::Held(_) => return Err(Stop::out_of_step()),
        }
        .then(State::Looked)
    }

    fn proceed(&self, task: &Task, state: State, response: Response) -> Next<State> {
        match (state, task) {
            (State::Looked, Task::Put(put)) => match found(&response)? {
                // Somebody removed it: it comes again, with its secret.
                None if put.known.is_some() => Ok(Step::Done(Done::Missing)),
                Some(app) if !self.may_change(&app, put.adopt) => Err(foreign(&app)),
                _ => Http::put_json(path(id(&put.client)), &self.app(&put.client)).then(State::Changed),
            },
            (State::Looked, Task::Remove(remove)) => match found(&response)? {
                Some(app) if self.may_change(&app, false) => Http::delete(path(&remove.id)).then(State::Changed),
                // Nothing of ours is there.
                _ => Ok(Step::Done(Done::Finished(Finished::default()))),
            },
            (State::Looked, Task::Look(_)) => match found(&response)? {
                None => Ok(Step::Done(Done::Missing)),
                Some(app) if !self.may_change(&app, false) => Err(foreign(&app)),
                Some(app) => Ok(Step::Done(Done::Finished(finished(&app)))),
            },
            (State::Looked, Task::Enumerate(_)) => {
                let clients = response.success::<Vec<App>>()?.iter().map(listed).collect();
                Ok(Step::Done(Done::Page(Page { clients, next: None })))
            }
            (State::Looked, Task::Probe) => {
                let apps = response.success::<Vec<App>>()?.len();
                Ok(Step::Done(Done::Ready(format!("A directory with {apps} applications of ours"))))
            }
            (State::Changed, Task::Put(put)) if response.is_success() => {
                let finished = Finished { losses: losses(&put.client), ..finished(&response.json()?) };
                Ok(Step::Done(Done::Finished(finished)))
            }
            (State::Changed, Task::Remove(_)) if response.is_success() => {
                Ok(Step::Done(Done::Finished(Finished::default())))
            }
            (State::Changed, _) => Err(response.not_done()),
            (State::Looked, Task::Held(_)) => Err(Stop::out_of_step()),
        }
    }
}

impl Directory {
    /// The application of a client. Its secret is there when it is new; the directory keeps the one that it has.
    fn app(&self, client: &Client) -> Value {
        let mut app = json!({
            "id": client.id,
            "owner": self.mark,
            "clientId": client.client_id,
            "name": client.name,
            "team": self.team,
            "redirectUris": client.redirect_uris.as_deref().unwrap_or_default(),
            "enabled": client.enabled.unwrap_or(true),
        });
        if let Some(secret) = &client.secret {
            app["secret"] = secret.as_str().into();
        }
        app
    }

    /// Ours; or nobody's, and an administrator wants us to have it.
    fn may_change(&self, app: &App, adopt: bool) -> bool {
        app.owner.as_ref().map_or(adopt, |owner| *owner == self.mark)
    }
}

fn path(id: &str) -> String {
    format!("/apps/{}", encode(id))
}

fn id(client: &Client) -> &str {
    client.id.as_deref().unwrap_or_default()
}

/// The application that the directory shows, if there is one. A 404 that is no JSON is somebody else's.
fn found(response: &Response) -> Result<Option<App>, Stop> {
    match response.status {
        404 => response.json::<Value>().map(|_| None),
        _ => response.success().map(Some),
    }
}

/// The fields that we answer for; no secret.
fn owned(app: &Value) -> Owned {
    let mut owned = Owned::default();
    for name in ["clientId", "name", "team", "enabled"] {
        owned.set(name, &app[name]);
    }
    owned.set_unordered("redirectUris", &app["redirectUris"]);
    owned
}

/// The same of an application as the directory shows it.
fn shown(app: &App) -> Owned {
    let App { client_id, name, team, redirect_uris, enabled, .. } = app;
    owned(&json!({"clientId": client_id, "name": name, "team": team, "redirectUris": redirect_uris, "enabled": enabled}))
}

fn finished(app: &App) -> Finished {
    Finished { known: Some(app.id.clone().into_bytes()), key: Some(app.id.clone()), ..Finished::showing(shown(app)) }
}

fn listed(app: &App) -> Listed {
    Listed {
        id: Some(app.id.clone()),
        client_id: app.client_id.clone(),
        known: app.id.clone().into_bytes(),
        fingerprint: Some(shown(app).fingerprint()),
    }
}

fn foreign(app: &App) -> Stop {
    let (key, mark) = (Some(app.id.clone()), app.owner.clone());
    Stop::Foreign(ForeignClient { key, mark, shown: shown(app).into_attributes() })
}

/// What the directory has no place for.
fn losses(client: &Client) -> Vec<Loss> {
    match client.web_origins.as_deref() {
        None | Some([]) => Vec::new(),
        Some(_) => vec![Loss::of("webOrigins", "The directory keeps no web origins")],
    }
}

matricula_policy_sdk::connector!(Directory);

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_ends_as_expected() {
        let cases = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
        matricula_policy_sdk::connector::case::run(super::CONNECTORS, cases).unwrap();
    }
}
