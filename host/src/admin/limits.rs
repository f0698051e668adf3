//! How often clients may be registered without a token: `/admin/realms/{realm}/client-registration-policy/limits`. Where
//! nothing limits it, the console warns.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Administrator;
use crate::abuse::Rate;
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};

/// The limits that hold in a realm: its own, else those of the server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// For one address, as `20/hour`; `null`: no limit.
    #[schema(value_type = Option<String>)]
    anonymous_per_address: Option<Rate>,
    /// For all addresses together; `null`: no limit.
    #[schema(value_type = Option<String>)]
    anonymous_per_realm: Option<Rate>,
}

/// Tells how often clients may be registered without a token
#[utoipa::path(get, path = "/admin/realms/{realm}/client-registration-policy/limits", tag = "policies",
    params(("realm" = String, Path)),
    responses((status = 200, body = Limits), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(State(app): State<App>, administrator: Administrator) -> Result<Json<Limits>, ErrorResponse> {
    administrator.require(&["view-realm", "manage-realm"])?;
    let (anonymous_per_address, anonymous_per_realm) = app.anonymous_limits.of(&administrator.realm);
    Ok(Json(Limits { anonymous_per_address, anonymous_per_realm }))
}
