//! Clients that a policy holds: an administrator approves or refuses them
//! (`/admin/realms/{realm}/clients/{id}/{approve,refuse}`).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::Operation;
use matricula_store::tombstones::Removal;
use matricula_store::{Lost, StoreError, Write, clients, events};

use super::clients::{MANAGE, change, find, marked, settled};
use super::{Administrator, stored_or_changed};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::Subject;
use crate::parameters::Path;
use crate::registration::ATTEMPTS;

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
    let pending = change(&app, &administrator, &id, |row| {
        if !row.is_held() {
            return Err(not_held());
        }
        row.held = None;
        row.client.enabled = Some(true);
        Ok(())
    })
    .await?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
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
    let realm = &administrator.realm;
    for _ in 0..ATTEMPTS {
        let row = find(&app, &administrator, &id).await?;
        if !row.is_held() {
            return Err(not_held());
        }
        let subject = Subject {
            realm,
            operation: Operation::Delete,
            address: &administrator.caller.address_text,
            client_id: Some(row.client_id()),
        };
        let mut write = Write::default();
        clients::delete(&mut write, &realm.id, &row, Removal::by_hand(&realm.settings), &app.deliveries.carrier(true));
        if let Some(event) = subject.success() {
            events::insert(&mut write, &realm.id, &event);
        }
        if stored_or_changed(&app, write).await? {
            return Ok(settled(&app, &administrator, &row.id, StatusCode::NO_CONTENT).await);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}
