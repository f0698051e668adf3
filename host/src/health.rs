//! Whether the server lives and can serve, for load balancers and supervisors.

use axum::extract::State;
use axum::http::StatusCode;
use matricula_store::realms;

use crate::app::App;

/// The process answers
#[utoipa::path(get, path = "/health/live", tag = "operation", responses((status = 200)))]
pub(crate) async fn live() -> StatusCode {
    StatusCode::OK
}

/// Requests can be served
///
/// The database answers.
#[utoipa::path(get, path = "/health/ready", tag = "operation", responses((status = 200), (status = 503)))]
pub(crate) async fn ready(State(app): State<App>) -> StatusCode {
    match realms::by_name(&app.store.database, matricula_realms::MASTER).await {
        Ok(Some(_)) => StatusCode::OK,
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
