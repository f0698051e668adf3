//! Rules about the life of clients: what they would do, and runs of them
//! (`/admin/realms/{realm}/client-life-cycle/{evaluate,run}`).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use matricula_store::realm_settings::LifeCycle;
use matricula_store::{Lost, StoreError, Write, client_jobs};
use matricula_system::{clock, ids};
use serde_json::Value;

use super::client_jobs::{ClientJob, accepted};
use super::clients::{MANAGE, VIEW};
use super::{Administrator, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::life_cycle::evaluation::{self, Evaluation};
use crate::life_cycle::settings;

/// How far ahead may be looked, in milliseconds: ten years.
const AHEAD_MS: i64 = 10 * 366 * 24 * 60 * 60 * 1000;

/// Tells what rules would do
///
/// `{"lifeCycle"?, "at"?}`: settings to try, else those of the realm, and the moment to look at, else now; Unix
/// milliseconds, up to 10 years ahead. Nothing is changed.
#[utoipa::path(post, path = "/admin/realms/{realm}/client-life-cycle/evaluate", tag = "clients",
    params(("realm" = String, Path)), request_body = Object,
    responses((status = 200, body = Evaluation), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn evaluate(
    State(app): State<App>,
    administrator: Administrator,
    request: Request,
) -> Result<Json<Evaluation>, ErrorResponse> {
    administrator.require(&["view-realm", "manage-realm"])?;
    administrator.require(&VIEW)?;
    let sent = body::value(&body::text(request.into_body()).await?)?;
    let realm = &administrator.realm;
    let (settings, at_ms) = read(&sent, &realm.settings.life_cycle, clock::now_ms())?;
    Ok(Json(evaluation::evaluate(&app, realm, settings, at_ms).await?))
}

/// Runs the rules
///
/// As they are run by the clock. `{"confirmed"?}`: the run also acts if it concerns more than a tenth of the clients, and at
/// least 10. It is a job.
#[utoipa::path(post, path = "/admin/realms/{realm}/client-life-cycle/run", tag = "clients",
    params(("realm" = String, Path)), request_body = Object,
    responses((status = 202, body = ClientJob), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn run(
    State(app): State<App>,
    administrator: Administrator,
    request: Request,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let sent = body::value(&body::text(request.into_body()).await?)?;
    let confirmed = read_confirmed(&sent).map_err(|description| refused(&description))?;
    let id = ids::fresh();
    let mut write = Write::default();
    client_jobs::add_run(&mut write, &administrator.realm.id, &id, administrator.user_id(), confirmed);
    match app.store.writer.write(write).await {
        Ok(()) => {}
        Err(StoreError::Lost(Lost::Taken)) => {
            return Err(ErrorResponse::new(StatusCode::CONFLICT, "conflict", "A run of the rules has not ended"));
        }
        Err(error) => return Err(error.into()),
    }
    app.jobs.wake();
    accepted(&app, &administrator, &id).await
}

fn read_confirmed(sent: &Value) -> Result<bool, String> {
    let Value::Object(members) = sent else { return Err("an object is expected".to_owned()) };
    if let Some(unknown) = members.keys().find(|name| *name != "confirmed") {
        return Err(format!("'{unknown}' is unknown"));
    }
    match members.get("confirmed") {
        None | Some(Value::Null) => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| "'confirmed' must be true or false".to_owned()),
    }
}

fn refused(description: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// Reads what is to be tried, and when.
fn read(sent: &Value, of_realm: &LifeCycle, now: i64) -> Result<(LifeCycle, i64), ErrorResponse> {
    let Value::Object(members) = sent else { return Err(refused("an object is expected")) };
    if let Some(unknown) = members.keys().find(|name| !matches!(name.as_str(), settings::LIFE_CYCLE | "at")) {
        return Err(refused(&format!("'{unknown}' is unknown")));
    }
    let settings = match members.get(settings::LIFE_CYCLE) {
        None | Some(Value::Null) => of_realm.clone(),
        Some(sent) => settings::read(sent).map_err(|reason| ErrorResponse::message(StatusCode::BAD_REQUEST, reason))?,
    };
    let at_ms = match members.get("at") {
        None | Some(Value::Null) => now,
        Some(at) => at.as_i64().filter(|at| (now..=now + AHEAD_MS).contains(at)).ok_or_else(|| {
            refused("'at' must be a time in Unix milliseconds, not in the past and at most 10 years ahead")
        })?,
    };
    Ok((settings, at_ms))
}
