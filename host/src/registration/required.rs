//! Registration and update where a target must take each client: the client is one only when that target has it, and stays
//! what it was when the target does not take another state.

use matricula_contract::Violation;
use matricula_realms::Realm;
use matricula_store::clients::{self, ClientRow};
use matricula_store::{StoreError, Write, initial_access_tokens, proposals, realms};

use super::register::{self, Made};
use super::{Exchange, Refusal};
use crate::error::ErrorResponse;
use crate::policies::{Policies, PolicyViolation};
use crate::registration::decision::{Outcome, Record};
use crate::targets::review;
use crate::targets::waiting::{Pending, Verdict};

/// Whether some target of the realm must take each client.
pub(super) fn has_any(realm: &Realm) -> bool {
    realm.targets.iter().any(|target| target.is_asked() && target.settings.required)
}

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
    let must = |name: &str| realm.targets.iter().any(|target| target.name == name && target.settings.required);
    let objections = policies.targets.iter().filter(|one| must(&one.target)).flat_map(|one| &one.violations);
    let violations: Vec<PolicyViolation> = objections.cloned().collect();
    if violations.is_empty() { Ok(()) } else { Err(refused(exchange, policies, violations)) }
}

/// Whether some target of the realm may stop a new client. One that waits for an administrator goes nowhere yet.
pub(super) fn concerns(realm: &Realm, client: &ClientRow) -> bool {
    !client.is_held() && has_any(realm)
}

/// Proposes the client to the targets, and stores it when those that must take it have it. Nothing of it stays when one of
/// them does not: what reached another target is removed there.
pub(super) async fn register(
    exchange: &Exchange,
    policies: &mut Policies,
    made: &Made<'_>,
) -> Result<Pending, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let client = made.client;
    let carrier = app.deliveries.carrier(true);
    let mut write = Write::default();
    realms::count_client(&mut write, &realm.id, &policies.client_limits());
    proposals::insert(&mut write, &realm.id, client, app.deliveries.node(), &carrier)?;
    if let Some(token) = made.initial_access_token {
        initial_access_tokens::spend(&mut write, &realm.id, token);
    }
    if let Err(error) = app.store.writer.write(write).await {
        return Err(register::lost(exchange, policies, error).await);
    }
    let refusal = match app.deliveries.decided(realm, &client.id, true).await {
        Verdict::Taken(pending) => {
            let mut write = Write::default();
            proposals::confirm(&mut write, &realm.id, &client.id);
            made.store_beside(exchange, policies, &mut write);
            match exchange.store(write, Some(&policies.decision)).await {
                Ok(()) => return Ok(pending),
                Err(error) => register::lost(exchange, policies, error).await,
            }
        }
        Verdict::Refused { target, message } => refused(exchange, policies, vec![objection(&target, message)]),
        Verdict::Late { target, again } => late(exchange, &target, again),
    };
    let mut write = Write::default();
    proposals::withdraw(&mut write, &realm.id, &client.id, &app.deliveries.carrier(false));
    match app.store.writer.write(write).await {
        // Somebody has ended it already.
        Ok(()) | Err(StoreError::Lost(_)) => app.deliveries.changed(&realm.id).await,
        Err(error) => tracing::error!(%error, "a client that a target refused could not be withdrawn yet"),
    }
    Err(refusal)
}

/// After an update was stored: waits until the targets have it. When one of those that must take it does not, the client
/// becomes what it was `before`. What disables is never taken back for a target.
pub(super) async fn updated(
    exchange: &Exchange,
    policies: &Policies,
    client: &ClientRow,
    before: Option<ClientRow>,
) -> Result<Pending, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let Some(before) = before else { return Ok(app.deliveries.settled(realm, &client.id).await) };
    let refusal = match app.deliveries.decided(realm, &client.id, true).await {
        Verdict::Taken(pending) => return Ok(pending),
        Verdict::Refused { target, message } => refused(exchange, policies, vec![objection(&target, message)]),
        Verdict::Late { target, again } => late(exchange, &target, again),
    };
    if let Err(error) = restore(exchange, client.version + 1, before).await {
        tracing::error!(%error, "a client keeps a state that a target did not take");
    }
    app.deliveries.changed(&realm.id).await;
    Err(refusal)
}

/// Gives a client back its former state, unless somebody has changed it since this version.
async fn restore(exchange: &Exchange, version: i64, before: ClientRow) -> Result<(), StoreError> {
    let Exchange { app, realm, .. } = exchange;
    let Some(now) = clients::by_id(&app.store.database, &realm.id, &before.id).await? else { return Ok(()) };
    if now.version != version {
        return Ok(());
    }
    let (client, registration_token_id) = (before.client, before.registration_token_id);
    let row = ClientRow { client, registration_token_id, ..now };
    let mut write = Write::default();
    clients::update(&mut write, &realm.id, &row, &app.deliveries.carrier(false))?;
    match app.store.writer.write(write).await {
        Err(StoreError::Lost(_)) => Ok(()),
        other => other,
    }
}

/// What a target said when it was called.
fn objection(target: &str, message: String) -> PolicyViolation {
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

fn late(exchange: &Exchange, target: &str, again: u64) -> Refusal {
    let event = exchange.subject().error("temporarily_unavailable", &[("target", target)]);
    exchange.refusal(ErrorResponse::target_late(target, again), event)
}
