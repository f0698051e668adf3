//! Clients that a policy holds: an administrator approves or refuses them
//! (`/admin/realms/{realm}/clients/{id}/{approve,refuse}`).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::Operation;
use matricula_store::clients::Approval;
use matricula_store::pending_registrations::PendingState;
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, clients, events, pending_registrations};
use matricula_system::clock;

use super::clients::{MANAGE, find, find_for_change, marked, not_found, settled};
use super::{Administrator, stored_or_changed, storing};
use crate::app::App;
use crate::approval::ending::{self, End};
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::Subject;
use crate::parameters::Path;
use crate::registration::ATTEMPTS;
use crate::targets::waiting::Pending;

fn not_held() -> ErrorResponse {
    ErrorResponse::new(StatusCode::CONFLICT, "conflict", "The client does not wait for an administrator")
}

/// Approves a client that waits
///
/// It is enabled then; its registration access token works from then on.
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/approve", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn approve(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let pending = approved(&app, &administrator, &id).await?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
}

/// Enables a client that waits, and lets its registration be completed if that waits too.
pub(super) async fn approved(app: &App, administrator: &Administrator, id: &str) -> Result<Pending, ErrorResponse> {
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let (user, realm) = administrator.name(app).await?;
    for _ in 0..ATTEMPTS {
        let mut row = find_for_change(app, administrator, id).await?;
        if !row.is_held() {
            return Err(not_held());
        }
        let mut beside = Write::default();
        let waits = pending_registrations::of_client(database, realm_id, &row.id).await?;
        if let Some(waits) = waits.filter(|waits| waits.state == PendingState::Waiting) {
            if waits.is_over(clock::now_ms()) {
                // It is gone in a moment.
                return Err(not_found());
            }
            pending_registrations::change(&mut beside, &waits, PendingState::Approved);
        }
        let approval = Approval { user: user.clone(), realm: realm.clone(), time: clock::now_ms() };
        clients::note_approval(&mut beside, realm_id, &row, approval);
        row.held = None;
        row.client.enabled = Some(true);
        if let Some(pending) = storing::change(app, administrator, &row, beside).await? {
            return Ok(pending);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Refuses a client that waits: it is deleted
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/refuse", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn refuse(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    refused(&app, &administrator, &id).await
}

/// Deletes a client that waits, and ends its registration if that waits too.
pub(super) async fn refused(app: &App, administrator: &Administrator, id: &str) -> Result<Response, ErrorResponse> {
    let (realm, address) = (&administrator.realm, administrator.caller.address_text.as_str());
    for _ in 0..ATTEMPTS {
        let row = find(app, administrator, id).await?;
        if !row.is_held() {
            return Err(not_held());
        }
        let subject = Subject { realm, operation: Operation::Delete, address, client_id: Some(row.client_id()) };
        let waits = pending_registrations::of_client(&app.store.database, &realm.id, &row.id).await?;
        let mut write = Write::default();
        // Whoever registered it never had it, if that waits.
        let removal = if waits.is_some() { Removal::WITHOUT_TRACE } else { Removal::by_hand(&realm.settings) };
        clients::delete(&mut write, &realm.id, &row, removal, &app.deliveries.carrier(true));
        if let Some(event) = subject.success() {
            events::insert(&mut write, &realm.id, &event);
        }
        if let Some(waits) = waits.filter(|waits| waits.state == PendingState::Waiting) {
            ending::add(&mut write, realm, &waits, row.client_id(), End::Refused, address);
        }
        if stored_or_changed(app, write).await? {
            return Ok(settled(app, administrator, &row.id, StatusCode::NO_CONTENT).await);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}
