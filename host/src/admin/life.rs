//! The life of a client: `/admin/realms/{realm}/clients/{id}/life`.

use axum::Json;
use axum::extract::State;
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::client_uses;
use matricula_store::clients::{self, ClientRow, State as ClientState};
use serde::Serialize;
use utoipa::ToSchema;

use super::Administrator;
use super::clients::{VIEW, not_found};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;

/// The attribute with which an administrator takes a client out of all rules.
const EXEMPT: &str = "life.exempt";

/// How a client lives. Times are Unix milliseconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Life {
    /// When it was made.
    created: i64,
    /// When it was used last; null: never.
    last_used: Option<i64>,
    /// What that use was: `gate`, `token`, `management`, `metadata` or `reported`.
    last_use_by: Option<String>,
    /// `active`, `disabled`, `held`, `hibernating` or `leaving`.
    state: &'static str,
    /// Since when it hibernates; null: it does not.
    hibernated_since: Option<i64>,
    /// The rule that put it to sleep; null: it does not hibernate, or somebody wanted it.
    rule: Option<String>,
    /// Why no rule takes it: `server`, `attribute` or `administrator`; null: rules do.
    exempt: Option<&'static str>,
}

/// Tells how a client lives
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/life", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Life), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<Life>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let (row, state) = match clients::by_id(database, realm_id, &id).await? {
        Some(row) => {
            let state = row.state();
            (row, state)
        }
        None => {
            let row = clients::leaving_by_id(database, realm_id, &id).await?.ok_or_else(not_found)?;
            (row, ClientState::Leaving)
        }
    };
    let last = client_uses::last(database, realm_id, &id).await?;
    Ok(Json(Life {
        created: row.created_at * 1000,
        last_used: last.as_ref().map(|last| last.at_ms),
        last_use_by: last.map(|last| last.kind),
        state: state.name(),
        exempt: exempt(&row),
        hibernated_since: row.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
        rule: row.hibernation.and_then(|hibernation| hibernation.rule),
    }))
}

/// Why no rule takes a client.
fn exempt(row: &ClientRow) -> Option<&'static str> {
    let is_marked = |one: &matricula_contract::Attribute| one.name == EXEMPT && one.value == "true";
    if is_of_the_server(&row.client) {
        Some("server")
    } else if row.client.attributes.iter().any(is_marked) {
        Some("attribute")
    } else if row.origin.is_none() {
        Some("administrator")
    } else {
        None
    }
}
