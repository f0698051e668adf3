//! Deletes a client: `DELETE /realms/{realm}/clients-registrations/{provider}/{client_id}` (RFC 7592 §2.3).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::clients::ClientRow;
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, clients, events};

use super::cross_origin::CrossOrigin;
use super::rehearsal::Asked;
use super::watch::Watch;
use super::{ATTEMPTS, Exchange, Refusal, issue};
use crate::authentication::{Identity, Named, may_change};
use crate::error::ErrorResponse;
use crate::policies::Policies;

/// Its roles and its service account go with it; nothing of it comes back to a later client of the same id. Who changes
/// the client at the same time makes this start over with the client as it is then.
pub(super) async fn delete(exchange: &Exchange, cross_origin: &CrossOrigin) -> Result<Response, Refusal> {
    let (identity, mut named) = cross_origin.caller(exchange, exchange.in_address()).await?;
    for _ in 0..ATTEMPTS {
        if let Some(id) = attempt(exchange, &identity, named.take()).await? {
            let mut response = StatusCode::NO_CONTENT.into_response();
            exchange.app.deliveries.settled(&exchange.realm, &id).await.mark(&mut response);
            return Ok(response);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// One attempt: the internal id of the client that is deleted; `None` when it was changed meanwhile.
async fn attempt(exchange: &Exchange, identity: &Identity, named: Option<Named>) -> Result<Option<String>, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let (stored, _) = exchange.stored(named).await?;
    let protocol = provider.provider.description.protocol.as_deref();
    let permit = match may_change(identity, stored.as_ref(), protocol) {
        Ok(permit) => permit,
        Err(error) => return Err(exchange.turned_away(error, identity, stored.as_ref()).await),
    };
    // `may_change` lets nobody through to a client that is not there.
    let stored = stored.ok_or_else(ErrorResponse::server_error)?;
    let mut policies = exchange.policies_for(identity, permit.registration_auth, &stored);
    let asked = || Asked { requested: None, stored: Some(&stored), free: None, issued: issue() };
    let watch = Watch::of(exchange, &policies, None, asked);
    let mut decided = decide(exchange, &stored, &mut policies).await;
    if let Some(watch) = watch {
        decided = watch.look(&mut policies, decided).await;
    }
    decided?;
    if is_of_the_server(&stored.client) {
        return Err(ErrorResponse::framework(StatusCode::FORBIDDEN).into());
    }
    let mut write = Write::default();
    clients::delete(&mut write, &realm.id, &stored, Removal::by_hand(&realm.settings), &app.deliveries.carrier(true));
    if let Some(event) = exchange.subject().success() {
        events::insert(&mut write, &realm.id, &event);
    }
    exchange.record_decision(&mut write, &policies, stored.client_id());
    match exchange.store(write, Some(&policies.decision)).await {
        Ok(()) => Ok(Some(stored.id)),
        Err(StoreError::Lost(Lost::Changed)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Asks the policies.
pub(super) async fn decide(exchange: &Exchange, stored: &ClientRow, policies: &mut Policies) -> Result<(), Refusal> {
    let unregistered = policies.client_policies.unregister(&stored.client).await;
    unregistered.map_err(|error| exchange.refused_by_client_policy(error, policies))?;
    let decided = policies.before_delete(&stored.client).await;
    decided.map_err(|error| exchange.refused(error, policies))
}
