//! The life of a client: `/admin/realms/{realm}/clients/{id}/life`.

use axum::Json;
use axum::extract::State;
use matricula_store::client_uses;
use matricula_store::clients::{self, State as ClientState};
use serde::Serialize;
use utoipa::ToSchema;

use super::Administrator;
use super::clients::{VIEW, not_found};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::life_cycle::rules::{self, Times};
use crate::parameters::Path;

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
    /// What a rule will do with it; null: nothing.
    next: Option<Next>,
    /// Why no rule takes it: `server`, `attribute`, `administrator` or `initial-access-token`; null: rules do.
    exempt: Option<&'static str>,
}

/// What a rule will do with a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Next {
    /// `hibernate` or `delete`.
    action: &'static str,
    /// The rule's name among the settings.
    rule: &'static str,
    /// From when on, if it is not used before.
    at: i64,
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
    let settings = &administrator.realm.settings.life_cycle;
    let exempt = rules::exempt_row(settings, &row);
    let watched = exempt.is_none() && matches!(state, ClientState::Active | ClientState::Hibernating);
    let next = match client_uses::of_realm(database, realm_id).await?.filter(|_| watched) {
        Some(recorded) => {
            let times = Times {
                created_ms: row.created_at * 1000,
                used_ms: last.as_ref().map(|last| last.at_ms),
                hibernated_ms: row.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
            };
            rules::next(settings, times, recorded.since_ms)
        }
        None => None,
    };
    Ok(Json(Life {
        created: row.created_at * 1000,
        last_used: last.as_ref().map(|last| last.at_ms),
        last_use_by: last.map(|last| last.kind),
        state: state.name(),
        next: next.map(|due| Next { action: due.action.name(), rule: due.rule, at: due.at_ms }),
        exempt,
        hibernated_since: row.hibernation.as_ref().map(|hibernation| hibernation.since_ms),
        rule: row.hibernation.and_then(|hibernation| hibernation.rule),
    }))
}
