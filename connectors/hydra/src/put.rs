//! Makes Hydra's client equal to ours: POST, or GET and PUT of the whole document. Both answer with what is there now.

use matricula_policy_sdk::Violation;
use matricula_policy_sdk::connector::{Done, Finished, Http, Next, PutTask, Response, Step, Stop, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::find::is_gone;
use crate::{Hydra, OUT_OF_REACH, client, is_out_of_reach, losses, path, shown};

/// Which call was made.
#[derive(Debug, Serialize, Deserialize)]
pub enum State {
    /// POST.
    Created,
    /// It is there already: is it ours?
    Taken,
    /// It is there already, but can't be read: is it in the list?
    Listed,
    /// A client that we know.
    Found,
    /// PUT.
    Changed,
    /// The client under its former name.
    Former,
    /// DELETE of it.
    FormerRemoved,
}

impl Hydra {
    pub(crate) fn begin_put(&self, put: &PutTask) -> Next<crate::State> {
        if let Some(violation) = client::violations(&put.client).into_iter().next() {
            return Err(Stop::Refused(violation));
        }
        let known = put.known.as_deref().map(String::from_utf8_lossy);
        match known.as_deref() {
            None => Http::post_json("/admin/clients", &self.document(&put.client).into()).then(at(State::Created)),
            // What it has is what it should have, or it has it for ever.
            Some(known) if is_out_of_reach(client_id(put)) && known == self.kept(put) => self.kept_as_it_is(put),
            Some(_) if is_out_of_reach(client_id(put)) => Err(out_of_reach()),
            Some(known) if known == client_id(put) => Http::get(path(known)).then(at(State::Found)),
            Some(former) if is_out_of_reach(former) || former.starts_with(KEPT) => Err(out_of_reach()),
            // The id is the key: under another one it is another client.
            Some(former) => Http::get(path(former)).then(at(State::Former)),
        }
    }

    pub(crate) fn proceed_put(&self, put: &PutTask, state: State, response: Response) -> Next<crate::State> {
        match state {
            State::Created => match response.status {
                201 if is_out_of_reach(client_id(put)) => self.kept_as_it_is(put),
                201 => self.done(put, &response.json()?),
                409 if is_out_of_reach(client_id(put)) => {
                    let name = encode(put.client.name.as_deref().unwrap_or_default());
                    Http::get(format!("/admin/clients?page_size=250&client_name={name}")).then(at(State::Listed))
                }
                409 => Http::get(path(client_id(put))).then(at(State::Taken)),
                _ => Err(response.not_done()),
            },
            State::Listed => self.listed(put, &response.success::<Vec<Map<String, Value>>>()?),
            State::Found if is_gone(&response) => Ok(Step::Done(Done::Missing)),
            State::Taken | State::Found => {
                let there: Map<String, Value> = response.success()?;
                if !self.may_change(put, &there) {
                    return Err(Stop::Foreign(shown::foreign(&there)));
                }
                let document = shown::merged(self.document(&put.client), &there);
                Http::put_json(path(client_id(put)), &document.into()).then(at(State::Changed))
            }
            State::Changed if response.status == 200 => self.done(put, &response.json()?),
            State::Changed => Err(response.not_done()),
            // Under its new name it needs its secret, which the host has.
            State::Former if is_gone(&response) => Ok(Step::Done(Done::Missing)),
            State::Former => {
                let there: Map<String, Value> = response.success()?;
                match shown::mark(&there) == Some(&self.mark) {
                    true => Http::delete(path(shown::client_id(&there))).then(at(State::FormerRemoved)),
                    false => Ok(Step::Done(Done::Missing)),
                }
            }
            State::FormerRemoved if response.status == 204 || is_gone(&response) => Ok(Step::Done(Done::Missing)),
            State::FormerRemoved => Err(response.failed()),
        }
    }

    fn may_change(&self, put: &PutTask, there: &Map<String, Value>) -> bool {
        match shown::mark(there) {
            Some(mark) => mark == self.mark,
            None => put.adopt,
        }
    }

    fn done(&self, put: &PutTask, there: &Map<String, Value>) -> Next<crate::State> {
        if shown::client_id(there) != client_id(put) {
            return Err(Stop::unreadable());
        }
        let losses = losses::of(&put.client);
        Ok(Step::Done(Done::Finished(Finished { losses, ..shown::finished(there) })))
    }

    /// Whether a client that can't be read is there as it should be, after a POST that was not heard of.
    fn listed(&self, put: &PutTask, list: &[Map<String, Value>]) -> Next<crate::State> {
        let Some(there) = list.iter().find(|there| shown::client_id(there) == client_id(put)) else {
            return Err(out_of_reach());
        };
        if shown::mark(there) != Some(&self.mark) {
            return Err(Stop::Foreign(shown::foreign(there)));
        }
        match shown::owned(there) == shown::owned(&self.document(&put.client)) {
            true => self.kept_as_it_is(put),
            false => Err(out_of_reach()),
        }
    }

    /// The end of a put of a client that Hydra can't read again: it shows nothing.
    fn kept_as_it_is(&self, put: &PutTask) -> Next<crate::State> {
        Ok(Step::Done(Done::Finished(Finished {
            known: Some(self.kept(put).into_bytes()),
            key: Some(client_id(put).to_owned()),
            losses: losses::of(&put.client),
            ..Finished::default()
        })))
    }

    /// What is known of such a client: that it was put like this.
    fn kept(&self, put: &PutTask) -> String {
        format!("{KEPT}{}", shown::owned(&self.document(&put.client)).fingerprint())
    }
}

/// How what is known of a client begins that Hydra can't read again. No client id begins so: it holds a slash.
const KEPT: &str = "kept/";

fn out_of_reach() -> Stop {
    Stop::Refused(Violation::new(OUT_OF_REACH))
}

fn client_id(put: &PutTask) -> &str {
    put.client.client_id.as_deref().unwrap_or_default()
}

fn at(state: State) -> crate::State {
    crate::State::Put(state)
}
