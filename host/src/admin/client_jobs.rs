//! What is done with many clients beside the requests: `/admin/realms/{realm}/client-jobs`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_store::client_jobs::{self, Job, State as JobState};
use matricula_store::{Lost, StoreError, Write};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::clients::{MANAGE, VIEW};
use super::{Administrator, Page};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::{Path, Query};

/// A job. Times are Unix milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientJob {
    /// Its id.
    id: String,
    /// `life-cycle`: a run of the realm's rules.
    kind: String,
    /// What is done with the clients; null: what rules say.
    action: Option<String>,
    /// Id of the user who wanted it, or `schedule`.
    by: String,
    /// `queued`, `running`, `finished`, `stopped`, `failed`, or `asks`: it did nothing, as it would have been much.
    state: &'static str,
    created: i64,
    /// Null: it has not ended.
    ended: Option<i64>,
    /// Clients that it takes.
    matched: i64,
    /// Those that were changed.
    done: i64,
    /// Those that needed no change.
    passed: i64,
    /// Those that could not be changed.
    failed: i64,
    /// The first of those.
    #[schema(value_type = Vec<Object>)]
    failures: Value,
    /// How many clients each rule takes.
    #[schema(value_type = Object)]
    rules: Value,
}

impl ClientJob {
    fn of(job: Job) -> Result<ClientJob, ErrorResponse> {
        let json = |text: &str| serde_json::from_str(text).map_err(|_| ErrorResponse::server_error());
        Ok(ClientJob {
            failures: json(&job.failures)?,
            rules: json(&job.rules)?,
            id: job.id,
            kind: job.kind,
            action: None,
            by: job.by_user.unwrap_or_else(|| "schedule".to_owned()),
            state: job.state.name(),
            created: job.created_ms,
            ended: job.ended_ms,
            matched: job.matched.unwrap_or(0),
            done: job.done,
            passed: job.passed,
            failed: job.failed,
        })
    }
}

fn not_found(id: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::NOT_FOUND, "not_found", format!("Job '{id}' does not exist"))
}

async fn find(app: &App, administrator: &Administrator, id: &str) -> Result<Job, ErrorResponse> {
    let found = client_jobs::by_id(&app.store.database, &administrator.realm.id, id).await?;
    found.ok_or_else(|| not_found(id))
}

/// 202 with a job that was added.
pub(super) async fn accepted(app: &App, administrator: &Administrator, id: &str) -> Result<Response, ErrorResponse> {
    let job = ClientJob::of(find(app, administrator, id).await?)?;
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    let address = format!("{}/client-jobs/{id}", administrator.address(app));
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

/// Lists the jobs of the last 90 days, the newest first
#[utoipa::path(get, path = "/admin/realms/{realm}/client-jobs", tag = "clients",
    params(("realm" = String, Path), ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<ClientJob>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(page): Query<Page>,
) -> Result<Json<Vec<ClientJob>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let realm_id = &administrator.realm.id;
    let jobs = client_jobs::list(&app.store.database, realm_id, page.first(), page.max()).await?;
    Ok(Json(jobs.into_iter().map(ClientJob::of).collect::<Result<_, _>>()?))
}

/// Reads a job
#[utoipa::path(get, path = "/admin/realms/{realm}/client-jobs/{id}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ClientJob), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<ClientJob>, ErrorResponse> {
    administrator.require(&VIEW)?;
    Ok(Json(ClientJob::of(find(&app, &administrator, &id).await?)?))
}

/// Stops a job
///
/// After the clients that it is at.
#[utoipa::path(delete, path = "/admin/realms/{realm}/client-jobs/{id}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn stop(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let ended = || ErrorResponse::new(StatusCode::CONFLICT, "conflict", "The job has ended");
    if find(&app, &administrator, &id).await?.state.has_ended() {
        return Err(ended());
    }
    let mut write = Write::default();
    client_jobs::end(&mut write, &administrator.realm.id, &id, JobState::Stopped);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Lost(Lost::Changed)) => Err(ended()),
        Err(error) => Err(error.into()),
    }
}
