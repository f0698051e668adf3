//! What kinds of target there are: `/admin/realms/{realm}/target-connectors`.

use axum::Json;
use axum::extract::State;
use matricula_contract::connectors::Abilities;
use serde::Serialize;
use utoipa::ToSchema;

use super::VIEW;
use crate::admin::Administrator;
use crate::admin::policies::PropertyRepresentation;
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};

/// A kind of target.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectorRepresentation {
    id: String,
    version: String,
    help_text: String,
    properties: Vec<PropertyRepresentation>,
    protocols: Vec<String>,
    /// Ways to authorize calls.
    credentials: Vec<String>,
    /// Its targets make client ids or secrets of their own.
    issues: bool,
    /// Its targets tell which clients they have.
    enumerates: bool,
    /// Its targets keep clients that are disabled.
    disables: bool,
    /// Its targets show secrets, so that other ones are noticed.
    secret_visible: bool,
    component: String,
}

/// Lists the kinds of target
#[utoipa::path(get, path = "/admin/realms/{realm}/target-connectors", tag = "targets",
    params(("realm" = String, Path)),
    responses((status = 200, body = Vec<ConnectorRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<ConnectorRepresentation>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let components = app.wasm.current();
    let shown = components.connectors().into_iter().map(|connector| {
        let kind = &connector.description;
        ConnectorRepresentation {
            id: kind.id.clone(),
            version: kind.version.clone(),
            help_text: kind.help_text.clone(),
            properties: kind.properties.iter().cloned().map(PropertyRepresentation::from).collect(),
            protocols: kind.protocols.clone(),
            credentials: kind.credentials.clone(),
            issues: connector.is_able(Abilities::ISSUES),
            enumerates: connector.is_able(Abilities::ENUMERATES),
            disables: connector.is_able(Abilities::DISABLES),
            secret_visible: connector.is_able(Abilities::SHOWS_SECRETS),
            component: connector.component.label(),
        }
    });
    Ok(Json(shown.collect()))
}
