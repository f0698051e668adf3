//! User events of a realm: `/admin/realms/{realm}/events[/config]`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use matricula_network::form::Form;
use matricula_store::events::{self, Event, Filter};
use matricula_store::lenient::{lenient_switch, lenient_texts};
use matricula_store::{Lost, StoreError, Write};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::{Administrator, Page, realms};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::TYPES;
use crate::registration::ATTEMPTS;

/// Entries of a list without a `max`, as in Keycloak.
const PAGE: i64 = 100;

/// Which events are stored (Keycloak: RealmEventsConfigRepresentation).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventsConfig {
    /// Whether any are.
    #[serde(deserialize_with = "lenient_switch")]
    events_enabled: Option<bool>,
    /// Which; empty: the default set.
    #[serde(deserialize_with = "lenient_texts")]
    enabled_event_types: Option<Vec<String>>,
}

impl Representation for EventsConfig {
    const NAME: &'static str = "RealmEventsConfigRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = None;
}

/// Lists events, newest first
///
/// `client` and `ipAddress` are compared exactly; `dateFrom` and `dateTo` are Unix milliseconds.
#[utoipa::path(get, path = "/admin/realms/{realm}/events", tag = "events",
    params(("realm" = String, Path), ("type" = Option<Vec<String>>, Query), ("client" = Option<String>, Query),
        ("ipAddress" = Option<String>, Query), ("dateFrom" = Option<i64>, Query), ("dateTo" = Option<i64>, Query), ("first" = Option<i64>, Query),
        ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Event>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Event>>, ErrorResponse> {
    administrator.require(&["view-events", "manage-events"])?;
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let types: Vec<String> = query.all("type").map(str::to_owned).collect();
    if let Some(unknown) = types.iter().find(|name| !TYPES.contains(&name.as_str())) {
        let description = format!("type: there is no event type {unknown:?}");
        return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description));
    }
    let number = |name: &str| query.get(name).and_then(|text| text.parse().ok());
    let page = Page { first: number("first"), max: Some(number("max").unwrap_or(PAGE)) };
    let filter = Filter {
        types: &types,
        client_id: query.get("client").filter(|text| !text.is_empty()),
        address: query.get("ipAddress").filter(|text| !text.is_empty()),
        from_ms: number("dateFrom").unwrap_or(0),
        to_ms: number("dateTo").unwrap_or(i64::MAX),
    };
    let realm = &administrator.realm;
    Ok(Json(events::list(&app.store.database, &realm.id, &filter, page.first(), page.max()).await?))
}

/// Removes all events
#[utoipa::path(delete, path = "/admin/realms/{realm}/events", tag = "events", params(("realm" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(State(app): State<App>, administrator: Administrator) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-events"])?;
    let mut write = Write::default();
    events::delete_all(&mut write, &administrator.realm.id);
    app.store.writer.write(write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says which events are stored
#[utoipa::path(put, path = "/admin/realms/{realm}/events/config", tag = "events", params(("realm" = String, Path)),
    request_body = EventsConfig,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn configure(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(config): body::Json<EventsConfig>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-events"])?;
    for _ in 0..ATTEMPTS {
        let mut row = realms::current(&app, &administrator.realm).await?;
        let settings = &mut row.settings;
        settings.events_enabled = config.events_enabled.unwrap_or(settings.events_enabled);
        if let Some(types) = &config.enabled_event_types {
            settings.enabled_event_types.clone_from(types);
        }
        let before = row.name.clone();
        if realms::store(&app, &before, &row, Write::default()).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}
