//! Whether the server lives and can serve, for load balancers and supervisors.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::store::realms;

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
    match realms::by_name(&app.store.database, crate::realm::MASTER).await {
        Ok(Some(_)) => StatusCode::OK,
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
