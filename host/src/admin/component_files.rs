//! Component files: `/admin/components[/{name}[/…]]`. For administrators of the master realm.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_store::component_files::{Limits, User};
use matricula_wasm::figures::LastFailure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::{Visitor, forbidden};
use crate::app::App;
use crate::components::compare::{self, Comparison};
use crate::components::watched::WatchReport;
use crate::components::{ChangeError, Health, Source, Summary, Uploaded, Version, signature};
use crate::document;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::{Path, Query};

/// Longest component file, in bytes.
const LENGTH: usize = 64 << 20;
/// Registrations that are replayed at most.
const REPLAYED: u32 = 10_000;
/// The signature of an upload: Ed25519 of its bytes, Base64.
const SIGNATURE: HeaderName = HeaderName::from_static("matricula-signature");

/// A component.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComponentRepresentation {
    /// Its name.
    name: String,
    /// What it is: `policy`, `provider`, `client-policy`; the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Digest of the version that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<String>,
    /// Digest of the version that decided before, if it is still there: where a rollback leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Digest of the version that is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<String>,
    /// What came of watching it.
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<WatchReport>,
    /// Where the version that decides comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Ids of the providers, policies, conditions and executors that it has.
    providers: Vec<String>,
    /// `active`, `failing` or `refused`.
    state: Health,
    /// Why the last version is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when it decides, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// Policies that need it, the first hundred of each kind.
    used_by: Vec<UserRepresentation>,
    /// Calls since the server started.
    calls: u64,
    /// Requests that it refused.
    refusals: u64,
    /// Calls without an answer.
    failures: u64,
    /// The last request that was refused because it had no answer, since the server started.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<LastFailure>,
    /// Half of the calls took no longer.
    median_micros: u64,
    /// 99 of 100 calls took no longer.
    p99_micros: u64,
    /// Most memory of an instance, in bytes.
    memory_peak: u64,
    /// What it may use.
    limits: LimitsRepresentation,
    /// Its versions, the newest upload first.
    versions: Vec<Version>,
}

/// What a component may use. In a request, what is absent is as for every component.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct LimitsRepresentation {
    /// Wall time of a call in milliseconds, 10 to 10,000; usually 1,000.
    call_millis: Option<u32>,
    /// Linear memory of an instance in MiB, 1 to 256; usually 64.
    memory_mib: Option<u32>,
}

impl Representation for LimitsRepresentation {
    const NAME: &'static str = "ComponentLimits";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["callMillis", "memoryMib"]);
}

/// A policy that needs a component.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserRepresentation {
    realm: String,
    policy: String,
}

impl From<User> for UserRepresentation {
    fn from(user: User) -> Self {
        UserRepresentation { realm: user.realm, policy: user.policy }
    }
}

impl ComponentRepresentation {
    fn new(name: String, summary: Summary, users: Vec<User>) -> ComponentRepresentation {
        let figures = summary.figures;
        ComponentRepresentation {
            name,
            kind: summary.kinds.first().copied(),
            active: summary.active,
            previous: summary.previous,
            shadow: summary.shadow,
            watch: summary.watch,
            source: summary.source,
            providers: summary.providers,
            state: summary.state,
            reason: summary.reason,
            since: summary.since,
            used_by: users.into_iter().map(UserRepresentation::from).collect(),
            calls: figures.calls(),
            refusals: figures.refusals(),
            failures: figures.failures(),
            last_failure: figures.last_failure(),
            median_micros: figures.quantile(0.5),
            p99_micros: figures.quantile(0.99),
            memory_peak: figures.memory(),
            limits: LimitsRepresentation {
                call_millis: Some(summary.allowance.call_millis()),
                memory_mib: Some(summary.allowance.memory_mib()),
            },
            versions: summary.versions,
        }
    }
}

impl From<ChangeError> for ErrorResponse {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(reason) => ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_component", reason),
            ChangeError::Missing(what) => ErrorResponse::new(StatusCode::NOT_FOUND, "not_found", what),
            ChangeError::Impossible(why) => ErrorResponse::new(StatusCode::CONFLICT, "conflict", why),
            ChangeError::OutOfBounds(field, bounds) => {
                let description = format!("{field}: {} to {} is expected", bounds.start(), bounds.end());
                ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
            }
            ChangeError::InUse(users) => {
                let named = |user: &User| format!("{:?} of realm {}", user.policy, user.realm);
                let mut names: Vec<String> = users.iter().take(NAMED).map(named).collect();
                if users.len() > NAMED {
                    names.push(format!("{} more", users.len() - NAMED));
                }
                let description = format!(
                    "It is needed by {}. With force=true their requests are refused from then on.",
                    names.join(", ")
                );
                ErrorResponse::new(StatusCode::CONFLICT, "conflict", description)
            }
            ChangeError::Store(error) => error.into(),
        }
    }
}

/// Users of a component that a refusal names.
const NAMED: usize = 10;

/// Lets only administrators of the server on.
fn require_administrator(visitor: &Visitor) -> Result<(), ErrorResponse> {
    if visitor.bearer.is_administrator { Ok(()) } else { Err(forbidden()) }
}

/// How an upload is meant.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UploadOptions {
    activate: bool,
    force: bool,
}

impl Default for UploadOptions {
    fn default() -> Self {
        UploadOptions { activate: true, force: false }
    }
}

/// Whether something goes that is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Force {
    force: bool,
}

/// A version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Chosen {
    /// SHA-256 of the file, hexadecimal.
    digest: String,
}

impl Representation for Chosen {
    const NAME: &'static str = "ComponentVersion";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["digest"]);
}

/// A replay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Replayed {
    /// SHA-256 of the version, hexadecimal.
    digest: String,
    /// How many of the last registrations; absent: 1000.
    last: Option<u32>,
}

impl Representation for Replayed {
    const NAME: &'static str = "ComponentComparison";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["digest", "last"]);
}

/// Lists the components
#[utoipa::path(get, path = "/admin/components", tag = "components",
    responses((status = 200, body = Vec<ComponentRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Json<Vec<ComponentRepresentation>>, ErrorResponse> {
    require_administrator(&visitor)?;
    let mut all = Vec::new();
    for name in app.components.shown() {
        let users = app.components.users(&name).await?;
        if let Some(summary) = app.components.summary(&name) {
            all.push(ComponentRepresentation::new(name, summary, users));
        }
    }
    Ok(Json(all))
}

/// Uploads a version
///
/// It is checked completely before it decides; a version that cannot be used changes nothing. With `activate=false` it
/// is only stored. `Matricula-Signature` holds an Ed25519 signature of the file in Base64, where the server wants one.
#[utoipa::path(put, path = "/admin/components/{name}", tag = "components",
    params(("name" = String, Path), ("activate" = Option<bool>, Query), ("force" = Option<bool>, Query),
        ("Matricula-Signature" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 200, body = ComponentRepresentation), (status = 201, body = ComponentRepresentation),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody)))]
pub(crate) async fn upload(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    options: Query<UploadOptions>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ErrorResponse> {
    require_administrator(&visitor)?;
    let signature = match headers.get(SIGNATURE) {
        None => None,
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            let decoded = signature::decode(&text).map_err(|reason| ChangeError::Refused(reason.to_owned()))?;
            Some(decoded)
        }
    };
    let bytes = document::at_most(body, LENGTH).await?;
    let Query(UploadOptions { activate, force }) = options;
    let uploaded = app.components.upload(&name, bytes, signature, activate, force).await?;
    let status = match uploaded {
        Uploaded::New => StatusCode::CREATED,
        Uploaded::Version => StatusCode::OK,
    };
    let summary = app.components.summary(&name).ok_or_else(ErrorResponse::server_error)?;
    let users = app.components.users(&name).await?;
    Ok((status, Json(ComponentRepresentation::new(name, summary, users))).into_response())
}

/// Removes a component
///
/// Everything that was uploaded under the name goes; what the folder or the program has of it decides from then on.
#[utoipa::path(delete, path = "/admin/components/{name}", tag = "components",
    params(("name" = String, Path), ("force" = Option<bool>, Query)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(Force { force }): Query<Force>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    app.components.remove(&name, force).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a version decide
///
/// Also to go back to one. The next request finds it.
#[utoipa::path(post, path = "/admin/components/{name}/activate", tag = "components",
    params(("name" = String, Path), ("force" = Option<bool>, Query)), request_body = Chosen,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn activate(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(Force { force }): Query<Force>,
    body::Json(chosen): body::Json<Chosen>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    app.components.choose(&name, &chosen.digest, false, force).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a version be watched
///
/// Its policies are asked beside those that decide, and what they say is recorded. Nothing else comes of it.
#[utoipa::path(put, path = "/admin/components/{name}/shadow", tag = "components",
    params(("name" = String, Path)), request_body = Chosen,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn watch(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    body::Json(chosen): body::Json<Chosen>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    app.components.choose(&name, &chosen.digest, true, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends watching a version
#[utoipa::path(delete, path = "/admin/components/{name}/shadow", tag = "components",
    params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn unwatch(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    app.components.unwatch(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Limits what a component may use
///
/// Python and JavaScript need more than others. Running calls and new instances are held to it at once.
#[utoipa::path(put, path = "/admin/components/{name}/limits", tag = "components",
    params(("name" = String, Path)), request_body = LimitsRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn limit(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    body::Json(limits): body::Json<LimitsRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    let limits = Limits { call_millis: limits.call_millis, memory_mib: limits.memory_mib };
    app.components.limit(&name, limits).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replays recorded registrations against a version
///
/// Tells which of the last registrations of all realms it would decide otherwise. Nothing is stored.
#[utoipa::path(post, path = "/admin/components/{name}/compare", tag = "components",
    params(("name" = String, Path)), request_body = Replayed,
    responses((status = 200, body = Comparison), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn compare(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    body::Json(replayed): body::Json<Replayed>,
) -> Result<Json<Comparison>, ErrorResponse> {
    require_administrator(&visitor)?;
    let last = replayed.last.unwrap_or(1000);
    if last > REPLAYED {
        return Err(ErrorResponse::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            format!("last: at most {REPLAYED} registrations are replayed"),
        ));
    }
    Ok(Json(compare::compare(&app, &visitor.caller, &name, &replayed.digest, last).await?))
}

/// The bytes of a version
#[utoipa::path(get, path = "/admin/components/{name}/versions/{digest}", tag = "components",
    params(("name" = String, Path), ("digest" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/wasm"), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn download(
    State(app): State<App>,
    visitor: Visitor,
    Path((name, digest)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    require_administrator(&visitor)?;
    let bytes: Bytes = app.components.bytes(&name, &digest).await?;
    Ok(([(header::CONTENT_TYPE, "application/wasm")], bytes).into_response())
}

/// Removes a version
///
/// Not the one that decides, unless it is the only one.
#[utoipa::path(delete, path = "/admin/components/{name}/versions/{digest}", tag = "components",
    params(("name" = String, Path), ("digest" = String, Path), ("force" = Option<bool>, Query)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn remove_version(
    State(app): State<App>,
    visitor: Visitor,
    Path((name, digest)): Path<(String, String)>,
    Query(Force { force }): Query<Force>,
) -> Result<StatusCode, ErrorResponse> {
    require_administrator(&visitor)?;
    app.components.remove_version(&name, &digest, force).await?;
    Ok(StatusCode::NO_CONTENT)
}
