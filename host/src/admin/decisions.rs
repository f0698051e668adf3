//! What the policies decided: `/admin/realms/{realm}/client-registration-policy/decisions`.

use axum::Json;
use axum::extract::State;
use matricula_store::decisions::{self, Filter};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Administrator, Page};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Query;
use crate::registration::decision::Record;

/// Entries of a list without a `max`.
const PAGE: i64 = 100;

/// Which decisions to list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    id: Option<String>,
    outcome: Option<String>,
    client_id: Option<String>,
    failed: Option<bool>,
    differs: Option<bool>,
    search: Option<String>,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists decisions, newest first
///
/// `id` finds the one that a caller was told. `outcome` (`accept`, `hold`, `reject`) and `clientId` find those with
/// that value, `failed=true` those in which a component had no answer, `differs=true` those that a version which is only
/// watched would have decided otherwise (`false`: decided alike), `search` those that have the text anywhere, whatever
/// the case.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-registration-policy/decisions", tag = "policies",
    params(("realm" = String, Path), ("id" = Option<String>, Query), ("outcome" = Option<String>, Query),
        ("clientId" = Option<String>, Query), ("failed" = Option<bool>, Query),
        ("differs" = Option<bool>, Query), ("search" = Option<String>, Query), ("first" = Option<i64>, Query),
        ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Record>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(search): Query<Search>,
) -> Result<Json<Vec<Box<RawValue>>>, ErrorResponse> {
    administrator.require(&["view-events", "manage-events"])?;
    let page = Page { first: search.first, max: Some(search.max.unwrap_or(PAGE)) };
    let filter = Filter {
        id: search.id.as_deref(),
        outcome: search.outcome.as_deref().filter(|text| !text.is_empty()),
        client_id: search.client_id.as_deref().filter(|text| !text.is_empty()),
        failed: search.failed == Some(true),
        differs: search.differs,
        text: search.search.as_deref().filter(|text| !text.is_empty()),
    };
    let realm_id = &administrator.realm.id;
    let records = decisions::list(&app.store.database, realm_id, &filter, page.first(), page.max()).await?;
    // They are stored as they are shown.
    Ok(Json(records.into_iter().filter_map(|record| RawValue::from_string(record).ok()).collect()))
}
