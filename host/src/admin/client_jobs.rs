//! What is done with many clients beside the requests: `/admin/realms/{realm}/client-jobs`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_store::client_jobs::{self, Job, State as JobState, Wanted};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::ids;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::clients::{MANAGE, VIEW};
use super::{Administrator, Page, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::life_cycle::bulk::{self, Action, Found};
use crate::life_cycle::search::Search;
use crate::parameters::{Path, Query};

/// Clients that a job may name.
const CLIENTS: usize = 10_000;

/// A job. Times are Unix milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientJob {
    /// Its id.
    id: String,
    /// `life-cycle`: a run of the realm's rules; `bulk`: one thing is done with many clients.
    kind: String,
    /// `disable`, `enable`, `hibernate`, `revive` or `delete`; null: what rules say.
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
            action: job.action,
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

/// What is to be done with many clients.
struct Order {
    action: Action,
    wanted: Wanted,
    /// How many clients it must be about; absent: any number.
    expect: Option<i64>,
    dry_run: bool,
}

impl Order {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, for the administrator.
    fn read(sent: &Value) -> Result<Order, String> {
        let Value::Object(members) = sent else { return Err("an object is expected".to_owned()) };
        let known = ["action", "clients", "search", "expect", "dryRun"];
        if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("'{unknown}' is unknown"));
        }
        let member = |name: &str| members.get(name).filter(|value| !value.is_null());
        let action = member("action").and_then(Value::as_str).and_then(Action::of_name);
        let action = action.ok_or("'action' must be disable, enable, hibernate, revive or delete")?;
        let wanted = match (member("clients"), member("search")) {
            (Some(clients), None) => Wanted::Clients(read_clients(clients)?),
            (None, Some(search)) => {
                Search::read(search)?;
                Wanted::Search(search.to_string())
            }
            _ => return Err("exactly one of 'clients' and 'search' must be given".to_owned()),
        };
        let expect = member("expect")
            .map(|expect| expect.as_i64().filter(|expect| *expect >= 0).ok_or("'expect' must be a whole number"))
            .transpose()?;
        let dry_run = member("dryRun").map_or(Some(false), Value::as_bool).ok_or("'dryRun' must be true or false")?;
        Ok(Order { action, wanted, expect, dry_run })
    }
}

/// Client ids in their order, each once.
fn read_clients(sent: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("'clients' must be a list of 1 to {CLIENTS} client ids");
    let list = sent.as_array().filter(|list| (1..=CLIENTS).contains(&list.len())).ok_or_else(wrong)?;
    let texts: Option<Vec<String>> = list.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    let mut clients = texts.ok_or_else(wrong)?;
    clients.sort_unstable();
    clients.dedup();
    Ok(clients)
}

/// What a job would be about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Matched {
    /// Clients that it would take.
    matched: i64,
    /// The first of them, by client id.
    sample: Vec<String>,
}

/// Does one thing with many clients
///
/// `{"action": "disable" | "enable" | "hibernate" | "revive" | "delete", "clients": [client id, …] | "search": {…},
/// "expect"?, "dryRun"?}`. It is a job: 202. With `dryRun` it is told how many clients it would be about: 200. `expect` that
/// is another number: 409.
#[utoipa::path(post, path = "/admin/realms/{realm}/client-jobs", tag = "clients",
    params(("realm" = String, Path)), request_body = Object,
    responses((status = 200, body = Matched), (status = 202, body = ClientJob), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    request: Request,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let sent = body::value(&body::text(request.into_body()).await?)?;
    let refused = |reason: String| ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", reason);
    let Order { action, wanted, expect, dry_run } = Order::read(&sent).map_err(refused)?;
    let realm_id = &administrator.realm.id;
    let found = match &wanted {
        Wanted::Clients(clients) => Found {
            matched: i64::try_from(clients.len()).unwrap_or(i64::MAX),
            sample: clients.iter().take(bulk::SAMPLE).cloned().collect(),
        },
        Wanted::Search(search) => bulk::find(&app, realm_id, Search::parse(search).map_err(refused)?).await?,
    };
    if dry_run {
        return Ok(Json(Matched { matched: found.matched, sample: found.sample }).into_response());
    }
    if let Some(expect) = expect.filter(|expect| *expect != found.matched) {
        let description = format!("{expect} clients were expected, {} are found", found.matched);
        return Err(ErrorResponse::new(StatusCode::CONFLICT, "conflict", description));
    }
    let id = ids::fresh();
    let mut write = Write::default();
    let order = (action.name(), &wanted, found.matched);
    client_jobs::add_bulk(&mut write, realm_id, &id, administrator.user_id(), order);
    app.store.writer.write(write).await?;
    app.jobs.wake();
    accepted(&app, &administrator, &id).await
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
