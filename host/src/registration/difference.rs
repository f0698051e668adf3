//! What would be decided otherwise: the same request gone through with two versions of a component.

use std::collections::HashMap;

use matricula_wasm::no_answer::Unanswered;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::decision::{Outcome, Record};
use crate::policies::{PolicyViolation, Verdict as PolicyVerdict};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is let through.
    Accept,
    /// The client waits for an administrator.
    Hold,
    /// It is refused.
    Reject,
    /// A component has no answer.
    Error,
}

/// Why a request is held or refused.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Why {
    /// What is objected to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) violations: Vec<PolicyViolation>,
    /// Why the client is held, or why a request is refused that no policy objects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Which component has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Unanswered>,
}

/// A request that is decided otherwise.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Id of its decision record.
    pub(crate) decision: String,
    /// Name of the realm.
    pub(crate) realm: String,
    /// What is decided with the components as they are.
    pub(crate) before: Verdict,
    /// What would be decided with the other version.
    pub(crate) after: Verdict,
    /// What would be objected to.
    pub(crate) violations: Vec<PolicyViolation>,
    /// Why the client would be held, or why the request would be refused that no policy objects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Which component would have no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Unanswered>,
    /// The same of what is decided with the components as they are.
    pub(crate) was: Why,
    /// Names of the policies that say something else, or change something else.
    pub(crate) policies: Vec<String>,
}

/// One thing that was said: who said it when, and which of several of the same name.
#[derive(PartialEq, Eq, Hash)]
struct Place<'a> {
    policy: &'a str,
    kind: &'a str,
    when: &'a str,
    number: usize,
}

/// What was said there.
struct Said<'a> {
    component: &'a str,
    /// It changes or refuses something.
    matters: bool,
    /// Without what differs from run to run.
    value: Value,
}

impl Record {
    /// What became of the request.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.outcome {
            _ if self.failure.is_some() || self.broken => Verdict::Error,
            Outcome::Accept => Verdict::Accept,
            Outcome::Hold => Verdict::Hold,
            Outcome::Reject => Verdict::Reject,
        }
    }

    /// Why.
    pub(crate) fn why(&self) -> Why {
        let held = self.policies.iter().find(|policy| policy.decides() && policy.verdict == PolicyVerdict::Hold);
        let held = held.and_then(|policy| policy.reason.clone()).filter(|_| self.outcome == Outcome::Hold);
        Why {
            violations: self.violations.clone(),
            reason: held.or_else(|| self.refused_because.clone()),
            failure: self.failure.clone(),
        }
    }

    /// What another version of the component would decide otherwise, as `other` says; `None`: nothing.
    pub(crate) fn difference(&self, other: &Record, realm: &str, component: &str) -> Option<Difference> {
        let policies = self.policies_that_differ(other, component);
        let (before, after) = (self.verdict(), other.verdict());
        if before == after && policies.is_empty() {
            return None;
        }
        let Why { violations, reason, failure } = other.why();
        let (decision, realm, was) = (self.id.clone(), realm.to_owned(), self.why());
        Some(Difference { decision, realm, before, after, violations, reason, failure, was, policies })
    }

    /// Names of the policies that say something else in the other run. Of those that are asked in one run only, the ones of
    /// the component count: it is asked at other hooks, or the other run ended before.
    fn policies_that_differ(&self, other: &Record, component: &str) -> Vec<String> {
        let (ours, theirs) = (self.said(), other.said());
        let of_component = |said: &Said<'_>| said.component.split('@').next() == Some(component);
        let alone = |said: &Said<'_>| said.matters && of_component(said);
        let differs = ours.iter().filter(|(place, said)| match theirs.get(place) {
            Some(there) => there.value != said.value,
            None => alone(said),
        });
        let only_there = theirs.iter().filter(|(place, said)| !ours.contains_key(place) && alone(said));
        let mut names: Vec<String> = differs.chain(only_there).map(|(place, _)| place.policy.to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Everything that was said.
    fn said(&self) -> HashMap<Place<'_>, Said<'_>> {
        let mut all = HashMap::with_capacity(self.policies.len());
        for policy in &self.client_policies {
            for executor in &policy.executors {
                let failure = executor.failure.as_ref().map(|failure| failure.kind);
                let value = json!([executor.verdict, executor.violation, executor.changes, failure]);
                let said = Said { component: &executor.component, matters: executor.matters(), value: steady(value) };
                add(&mut all, [&policy.name, &executor.executor, policy.event], said);
            }
            for condition in &policy.conditions {
                let failure = condition.failure.as_ref().map(|failure| failure.kind);
                let value = json!([condition.verdict, failure]);
                let said = Said { component: &condition.component, matters: condition.failure.is_some(), value };
                add(&mut all, [&policy.name, &condition.condition, policy.event], said);
            }
        }
        for policy in &self.policies {
            let violations: Vec<_> = policy.violations.iter().map(PolicyViolation::told).collect();
            let failure = policy.failure.as_ref().map(|failure| failure.kind);
            let value = json!([policy.verdict, violations, policy.changes, policy.reason, failure]);
            let matters = policy.verdict != PolicyVerdict::Accept;
            let said = Said { component: &policy.component, matters, value: steady(value) };
            add(&mut all, [&policy.name, &policy.provider, policy.hook], said);
        }
        all
    }
}

/// Notes what was said; of several of the same name each has a place of its own.
fn add<'a>(all: &mut HashMap<Place<'a>, Said<'a>>, [policy, kind, when]: [&'a str; 3], said: Said<'a>) {
    let mut place = Place { policy, kind, when, number: 0 };
    while all.contains_key(&place) {
        place.number += 1;
    }
    all.insert(place, said);
}

/// A value without the ids that each run makes anew: those of protocol mappers.
fn steady(mut value: Value) -> Value {
    match &mut value {
        Value::Array(values) => {
            for one in values {
                if let Value::Object(members) = one {
                    members.remove("id");
                }
                *one = steady(std::mem::take(one));
            }
        }
        Value::Object(members) => members.values_mut().for_each(|one| *one = steady(std::mem::take(one))),
        _ => {}
    }
    value
}
