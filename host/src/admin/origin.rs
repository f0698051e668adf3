//! Where a client came from: `/admin/realms/{realm}/clients/{id}/origin`.

use axum::Json;
use axum::extract::State;
use matricula_store::clients::{Approval, Origin};
use matricula_store::initial_access_tokens;
use serde::Serialize;
use utoipa::ToSchema;

use super::Administrator;
use super::clients::{VIEW, find};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;

/// How a client came into being.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientOrigin {
    /// When it was made, Unix seconds.
    created: i64,
    /// It waits for an administrator.
    held: bool,
    /// Its registration; absent: an administrator or the server made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<Origin>,
    /// The initial access token it was registered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_access_token: Option<TokenOfClient>,
    /// Who approved it, if it waited for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<Approval>,
    /// Names of the policies that came with that token and bind the client for good.
    token_policies: Vec<String>,
}

/// The initial access token of a registration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenOfClient {
    /// Its id.
    id: String,
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// It has not been deleted.
    exists: bool,
}

/// Tells where a client came from
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/origin", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ClientOrigin), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<ClientOrigin>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let mut row = find(&app, &administrator, &id).await?;
    let initial_access_token = match &row.initial_access_token {
        Some(id) => {
            let token = initial_access_tokens::by_id(&app.store.database, &administrator.realm.id, id).await?;
            let exists = token.is_some();
            let kept = row.origin.as_ref().and_then(|origin| origin.token_name.clone());
            Some(TokenOfClient { id: id.clone(), name: kept.or_else(|| token.and_then(|token| token.name)), exists })
        }
        None => None,
    };
    // It is shown beside the registration.
    let approved_by = row.origin.as_mut().and_then(|origin| origin.approved_by.take());
    Ok(Json(ClientOrigin {
        created: row.created_at,
        held: row.is_held(),
        initial_access_token,
        approved_by,
        token_policies: row.token_policies.iter().filter_map(|policy| policy.name.clone()).collect(),
        registration: row.origin,
    }))
}
