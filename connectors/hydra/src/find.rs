//! Removes a client of ours, or looks at it.

use matricula_policy_sdk::Violation;
use matricula_policy_sdk::connector::{Done, Finished, Http, LookTask, Next, RemoveTask, Response, Step, Stop};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Hydra, OUT_OF_REACH, is_out_of_reach, path, shown};

/// Which call was made.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// GET.
    Found,
    /// DELETE.
    Removed,
}

impl Hydra {
    pub(crate) fn begin_remove(&self, task: &RemoveTask) -> Next<crate::State> {
        let client_id = key(&task.client_id, task.known.as_deref());
        if is_out_of_reach(&client_id) {
            return Err(Stop::Refused(Violation::new(OUT_OF_REACH)));
        }
        Http::get(path(&client_id)).then(crate::State::Find(State::Found))
    }

    pub(crate) fn proceed_remove(&self, state: State, response: Response) -> Next<crate::State> {
        match state {
            State::Found if is_gone(&response) => removed(),
            State::Found => {
                let there: Map<String, Value> = response.success()?;
                if shown::mark(&there) != Some(&self.mark) {
                    // Nothing of ours is there.
                    return removed();
                }
                Http::delete(path(shown::client_id(&there))).then(crate::State::Find(State::Removed))
            }
            State::Removed if response.status == 204 || is_gone(&response) => removed(),
            State::Removed => Err(response.failed()),
        }
    }

    pub(crate) fn begin_look(&self, task: &LookTask) -> Next<crate::State> {
        let client_id = key(&task.client_id, task.known.as_deref());
        if is_out_of_reach(&client_id) {
            // It is there, and shows nothing.
            return removed();
        }
        Http::get(path(&client_id)).then(crate::State::Find(State::Found))
    }

    pub(crate) fn proceed_look(&self, response: Response) -> Next<crate::State> {
        if is_gone(&response) {
            return Ok(Step::Done(Done::Missing));
        }
        let there: Map<String, Value> = response.success()?;
        match shown::mark(&there) == Some(&self.mark) {
            true => Ok(Step::Done(Done::Finished(shown::finished(&there)))),
            false => Err(Stop::Foreign(shown::foreign(&there))),
        }
    }
}

/// The id under which the client was put.
fn key(client_id: &str, known: Option<&[u8]>) -> String {
    known.map_or_else(|| client_id.to_owned(), |known| String::from_utf8_lossy(known).into_owned())
}

fn removed() -> Next<crate::State> {
    Ok(Step::Done(Done::Finished(Finished::default())))
}

/// Whether the answer says that there is no such client. A 404 of something else than the admin API is not JSON.
pub(crate) fn is_gone(response: &Response) -> bool {
    response.status == 404 && response.words().is_some()
}
