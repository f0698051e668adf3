//! What an author of connectors writes: an implementation of [`Connector`].
//!
//! `connector/http.rs` is how a call is made and its answer read, `owned.rs` how what a target shows is compared,
//! `representation.rs` a client as Keycloak's JSON.
//!
//! ```
//! use matricula_policy_sdk::connector::{
//!     Abilities, Connector, Done, Finished, Http, Next, Response, Step, Stop, Target, Task, encode, representation,
//! };
//! use matricula_policy_sdk::{Config, ConfigError};
//! use serde::{Deserialize, Serialize};
//!
//! struct Directory;
//!
//! #[derive(Serialize, Deserialize)]
//! enum State {
//!     Sent,
//! }
//!
//! impl Connector for Directory {
//!     const ID: &'static str = "directory";
//!     const HELP_TEXT: &'static str = "Our directory of applications";
//!     const CREDENTIALS: &'static [&'static str] = &["bearer"];
//!     const ABLE: &'static [Abilities] = &[Abilities::DISABLES];
//!     type State = State;
//!
//!     fn read(_: &mut Config, _: &Target) -> Result<Self, ConfigError> {
//!         Ok(Self)
//!     }
//!
//!     fn begin(&self, task: &Task) -> Next<State> {
//!         match task {
//!             Task::Put(put) => {
//!                 let id = encode(put.client.id.as_deref().unwrap_or_default());
//!                 Http::put_json(format!("/apps/{id}"), &representation(&put.client).into()).then(State::Sent)
//!             }
//!             Task::Remove(remove) => Http::delete(format!("/apps/{}", encode(&remove.id))).then(State::Sent),
//!             Task::Probe => Http::get("/apps").then(State::Sent),
//!             Task::Look(_) | Task::Enumerate(_) | Task::Held(_) => Err(Stop::out_of_step()),
//!         }
//!     }
//!
//!     fn proceed(&self, task: &Task, _: State, response: Response) -> Next<State> {
//!         match (task, response.status) {
//!             (Task::Probe, 200) => Ok(Step::Done(Done::Ready("Directory".into()))),
//!             (Task::Remove(_), 404) | (_, 200..300) => Ok(Step::Done(Done::Finished(Finished::default()))),
//!             _ => Err(response.not_done()),
//!         }
//!     }
//! }
//!
//! matricula_policy_sdk::connector!(Directory);
//! # fn main() {}
//! ```

#[cfg(feature = "connector-cases")]
pub mod case;
mod http;
mod owned;
mod representation;
pub(crate) mod retry_after;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Attribute, Client, Config, ConfigError, ConfigProperty, Violation};

pub use crate::connector_contract::exports::matricula::registration0_2_0::connectors::{
    Abilities, Done, Finished, ForeignClient, HeldTask, Listed, LookTask, Loss, Method, Page, PutTask, RemoveTask,
    Target, Task,
};
pub use http::{Http, Response, encode};
pub use owned::Owned;
pub use representation::{mapper, representation};

/// How one kind of target wants its clients.
///
/// It has no network: it says which call is to be made, the host makes it and comes back with the response. Nothing is
/// kept from one call to the next but the state. After a crash the host begins a task anew, so each must be safe to
/// repeat.
///
/// A call that gets no answer, and 429 and 503 with `Retry-After`, are dealt with before [`proceed`](Self::proceed).
pub trait Connector: Sized {
    /// Names the kind, in kebab-case and unique in the server.
    const ID: &'static str;

    /// For the administrator who picks it.
    const HELP_TEXT: &'static str;

    /// Ways to authorize that make sense: `none`, `bearer`, `basic`, `client-credentials`, `standard-webhooks`.
    const CREDENTIALS: &'static [&'static str];

    /// Protocols of the clients that it takes. Others are not offered to it.
    const PROTOCOLS: &'static [&'static str] = &["openid-connect", "saml"];

    /// Names of base URLs beside the one without a name.
    const FURTHER_URLS: &'static [&'static str] = &[];

    /// What the target can do.
    const ABLE: &'static [Abilities];

    /// Where a task stands while a call is made. The task is given again with it, so it needs neither the client nor its
    /// secret.
    type State: Serialize + DeserializeOwned;

    /// Its settings, for the console's form.
    fn properties() -> Vec<ConfigProperty> {
        Vec::new()
    }

    /// A target as an administrator set it up.
    ///
    /// # Errors
    /// What is wrong with its settings; such a target is not stored.
    fn read(config: &mut Config, target: &Target) -> Result<Self, ConfigError>;

    /// What the target would lose of a client. Nothing can be called.
    ///
    /// # Errors
    /// Why it could never take it.
    fn review(&self, _client: &Client) -> Result<Vec<Loss>, Vec<Violation>> {
        Ok(Vec::new())
    }

    /// The owned fields as the target should show them, beside [`Finished::shown`].
    fn wanted(&self, _client: &Client) -> Vec<Attribute> {
        Vec::new()
    }

    /// The first step of a task.
    ///
    /// # Errors
    /// Why it ends at once.
    fn begin(&self, task: &Task) -> Next<Self::State>;

    /// The step after a response.
    ///
    /// # Errors
    /// Why the task ends.
    fn proceed(&self, task: &Task, state: Self::State, response: Response) -> Next<Self::State>;
}

/// What a task does next, or why it ends without success. [`Http::then`] makes one of a call.
pub type Next<S> = Result<Step<S>, Stop>;

/// A step of a task that goes well.
#[derive(Debug)]
pub enum Step<S> {
    /// Make this call, then go on from this state.
    Call(Http, S),
    /// That was all.
    Done(Done),
}

/// Why a task ends without success.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The target will never take this client.
    Refused(Violation),
    /// It has a client of this name that is not ours.
    Foreign(ForeignClient),
    /// It wants nothing any more; why.
    Gone(String),
    /// Not this time; why.
    Failed(String),
    /// Not before so many seconds.
    Wait(u32),
}

impl Stop {
    /// An answer that is not what the connector expects.
    pub fn unreadable() -> Self {
        Self::Failed("The target's answer can't be read".to_owned())
    }

    /// A state that does not go with its task: the host never makes one.
    pub fn out_of_step() -> Self {
        Self::Failed("The connector was asked to go on with another task".to_owned())
    }
}

impl Loss {
    /// Something that the target would drop: the member of ClientRepresentation or of RFC 7591, and a sentence.
    pub fn of(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), ..Self::default() }
    }

    /// The value that is concerned.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// What it becomes instead.
    #[must_use]
    pub fn becomes(mut self, value: impl Into<String>) -> Self {
        self.becomes = Some(value.into());
        self
    }
}

impl Finished {
    /// What the target has of a client now.
    pub fn showing(owned: Owned) -> Self {
        Self { fingerprint: Some(owned.fingerprint()), shown: owned.into_attributes(), ..Self::default() }
    }
}
