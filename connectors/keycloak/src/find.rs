//! Removes a client of ours, or looks at it: by the target's id, else by its name.

use matricula_policy_sdk::connector::{Done, Finished, Http, LookTask, Next, RemoveTask, Response, Step, Stop};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Keycloak;
use crate::shown::Shown;

/// Which call was made.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// GET by id.
    Found,
    /// GET by name.
    Named,
    /// DELETE.
    Removed,
}

impl Keycloak {
    /// `known` is the target's id of the client; it is ours unless the client was adopted.
    pub(crate) fn begin_find(&self, id: &str, known: Option<&[u8]>) -> Next<crate::State> {
        let known = known.map(String::from_utf8_lossy);
        Http::get(self.client(known.as_deref().unwrap_or(id))).then(crate::State::Find(State::Found))
    }

    pub(crate) fn proceed_remove(&self, task: &RemoveTask, state: State, response: Response) -> Next<crate::State> {
        match state {
            State::Found if is_gone(&response) => self.find_by_name(&task.client_id),
            State::Found => self.remove(&Shown(&response.success()?)),
            State::Named => match of_name(&response.success::<Vec<Map<String, Value>>>()?, &task.client_id) {
                Some(there) => self.remove(&Shown(there)),
                None => removed(),
            },
            State::Removed if response.status == 204 || is_gone(&response) => removed(),
            State::Removed => Err(response.failed()),
        }
    }

    pub(crate) fn proceed_look(&self, task: &LookTask, state: State, response: Response) -> Next<crate::State> {
        match state {
            State::Found if is_gone(&response) => self.find_by_name(&task.client_id),
            State::Found => self.look(&Shown(&response.success()?)),
            State::Named => match of_name(&response.success::<Vec<Map<String, Value>>>()?, &task.client_id) {
                Some(there) => self.look(&Shown(there)),
                None => Ok(Step::Done(Done::Missing)),
            },
            State::Removed => Err(Stop::out_of_step()),
        }
    }

    fn find_by_name(&self, client_id: &str) -> Next<crate::State> {
        Http::get(self.named(client_id)).then(crate::State::Find(State::Named))
    }

    fn remove(&self, there: &Shown) -> Next<crate::State> {
        if there.mark() != Some(&self.mark) {
            // Nothing of ours is there.
            return removed();
        }
        Http::delete(self.client(there.key())).then(crate::State::Find(State::Removed))
    }

    fn look(&self, there: &Shown) -> Next<crate::State> {
        if there.mark() != Some(&self.mark) {
            return Err(Stop::Foreign(there.foreign()));
        }
        Ok(Step::Done(Done::Finished(there.finished())))
    }
}

fn removed() -> Next<crate::State> {
    Ok(Step::Done(Done::Finished(Finished::default())))
}

/// Whether the answer says that there is no such client. Another 404 (no such realm, the page of a proxy) says nothing
/// about clients.
pub(crate) fn is_gone(response: &Response) -> bool {
    response.status == 404 && response.words().as_deref() == Some("Could not find client")
}

/// The client of just this name.
pub(crate) fn of_name<'a>(clients: &'a [Map<String, Value>], client_id: &str) -> Option<&'a Map<String, Value>> {
    clients.iter().find(|client| Shown(client).client_id() == client_id)
}
