//! Versions of components that are only watched: each goes through the request in the place of the version that decides,
//! and what it says is recorded. Nothing else comes of it.
//!
//! It goes through all of the request, not only where the version that decides is asked: so it sees what it would see if
//! it decided, at hooks and for kinds of policy that only it has, and also where the other one refuses before.

use std::sync::Arc;

use axum::http::StatusCode;
use matricula_contract::Document;
use matricula_contract::server_attributes::Author;
use matricula_wasm::WatchedVersion;
use matricula_wasm::no_answer::Unanswered;
use matricula_wasm::provider::ProviderCall;
use serde::Serialize;
use utoipa::ToSchema;

use super::decision::{Outcome, Record};
use super::difference::{Difference, Verdict, Why};
use super::rehearsal::{self, Asked};
use super::{Exchange, Refusal};
use crate::client_policies::ClientPolicyEvaluation;
use crate::policies::{Evaluation, Mode, Policies, PolicyViolation};

/// What a watched version would have decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Watched {
    /// Name and digest.
    component: String,
    /// What would have become of the request.
    verdict: Verdict,
    /// It would have been decided otherwise, or changed otherwise.
    differs: bool,
    /// Names of the policies that say something else, or change something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    /// What would have been objected to, where it differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<PolicyViolation>,
    /// Why the client would have been held, or the request refused that no policy objects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Which component would have had no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Unanswered>,
}

/// The same, and what the version said of it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(super) watched: Watched,
    pub(super) policies: Vec<Evaluation>,
    pub(super) client_policies: Vec<ClientPolicyEvaluation>,
}

/// The versions that are watched at a request.
pub(crate) struct Watch<'a> {
    exchange: &'a Exchange,
    versions: Vec<Arc<WatchedVersion>>,
    document: Option<&'a Document>,
    asked: Asked<'a>,
}

impl<'a> Watch<'a> {
    /// The versions that have something to say to the request, or whose component has now; most often there are none.
    pub(crate) fn of(
        exchange: &'a Exchange,
        policies: &Policies,
        document: Option<&'a Document>,
        asked: impl FnOnce() -> Asked<'a>,
    ) -> Option<Watch<'a>> {
        let all = exchange.components.watched();
        if all.is_empty() {
            return None;
        }
        let versions: Vec<_> = all.iter().filter(|version| policies.concern(version)).cloned().collect();
        (!versions.is_empty()).then(|| Watch { exchange, versions, document, asked: asked() })
    }

    /// Lets the versions go through the request that was decided so, and notes what they say beside it.
    pub(crate) async fn look<T>(self, policies: &mut Policies, decided: Result<T, Refusal>) -> Result<T, Refusal> {
        let before = match &decided {
            Ok(_) => Record::of(self.exchange, policies, Outcome::of(policies), Vec::new()),
            Err(Refusal { decision: Some(record), .. }) => Record::clone(record),
            // No policy and no component is the reason.
            Err(_) => return decided,
        };
        let mut seen = Vec::new();
        for version in &self.versions {
            seen.extend(Box::pin(self.see(version, policies, &before)).await);
        }
        policies.watched = seen;
        decided.map_err(|refusal| {
            let decision = refusal.decision.map(|record| Box::new(record.with(&policies.watched)));
            Refusal { decision, ..refusal }
        })
    }

    /// Lets one version go through the request; `None`: neither it nor the one that decides was asked anything.
    async fn see(&self, version: &WatchedVersion, policies: &Policies, before: &Record) -> Option<Seen> {
        let own = self.exchange;
        let handle = version.set.provider(own.provider.id())?;
        let provider = ProviderCall {
            provider: Arc::clone(handle),
            instances: own.provider.instances.trying(),
            call: own.provider.call.watched(),
        };
        let reads = !Arc::ptr_eq(&handle.component, &own.provider.provider.component);
        let exchange = Exchange {
            app: own.app.clone(),
            realm: Arc::clone(&own.realm),
            components: Arc::clone(&version.set),
            provider,
            caller: own.caller.clone(),
            operation: own.operation,
            client_id: own.client_id.clone(),
            is_replay: own.is_replay,
            served: own.served.clone(),
        };
        let mut policies = policies.again(&exchange);
        let mut asked = self.asked.clone();
        let mut read = Ok(());
        // It reads documents otherwise, perhaps.
        if let Some(document) = self.document.filter(|_| reads) {
            let parsed = exchange.provider.parse(exchange.operation, document, Author::Caller).await;
            match exchange.answered("parse", parsed, Some(&policies)) {
                Ok(requested) => asked.requested = Some(requested),
                Err(refusal) => read = Err(refusal),
            }
        }
        let outcome = match read {
            Ok(()) => rehearsal::run(&exchange, asked, &mut policies).await,
            Err(refusal) => Err(refusal),
        };
        // What the server could not serve says nothing about the version.
        let is_passing = |refusal: &Refusal| {
            refusal.decision.is_none() && refusal.response.status() == StatusCode::SERVICE_UNAVAILABLE
        };
        if outcome.as_ref().is_err_and(is_passing) {
            return None;
        }
        let after = rehearsal::record(&exchange, &policies, outcome);
        let (name, label) = (version.name.as_str(), version.label.as_str());
        if !(reads || before.asked(name) || after.asked(name)) {
            return None;
        }
        let difference = before.difference(&after, &own.realm.name, name);
        if !own.provider.instances.is_trying() {
            own.app.components.saw(version, &after, difference.as_ref());
        }
        Some(Seen {
            watched: watched(label, &after, difference),
            policies: after.policies_of(label),
            client_policies: after.client_policies_of(label),
        })
    }
}

fn watched(label: &str, after: &Record, difference: Option<Difference>) -> Watched {
    let (component, verdict, differs) = (label.to_owned(), after.verdict(), difference.is_some());
    let why = if differs { after.why() } else { Why::default() };
    let Why { violations, reason, failure } = why;
    let policies = difference.map(|difference| difference.policies).unwrap_or_default();
    Watched { component, verdict, differs, policies, violations, reason, failure }
}

impl Seen {
    /// What is told of it.
    pub(crate) fn into_parts(self) -> (Watched, Vec<Evaluation>, Vec<ClientPolicyEvaluation>) {
        (self.watched, self.policies, self.client_policies)
    }
}

impl Policies {
    /// Whether a watched version would have decided otherwise.
    pub(crate) fn is_watched_otherwise(&self) -> bool {
        self.watched.iter().any(|seen| seen.watched.differs)
    }
}

impl Record {
    /// Whether any version of the component was asked.
    fn asked(&self, component: &str) -> bool {
        let of = |label: &str| label.split('@').next() == Some(component);
        self.policies.iter().any(|policy| of(&policy.component))
            || self.client_policies.iter().any(|policy| policy.components().any(of))
    }

    /// What policies of this version said, marked as only watched.
    fn policies_of(&self, label: &str) -> Vec<Evaluation> {
        let own = self.policies.iter().filter(|policy| policy.component == label);
        own.map(|policy| Evaluation { mode: Mode::Shadow, ..policy.clone() }).collect()
    }

    /// What client policies came to that have a condition or executor of this version, marked as only watched.
    fn client_policies_of(&self, label: &str) -> Vec<ClientPolicyEvaluation> {
        let own = self.client_policies.iter().filter(|policy| policy.components().any(|component| component == label));
        own.map(|policy| ClientPolicyEvaluation { mode: Some(Mode::Shadow), ..policy.clone() }).collect()
    }
}
