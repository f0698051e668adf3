//! Registrations that wait for an approval: `/admin/realms/{realm}/client-approvals[/{code}[/approve|/refuse]]`. The code
//! is the one that callers show to administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::secrets;
use matricula_store::clients::{self, ClientRow};
use matricula_store::pending_registrations::{self, PendingRow, PendingState};
use matricula_system::clock;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::clients::{MANAGE, Representations, VIEW, marked};
use super::{Administrator, Page, held, not_stored};
use crate::app::App;
use crate::approval::codes;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::{Path, Query};

/// A registration that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientApproval {
    /// The code to compare; absent in lists, as only its hash is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_code: Option<String>,
    /// When it came, Unix milliseconds.
    requested: i64,
    /// When it ends, Unix milliseconds.
    expires: i64,
    /// Address of the caller.
    address: String,
    /// Why it waits.
    reason: String,
    /// Id of the decision about it.
    decision: String,
    /// The client as it is stored, without its secret.
    #[schema(value_type = Object)]
    client: Value,
}

/// Unknown, decided and expired codes are told apart by nobody.
fn not_there() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "No such pending registration")
}

/// The registration of a code, and its client. Who names many that are none has to wait.
async fn find(
    app: &App,
    administrator: &Administrator,
    letters: Option<&str>,
) -> Result<(PendingRow, ClientRow), ErrorResponse> {
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let attempt = app.wrong_codes.begin(realm_id, administrator.subject(), administrator.caller.address)?;
    let found = match letters {
        Some(letters) => pending_registrations::by_verification_code(database, realm_id, &codes::hash(letters)).await?,
        None => None,
    };
    let waits = |pending: &PendingRow| pending.state == PendingState::Waiting && !pending.is_over(clock::now_ms());
    let found = match found.filter(waits) {
        Some(pending) => clients::by_id(database, realm_id, &pending.client).await?.map(|client| (pending, client)),
        None => None,
    };
    attempt.end(found.is_some());
    found.ok_or_else(not_there)
}

async fn shown(
    representations: &Representations,
    (pending, mut client): (PendingRow, ClientRow),
    letters: Option<&str>,
) -> Result<ClientApproval, ErrorResponse> {
    client.client.secret = None;
    secrets::mask(&mut client.client);
    let document = representations.render(&client, None).await?;
    Ok(ClientApproval {
        verification_code: letters.map(codes::shown),
        requested: pending.requested_ms,
        expires: pending.expires_ms,
        address: pending.address,
        reason: client.held.unwrap_or_default(),
        decision: client.origin.map(|origin| origin.decision).unwrap_or_default(),
        client: serde_json::from_slice(&document.body).map_err(|_| ErrorResponse::server_error())?,
    })
}

/// Lists the registrations that wait for an approval, oldest first
#[utoipa::path(get, path = "/admin/realms/{realm}/client-approvals", tag = "clients",
    params(("realm" = String, Path), ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<ClientApproval>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(page): Query<Page>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let representations = Representations::new(&app, &administrator)?;
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let page = (page.first(), page.max());
    let found = pending_registrations::waiting(database, realm_id, clock::now_ms(), page).await?;
    let mut list = Vec::with_capacity(found.len());
    for one in found {
        list.push(shown(&representations, one, None).await?);
    }
    Ok(not_stored(Json(list)))
}

/// Shows a registration that waits for an approval
///
/// The code is read in any case, with or without its hyphen.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-approvals/{code}", tag = "clients",
    params(("realm" = String, Path), ("code" = String, Path)),
    responses((status = 200, body = ClientApproval), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, code)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let letters = codes::typed(&code);
    let found = find(&app, &administrator, letters.as_deref()).await?;
    let representations = Representations::new(&app, &administrator)?;
    Ok(not_stored(Json(shown(&representations, found, letters.as_deref()).await?)))
}

/// Approves a registration that waits: its caller may fetch the client
#[utoipa::path(post, path = "/admin/realms/{realm}/client-approvals/{code}/approve", tag = "clients",
    params(("realm" = String, Path), ("code" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn approve(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, code)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (_, client) = find(&app, &administrator, codes::typed(&code).as_deref()).await?;
    let pending = held::approved(&app, &administrator, &client.id).await.map_err(decided_meanwhile)?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
}

/// Refuses a registration that waits: the client is deleted, and its caller is told
#[utoipa::path(post, path = "/admin/realms/{realm}/client-approvals/{code}/refuse", tag = "clients",
    params(("realm" = String, Path), ("code" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn refuse(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, code)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (_, client) = find(&app, &administrator, codes::typed(&code).as_deref()).await?;
    held::refused(&app, &administrator, &client.id).await.map_err(decided_meanwhile)
}

/// Who decided at the same time was faster: the code is one that is decided by now.
fn decided_meanwhile(error: ErrorResponse) -> ErrorResponse {
    match error.status() {
        StatusCode::NOT_FOUND | StatusCode::CONFLICT => not_there(),
        _ => error,
    }
}
