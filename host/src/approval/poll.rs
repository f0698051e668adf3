//! What becomes of a registration that waits: its caller asks, and gets the client once, or takes it back. The code is all
//! that is looked at.

use std::time::Duration;

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use matricula_contract::{Registration, RegistrationAuth};
use matricula_store::clients::{self, ClientRow};
use matricula_store::pending_registrations::{self, CodeHash, KEPT_MS, PendingRow, PendingState};
use matricula_store::{Lost, StoreError, Write, events};
use matricula_system::clock;
use uuid::Uuid;

use super::codes;
use super::ending::{self, End};
use crate::authentication::registration_access_token::{self, auth_name};
use crate::error::ErrorResponse;
use crate::registration::cross_origin::CrossOrigin;
use crate::registration::{ATTEMPTS, Exchange, Refusal, answer};

/// A question about a registration that waits.
#[derive(Debug)]
pub(crate) struct Poll {
    /// Its registration code.
    pub(crate) code: String,
    /// It is not wanted any more.
    pub(crate) cancel: bool,
}

/// Answers a question, whatever is wrong with it. Nobody keeps the answer.
pub(crate) async fn answered(
    exchange: &Exchange,
    poll: Result<Poll, ErrorResponse>,
    cross_origin: &CrossOrigin,
) -> Response {
    let mut response = match result(exchange, poll, cross_origin).await {
        Ok(response) => response,
        Err(refusal) => exchange.recorded(refusal).await,
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn result(
    exchange: &Exchange,
    poll: Result<Poll, ErrorResponse>,
    cross_origin: &CrossOrigin,
) -> Result<Response, Refusal> {
    // A page that could not read the answer would use up the code.
    cross_origin.check()?;
    let Poll { code, cancel } = poll?;
    let code = codes::hash(&code);
    for _ in 0..ATTEMPTS {
        if let Some(response) = attempt(exchange, &code, cancel).await? {
            return Ok(response);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// One attempt; `None` when somebody else changed something meanwhile.
async fn attempt(exchange: &Exchange, code: &CodeHash, cancel: bool) -> Result<Option<Response>, Refusal> {
    let Exchange { app, realm, caller, .. } = exchange;
    let pending = pending_registrations::by_registration_code(&app.store.database, &realm.id, code).await?;
    let Some(pending) = pending else { return Err(unknown().into()) };
    let now = clock::now_ms();
    if pending.is_over(now - KEPT_MS) {
        return Err(unknown().into());
    }
    let ended =
        async |end: End| ending::end(&app.store, &app.deliveries, realm, &pending, end, &caller.address_text).await;
    match pending.state {
        PendingState::Expired => Err(expired().into()),
        PendingState::Refused if pending.is_over(now) => Err(expired().into()),
        PendingState::Refused => Err(refused("access_denied", "The registration was refused.").into()),
        PendingState::Waiting | PendingState::Approved if pending.is_over(now) => {
            if ended(End::Expired).await? {
                Err(expired().into())
            } else {
                Ok(None)
            }
        }
        PendingState::Waiting | PendingState::Approved if !pending.has_client => {
            if ended(End::Deleted).await? {
                Err(unknown().into())
            } else {
                Ok(None)
            }
        }
        PendingState::Waiting | PendingState::Approved if cancel => {
            let response = StatusCode::NO_CONTENT.into_response();
            Ok(ended(End::Cancelled).await?.then_some(response))
        }
        PendingState::Waiting => {
            let seconds = pending.poll_interval.unsigned_abs();
            if app.pace.is_too_fast(code, Duration::from_secs(seconds)) {
                return Err(ErrorResponse::slow_down(seconds).into());
            }
            Ok(Some(StatusCode::ACCEPTED.into_response()))
        }
        PendingState::Approved => fetch(exchange, &pending).await,
    }
}

/// Gives out the client: its registration access token is made now, and the code is used up in the write that makes it
/// the good one. `None`: somebody was faster.
async fn fetch(exchange: &Exchange, pending: &PendingRow) -> Result<Option<Response>, Refusal> {
    let Exchange { app, realm, provider, caller, .. } = exchange;
    let Some((client, roles)) = stored(exchange, pending).await? else { return Ok(None) };
    let anonymous = pending.registration_auth == auth_name(RegistrationAuth::Anonymous);
    let auth = if anonymous { RegistrationAuth::Anonymous } else { RegistrationAuth::Authenticated };
    let token_id = Uuid::new_v4().to_string();
    let issuer = app.issuer(realm, caller);
    let origins = Some(pending.allowed_origins.clone());
    let token = registration_access_token::issue(app, realm, &issuer, &token_id, auth, origins).await?;
    let client_uri = exchange.client_uri(client.client_id());
    let registration = Registration {
        client_uri: client_uri.clone(),
        access_token: Some(token),
        issued_at: client.created_at.unsigned_abs(),
        roles,
        resource_server: client.resource_server,
        access: None,
    };
    let client = ClientRow { registration_token_id: Some(token_id), ..client };
    let document = provider.render(&client.shown(), &registration).await;
    let document = document.map_err(|error| exchange.unanswered("render", error, None))?;

    let mut write = Write::default();
    clients::replace_token(&mut write, &realm.id, &client);
    pending_registrations::delete(&mut write, pending);
    let mut subject = exchange.subject();
    subject.client_id = Some(client.client_id());
    if let Some(mut event) = subject.success() {
        let approval = client.origin.as_ref().and_then(|origin| origin.approved_by.as_ref());
        event.details = approval.map(|approval| [("approved_by".to_owned(), approval.user.clone())].into());
        events::insert(&mut write, &realm.id, &event);
    }
    match exchange.store(write, None).await {
        Ok(()) => {}
        Err(StoreError::Lost(Lost::Changed)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut response = answer::created(document, &client_uri, None);
    app.deliveries.settled(realm, &client.id).await.mark(&mut response);
    Ok(Some(response))
}

/// The client as it is now, and its roles.
async fn stored(exchange: &Exchange, pending: &PendingRow) -> Result<Option<(ClientRow, Vec<String>)>, StoreError> {
    let (database, realm_id) = (&exchange.app.store.database, &exchange.realm.id);
    match clients::by_id(database, realm_id, &pending.client).await? {
        Some(client) => clients::with_roles(database, realm_id, client.client_id()).await,
        None => Ok(None),
    }
}

fn refused(error: &str, description: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, error, description)
}

fn expired() -> ErrorResponse {
    refused("expired_token", "The registration was not completed in time.")
}

/// Unknown, used and cancelled ones are told apart by nobody.
fn unknown() -> ErrorResponse {
    refused("invalid_registration", "The pending registration cannot be completed.")
}
