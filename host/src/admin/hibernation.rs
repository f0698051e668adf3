//! Puts clients to sleep and wakes them, by hand: `/admin/realms/{realm}/clients/{id}/{hibernate,revive}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::clients::{self, ClientRow, Hibernation};
use matricula_store::{Lost, StoreError, Write, events};
use matricula_system::clock;

use super::clients::{MANAGE, find_for_change, marked};
use super::{Administrator, storing};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::{CLIENT_HIBERNATE, of_life};
use crate::parameters::Path;
use crate::registration::ATTEMPTS;

/// Lets a client hibernate
///
/// It goes from all targets and stays here as it is, until it is used, changed or revived.
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/hibernate", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn hibernate(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (realm, address) = (&administrator.realm, &administrator.caller.address_text);
    for _ in 0..ATTEMPTS {
        let mut row = find_for_change(&app, &administrator, &id).await?;
        may_change(&row)?;
        match row.state() {
            clients::State::Active => {}
            clients::State::Hibernating => return Err(conflict("The client hibernates already")),
            clients::State::Disabled => return Err(conflict("The client is disabled")),
            clients::State::Held | clients::State::Leaving => {
                return Err(conflict("The client waits for an administrator"));
            }
        }
        row.hibernation = Some(Hibernation { since_ms: clock::now_ms(), rule: None });
        let mut beside = Write::default();
        if let Some(event) = of_life(CLIENT_HIBERNATE, realm, row.client_id(), address, &[]) {
            events::insert(&mut beside, &realm.id, &event);
        }
        if let Some(pending) = storing::change(&app, &administrator, &row, beside).await? {
            return Ok(marked(&pending, StatusCode::NO_CONTENT));
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Revives a client that hibernates
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/revive", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn revive(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    // Every change of an administrator revives: this one changes nothing else.
    let pending = super::clients::change(&app, &administrator, &id, |row| {
        may_change(row)?;
        if row.hibernation.is_none() {
            return Err(conflict("The client does not hibernate"));
        }
        Ok(())
    })
    .await?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
}

fn may_change(row: &ClientRow) -> Result<(), ErrorResponse> {
    if is_of_the_server(&row.client) { Err(ErrorResponse::framework(StatusCode::FORBIDDEN)) } else { Ok(()) }
}

fn conflict(description: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::CONFLICT, "conflict", description)
}
