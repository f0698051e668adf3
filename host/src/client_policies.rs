//! The realm's client policies at work, before its registration policies (Keycloak: ClientPolicyManager).
//!
//! The conditions of all policies are asked in one call for each component, then the executors of those that apply.
//! Policies none of whose executors acts on an event are left out of it. The first refusal ends the request; what has no
//! answer refuses it.

pub(crate) mod documents;
mod record;

use std::sync::Arc;
use std::time::Instant;

use crate::app::App;
use crate::ids;
use crate::policies::{PolicyError, PolicyViolation, VALUE_LENGTH, amend, hide, named};
use crate::wasm::client_policy_provider::{ConditionHandle, ExecutorHandle, Occasion};
use crate::wasm::component::LoadedComponent;
use crate::wasm::contract::{Client, Configured, Context, Event, Outcome, Verdict, Violation};
use crate::wasm::provider::ProviderCall;
use crate::wasm::{ComponentSet, Failure, WasmError};
use documents::{EnabledPolicy, RealmClientPolicies};
pub(crate) use record::{ClientPolicyEvaluation, event_name};
use record::{ConditionEvaluation, ExecutorEvaluation, ExecutorVerdict};

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
    decision: String,
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
        let candidates = run.candidates(&self.realm.enabled)?;
        if candidates.is_empty() {
            return Ok(());
        }
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
        asking.provider.call.known().map_err(|error| run.failed("", error))
    }
}

impl Candidate<'_> {
    /// Nothing said yet.
    fn evaluation(&self, event: Event) -> ClientPolicyEvaluation {
        ClientPolicyEvaluation {
            name: self.policy.name.clone(),
            event: event_name(event),
            applies: false,
            conditions: Vec::new(),
            executors: Vec::new(),
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
    fn candidates<'a>(&self, policies: &'a [EnabledPolicy]) -> Result<Vec<Candidate<'a>>, ClientPolicyError> {
        let components = &self.asking.components;
        let missing = |part: &Configured| {
            self.failed(
                &part.policy,
                WasmError {
                    component: part.provider.clone(),
                    failure: Failure::Missing,
                    detail: format!("client policy {:?} needs it", part.policy),
                },
            )
        };
        let mut candidates = Vec::new();
        for policy in policies {
            let mut executors = Vec::with_capacity(policy.executors.len());
            for part in &policy.executors {
                let handle = components.executor(&part.provider).ok_or_else(|| missing(part))?;
                if handle.description.events.contains(&self.event) {
                    executors.push((part, Arc::clone(handle)));
                }
            }
            if executors.is_empty() {
                continue;
            }
            let mut conditions = Vec::with_capacity(policy.conditions.len());
            for part in &policy.conditions {
                let handle = components.condition(&part.provider).ok_or_else(|| missing(part))?;
                conditions.push((part, Arc::clone(handle)));
            }
            candidates.push(Candidate { policy, conditions, executors });
        }
        Ok(candidates)
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
            let steps: Vec<(usize, &Configured, &Arc<LoadedComponent>)> = (first..)
                .zip(&candidates[first..])
                .filter(|(index, _)| said[*index].applies)
                .flat_map(|(index, candidate)| {
                    candidate.executors.iter().map(move |(part, handle)| (index, *part, &handle.component))
                })
                .collect();
            // What was changed since the conditions of later policies were asked.
            let mut changed: Vec<String> = Vec::new();
            let mut at = 0;
            while at < steps.len() {
                let run = same_component(&steps[at..], |step| step.2);
                let parts: Vec<Configured> = steps[at..at + run].iter().map(|step| step.1.clone()).collect();
                let (index, _, component) = steps[at];
                let policy = &candidates[index].policy.name;
                let began = Instant::now();
                let outcomes = component
                    .execute(
                        &self.asking.provider.instances,
                        self.asking.provider.call.clone(),
                        self.occasion(proposed.as_deref(), stored),
                        &parts,
                    )
                    .await
                    .map_err(|error| self.failed(policy, error))?;
                let micros = began.elapsed().as_micros() / outcomes.len().max(1) as u128;
                for (step, outcome) in outcomes.into_iter().enumerate() {
                    let (index, part, component) = steps[at + step];
                    let outcome = outcome.map_err(|detail| self.failed(&part.policy, component.nonsense(detail)))?;
                    let mut evaluation = ExecutorEvaluation {
                        executor: part.provider.clone(),
                        component: component.label(),
                        verdict: ExecutorVerdict::Accept,
                        violation: None,
                        changes: Vec::new(),
                        micros: u64::try_from(micros).unwrap_or(u64::MAX),
                    };
                    match outcome {
                        Outcome::Pass => {}
                        Outcome::KeepRegistrationAccessToken => {
                            keeps_token = true;
                            evaluation.verdict = ExecutorVerdict::Keep;
                        }
                        Outcome::Refuse(violation) => {
                            let refused = self.refused(part, violation).await;
                            component.figures.refused();
                            evaluation.verdict = ExecutorVerdict::Reject;
                            evaluation.violation = Some(refused.violation.clone());
                            said[index].executors.push(evaluation);
                            return Err(ClientPolicyError::Refused(Box::new(refused)));
                        }
                        Outcome::Amend(changes) => {
                            let amended = match proposed.as_deref_mut() {
                                Some(client) => amend(client, changes),
                                None => Err("a client that is only shown or deleted"),
                            };
                            let changes = amended.map_err(|what| {
                                self.failed(&part.policy, component.nonsense(format!("it amends {what}")))
                            })?;
                            changed.extend(changes.iter().map(|change| change.field.clone()));
                            evaluation.verdict = ExecutorVerdict::Amend;
                            evaluation.changes = named(changes, &self.asking.provider).await;
                        }
                    }
                    said[index].executors.push(evaluation);
                    let ends_policy = steps.get(at + step + 1).is_none_or(|next| next.0 != index);
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
                at += run;
            }
            break;
        }
        Ok(keeps_token)
    }

    /// Finds out which of the policies apply: no condition says no, and at least one says yes.
    async fn judge(
        &self,
        candidates: &[Candidate<'_>],
        proposed: Option<&Client>,
        stored: Option<&Client>,
        said: &mut [ClientPolicyEvaluation],
    ) -> Result<(), ClientPolicyError> {
        let questions: Vec<(usize, &Configured, &Arc<LoadedComponent>)> = candidates
            .iter()
            .enumerate()
            .flat_map(|(index, candidate)| {
                candidate.conditions.iter().map(move |(part, handle)| (index, *part, &handle.component))
            })
            .collect();
        let mut answers: Vec<Answer> = candidates.iter().map(|candidate| Answer::of(candidate.policy.strict)).collect();
        said.iter_mut().for_each(|said| said.conditions.clear());
        let mut at = 0;
        while at < questions.len() {
            let run = same_component(&questions[at..], |question| question.2);
            let parts: Vec<Configured> = questions[at..at + run].iter().map(|question| question.1.clone()).collect();
            let (_, part, component) = questions[at];
            let verdicts = component
                .judge(
                    &self.asking.provider.instances,
                    self.asking.provider.call.clone(),
                    self.occasion(proposed, stored),
                    &parts,
                )
                .await
                .map_err(|error| self.failed(&part.policy, error))?;
            for ((index, part, component), verdict) in questions[at..at + run].iter().zip(verdicts) {
                let verdict = verdict.map_err(|detail| self.failed(&part.policy, component.nonsense(detail)))?;
                answers[*index].hear(verdict);
                said[*index].conditions.push(ConditionEvaluation {
                    condition: part.provider.clone(),
                    component: component.label(),
                    verdict: verdict.into(),
                });
            }
            at += run;
        }
        for (said, answer) in said.iter_mut().zip(answers) {
            said.applies = answer.applies();
        }
        Ok(())
    }

    fn occasion<'c>(&'c self, proposed: Option<&'c Client>, stored: Option<&'c Client>) -> Occasion<'c> {
        Occasion { event: self.event, context: &self.asking.context, proposed, stored }
    }

    /// The refusal of an executor, as the caller sees it.
    async fn refused(&self, part: &Configured, violation: Violation) -> Refused {
        if let Some(hint) = &violation.hint {
            tracing::info!(decision = self.decision, policy = part.policy, hint, "a client policy refused a request");
        }
        let field = match &violation.field {
            None => None,
            Some(field) => self.asking.provider.document_name(field).await.unwrap_or_default(),
        };
        let code = violation.error.unwrap_or_else(|| "invalid_request".to_owned());
        Refused {
            violation: PolicyViolation {
                policy: part.policy.clone(),
                provider: part.provider.clone(),
                value: violation
                    .value
                    .filter(|_| field.is_some())
                    .map(|value| value.chars().take(VALUE_LENGTH).collect()),
                field,
                message: violation.message,
                error: Some(code.clone()),
            },
            code,
            late: matches!(self.event, Event::Registered | Event::Updated),
            decision: self.decision.to_owned(),
        }
    }

    fn failed(&self, policy: &str, error: WasmError) -> ClientPolicyError {
        if error.failure.is_passing() {
            return ClientPolicyError::Failed(PolicyError::Other(error.into()));
        }
        tracing::error!(
            component = error.component,
            failure = %error.failure,
            detail = error.detail,
            policy,
            decision = self.decision,
            "a client policy has no answer; the request is refused"
        );
        let (policy, decision) = (policy.to_owned(), self.decision.to_owned());
        ClientPolicyError::Failed(PolicyError::Failed { policy, component: error.component, decision })
    }
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
fn same_component<T>(parts: &[T], component: impl Fn(&T) -> &Arc<LoadedComponent>) -> usize {
    let Some(first) = parts.first() else { return 0 };
    parts.iter().take_while(|part| Arc::ptr_eq(component(part), component(first))).count()
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
