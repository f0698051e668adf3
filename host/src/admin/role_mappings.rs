//! Roles that a user was given: `/admin/realms/{realm}/users/{id}/role-mappings/clients/{client}`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use matricula_store::clients::{self, ClientRow};
use matricula_store::roles::{self, RoleRow};
use matricula_store::users::UserRow;
use matricula_store::{Lost, StoreError, Write};

use super::roles::RoleRepresentation;
use super::{Administrator, body, users};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;

/// User and client of the address.
async fn find(
    app: &App,
    administrator: &Administrator,
    user: &str,
    client: &str,
) -> Result<(UserRow, ClientRow), ErrorResponse> {
    let user = users::find(app, administrator, user).await?;
    let client = clients::by_id(&app.store.database, &administrator.realm.id, client).await?;
    let client = client.ok_or_else(|| ErrorResponse::bare(StatusCode::NOT_FOUND, "Client not found"))?;
    Ok((user, client))
}

/// Lists the roles of a client that a user was given
#[utoipa::path(get, path = "/admin/realms/{realm}/users/{id}/role-mappings/clients/{client}", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path), ("client" = String, Path)),
    responses((status = 200, body = Vec<RoleRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, user, client)): Path<(String, String, String)>,
) -> Result<Json<Vec<RoleRepresentation>>, ErrorResponse> {
    administrator.require(&["view-users", "manage-users"])?;
    let (user, client) = find(&app, &administrator, &user, &client).await?;
    let mapped = roles::mapped(&app.store.database, &administrator.realm.id, &user.id, &client.id).await?;
    Ok(Json(mapped.into_iter().map(|role| RoleRepresentation::of(role, &client)).collect()))
}

/// The roles that a body names; every one must be of the client.
async fn named(
    app: &App,
    administrator: &Administrator,
    client: &ClientRow,
    request: Request,
) -> Result<Vec<RoleRow>, ErrorResponse> {
    let body = body::text(request.into_body()).await?;
    let requested: Vec<RoleRepresentation> = body::read_list(&body)?;
    let known = roles::of_client(&app.store.database, &administrator.realm.id, &client.id).await?;
    requested
        .into_iter()
        .map(|wanted| {
            known
                .iter()
                .find(|role| wanted.id.as_ref().map_or(role.name == wanted.name, |id| *id == role.id))
                .cloned()
                .ok_or_else(|| ErrorResponse::bare(StatusCode::NOT_FOUND, "Role not found"))
        })
        .collect()
}

/// Gives roles of a client to a user
#[utoipa::path(post, path = "/admin/realms/{realm}/users/{id}/role-mappings/clients/{client}", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path), ("client" = String, Path)),
    request_body = Vec<RoleRepresentation>,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn add(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, user, client)): Path<(String, String, String)>,
    request: Request,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    let (user, client) = find(&app, &administrator, &user, &client).await?;
    let mut write = Write::default();
    for role in named(&app, &administrator, &client, request).await? {
        roles::grant(&mut write, &administrator.realm.id, &user.id, &role.id);
    }
    match app.store.writer.write(write).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Lost(Lost::Changed)) => Err(ErrorResponse::bare(StatusCode::NOT_FOUND, "Role not found")),
        Err(error) => Err(error.into()),
    }
}

/// Takes roles of a client from a user
#[utoipa::path(delete, path = "/admin/realms/{realm}/users/{id}/role-mappings/clients/{client}", tag = "roles",
    params(("realm" = String, Path), ("id" = String, Path), ("client" = String, Path)),
    request_body = Vec<RoleRepresentation>,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, user, client)): Path<(String, String, String)>,
    request: Request,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    let (user, client) = find(&app, &administrator, &user, &client).await?;
    let mut write = Write::default();
    for role in named(&app, &administrator, &client, request).await? {
        roles::revoke(&mut write, &administrator.realm.id, &user.id, &role.id);
    }
    app.store.writer.write(write).await?;
    Ok(StatusCode::NO_CONTENT)
}
