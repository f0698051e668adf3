//! Whether the realm is there and the account has the rights.

use matricula_policy_sdk::connector::{Done, Http, Next, Response, Step, Stop};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Keycloak;

/// Which call was made.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// One client.
    Clients,
    /// The client scopes.
    Scopes,
}

impl Keycloak {
    pub(crate) fn begin_probe(&self) -> Next<crate::State> {
        Http::get(self.path("/clients?first=0&max=1")).then(crate::State::Probe(State::Clients))
    }

    pub(crate) fn proceed_probe(&self, state: State, response: Response) -> Next<crate::State> {
        let list: Vec<Value> = response.success()?;
        match state {
            State::Clients => {
                // A realm always has clients, and each says what the account may do with it.
                if list.first().is_none_or(|client| client["access"]["manage"] == false) {
                    return Err(Stop::Failed("The account lacks the role manage-clients".to_owned()));
                }
                Http::get(self.path("/client-scopes")).then(crate::State::Probe(State::Scopes))
            }
            State::Scopes => Ok(Step::Done(Done::Ready(format!("Keycloak, realm '{}'", self.realm)))),
        }
    }
}
