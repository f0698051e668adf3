//! Roles of clients: `/admin/realms/{realm}/clients/{id}/roles[/{role}]`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_realms::roles::is_composite;
use matricula_store::clients::{self, ClientRow};
use matricula_store::roles::{self, RoleRow};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::ids;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::clients::{MANAGE, find, not_found};
use super::{Administrator, created};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;

/// A role of a client (Keycloak: RoleRepresentation).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RoleRepresentation {
    /// UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Unique within the client.
    pub(super) name: String,
    /// For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// It contains other roles.
    composite: bool,
    /// Always: roles of the realm are not offered here.
    client_role: bool,
    /// Internal id of the client.
    container_id: String,
}

impl Representation for RoleRepresentation {
    const NAME: &'static str = "RoleRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = Some(&[
        "id",
        "name",
        "description",
        "scopeParamRequired",
        "composite",
        "composites",
        "clientRole",
        "containerId",
        "attributes",
    ]);
}

impl RoleRepresentation {
    /// A role of this client.
    pub(super) fn of(role: RoleRow, client: &ClientRow) -> RoleRepresentation {
        RoleRepresentation {
            composite: is_composite(client.client_id(), &role.name),
            id: Some(role.id),
            name: role.name,
            description: role.description,
            client_role: true,
            container_id: role.client,
        }
    }
}

/// Lists the roles of a client
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/roles", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Vec<RoleRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<Vec<RoleRepresentation>>, ErrorResponse> {
    administrator.require(&["view-clients", "manage-clients"])?;
    let client = find(&app, &administrator, &id).await?;
    let roles = roles::of_client(&app.store.database, &administrator.realm.id, &id).await?;
    Ok(Json(roles.into_iter().map(|role| RoleRepresentation::of(role, &client)).collect()))
}

/// Reads a role of a client
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/roles/{role}", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path), ("role" = String, Path)),
    responses((status = 200, body = RoleRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id, name)): Path<(String, String, String)>,
) -> Result<Json<RoleRepresentation>, ErrorResponse> {
    administrator.require(&["view-clients", "manage-clients"])?;
    let client = find(&app, &administrator, &id).await?;
    let roles = roles::of_client(&app.store.database, &administrator.realm.id, &id).await?;
    let role = roles.into_iter().find(|role| role.name == name);
    let role = role.ok_or_else(|| ErrorResponse::bare(StatusCode::NOT_FOUND, "Could not find role"))?;
    Ok(Json(RoleRepresentation::of(role, &client)))
}

/// Adds a role to a client
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/roles", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = RoleRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    body::Json(requested): body::Json<RoleRepresentation>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let client = find(&app, &administrator, &id).await?;
    if requested.name.trim().is_empty() {
        return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_input", "name is missing"));
    }
    let role = RoleRow {
        id: ids::fresh(),
        client: client.id,
        name: requested.name,
        description: requested.description,
        is_default: false,
    };
    let mut write = Write::default();
    clients::keep(&mut write, &administrator.realm.id, &role.client);
    roles::insert(&mut write, &administrator.realm.id, &role);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(created(&format!("{}/clients/{id}/roles/{}", administrator.address(&app), role.name))),
        Err(StoreError::Lost(Lost::Taken)) => {
            let message = format!("Role with name {} already exists", role.name);
            Err(ErrorResponse::message(StatusCode::CONFLICT, message))
        }
        Err(StoreError::Lost(Lost::Changed)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}
