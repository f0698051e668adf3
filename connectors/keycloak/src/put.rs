//! Makes the target's client equal to ours: POST, or GET and PUT; then what it shows.

use matricula_policy_sdk::connector::{Done, Finished, Http, Loss, Next, PutTask, Response, Step, Stop};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Keycloak;
use crate::client::{self, OUR_ATTRIBUTES};
use crate::find::{is_gone, of_name};
use crate::scopes::{self, Change, ClientScope, Lists};
use crate::shown::Shown;

/// Changes of client scopes in one task, so that it stays below the calls that a task may make.
const CHANGES: usize = 10;

/// Where a put stands, and the types of protocol mappers that the target lacks.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    stage: Stage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lacking: Vec<String>,
}

/// Which call a put has made.
#[derive(Debug, Serialize, Deserialize)]
enum Stage {
    /// Which types of protocol mappers are there?
    Types,
    /// POST.
    Created,
    /// It is there already: is it ours, under our id?
    Taken,
    /// Is it there under its name?
    Named,
    /// A client that we know.
    Found,
    /// PUT; the client scopes that were there, if they are to be changed.
    Changed { key: String, scopes: Option<Lists> },
    /// Ids of client scopes.
    Scopes { key: String, scopes: Lists },
    /// One change of client scopes; those that follow, and whether this task can't make all.
    Assigned { key: String, rest: Vec<Change>, more: bool },
    /// What is there now?
    Seen,
}

impl Keycloak {
    pub(crate) fn begin_put(&self, put: &PutTask) -> Next<crate::State> {
        if client::unusual_mappers(&put.client).next().is_some() {
            return Http::get("/admin/serverinfo").then(at(Stage::Types, Vec::new()));
        }
        self.send(put, Vec::new())
    }

    pub(crate) fn proceed_put(&self, put: &PutTask, state: State, response: Response) -> Next<crate::State> {
        let State { stage, lacking } = state;
        match stage {
            Stage::Types => self.send(put, lacking_types(put, &response)?),
            Stage::Created => match response.status {
                201 => self.look_at(our_id(put), lacking),
                409 => Http::get(self.client(our_id(put))).then(at(Stage::Taken, lacking)),
                _ => Err(response.not_done()),
            },
            Stage::Taken if is_gone(&response) => self.look_for_name(put, lacking),
            Stage::Named => match of_name(&response.success::<Vec<Map<String, Value>>>()?, client_id(put)) {
                Some(there) => self.change(put, &Shown(there), lacking),
                None => Err(Stop::Failed("The target has the client and does not show it".to_owned())),
            },
            Stage::Found if is_gone(&response) => Ok(Step::Done(Done::Missing)),
            Stage::Taken | Stage::Found => self.change(put, &Shown(&response.success()?), lacking),
            Stage::Changed { key, scopes } => match (response.status, scopes) {
                (204, None) => self.look_at(&key, lacking),
                (204, Some(scopes)) => {
                    Http::get(self.path("/client-scopes")).then(at(Stage::Scopes { key, scopes }, lacking))
                }
                // Another client has got the name.
                (409, _) => self.look_for_name(put, lacking),
                _ => Err(response.not_done()),
            },
            Stage::Scopes { key, scopes } => {
                let known: Vec<ClientScope> = response.success()?;
                let mut changes = scopes::changes(&put.client, &scopes, &known);
                let more = changes.len() > CHANGES;
                changes.truncate(CHANGES);
                self.assign(key, changes, more, lacking)
            }
            Stage::Assigned { key, rest, more } => match response.status {
                204 => self.assign(key, rest, more, lacking),
                _ => Err(response.failed()),
            },
            Stage::Seen => seen(put, &Shown(&response.success()?), &lacking),
        }
    }

    /// The first call that is about the client.
    fn send(&self, put: &PutTask, lacking: Vec<String>) -> Next<crate::State> {
        if let Some(known) = &put.known {
            return Http::get(self.client(&String::from_utf8_lossy(known))).then(at(Stage::Found, lacking));
        }
        let client = self.sent(put, &lacking);
        Http::post_json(self.path("/clients"), &client.into()).then(at(Stage::Created, lacking))
    }

    /// PUT of a client that is there, if it is ours or becomes ours.
    fn change(&self, put: &PutTask, there: &Shown, lacking: Vec<String>) -> Next<crate::State> {
        let may_change = match there.mark() {
            Some(mark) => mark == self.mark,
            None => put.adopt,
        };
        if !may_change {
            return Err(Stop::Foreign(there.foreign()));
        }
        let key = there.key().to_owned();
        let mut client = self.sent(put, &lacking);
        client.remove("id");
        // They have calls of their own.
        for list in client::SCOPES {
            client.remove(list);
        }
        remove_ours(&mut client, there);
        let scopes = Some(scopes::of_shown(there)).filter(|scopes| scopes::differ(&put.client, scopes));
        Http::put_json(self.client(&key), &client.into()).then(at(Stage::Changed { key, scopes }, lacking))
    }

    /// The next change of client scopes, then the last look.
    fn assign(&self, key: String, mut rest: Vec<Change>, more: bool, lacking: Vec<String>) -> Next<crate::State> {
        if rest.is_empty() && more {
            // What is done is done; the next try finds less to do.
            return Err(Stop::Failed("More client scopes are to be changed than fit into one task".to_owned()));
        }
        if rest.is_empty() {
            return self.look_at(&key, lacking);
        }
        let change = rest.remove(0);
        self.change_scope(&key.clone(), &change, at(Stage::Assigned { key, rest, more }, lacking))
    }

    fn look_at(&self, key: &str, lacking: Vec<String>) -> Next<crate::State> {
        Http::get(self.client(key)).then(at(Stage::Seen, lacking))
    }

    fn look_for_name(&self, put: &PutTask, lacking: Vec<String>) -> Next<crate::State> {
        Http::get(self.named(client_id(put))).then(at(Stage::Named, lacking))
    }

    /// Our client without the mappers that the target lacks.
    fn sent(&self, put: &PutTask, lacking: &[String]) -> Map<String, Value> {
        let mut client = client::representation(&put.client, &self.mark);
        if let Some(mappers) = client.get_mut("protocolMappers").and_then(Value::as_array_mut) {
            mappers.retain(|mapper| !lacking.iter().any(|kind| mapper["protocolMapper"] == kind.as_str()));
        }
        client
    }
}

/// The end: what the target shows, and what it lacks.
fn seen(put: &PutTask, there: &Shown, lacking: &[String]) -> Next<crate::State> {
    let is_other = |secret: &String| there.secret().is_some_and(|shown| shown != secret);
    if put.client.secret.as_ref().is_some_and(is_other) {
        return Err(Stop::Failed("The target shows another secret than it was sent".to_owned()));
    }
    let mut losses = client::losses(&put.client);
    let scopes = scopes::of_shown(there);
    losses.extend(scopes::losses(&put.client, &scopes));
    losses.extend(lacking.iter().map(|kind| {
        Loss::of("protocolMappers", format!("The target has no protocol mapper type '{kind}'")).value(kind)
    }));
    Ok(Step::Done(Done::Finished(Finished { losses, ..there.finished() })))
}

/// Types of our protocol mappers that the target lacks. Without the right to see, all are taken to be there.
fn lacking_types(put: &PutTask, response: &Response) -> Result<Vec<String>, Stop> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ServerInfo {
        #[serde(default)]
        protocol_mapper_types: Map<String, Value>,
    }
    if !response.is_success() {
        return Ok(Vec::new());
    }
    let info: ServerInfo = response.json()?;
    let there: Vec<&str> = info
        .protocol_mapper_types
        .values()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|kind| kind["id"].as_str())
        .collect();
    // A list that is empty was not shown.
    let mut lacking: Vec<String> = client::unusual_mappers(&put.client)
        .filter(|kind| !there.is_empty() && !there.contains(kind))
        .map(str::to_owned)
        .collect();
    lacking.sort();
    lacking.dedup();
    Ok(lacking)
}

/// PUT merges attributes: those that were ours and are gone are sent empty, which removes them.
fn remove_ours(client: &mut Map<String, Value>, there: &Shown) {
    let Some(attributes) = client.get_mut("attributes").and_then(Value::as_object_mut) else { return };
    for name in there.our_attributes() {
        if !client::is_private_key(&name) && name != OUR_ATTRIBUTES {
            attributes.entry(name).or_insert_with(|| "".into());
        }
    }
}

fn our_id(put: &PutTask) -> &str {
    put.client.id.as_deref().unwrap_or_default()
}

fn client_id(put: &PutTask) -> &str {
    put.client.client_id.as_deref().unwrap_or_default()
}

fn at(stage: Stage, lacking: Vec<String>) -> crate::State {
    crate::State::Put(State { stage, lacking })
}
