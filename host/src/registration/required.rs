//! Registration and update where a target must take each client: the client is one only when that target has it, and stays
//! what it was when the target does not take another state.

use matricula_contract::Violation;
use matricula_store::clients::ClientRow;
use matricula_store::{Lost, StoreError, Write, initial_access_tokens, realms};

use super::register::{self, Made};
use super::{Exchange, Refusal};
use crate::error::ErrorResponse;
use crate::policies::{Policies, PolicyViolation};
use crate::registration::decision::{Outcome, Record};
use crate::targets::proposing::Untaken;
use crate::targets::review;
use crate::targets::waiting::Pending;

/// Lets the targets say what they would make of a client that policies have agreed to, and refuses it when one that must
/// take it never could. Who is held or disabled goes nowhere yet, or never is refused.
pub(crate) async fn reviewed(exchange: &Exchange, policies: &mut Policies, client: &ClientRow) -> Result<(), Refusal> {
    let Exchange { app, realm, components, provider, .. } = exchange;
    if realm.targets.is_empty() || exchange.is_replay {
        return Ok(());
    }
    policies.targets = review::review(app.deliveries.runner(), components, provider, client).await;
    if client.is_held() || !client.enabled() {
        return Ok(());
    }
    let violations = app.deliveries.objections(realm, &policies.targets);
    if violations.is_empty() { Ok(()) } else { Err(refused(exchange, policies, violations)) }
}

/// Proposes the client to the targets, and stores it when those that must take it have it. Nothing of it stays when one of
/// them does not: what reached another target is removed there.
pub(super) async fn register(
    exchange: &Exchange,
    policies: &mut Policies,
    made: &Made<'_>,
) -> Result<Pending, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let mut first = Write::default();
    realms::count_client(&mut first, &realm.id, &policies.client_limits());
    app.deliveries.propose(&mut first, &realm.id, made.client)?;
    if let Some(token) = made.initial_access_token {
        initial_access_tokens::spend(&mut first, &realm.id, token);
    }
    let mut beside = Write::default();
    made.store_beside(exchange, policies, &mut beside);
    match app.deliveries.add(realm, made.client, first, beside).await {
        Ok(pending) => {
            app.store.trimmer.added(&realm.id, &policies.decision);
            Ok(pending)
        }
        Err(Untaken::Store(error)) => Err(register::lost(exchange, policies, error).await),
        Err(untaken) => Err(not_taken(exchange, policies, untaken)),
    }
}

/// Proposes another state of a client to the targets, and stores it, and what is `beside` it, when those that must take it
/// have it. `None`: the client was changed meanwhile.
pub(super) async fn update(
    exchange: &Exchange,
    policies: &Policies,
    client: &ClientRow,
    beside: Write,
) -> Result<Option<Pending>, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    match app.deliveries.change(realm, client, beside).await {
        Ok(pending) => {
            app.store.trimmer.added(&realm.id, &policies.decision);
            Ok(Some(pending))
        }
        Err(Untaken::Store(StoreError::Lost(Lost::Changed))) => Ok(None),
        Err(untaken) => Err(not_taken(exchange, policies, untaken)),
    }
}

fn not_taken(exchange: &Exchange, policies: &Policies, untaken: Untaken) -> Refusal {
    match untaken {
        Untaken::Refused { target, message } => refused(exchange, policies, vec![objection(&target, message)]),
        Untaken::Late { target, again } => {
            let event = exchange.subject().error("temporarily_unavailable", &[("target", &target)]);
            exchange.refusal(ErrorResponse::target_late(&target, again), event)
        }
        Untaken::Store(error) => error.into(),
    }
}

/// What a target said when it was called.
pub(crate) fn objection(target: &str, message: String) -> PolicyViolation {
    let violation = Violation { error: None, field: None, value: None, message, hint: None };
    PolicyViolation::of_target(target, None, violation)
}

fn refused(exchange: &Exchange, policies: &Policies, violations: Vec<PolicyViolation>) -> Refusal {
    let response = ErrorResponse::targets_refused(&violations, policies.decision.clone());
    let record = Record::of(exchange, policies, Outcome::Reject, violations);
    let event = exchange.subject().error("not_allowed", &[("decision", policies.decision.as_str())]);
    let refusal = exchange.refusal(response, event);
    Refusal { decision: Some(Box::new(record)), request: policies.recorded.clone(), ..refusal }
}
