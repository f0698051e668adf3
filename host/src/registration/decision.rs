//! Decision records: what the policies said about a request, for those who ask why.

use matricula_contract::{CallerKind, Context, Operation};
use matricula_store::clients::Origin;
use matricula_store::{Write, decisions};
use matricula_system::{clock, ids};
use matricula_wasm::no_answer::Unanswered;
use serde::Serialize;
use utoipa::ToSchema;

use super::Exchange;
use super::watch::{Seen, Watched};
use crate::client_policies::{ClientPolicies, ClientPolicyError, ClientPolicyEvaluation};
use crate::error::ErrorResponse;
use crate::policies::{Evaluation, Policies, PolicyError, PolicyViolation};
use crate::targets::review::Reviewed;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It was let through.
    Accept,
    /// It was let through, and the client waits for an administrator.
    Hold,
    /// It was refused.
    Reject,
}

impl Outcome {
    /// How a request ended that these policies let through.
    pub(crate) fn of(policies: &Policies) -> Outcome {
        if policies.held.is_some() { Outcome::Hold } else { Outcome::Accept }
    }
}

/// Who asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecordedCaller {
    /// As in the contract, `unknown`: the token was not looked at, or `schedule`: nobody did.
    kind: &'static str,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

impl RecordedCaller {
    fn of(context: &Context) -> RecordedCaller {
        let caller = &context.caller;
        RecordedCaller {
            kind: kind_name(caller.kind),
            address: caller.address.clone(),
            subject: caller.subject.clone(),
            origin: caller.origin.clone(),
        }
    }
}

/// One decision, as the Admin API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The id that the caller was told.
    pub(crate) id: String,
    /// Unix time in milliseconds.
    time: i64,
    /// `default`, `openid-connect`, …
    provider: String,
    /// `register`, `read`, `update`, `delete`, or `run`: of the rules about the life of clients.
    operation: &'static str,
    /// Who asked.
    caller: RecordedCaller,
    /// The client, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// It was refused because a component has no answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
    /// Which component, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Unanswered>,
    /// What the caller was told to be wrong.
    pub(super) violations: Vec<PolicyViolation>,
    /// What versions that are only watched would have decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    watched: Vec<Watched>,
    /// The client policies that were asked, in order; they come before the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) client_policies: Vec<ClientPolicyEvaluation>,
    /// The policies that were asked, in order.
    pub(super) policies: Vec<Evaluation>,
    /// What the targets said that the client goes to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Reviewed>,
    /// Why it was refused, where no policy objects to it; not shown.
    #[serde(skip)]
    pub(super) refused_because: Option<String>,
    /// It was refused because something else than a component has no answer; not shown.
    #[serde(skip)]
    pub(super) broken: bool,
}

/// A caller's kind under its name in the contract.
pub(crate) fn kind_name(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::Anonymous => "anonymous",
        CallerKind::InitialAccessToken => "initial-access-token",
        CallerKind::RegistrationAccessToken => "registration-access-token",
        CallerKind::Bearer => "bearer",
    }
}

/// A request under its name in the contract.
pub(crate) fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Register => "register",
        Operation::Read => "read",
        Operation::Update => "update",
        Operation::Delete => "delete",
    }
}

impl Record {
    /// What the policies of a request said.
    pub(super) fn of(
        exchange: &Exchange,
        policies: &Policies,
        outcome: Outcome,
        violations: Vec<PolicyViolation>,
    ) -> Record {
        Record {
            id: policies.decision.clone(),
            time: clock::now_ms(),
            provider: exchange.provider.id().to_owned(),
            operation: operation_name(exchange.operation),
            caller: RecordedCaller::of(policies.context()),
            client_id: (!exchange.client_id.is_empty()).then(|| exchange.client_id.clone()),
            outcome,
            failed: false,
            failure: None,
            violations,
            watched: Vec::new(),
            client_policies: policies.client_policies.evaluations.clone(),
            policies: policies.evaluations.clone(),
            targets: policies.targets.clone(),
            refused_because: None,
            broken: false,
        }
        .with(&policies.watched)
    }

    /// A request that ended before policies were asked, and before the token was looked at.
    pub(super) fn before_policies(exchange: &Exchange, id: String) -> Record {
        let caller = &exchange.caller;
        Record {
            id,
            time: clock::now_ms(),
            provider: exchange.provider.id().to_owned(),
            operation: operation_name(exchange.operation),
            caller: RecordedCaller {
                kind: if caller.bearer_token().is_some() { "unknown" } else { kind_name(CallerKind::Anonymous) },
                address: caller.address_text.clone(),
                subject: None,
                origin: caller.origin.clone(),
            },
            client_id: (!exchange.client_id.is_empty()).then(|| exchange.client_id.clone()),
            outcome: Outcome::Reject,
            failed: false,
            failure: None,
            violations: Vec::new(),
            watched: Vec::new(),
            client_policies: Vec::new(),
            policies: Vec::new(),
            targets: Vec::new(),
            refused_because: None,
            broken: false,
        }
    }

    /// It was refused because this component has no answer.
    pub(super) fn failed(self, unanswered: Unanswered) -> Record {
        Record { failed: true, failure: Some(unanswered), ..self }
    }

    /// It was refused for a reason that policies have nothing to do with.
    pub(super) fn because(self, response: &ErrorResponse) -> Record {
        Record { refused_because: Some(response.reason()), broken: response.status().is_server_error(), ..self }
    }

    /// Adds what watched versions said.
    pub(super) fn with(mut self, seen: &[Seen]) -> Record {
        for seen in seen {
            self.watched.push(seen.watched.clone());
            self.client_policies.extend(seen.client_policies.iter().cloned());
            self.policies.extend(seen.policies.iter().cloned());
        }
        self
    }

    /// Names the client that was registered.
    pub(super) fn about(mut self, client_id: &str) -> Record {
        self.client_id = Some(client_id.to_owned());
        self
    }

    /// What client policies said to a request of an administrator, which they refused.
    pub(crate) fn of_administrator(
        policies: &ClientPolicies,
        context: &Context,
        client_id: Option<&str>,
        error: &ClientPolicyError,
    ) -> Record {
        let violations = match error {
            ClientPolicyError::Refused(refused) => vec![refused.violation.clone()],
            ClientPolicyError::Failed(_) => Vec::new(),
        };
        let record = Record {
            id: policies.decision.clone(),
            time: clock::now_ms(),
            provider: context.provider.clone(),
            operation: operation_name(context.operation),
            caller: RecordedCaller::of(context),
            client_id: client_id.map(str::to_owned),
            outcome: Outcome::Reject,
            failed: false,
            failure: None,
            violations,
            watched: Vec::new(),
            client_policies: policies.evaluations.clone(),
            policies: Vec::new(),
            targets: Vec::new(),
            refused_because: None,
            broken: false,
        };
        match error {
            ClientPolicyError::Failed(PolicyError::Failed(failed)) => record.failed(failed.unanswered.clone()),
            _ => record,
        }
    }

    /// Targets refused what an administrator asked for.
    pub(crate) fn refused_by_targets(
        context: &Context,
        client_id: &str,
        targets: Vec<Reviewed>,
        violations: Vec<PolicyViolation>,
    ) -> Record {
        Record {
            id: ids::fresh(),
            time: clock::now_ms(),
            provider: context.provider.clone(),
            operation: operation_name(context.operation),
            caller: RecordedCaller::of(context),
            client_id: Some(client_id.to_owned()),
            outcome: Outcome::Reject,
            failed: false,
            failure: None,
            violations,
            watched: Vec::new(),
            client_policies: Vec::new(),
            policies: Vec::new(),
            targets,
            refused_because: None,
            broken: false,
        }
    }

    /// A run of the rules about the life of clients, which this user wanted; nobody: the clock.
    pub(crate) fn of_run(job: &str, user: Option<&str>) -> Record {
        Record {
            id: job.to_owned(),
            time: clock::now_ms(),
            provider: "life-cycle".to_owned(),
            operation: "run",
            caller: RecordedCaller {
                kind: if user.is_some() { kind_name(CallerKind::Bearer) } else { "schedule" },
                address: String::new(),
                subject: user.map(str::to_owned),
                origin: None,
            },
            client_id: None,
            outcome: Outcome::Accept,
            failed: false,
            failure: None,
            violations: Vec::new(),
            watched: Vec::new(),
            client_policies: Vec::new(),
            policies: Vec::new(),
            targets: Vec::new(),
            refused_because: None,
            broken: false,
        }
    }

    /// The answer to a request that targets refused.
    pub(crate) fn target_refusal(&self) -> ErrorResponse {
        ErrorResponse::targets_refused(&self.violations, self.id.clone())
    }

    /// Adds the record to a write, and what was asked.
    pub(crate) fn store(&self, realm_id: &str, write: &mut Write, request: Option<Vec<u8>>) {
        // Its members are numbers, texts and lists: they always have a JSON.
        let record = serde_json::to_string(self).unwrap_or_default();
        decisions::insert(write, realm_id, &self.id, record, request);
    }
}

impl Policies {
    /// Where the client of this request comes from.
    pub(crate) fn origin(&self) -> Origin {
        let context = self.context();
        Origin {
            provider: context.provider.clone(),
            kind: kind_name(context.caller.kind).to_owned(),
            address: context.caller.address.clone(),
            subject: context.caller.subject.clone(),
            decision: self.decision.clone(),
            token_name: None,
            document: None,
            approved_by: None,
        }
    }
}

impl Exchange {
    /// Adds the record of a request that policies let through to its write. What no policy had a say in is not recorded.
    pub(super) fn record_decision(&self, write: &mut Write, policies: &Policies, client_id: &str) {
        let unasked = policies.evaluations.is_empty() && policies.client_policies.evaluations.is_empty();
        if unasked && policies.targets.is_empty() && !policies.is_watched_otherwise() {
            return;
        }
        let record = Record::of(self, policies, Outcome::of(policies), Vec::new()).about(client_id);
        record.store(&self.realm.id, write, policies.recorded.clone());
    }
}
