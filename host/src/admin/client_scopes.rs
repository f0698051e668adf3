//! Client scopes: `/admin/realms/{realm}/client-scopes` and which of them new clients get as optional ones.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_store::lenient::lenient_entries;
use matricula_store::scopes::{self, Assigned, ScopeRow};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::ids;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::clients::MANAGE;
use super::{Administrator, created, stored_or_changed};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;
use crate::registration::ATTEMPTS;

/// A client scope (Keycloak: ClientScopeRepresentation).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ScopeRepresentation {
    /// UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Unique in the realm.
    name: String,
    /// `openid-connect` or `saml`.
    protocol: String,
    /// Free data.
    #[serde(deserialize_with = "lenient_entries")]
    attributes: BTreeMap<String, String>,
}

impl Representation for ScopeRepresentation {
    const NAME: &'static str = "ClientScopeRepresentation";
    const MEMBERS: Option<&'static [&'static str]> =
        Some(&["id", "name", "description", "protocol", "attributes", "protocolMappers"]);
}

fn not_found() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "Client scope not found")
}

/// The client scope with this id.
pub(super) async fn find(app: &App, administrator: &Administrator, id: &str) -> Result<ScopeRow, ErrorResponse> {
    let rows = scopes::list(&app.store.database, &administrator.realm.id).await?;
    rows.into_iter().find(|scope| scope.id == id).ok_or_else(not_found)
}

/// Lists the client scopes of a realm
#[utoipa::path(get, path = "/admin/realms/{realm}/client-scopes", tag = "client scopes",
    params(("realm" = String, Path)),
    responses((status = 200, body = Vec<ScopeRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<ScopeRepresentation>>, ErrorResponse> {
    administrator.require(&["view-clients", "manage-clients", "query-clients"])?;
    let rows = scopes::list(&app.store.database, &administrator.realm.id).await?;
    let scopes = rows.into_iter().map(|scope| ScopeRepresentation {
        id: Some(scope.id),
        name: scope.name,
        protocol: scope.protocol,
        attributes: scope.attributes,
    });
    Ok(Json(scopes.collect()))
}

/// Makes a client scope
#[utoipa::path(post, path = "/admin/realms/{realm}/client-scopes", tag = "client scopes",
    params(("realm" = String, Path)), request_body = ScopeRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(requested): body::Json<ScopeRepresentation>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    if requested.name.trim().is_empty() || requested.name.contains(' ') {
        let message = format!("Unexpected name \"{}\" for ClientScope", requested.name);
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, message));
    }
    if !matches!(requested.protocol.as_str(), "openid-connect" | "saml") {
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "Unexpected protocol"));
    }
    let scope = ScopeRow {
        id: requested.id.unwrap_or_else(ids::fresh),
        name: requested.name,
        protocol: requested.protocol,
        assigned: Assigned::None,
        attributes: requested.attributes,
    };
    let realm = &administrator.realm;
    let mut write = Write::default();
    scopes::insert(&mut write, &realm.id, &scope);
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(&realm.name);
            Ok(created(&format!("{}/client-scopes/{}", administrator.address(&app), scope.id)))
        }
        Err(StoreError::Lost(Lost::Taken)) => {
            let message = format!("Client Scope {} already exists", scope.name);
            Err(ErrorResponse::message(StatusCode::CONFLICT, message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Changes what new clients get of a scope.
async fn assign(
    app: &App,
    administrator: &Administrator,
    id: &str,
    assigned: Assigned,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let realm = &administrator.realm;
    for _ in 0..ATTEMPTS {
        let scope = find(app, administrator, id).await?;
        if assigned != Assigned::None && scope.assigned != Assigned::None {
            return Err(ErrorResponse::conflict());
        }
        if assigned == Assigned::None && scope.assigned != Assigned::Optional {
            return Ok(StatusCode::NO_CONTENT);
        }
        let mut write = Write::default();
        scopes::assign(&mut write, &realm.id, &scope, assigned);
        if stored_or_changed(app, write).await? {
            app.realms.changed(&realm.name);
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Makes a scope an optional one of new clients
#[utoipa::path(put, path = "/admin/realms/{realm}/default-optional-client-scopes/{id}", tag = "client scopes",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn make_optional(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    assign(&app, &administrator, &id, Assigned::Optional).await
}

/// Takes a scope out of the optional ones of new clients
#[utoipa::path(delete, path = "/admin/realms/{realm}/default-optional-client-scopes/{id}", tag = "client scopes",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn make_unassigned(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    assign(&app, &administrator, &id, Assigned::None).await
}
