//! Decision records: what the policies said about a request, for those who ask why.

use serde::Serialize;
use utoipa::ToSchema;

use super::Exchange;
use crate::client_policies::ClientPolicyEvaluation;
use crate::clock;
use crate::policies::{Evaluation, Policies, PolicyViolation};
use crate::store::clients::Origin;
use crate::store::{Write, decisions};
use crate::wasm::contract::{CallerKind, Operation};

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

/// Who asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecordedCaller {
    kind: &'static str,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

/// One decision, as the Admin API shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The id that the caller was told.
    id: String,
    /// Unix time in milliseconds.
    time: i64,
    /// `default`, `openid-connect`, …
    provider: String,
    /// `register`, `read`, `update` or `delete`.
    operation: &'static str,
    /// Who asked.
    caller: RecordedCaller,
    /// The client, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// How it ended.
    outcome: Outcome,
    /// What was objected to.
    violations: Vec<PolicyViolation>,
    /// The client policies that were asked, in order; they come before the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    client_policies: Vec<ClientPolicyEvaluation>,
    /// The policies that were asked, in order.
    policies: Vec<Evaluation>,
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

fn operation_name(operation: Operation) -> &'static str {
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
        let caller = &policies.context().caller;
        Record {
            id: policies.decision.clone(),
            time: clock::now_ms(),
            provider: exchange.provider.id().to_owned(),
            operation: operation_name(exchange.operation),
            caller: RecordedCaller {
                kind: kind_name(caller.kind),
                address: caller.address.clone(),
                subject: caller.subject.clone(),
                origin: caller.origin.clone(),
            },
            client_id: (!exchange.client_id.is_empty()).then(|| exchange.client_id.clone()),
            outcome,
            violations,
            client_policies: policies.client_policies.evaluations.clone(),
            policies: policies.evaluations.clone(),
        }
    }

    /// Names the client that was registered.
    pub(super) fn about(mut self, client_id: &str) -> Record {
        self.client_id = Some(client_id.to_owned());
        self
    }

    /// Adds the record to a write, and what was asked.
    pub(super) fn store(&self, exchange: &Exchange, write: &mut Write, request: Option<Vec<u8>>) {
        // Its members are numbers, texts and lists: they always have a JSON.
        let record = serde_json::to_string(self).unwrap_or_default();
        decisions::insert(write, &exchange.realm.id, &self.id, record, request);
    }
}

impl Policies {
    /// Where the client of this request comes from.
    pub(super) fn origin(&self) -> Origin {
        let context = self.context();
        Origin {
            provider: context.provider.clone(),
            kind: kind_name(context.caller.kind).to_owned(),
            address: context.caller.address.clone(),
            subject: context.caller.subject.clone(),
            decision: self.decision.clone(),
        }
    }
}

impl Exchange {
    /// Adds the record of a request that policies let through to its write. What no policy had a say in is not recorded.
    pub(super) fn record_decision(&self, write: &mut Write, policies: &Policies, client_id: &str) {
        if policies.evaluations.is_empty() && policies.client_policies.evaluations.is_empty() {
            return;
        }
        let outcome = if policies.held.is_some() { Outcome::Hold } else { Outcome::Accept };
        let record = Record::of(self, policies, outcome, Vec::new()).about(client_id);
        record.store(self, write, policies.recorded.clone());
    }
}
