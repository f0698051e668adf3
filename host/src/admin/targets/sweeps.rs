//! Sweeps: `/admin/realms/{realm}/targets/{name}/sweep` and `sweeps`, what a target has beside what it should have.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use matricula_contract::connectors::Abilities;
use matricula_store::Write;
use matricula_store::sweeps::{self, SweepKey};
use matricula_store::targets::TargetRow;
use matricula_wasm::connector::ConnectorHandle;

use super::{MANAGE, VIEW, bad, find, record};
use crate::admin::{Administrator, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::TARGET_SWEEP;
use crate::parameters::Path;
use crate::targets::sweep::Order;
use crate::targets::sweep::report::Report;

/// How long an administrator waits for its end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The members of a body, all of them known and true or false. Without a body there are none.
pub(super) fn members(
    body: &[u8],
    known: &[&str],
) -> Result<serde_json::Map<String, serde_json::Value>, ErrorResponse> {
    if body.is_empty() {
        return Ok(serde_json::Map::new());
    }
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(|error| bad(format!("The body must be a JSON object: {error}")))?;
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(bad(format!("'{unknown}' is unknown")));
    }
    members.retain(|_, value| !value.is_null());
    Ok(members)
}

/// One that is true or false.
pub(super) fn switch(
    members: &serde_json::Map<String, serde_json::Value>,
    name: &str,
    default: bool,
) -> Result<bool, ErrorResponse> {
    let value = members.get(name);
    value
        .map_or(Some(default), serde_json::Value::as_bool)
        .ok_or_else(|| bad(format!("'{name}' must be true or false")))
}

pub(super) fn conflict(description: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::CONFLICT, "conflict", description)
}

/// The connector of a target, if it can do what is needed to look at it.
pub(super) fn looks(app: &App, target: &TargetRow, needs: Abilities) -> Result<Arc<ConnectorHandle>, ErrorResponse> {
    let id = &target.connector;
    let components = app.wasm.current();
    let connector = components.connector(id);
    let connector = connector.ok_or_else(|| conflict(format!("No component offers connector '{id}'")))?;
    if connector.is_able(needs) {
        return Ok(Arc::clone(connector));
    }
    Err(conflict(format!("Connector '{id}' can't look at its target")))
}

/// Compares everything that a target has with what it should have
///
/// `dryRun` changes nothing; `repair` (that of the target) puts again what is different and removes what nobody here knows;
/// `force` removes it however many there are. The answer is the report if it is ready in time, else how far it is.
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/sweep", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)), request_body = Object,
    responses((status = 200, body = Report), (status = 202, body = Report), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn sweep(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    body: Body,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    let members = members(&body::text(body).await?, &["dryRun", "repair", "force"])?;
    let order = Order {
        dry_run: switch(&members, "dryRun", false)?,
        repair: switch(&members, "repair", target.settings.repair)?,
        force: switch(&members, "force", false)?,
        scheduled_after_ms: None,
    };
    let connector = looks(&app, &target, Abilities::ENUMERATES)?;
    let mut write = Write::default();
    if !order.dry_run {
        record(&mut write, &administrator, TARGET_SWEEP, &target);
    }
    let realm = &administrator.realm;
    let begun = app.deliveries.sweep(realm, &target, &connector, order, write).await?;
    let begun = begun.ok_or_else(|| conflict(format!("A sweep of target '{name}' is running")))?;
    let address = format!("{}/targets/{name}/sweeps/{}", administrator.address(&app), begun.id);
    let (status, report) = match tokio::time::timeout(PATIENCE, begun.ended).await {
        Ok(Ok(report)) => (StatusCode::OK, report),
        Ok(Err(_)) | Err(_) => (StatusCode::ACCEPTED, stored(&app, &administrator, &name, &begun.id).await?),
    };
    let mut response = (status, Json(report)).into_response();
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

async fn stored(app: &App, administrator: &Administrator, name: &str, id: &str) -> Result<Report, ErrorResponse> {
    let key = SweepKey { realm_id: administrator.realm.id.clone(), target: name.to_owned(), id: id.to_owned() };
    let found = sweeps::by_id(&app.store.database, &key).await?;
    let found = found.ok_or_else(|| {
        ErrorResponse::new(StatusCode::NOT_FOUND, "not_found", format!("Sweep '{id}' does not exist"))
    })?;
    Ok(Report::read(&found)?)
}

/// Lists the last sweeps of a target, the newest first
#[utoipa::path(get, path = "/admin/realms/{realm}/targets/{name}/sweeps", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<Report>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<Json<Vec<Report>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    find(&app, &administrator, &name).await?;
    let rows = sweeps::of_target(&app.store.database, &administrator.realm.id, &name).await?;
    Ok(Json(rows.iter().map(Report::read).collect::<Result<_, _>>()?))
}

/// Reads what a sweep found and did
#[utoipa::path(get, path = "/admin/realms/{realm}/targets/{name}/sweeps/{id}", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Report), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name, id)): Path<(String, String, String)>,
) -> Result<Json<Report>, ErrorResponse> {
    administrator.require(&VIEW)?;
    find(&app, &administrator, &name).await?;
    Ok(Json(stored(&app, &administrator, &name, &id).await?))
}
