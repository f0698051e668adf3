//! Performs what a connector says: asks it for a step, makes the call, tells it what came back, until the task has ended.

use std::sync::Arc;
use std::time::Duration;

use matricula_contract::connectors::{Answer, Call, Done, Loss, Step, Target, Task, Wait};
use matricula_contract::{Attribute, Client, ConfigError, Violation};
use matricula_network::names::Names;
use matricula_realms::Realm;
use matricula_system::clock;
use matricula_wasm::connector::ConnectorHandle;
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::instances::Instances;
use matricula_wasm::{Failure, WasmError};
use tokio::time::Instant;

use super::client_credentials::Tokens;
use super::http::TargetClient;
use super::retry_after::{self, Pause};
use super::task::{Ended, Failed, Reach};
use super::words::{Words, without_secrets};
use crate::metrics::targets::TargetCalls;

/// Time that a task may take.
pub(crate) const TASK_TIME: Duration = Duration::from_secs(60);
/// Calls that a task may make.
const CALLS: usize = 16;
/// Length of a state between two steps, in bytes.
const STATE: usize = 64 << 10;
/// Length of what is known of a client at a target, in bytes.
const KNOWN: usize = 16 << 10;

/// Runs tasks. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(super) instances: Instances,
    pub(super) client: TargetClient,
    pub(super) tokens: Tokens,
    pub(super) figures: TargetCalls,
}

/// A task under way.
pub(super) struct Running<'a> {
    pub(super) runner: &'a Runner,
    pub(super) connector: &'a ConnectorHandle,
    pub(super) reach: &'a Reach,
    /// The target with the time of the task.
    target: &'a Target,
    task: &'a Task,
    until: Instant,
    /// What must not come back in a text.
    pub(super) words: Words,
    calls: usize,
    /// Status and pause of the last answer.
    last: Option<(u16, Option<Pause>)>,
    /// A token was refused and asked anew: that is done once.
    pub(super) renewed: bool,
}

impl Runner {
    /// Ready to run tasks.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(instances: Instances, names: Names, figures: TargetCalls) -> anyhow::Result<Runner> {
        Ok(Runner { instances, client: TargetClient::new(names)?, tokens: Tokens::default(), figures })
    }

    /// Runs a task to its end, which comes by this time at the latest.
    pub(crate) async fn run(
        &self,
        connector: &ConnectorHandle,
        reach: &Reach,
        task: &Task,
        deadline: std::time::Instant,
    ) -> Ended {
        let began = Instant::now();
        let until = Instant::from_std(deadline).min(began + TASK_TIME);
        let target = Target { now: u64::try_from(clock::now()).unwrap_or(0), ..reach.target.clone() };
        let mut running = Running {
            runner: self,
            connector,
            reach,
            target: &target,
            task,
            until,
            words: Words::new(&reach.credentials, task),
            calls: 0,
            last: None,
            renewed: false,
        };
        let ended = match tokio::time::timeout_at(until, running.steps()).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(failed)) => Ended::Failed(failed),
            Err(_) => Ended::Failed(Failed {
                message: format!("The target was not done within {:.0} s", began.elapsed().as_secs_f64()),
                ..Failed::default()
            }),
        };
        running.words.clean_end(ended)
    }

    /// What a target would drop or change of a client, or why it could never take it. `trying`: nothing comes of it.
    ///
    /// # Errors
    /// When the connector has no answer.
    pub(crate) async fn review(
        &self,
        connector: &ConnectorHandle,
        realm: &Arc<Realm>,
        (client, target): (&Client, &Target),
        trying: bool,
    ) -> Result<Result<Vec<Loss>, Vec<Violation>>, WasmError> {
        let tried = trying.then(|| self.instances.trying());
        let instances = tried.as_ref().unwrap_or(&self.instances);
        connector.review(instances, call_of(realm), &without_secrets(client), target).await
    }

    /// The owned fields of a client as the target should show them.
    ///
    /// # Errors
    /// When the connector has no answer.
    pub(crate) async fn wanted(
        &self,
        connector: &ConnectorHandle,
        realm: &Arc<Realm>,
        (client, target): (&Client, &Target),
    ) -> Result<Vec<Attribute>, WasmError> {
        connector.wanted(&self.instances, call_of(realm), &without_secrets(client), target).await
    }

    /// Whether a target may be stored.
    ///
    /// # Errors
    /// When the connector has no answer.
    pub(crate) async fn check_config(
        &self,
        connector: &ConnectorHandle,
        realm: &Arc<Realm>,
        target: &Target,
    ) -> Result<Result<(), Vec<ConfigError>>, WasmError> {
        connector.check_config(&self.instances, call_of(realm), target).await
    }
}

/// A call of a component for a realm; connectors ask nothing of it.
fn call_of(realm: &Arc<Realm>) -> RealmOfCall {
    RealmOfCall::new(Arc::clone(realm), "")
}

impl Running<'_> {
    async fn steps(&mut self) -> Result<Ended, Failed> {
        let begun = self.connector.begin(&self.runner.instances, self.call(), self.task, self.target).await;
        let mut step = begun.map_err(|error| self.component_failed(&error))?;
        loop {
            let (state, answer) = match step {
                Step::Call(call) => self.answered(call).await?,
                Step::Wait(wait) => self.waited(wait).await?,
                Step::Done(done) => return self.done(done),
                Step::Refused(violation) => return Ok(Ended::Refused(violation)),
                Step::Gone(text) => return Ok(Ended::Gone(text)),
                Step::Foreign(foreign) if matches!(self.task, Task::Put(_) | Task::Look(_)) => {
                    return Ok(Ended::Foreign(foreign));
                }
                Step::Foreign(_) => return Err(self.nonsense("a client is foreign where none was looked for")),
                Step::Failed(text) => return Err(self.failed(text)),
            };
            let (told, answered) = ((self.task, self.target), (state.as_slice(), &answer));
            let next = self.connector.proceed(&self.runner.instances, self.call(), told, answered).await;
            step = next.map_err(|error| self.component_failed(&error))?;
        }
    }

    /// Makes a call.
    async fn answered(&mut self, call: Call) -> Result<(Vec<u8>, Answer), Failed> {
        self.calls += 1;
        if self.calls > CALLS {
            return Err(self.nonsense(&format!("it makes more than {CALLS} calls")));
        }
        self.check_state(&call.state)?;
        let answer = match self.perform(&call).await? {
            Ok(response) => Answer::Response(response),
            Err(unreachable) => Answer::Unreachable(self.words.clean(&unreachable.0)),
        };
        self.last = match &answer {
            Answer::Response(response) => Some((response.status, retry_after::asked_by(response))),
            Answer::Unreachable(_) | Answer::Resumed => None,
        };
        Ok((call.state, answer))
    }

    /// Waits where that is about this task only and fits into its time. Else the task ends, and begins anew when the time
    /// is over: meanwhile others may have their turn, or must not.
    async fn waited(&mut self, wait: Wait) -> Result<(Vec<u8>, Answer), Failed> {
        self.check_state(&wait.state)?;
        let time = Duration::from_secs(wait.seconds.into());
        if time > retry_after::LONGEST {
            return Err(self.nonsense(&format!("it waits longer than {} s", retry_after::LONGEST.as_secs())));
        }
        let whole_target = self.last.is_some_and(|(status, _)| retry_after::is_of_whole_target(status));
        if whole_target || Instant::now() + time >= self.until {
            let because = self.last.map(|(status, _)| format!(" ({status})")).unwrap_or_default();
            let message = format!("The target asks to wait {} s{because}", wait.seconds);
            return Err(Failed { message, retry_after: Some(time), whole_target, component_failed: false });
        }
        tokio::time::sleep(time).await;
        Ok((wait.state, Answer::Resumed))
    }

    fn done(&self, done: Done) -> Result<Ended, Failed> {
        let is_small = |known: &Vec<u8>| known.len() <= KNOWN;
        match (self.task, done) {
            (Task::Put(_) | Task::Remove(_) | Task::Look(_) | Task::Held(_), Done::Finished(finished))
                if finished.known.as_ref().is_none_or(is_small) =>
            {
                Ok(Ended::Finished(finished))
            }
            (Task::Put(_) | Task::Look(_), Done::Missing) => Ok(Ended::Missing),
            (Task::Enumerate(_), Done::Page(page))
                if page.next.as_ref().is_none_or(is_small) && page.clients.iter().all(|one| is_small(&one.known)) =>
            {
                Ok(Ended::Page(page))
            }
            (Task::Probe, Done::Ready(text)) => Ok(Ended::Ready((!text.is_empty()).then_some(text))),
            (_, Done::Finished(_) | Done::Page(_)) => {
                Err(self
                    .nonsense(&format!("its end is not that of the task, or it knows more than {} KiB", KNOWN >> 10)))
            }
            (_, Done::Missing | Done::Ready(_)) => Err(self.nonsense("its end is not that of the task")),
        }
    }

    fn check_state(&self, state: &[u8]) -> Result<(), Failed> {
        if state.len() <= STATE {
            return Ok(());
        }
        Err(self.nonsense(&format!("its state is longer than {} KiB", STATE >> 10)))
    }

    /// Whom the connector's calls are for.
    fn call(&self) -> RealmOfCall {
        call_of(&self.reach.realm)
    }

    /// This time not, as the connector says; the pause is that of the last answer.
    fn failed(&self, message: String) -> Failed {
        let pause = self.last.and_then(|(_, pause)| pause);
        self.failed_with(message, pause)
    }

    pub(super) fn failed_with(&self, message: String, pause: Option<Pause>) -> Failed {
        Failed {
            message,
            retry_after: pause.map(|pause| pause.time),
            whole_target: pause.is_some_and(|pause| pause.whole_target),
            component_failed: false,
        }
    }

    fn component_failed(&self, error: &WasmError) -> Failed {
        let message = error.in_words(Some(&self.connector.component.allowance));
        let component_failed = !error.failure.is_passing();
        if component_failed && error.failure != Failure::Resting {
            // What it said before a trap may hold what it was given.
            let (realm, name, error) =
                (&self.reach.realm.name, &self.reach.target.name, self.words.clean(&error.to_string()));
            tracing::warn!(realm, target = name, error, "a connector failed");
        }
        Failed { message, component_failed, ..Failed::default() }
    }

    /// The last step makes no sense or breaks a limit: a failure of the component like a trap.
    pub(super) fn nonsense(&self, why: &str) -> Failed {
        let error = self.runner.instances.nonsense(&self.connector.component, why);
        self.component_failed(&error)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]
mod tests;
