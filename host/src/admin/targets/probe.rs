//! Whether a target answers and lets us do what we need: nothing is changed anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use matricula_contract::connectors::Task;
use matricula_store::targets::TargetRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::{MANAGE, connector, find, read_new, sent};
use crate::admin::Administrator;
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;
use crate::targets::lane;
use crate::targets::task::{Ended, Reach};

/// How long a probe may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Probed {
    ok: bool,
    /// Why not.
    message: Option<String>,
    /// How long it took.
    micros: u64,
}

/// Tries a target
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/probe", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Probed), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn probe(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<Json<Probed>, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    tried(&app, &administrator, &target).await
}

/// Tries a target that is not stored
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/probe", tag = "targets",
    params(("realm" = String, Path)), request_body = Object,
    responses((status = 200, body = Probed), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn probe_unstored(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    body: Body,
) -> Result<Json<Probed>, ErrorResponse> {
    if name != "probe" {
        return Err(ErrorResponse::framework(StatusCode::METHOD_NOT_ALLOWED));
    }
    administrator.require(&MANAGE)?;
    let sent = sent(body).await?;
    let (target, _) = read_new(&app, &administrator, &sent).await?;
    tried(&app, &administrator, &target).await
}

async fn tried(app: &App, administrator: &Administrator, target: &TargetRow) -> Result<Json<Probed>, ErrorResponse> {
    let connector = connector(app, &target.connector)?;
    let realm = &administrator.realm;
    let reach = Reach {
        realm: Arc::clone(realm),
        target: lane::told(realm, target),
        url: target.settings.url.clone(),
        further_urls: BTreeMap::new(),
        credentials: Arc::clone(&target.credentials),
    };
    let began = Instant::now();
    let ended = app.deliveries.runner().run(&connector, &reach, &Task::Probe, began + PATIENCE).await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let message = match ended {
        Ended::Ready(_) => None,
        Ended::Refused(violation) => Some(violation.message),
        Ended::Gone(message) => Some(message),
        Ended::Failed(failed) => Some(failed.message),
        Ended::Finished(_) | Ended::Missing | Ended::Page(_) | Ended::Foreign(_) => {
            Some("The connector ended with something else than it was asked for".to_owned())
        }
    };
    Ok(Json(Probed { ok: message.is_none(), message, micros }))
}
