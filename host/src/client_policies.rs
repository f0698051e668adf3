//! The realm's client policies at work, before its registration policies (Keycloak: ClientPolicyManager).
//!
//! The conditions of all policies are asked in one call for each component, then the executors of those that apply.
//! Policies none of whose executors acts on an event are left out of it. The first refusal ends the request; what has no
//! answer refuses it.

mod record;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use matricula_contract::names::event_name;
use matricula_contract::{Client, Configured, Context, Event, Outcome, Verdict, Violation};
use matricula_store::client_policy_documents::{EnabledPolicy, RealmClientPolicies};
use matricula_store::ids;
use matricula_wasm::client_policy_provider::{ConditionHandle, ExecutorHandle, Occasion};
use matricula_wasm::component::LoadedComponent;
use matricula_wasm::instances::Instances;
use matricula_wasm::no_answer::{NoAnswer, Unanswered};
use matricula_wasm::provider::ProviderCall;
use matricula_wasm::{ComponentSet, Failure, WasmError};

use crate::app::App;
use crate::error::ErrorResponse;
use crate::policies::{Failed, PolicyError, PolicyViolation, VALUE_LENGTH, amend, hide, named};
pub(crate) use record::ClientPolicyEvaluation;
use record::{ConditionEvaluation, ConditionVerdict, ExecutorEvaluation, ExecutorVerdict};

/// A refusal by an executor.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Its error code.
    pub(crate) code: String,
    /// What it objects to.
    pub(crate) violation: PolicyViolation,
    /// It was about the result, not about the request.
    pub(crate) late: bool,
    /// Id of the decision record.
    pub(crate) decision: String,
}

/// Why client policies did not let a request through.
#[derive(Debug)]
pub(crate) enum ClientPolicyError {
    /// An executor refuses it.
    Refused(Box<Refused>),
    /// A condition or executor has no answer; the details went to the log.
    Failed(PolicyError),
}

/// The client policies of one request.
pub(crate) struct ClientPolicies {
    realm: Arc<RealmClientPolicies>,
    /// Absent in a realm without client policies, which most are.
    asking: Option<Asking>,
    /// Id of the decision record.
    pub(crate) decision: String,
    /// The caller keeps the registration access token that it came with.
    pub(crate) keeps_token: bool,
    /// Every policy that was asked, in order.
    pub(crate) evaluations: Vec<ClientPolicyEvaluation>,
}

/// What it takes to ask components.
struct Asking {
    components: Arc<ComponentSet>,
    provider: ProviderCall,
    context: Context,
}

/// A policy that one of its executors has to run for at an event.
struct Candidate<'a> {
    policy: &'a EnabledPolicy,
    conditions: Vec<(&'a Configured, Arc<ConditionHandle>)>,
    executors: Vec<(&'a Configured, Arc<ExecutorHandle>)>,
}

impl ClientPolicies {
    /// The client policies of the provider's realm. `context` is made only if there are any.
    pub(crate) fn new(
        provider: &ProviderCall,
        components: &Arc<ComponentSet>,
        decision: &str,
        context: impl FnOnce() -> Context,
    ) -> ClientPolicies {
        let realm = Arc::clone(&provider.call.realm.client_policies);
        let asking = (!realm.enabled.is_empty()).then(|| Asking {
            components: Arc::clone(components),
            provider: provider.clone(),
            context: context(),
        });
        ClientPolicies { realm, asking, decision: decision.to_owned(), keeps_token: false, evaluations: Vec::new() }
    }

    /// Whether the realm's policies have a condition or executor with one of these ids.
    pub(crate) fn concern(&self, ids: &HashSet<String>) -> bool {
        let parts = |policy: &EnabledPolicy| {
            policy.conditions.iter().chain(&policy.executors).any(|part| ids.contains(&part.provider))
        };
        self.realm.enabled.iter().any(parts)
    }

    /// A client is to be registered; `proposed` is as sent. Executors may change it.
    pub(crate) async fn register(&mut self, proposed: &mut Client) -> Result<(), ClientPolicyError> {
        self.run(Event::Register, Some(proposed), None).await
    }

    /// A registered client is about to be stored. Executors may change it.
    pub(crate) async fn registered(&mut self, client: &mut Client) -> Result<(), ClientPolicyError> {
        self.run(Event::Registered, Some(client), None).await
    }

    /// A client is to be changed; `proposed` is as sent. Executors may change it.
    pub(crate) async fn update(&mut self, proposed: &mut Client, stored: &Client) -> Result<(), ClientPolicyError> {
        self.run(Event::Update, Some(proposed), Some(stored)).await
    }

    /// A changed client is about to be stored. Executors may change it.
    pub(crate) async fn updated(&mut self, client: &mut Client, before: &Client) -> Result<(), ClientPolicyError> {
        self.run(Event::Updated, Some(client), Some(before)).await
    }

    /// A client is to be shown.
    pub(crate) async fn view(&mut self, stored: &Client) -> Result<(), ClientPolicyError> {
        self.run(Event::View, None, Some(stored)).await
    }

    /// A client is to be deleted.
    pub(crate) async fn unregister(&mut self, stored: &Client) -> Result<(), ClientPolicyError> {
        self.run(Event::Unregister, None, Some(stored)).await
    }

    async fn run(
        &mut self,
        event: Event,
        proposed: Option<&mut Client>,
        stored: Option<&Client>,
    ) -> Result<(), ClientPolicyError> {
        let Some(asking) = &self.asking else { return Ok(()) };
        let run = Run { event, asking, decision: &self.decision };
        let candidates = match run.candidates(&self.realm.enabled) {
            Ok(candidates) if candidates.is_empty() => return Ok(()),
            Ok(candidates) => candidates,
            Err(missing) => {
                self.evaluations.push(missing.evaluation);
                return Err(missing.error);
            }
        };
        // Neither the secret nor the private key is shown.
        let seen_stored = stored.map(|stored| {
            let mut seen = stored.clone();
            hide(&mut seen);
            seen
        });
        let mut said: Vec<_> = candidates.iter().map(|candidate| candidate.evaluation(event)).collect();
        let outcome = match proposed {
            Some(client) => {
                let hidden = hide(client);
                let outcome = run.all(&candidates, Some(client), seen_stored.as_ref(), &mut said).await;
                hidden.reveal(client);
                outcome
            }
            None => run.all(&candidates, None, seen_stored.as_ref(), &mut said).await,
        };
        self.evaluations.append(&mut said);
        self.keeps_token |= outcome?;
        asking.provider.call.known().map_err(|error| ClientPolicyError::Failed(PolicyError::Other(error.into())))
    }
}

impl Candidate<'_> {
    /// Nothing said yet.
    fn evaluation(&self, event: Event) -> ClientPolicyEvaluation {
        unsaid(self.policy, event)
    }
}

/// What is recorded of a policy that has not said anything yet.
fn unsaid(policy: &EnabledPolicy, event: Event) -> ClientPolicyEvaluation {
    ClientPolicyEvaluation {
        name: policy.name.clone(),
        event: event_name(event),
        mode: None,
        applies: false,
        conditions: Vec::new(),
        executors: Vec::new(),
    }
}

/// A condition or executor that no component has.
struct Missing {
    evaluation: ClientPolicyEvaluation,
    error: ClientPolicyError,
}

/// A condition or executor that is to be asked.
#[derive(Clone, Copy)]
struct Step<'a> {
    /// Of which policy.
    index: usize,
    part: &'a Configured,
    component: &'a Arc<LoadedComponent>,
    version: &'a str,
}

impl<'a> Step<'a> {
    fn condition(index: usize, (part, handle): &'a (&'a Configured, Arc<ConditionHandle>)) -> Step<'a> {
        Step { index, part, component: &handle.component, version: &handle.description.version }
    }

    fn executor(index: usize, (part, handle): &'a (&'a Configured, Arc<ExecutorHandle>)) -> Step<'a> {
        Step { index, part, component: &handle.component, version: &handle.description.version }
    }

    /// What is recorded of a condition that says this.
    fn judged(&self, verdict: ConditionVerdict, failure: Option<NoAnswer>) -> ConditionEvaluation {
        ConditionEvaluation {
            condition: self.part.provider.clone(),
            component: self.component.label(),
            version: self.version.to_owned(),
            verdict,
            failure,
        }
    }

    /// What is recorded of an executor that did this.
    fn executed(&self, verdict: ExecutorVerdict, micros: u64) -> ExecutorEvaluation {
        ExecutorEvaluation {
            executor: self.part.provider.clone(),
            component: self.component.label(),
            version: self.version.to_owned(),
            verdict,
            failure: None,
            violation: None,
            changes: Vec::new(),
            micros,
        }
    }
}

/// One event of one request.
#[derive(Clone, Copy)]
struct Run<'a> {
    event: Event,
    asking: &'a Asking,
    decision: &'a str,
}

impl Run<'_> {
    /// The policies that concern this event. Of a kind that is not loaded any more nobody knows what it would do, so the
    /// request is refused.
    fn candidates<'a>(&self, policies: &'a [EnabledPolicy]) -> Result<Vec<Candidate<'a>>, Box<Missing>> {
        let components = &self.asking.components;
        let mut candidates = Vec::new();
        for policy in policies {
            let mut executors = Vec::with_capacity(policy.executors.len());
            for part in &policy.executors {
                let handle = components.executor(&part.provider).ok_or_else(|| self.missing(policy, part, false))?;
                if handle.description.events.contains(&self.event) {
                    executors.push((part, Arc::clone(handle)));
                }
            }
            if executors.is_empty() {
                continue;
            }
            let mut conditions = Vec::with_capacity(policy.conditions.len());
            for part in &policy.conditions {
                let handle = components.condition(&part.provider).ok_or_else(|| self.missing(policy, part, true))?;
                conditions.push((part, Arc::clone(handle)));
            }
            candidates.push(Candidate { policy, conditions, executors });
        }
        Ok(candidates)
    }

    /// The refusal because of a condition or executor that no component has.
    fn missing(&self, policy: &EnabledPolicy, part: &Configured, condition: bool) -> Box<Missing> {
        let error = WasmError {
            component: part.provider.clone(),
            failure: Failure::Missing,
            detail: format!("client policy {:?} needs it", part.policy),
        };
        let failure = Some(NoAnswer::new(&error, None));
        let (component, version) = (String::new(), String::new());
        let mut evaluation = unsaid(policy, self.event);
        if condition {
            let (condition, verdict) = (part.provider.clone(), ConditionVerdict::Fail);
            evaluation.conditions.push(ConditionEvaluation { condition, component, version, verdict, failure });
        } else {
            let (executor, verdict) = (part.provider.clone(), ExecutorVerdict::Fail);
            let (violation, changes, micros) = (None, Vec::new(), 0);
            evaluation.executors.push(ExecutorEvaluation {
                executor,
                component,
                version,
                verdict,
                failure,
                violation,
                changes,
                micros,
            });
        }
        Box::new(Missing { evaluation, error: self.failed(part, None, error) })
    }

    /// Runs the executors of the policies that apply. Says whether the caller keeps its registration access token.
    async fn all(
        &self,
        candidates: &[Candidate<'_>],
        mut proposed: Option<&mut Client>,
        stored: Option<&Client>,
        said: &mut [ClientPolicyEvaluation],
    ) -> Result<bool, ClientPolicyError> {
        let mut keeps_token = false;
        let mut first = 0;
        self.judge(candidates, proposed.as_deref(), stored, said).await?;
        // Begins anew behind a policy whose changes decide whether a later one applies.
        'again: while first < candidates.len() {
            let steps: Vec<Step<'_>> = (first..)
                .zip(&candidates[first..])
                .filter(|(index, _)| said[*index].applies)
                .flat_map(|(index, candidate)| {
                    candidate.executors.iter().map(move |executor| Step::executor(index, executor))
                })
                .collect();
            // What was changed since the conditions of later policies were asked.
            let mut changed: Vec<String> = Vec::new();
            let mut at = 0;
            while at < steps.len() {
                let run = &steps[at..at + same_component(&steps[at..])];
                let began = Instant::now();
                let outcomes = match self.execute(run, proposed.as_deref(), stored).await {
                    Ok(outcomes) => outcomes,
                    Err(error) => {
                        let failing = self.failing_executor(run, proposed.as_deref(), stored, &error).await;
                        return Err(self.executor_failed(failing, error, micros(began, 1), said));
                    }
                };
                let micros = micros(began, outcomes.len());
                for (step, outcome) in run.iter().zip(outcomes) {
                    let index = step.index;
                    let outcome = match outcome {
                        Ok(outcome) => outcome,
                        Err(detail) => {
                            let error = self.asking.provider.instances.reported(step.component, detail);
                            return Err(self.executor_failed(std::slice::from_ref(step), error, micros, said));
                        }
                    };
                    let mut evaluation = step.executed(ExecutorVerdict::Accept, micros);
                    match outcome {
                        Outcome::Pass => {}
                        Outcome::KeepRegistrationAccessToken => {
                            keeps_token = true;
                            evaluation.verdict = ExecutorVerdict::Keep;
                        }
                        Outcome::Refuse(violation) => {
                            let (violation, refused) = self.refused(step.part, violation).await;
                            if !self.asking.provider.instances.is_trying() {
                                step.component.figures.refused();
                            }
                            evaluation.verdict = ExecutorVerdict::Reject;
                            evaluation.violation = Some(violation);
                            said[index].executors.push(evaluation);
                            return Err(ClientPolicyError::Refused(Box::new(refused)));
                        }
                        Outcome::Amend(changes) => {
                            let amended = match proposed.as_deref_mut() {
                                Some(client) => amend(client, changes),
                                None => Err("a client that is only shown or deleted"),
                            };
                            let changes = match amended {
                                Ok(changes) => changes,
                                Err(what) => {
                                    let detail = format!("it amends {what}");
                                    let error = self.asking.provider.instances.nonsense(step.component, detail);
                                    return Err(self.executor_failed(std::slice::from_ref(step), error, micros, said));
                                }
                            };
                            changed.extend(changes.iter().map(|change| change.field.clone()));
                            evaluation.verdict = ExecutorVerdict::Amend;
                            evaluation.changes = named(changes, &self.asking.provider).await;
                        }
                    }
                    said[index].executors.push(evaluation);
                    at += 1;
                    let ends_policy = steps.get(at).is_none_or(|next| next.index != index);
                    let later = &candidates[index + 1..];
                    if ends_policy && reads(later, &changed) {
                        changed.clear();
                        let applied: Vec<bool> = said[index + 1..].iter().map(|said| said.applies).collect();
                        self.judge(later, proposed.as_deref(), stored, &mut said[index + 1..]).await?;
                        if said[index + 1..].iter().map(|said| said.applies).ne(applied) {
                            first = index + 1;
                            continue 'again;
                        }
                    }
                }
            }
            break;
        }
        Ok(keeps_token)
    }

    /// One call for executors of one component.
    async fn execute(
        &self,
        run: &[Step<'_>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
    ) -> Result<Vec<Result<Outcome, String>>, WasmError> {
        let Some(first) = run.first() else { return Ok(Vec::new()) };
        let parts: Vec<Configured> = run.iter().map(|step| step.part.clone()).collect();
        let ProviderCall { instances, call, .. } = &self.asking.provider;
        first.component.execute(instances, call.clone(), self.occasion(proposed, stored), &parts).await
    }

    /// Which of the executors of one call the component has no answer for: each is asked alone, until one fails again. If
    /// none does, it is all of them together.
    async fn failing_executor<'s, 'a>(
        &self,
        run: &'s [Step<'a>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
        error: &WasmError,
    ) -> &'s [Step<'a>] {
        if run.len() < 2 || !error.failure.is_of_an_answer() {
            return run;
        }
        let mut seen = proposed.cloned();
        let ProviderCall { instances, call, .. } = &self.asking.provider;
        let instances = instances.trying();
        for step in run {
            let occasion = self.occasion(seen.as_ref(), stored);
            let parts = std::slice::from_ref(step.part);
            match step.component.execute(&instances, call.watched(), occasion, parts).await {
                Err(_) => return std::slice::from_ref(step),
                Ok(outcomes) => {
                    for outcome in outcomes {
                        if let (Ok(Outcome::Amend(changes)), Some(client)) = (outcome, seen.as_mut()) {
                            // What cannot be carried out was no reason to fail.
                            let _ = amend(client, changes);
                        }
                    }
                }
            }
        }
        run
    }

    /// Records executors without an answer. Gives the refusal.
    fn executor_failed(
        &self,
        failing: &[Step<'_>],
        error: WasmError,
        micros: u64,
        said: &mut [ClientPolicyEvaluation],
    ) -> ClientPolicyError {
        // What will pass is nobody's failure.
        for step in failing.iter().filter(|_| !error.failure.is_passing()) {
            let failure = Some(NoAnswer::new(&error, Some(step.component)));
            let evaluation = ExecutorEvaluation { failure, ..step.executed(ExecutorVerdict::Fail, micros) };
            said[step.index].executors.push(evaluation);
        }
        self.step_failed(failing, error)
    }

    /// Finds out which of the policies apply: no condition says no, and at least one says yes.
    async fn judge(
        &self,
        candidates: &[Candidate<'_>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
        said: &mut [ClientPolicyEvaluation],
    ) -> Result<(), ClientPolicyError> {
        let questions: Vec<Step<'_>> = candidates
            .iter()
            .enumerate()
            .flat_map(|(index, candidate)| {
                candidate.conditions.iter().map(move |condition| Step::condition(index, condition))
            })
            .collect();
        let mut answers: Vec<Answer> = candidates.iter().map(|candidate| Answer::of(candidate.policy.strict)).collect();
        said.iter_mut().for_each(|said| said.conditions.clear());
        let mut at = 0;
        while at < questions.len() {
            let run = &questions[at..at + same_component(&questions[at..])];
            at += run.len();
            let verdicts = match self.verdicts(run, proposed, stored, &self.asking.provider.instances).await {
                Ok(verdicts) => verdicts,
                Err(error) => {
                    let failing = self.failing_condition(run, proposed, stored, &error).await;
                    return Err(self.condition_failed(failing, error, said));
                }
            };
            for (step, verdict) in run.iter().zip(verdicts) {
                let verdict = match verdict {
                    Ok(verdict) => verdict,
                    Err(detail) => {
                        let error = self.asking.provider.instances.reported(step.component, detail);
                        return Err(self.condition_failed(std::slice::from_ref(step), error, said));
                    }
                };
                answers[step.index].hear(verdict);
                said[step.index].conditions.push(step.judged(verdict.into(), None));
            }
        }
        for (said, answer) in said.iter_mut().zip(answers) {
            said.applies = answer.applies();
        }
        Ok(())
    }

    /// One call for conditions of one component.
    async fn verdicts(
        &self,
        run: &[Step<'_>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
        instances: &Instances,
    ) -> Result<Vec<Result<Verdict, String>>, WasmError> {
        let Some(first) = run.first() else { return Ok(Vec::new()) };
        let parts: Vec<Configured> = run.iter().map(|step| step.part.clone()).collect();
        let call = self.asking.provider.call.clone();
        first.component.judge(instances, call, self.occasion(proposed, stored), &parts).await
    }

    /// Which of the conditions of one call the component has no answer for, as of the executors.
    async fn failing_condition<'s, 'a>(
        &self,
        run: &'s [Step<'a>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
        error: &WasmError,
    ) -> &'s [Step<'a>] {
        if run.len() < 2 || !error.failure.is_of_an_answer() {
            return run;
        }
        let instances = self.asking.provider.instances.trying();
        for step in run {
            let alone = std::slice::from_ref(step);
            if self.verdicts(alone, proposed, stored, &instances).await.is_err() {
                return alone;
            }
        }
        run
    }

    /// Records conditions without an answer. Gives the refusal.
    fn condition_failed(
        &self,
        failing: &[Step<'_>],
        error: WasmError,
        said: &mut [ClientPolicyEvaluation],
    ) -> ClientPolicyError {
        // What will pass is nobody's failure.
        for step in failing.iter().filter(|_| !error.failure.is_passing()) {
            let failure = Some(NoAnswer::new(&error, Some(step.component)));
            said[step.index].conditions.push(step.judged(ConditionVerdict::Fail, failure));
        }
        self.step_failed(failing, error)
    }

    /// The refusal because of what comes first of these.
    fn step_failed(&self, failing: &[Step<'_>], error: WasmError) -> ClientPolicyError {
        match failing.first() {
            Some(step) => self.failed(step.part, Some(step.component), error),
            // There is no call without a part.
            None => ClientPolicyError::Failed(PolicyError::Other(ErrorResponse::server_error())),
        }
    }

    fn occasion<'c>(&'c self, proposed: Option<&'c Client>, stored: Option<&'c Client>) -> Occasion<'c> {
        Occasion { event: self.event, context: &self.asking.context, proposed, stored }
    }

    /// What an executor objects to, and the refusal as the caller sees it.
    async fn refused(&self, part: &Configured, violation: Violation) -> (PolicyViolation, Refused) {
        if let Some(hint) = violation.hint.as_ref().filter(|_| !self.asking.provider.instances.is_trying()) {
            tracing::info!(decision = self.decision, policy = part.policy, hint, "a client policy refused a request");
        }
        let field = match &violation.field {
            None => None,
            Some(field) => self.asking.provider.document_name(field).await.unwrap_or_default(),
        };
        let code = violation.error.unwrap_or_else(|| "invalid_request".to_owned());
        let violation = PolicyViolation {
            policy: part.policy.clone(),
            provider: part.provider.clone(),
            value: violation.value.filter(|_| field.is_some()).map(|value| value.chars().take(VALUE_LENGTH).collect()),
            field,
            message: violation.message,
            hint: violation.hint,
            error: Some(code.clone()),
        };
        let refused = Refused {
            violation: violation.told(),
            code,
            late: matches!(self.event, Event::Registered | Event::Updated),
            decision: self.decision.to_owned(),
        };
        (violation, refused)
    }

    /// The refusal because of a condition or executor without an answer.
    fn failed(&self, part: &Configured, component: Option<&LoadedComponent>, error: WasmError) -> ClientPolicyError {
        if error.failure.is_passing() {
            return ClientPolicyError::Failed(PolicyError::Other(error.into()));
        }
        let Configured { policy, provider, .. } = part;
        let WasmError { component: name, failure, detail } = &error;
        let (decision, trying) = (self.decision, self.asking.provider.instances.is_trying());
        if trying {
            tracing::warn!(component = name, %failure, detail, policy, decision,
                "a client policy has no answer; nothing comes of it, as this was only tried");
        } else {
            tracing::error!(component = name, %failure, detail, policy, decision,
                "a client policy has no answer; the request is refused");
        }
        let unanswered = Unanswered {
            step: event_name(self.event),
            policy: Some(policy.clone()),
            provider: provider.clone(),
            component: component.map(LoadedComponent::label),
            failure: NoAnswer::new(&error, component),
        };
        if let Some(component) = component.filter(|_| !trying) {
            component.failed_at(&self.asking.context.realm, self.decision, &unanswered);
        }
        let (policy, component, decision) = (policy.clone(), name.clone(), decision.to_owned());
        ClientPolicyError::Failed(PolicyError::Failed(Box::new(Failed { policy, component, decision, unanswered })))
    }
}

/// The share of each of so many in the time since then, in microseconds.
fn micros(began: Instant, of: usize) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX) / of.max(1) as u64
}

/// Whether a condition of these policies looks at a field that executors have changed (`consent-required`,
/// `attributes.…`).
fn reads(candidates: &[Candidate<'_>], changed: &[String]) -> bool {
    let of_field = |change: &String, field: &String| {
        change.strip_prefix(field.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    !changed.is_empty()
        && candidates.iter().flat_map(|candidate| &candidate.conditions).any(|(_, handle)| {
            let reads = handle.description.reads.as_ref();
            reads.is_none_or(|fields| fields.iter().any(|field| changed.iter().any(|change| of_field(change, field))))
        })
}

/// How many parts at the beginning are of the same component.
fn same_component(parts: &[Step<'_>]) -> usize {
    let Some(first) = parts.first() else { return 0 };
    parts.iter().take_while(|part| Arc::ptr_eq(part.component, first.component)).count()
}

/// What the conditions of a policy have said so far.
#[derive(Clone, Copy, Debug)]
struct Answer {
    strict: bool,
    yes: bool,
    no: bool,
}

impl Answer {
    fn of(strict: bool) -> Answer {
        Answer { strict, yes: false, no: false }
    }

    fn hear(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Yes => self.yes = true,
            Verdict::No => self.no = true,
            Verdict::Abstain => self.no |= self.strict,
        }
    }

    fn applies(&self) -> bool {
        self.yes && !self.no
    }
}

/// The components as of now and client policies for an administrator's request.
pub(crate) fn for_administrator(
    app: &App,
    provider: &ProviderCall,
    context: impl FnOnce() -> Context,
) -> ClientPolicies {
    ClientPolicies::new(provider, &app.wasm.current(), &ids::fresh(), context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_applies_when_at_least_one_condition_holds_and_none_does_not() {
        use Verdict::{Abstain, No, Yes};
        for (verdicts, lenient, strict) in [
            (&[][..], false, false),
            (&[Yes], true, true),
            (&[No], false, false),
            (&[Abstain], false, false),
            (&[Yes, Yes], true, true),
            (&[Yes, No], false, false),
            (&[No, Yes], false, false),
            (&[Yes, Abstain], true, false),
            (&[Abstain, Yes], true, false),
        ] {
            for (is_strict, expected) in [(false, lenient), (true, strict)] {
                let mut answer = Answer::of(is_strict);
                verdicts.iter().for_each(|verdict| answer.hear(*verdict));
                assert_eq!(answer.applies(), expected, "{verdicts:?} strict: {is_strict}");
            }
        }
    }
}
