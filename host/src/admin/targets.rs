//! Targets: `/admin/realms/{realm}/targets[/{name}]`, what must know the clients of a realm.

pub(crate) mod adopt;
pub(crate) mod connectors;
pub(crate) mod deliveries;
pub(crate) mod document;
pub(crate) mod probe;
pub(crate) mod sweeps;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use matricula_store::targets::{self, Standing, TargetRow};
use matricula_store::{Lost, StoreError, Write, events};
use matricula_system::clock;
use matricula_wasm::connector::ConnectorHandle;
use serde::Deserialize;
use serde_json::json;

use document::TargetRepresentation;

use super::{Administrator, body, not_stored, stored_or_changed};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::{TARGET_CREATE, TARGET_DELETE, TARGET_UPDATE};
use crate::parameters::{Path, Query};
use crate::registration::ATTEMPTS;
use crate::targets::lane;
use matricula_target::credentials::{Credentials, ForConnector, Given, Stored};
use matricula_target::settings::{Sent, Settings};

/// Who may see targets.
const VIEW: [&str; 2] = ["view-realm", "manage-realm"];
/// Who may let them go, pause and try them.
const MANAGE: [&str; 1] = ["manage-realm"];
/// Who besides that may say what they are: a target gets all secrets.
const MANAGE_CLIENTS: [&str; 1] = ["manage-clients"];
/// Pages of clients that get their deliveries before the answer; the rest gets them after it.
const PAGES_AT_ONCE: usize = 8;

fn bad(description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

pub(super) fn not_found(name: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::NOT_FOUND, "not_found", format!("Target '{name}' does not exist"))
}

/// The target of the address.
pub(super) async fn find(
    app: &App,
    administrator: &Administrator,
    name: &str,
) -> Result<(TargetRow, Standing), ErrorResponse> {
    let found = targets::by_name(&app.store.database, &administrator.realm.id, name).await?;
    found.ok_or_else(|| not_found(name))
}

async fn sent(body: Body) -> Result<Sent, ErrorResponse> {
    Sent::read(&body::text(body).await?).map_err(bad)
}

fn connector(app: &App, id: &str) -> Result<Arc<ConnectorHandle>, ErrorResponse> {
    let components = app.wasm.current();
    components.connector(id).cloned().ok_or_else(|| bad(format!("'connector' names no connector: {id}")))
}

/// A target as a document says that it is to be, and whether signing secrets were made for it.
async fn read_new(app: &App, administrator: &Administrator, sent: &Sent) -> Result<(TargetRow, bool), ErrorResponse> {
    let name = sent.name().map_err(bad)?.to_owned();
    let id = sent.text("connector").map_err(bad)?.unwrap_or_default().to_owned();
    let connector = connector(app, &id)?;
    let settings = Settings::new(sent, &connector.description).map_err(bad)?;
    let none = json!({ "type": "none" });
    let given = credentials(sent.member("credentials").unwrap_or(&none), &connector, None)?;
    let target = TargetRow {
        name,
        connector: id,
        settings,
        credentials: Arc::new(given.credentials),
        enabled: sent.switch("enabled").map_err(bad)?.unwrap_or(true),
        paused: false,
        leaving: false,
        disables: document::disables(&connector),
        created_ms: clock::now_ms(),
        version: 1,
    };
    check(app, administrator, &connector, &target).await?;
    Ok((target, given.made))
}

fn credentials(
    sent: &serde_json::Value,
    connector: &ConnectorHandle,
    stored: Option<Stored<'_>>,
) -> Result<Given, ErrorResponse> {
    let of = ForConnector { id: &connector.description.id, types: &connector.description.credentials };
    Credentials::read(sent, of, stored).map_err(bad)
}

/// Asks the connector.
async fn check(
    app: &App,
    administrator: &Administrator,
    connector: &ConnectorHandle,
    target: &TargetRow,
) -> Result<(), ErrorResponse> {
    let realm = &administrator.realm;
    let checked = app.deliveries.runner().check_config(connector, realm, &lane::told(realm, target)).await?;
    match checked.err().and_then(|errors| errors.into_iter().next()) {
        Some(error) => Err(bad(error.message)),
        None => Ok(()),
    }
}

/// Lists targets
#[utoipa::path(get, path = "/admin/realms/{realm}/targets", tag = "targets", params(("realm" = String, Path)),
    responses((status = 200, body = Vec<TargetRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<TargetRepresentation>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let all = targets::list(&app.store.database, &administrator.realm.id).await?;
    Ok(Json(document::all(&app, &administrator.realm.id, all).await?))
}

/// Adds a target
///
/// It need not be there yet. All clients that belong to it are delivered; the answer does not wait for that.
#[utoipa::path(post, path = "/admin/realms/{realm}/targets", tag = "targets", params(("realm" = String, Path)),
    request_body = Object,
    responses((status = 201, body = TargetRepresentation), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    body: Body,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    administrator.require(&MANAGE_CLIENTS)?;
    let sent = sent(body).await?;
    let (target, made) = read_new(&app, &administrator, &sent).await?;
    let realm = &administrator.realm;
    let name = target.name.clone();
    let mut write = Write::default();
    targets::insert(&mut write, &realm.id, &target)?;
    record(&mut write, &administrator, TARGET_CREATE, &target);
    match app.store.writer.write(write).await {
        Ok(()) => {}
        Err(StoreError::Lost(Lost::Taken)) => {
            let description = format!("Target '{name}' already exists");
            return Err(ErrorResponse::new(StatusCode::CONFLICT, "conflict", description));
        }
        Err(error) => return Err(error.into()),
    }
    let mut behind = String::new();
    for _ in 0..PAGES_AT_ONCE {
        match targets::fill(&app.store, &realm.id, &name, &behind).await? {
            Some(next) => behind = next,
            None => break,
        }
    }
    changed(&app, &administrator).await;
    let mut shown = document::one(&app, &realm.id, find(&app, &administrator, &name).await?).await?;
    if made {
        shown.show_once(&target.credentials);
    }
    let mut response = not_stored((StatusCode::CREATED, Json(shown)));
    if let Ok(address) = HeaderValue::from_str(&format!("{}/targets/{name}", administrator.address(&app))) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

/// Reads a target
#[utoipa::path(get, path = "/admin/realms/{realm}/targets/{name}", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = TargetRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<Json<TargetRepresentation>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let found = find(&app, &administrator, &name).await?;
    Ok(Json(document::one(&app, &administrator.realm.id, found).await?))
}

/// Changes what is named of a target
///
/// Another address or configuration: everything is delivered anew, with secrets. A secret that is left out or masked stays,
/// unless it would go somewhere else then.
#[utoipa::path(put, path = "/admin/realms/{realm}/targets/{name}", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)), request_body = Object,
    responses((status = 200, body = TargetRepresentation), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    body: Body,
) -> Result<Json<TargetRepresentation>, ErrorResponse> {
    administrator.require(&MANAGE)?;
    administrator.require(&MANAGE_CLIENTS)?;
    let realm_id = &administrator.realm.id;
    find(&app, &administrator, &name).await?;
    let sent = sent(body).await?;
    for _ in 0..ATTEMPTS {
        let (stored, _) = find(&app, &administrator, &name).await?;
        let target = changed_by(&app, &administrator, &stored, &sent).await?;
        let mut write = Write::default();
        targets::update(&mut write, realm_id, &target)?;
        let another =
            (&target.settings.url, &target.settings.config) != (&stored.settings.url, &stored.settings.config);
        if another {
            targets::deliver_anew(&mut write, realm_id, &name);
        } else {
            targets::retry_refused(&mut write, realm_id, &name);
        }
        record(&mut write, &administrator, TARGET_UPDATE, &target);
        if stored_or_changed(&app, write).await? {
            changed(&app, &administrator).await;
            let found = find(&app, &administrator, &name).await?;
            return Ok(Json(document::one(&app, realm_id, found).await?));
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// A stored target with what a document says of it.
async fn changed_by(
    app: &App,
    administrator: &Administrator,
    stored: &TargetRow,
    sent: &Sent,
) -> Result<TargetRow, ErrorResponse> {
    for (member, is) in [("name", &stored.name), ("connector", &stored.connector)] {
        if sent.differs(member, is) {
            return Err(bad(format!("'{member}' can't be changed")));
        }
    }
    let connector = connector(app, &stored.connector)?;
    let mut target = stored.clone();
    target.settings.change(sent, &connector.description).map_err(bad)?;
    target.enabled = sent.switch("enabled").map_err(bad)?.unwrap_or(stored.enabled);
    target.disables = document::disables(&connector);
    let url_stays = target.settings.url.has_origin_of(&stored.settings.url);
    let as_before = stored.credentials.shown();
    let named = sent.member("credentials");
    // What is not named stays, but goes to nobody else.
    if let Some(credentials_sent) = named.or((!url_stays).then_some(&as_before)) {
        let stored = Stored { credentials: &stored.credentials, url_stays };
        target.credentials = Arc::new(credentials(credentials_sent, &connector, Some(stored))?.credentials);
    }
    if target.enabled
        && let Some(member) = target.credentials.lacks()
    {
        return Err(bad(format!("'credentials.{member}' is missing")));
    }
    check(app, administrator, &connector, &target).await?;
    Ok(target)
}

/// What becomes of the clients at a target that goes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Clients {
    clients: Option<String>,
}

/// Removes a target
///
/// With `clients=keep` (default) it keeps our clients; with `remove` they are removed there first.
#[utoipa::path(delete, path = "/admin/realms/{realm}/targets/{name}", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path), ("clients" = Option<String>, Query)),
    responses((status = 202), (status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    Query(clients): Query<Clients>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    let realm_id = &administrator.realm.id;
    let mut write = Write::default();
    let status = match clients.clients.as_deref() {
        None | Some("keep") => {
            targets::delete(&mut write, realm_id, &name);
            StatusCode::NO_CONTENT
        }
        Some("remove") => {
            targets::leave(&mut write, realm_id, &name);
            StatusCode::ACCEPTED
        }
        Some(_) => return Err(bad("'clients' must be keep or remove")),
    };
    record(&mut write, &administrator, TARGET_DELETE, &target);
    stored(&app, &administrator, &name, write).await?;
    Ok(status)
}

/// Pauses a target: nothing is asked of it
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/pause", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn pause(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    set_paused(&app, &administrator, &name, true).await
}

/// Resumes a target
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/resume", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn resume(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    set_paused(&app, &administrator, &name, false).await
}

async fn set_paused(
    app: &App,
    administrator: &Administrator,
    name: &str,
    paused: bool,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let mut write = Write::default();
    targets::pause(&mut write, &administrator.realm.id, name, paused);
    stored(app, administrator, name, write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a change of a target that loses only when it is not there.
async fn stored(app: &App, administrator: &Administrator, name: &str, write: Write) -> Result<(), ErrorResponse> {
    match app.store.writer.write(write).await {
        Ok(()) => {
            changed(app, administrator).await;
            Ok(())
        }
        Err(StoreError::Lost(Lost::Changed)) => Err(not_found(name)),
        Err(error) => Err(error.into()),
    }
}

/// The next request, and the deliveries, see the targets as they are now.
async fn changed(app: &App, administrator: &Administrator) {
    app.realms.changed(&administrator.realm.name);
    app.deliveries.changed(&administrator.realm.id).await;
}

/// Adds the event of what an administrator did with a target, if the realm stores it.
fn record(write: &mut Write, administrator: &Administrator, event_type: &'static str, target: &TargetRow) {
    let details = [("target", target.name.as_str()), ("connector", target.connector.as_str())];
    let realm = &administrator.realm;
    if let Some(event) = crate::events::of_target(event_type, realm, &administrator.caller.address_text, &details) {
        events::insert(write, &realm.id, &event);
    }
}
