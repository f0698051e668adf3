//! Deliveries: `/admin/realms/{realm}/targets/{name}/deliveries`, `/admin/realms/{realm}/clients/{id}/targets`, and what an
//! administrator does about them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matricula_contract::connectors::Abilities;
use matricula_contract::secrets;
use matricula_store::clients::{self, ClientRow};
use matricula_store::deliveries::shown::{self, Shown, State as DeliveryState};
use matricula_store::{Lost, StoreError, Write};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{MANAGE, bad, find, record, stored};
use crate::admin::{Administrator, Page, clients as admin_clients};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::TARGET_FORGET;
use crate::parameters::{Path, Query};

/// Entries of a list without a `max`.
const PAGE: i64 = 100;

/// What is to be done for a client at a target, and what is known of it there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryRepresentation {
    /// Internal id of the client; left out where the client is in the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    target: String,
    state: DeliveryState,
    /// Of the state that the target shall have.
    generation: i64,
    /// Of the state that it has.
    delivered_generation: Option<i64>,
    /// In vain, since the last change.
    attempts: i64,
    /// Since when it is in this state, Unix milliseconds.
    since: i64,
    /// When it is tried again, Unix milliseconds.
    next_attempt: Option<i64>,
    /// The target's words.
    message: Option<String>,
    /// What it dropped or changed.
    #[schema(value_type = Vec<Object>)]
    losses: Value,
    /// `none`, `different`, `missing`, `unknown` or `unsupported`.
    drift: String,
    /// When it was last looked at, Unix milliseconds.
    checked: Option<i64>,
    /// The target's id of it.
    key: Option<String>,
    /// `delivered`, `none` or `due`.
    secret: &'static str,
}

impl DeliveryRepresentation {
    fn new(shown: Shown, app: &App, connector: Option<&str>, client: Option<&ClientRow>) -> DeliveryRepresentation {
        let components = app.wasm.current();
        let connector = connector.and_then(|id| components.connector(id));
        let shows = connector.is_some_and(|connector| connector.is_able(Abilities::SHOWS));
        let drift = match shown.drift {
            _ if !shows || shown.is_unseen => "unsupported".to_owned(),
            Some(drift) => drift,
            None => "unknown".to_owned(),
        };
        let has_secret = client.is_some_and(|row| {
            row.client.secret.is_some() || row.client.attributes.iter().any(|one| secrets::is_key(&one.name))
        });
        let secret = match (has_secret, client) {
            (true, Some(row)) if shown.delivered_secrets == Some(row.secrets_version) => "delivered",
            (true, _) => "due",
            (false, _) => "none",
        };
        let losses = shown.losses.and_then(|text| serde_json::from_str(&text).ok());
        let failing = shown.attempts > 0;
        DeliveryRepresentation {
            id: None,
            client_id: None,
            target: shown.target,
            state: shown.state,
            generation: shown.generation,
            delivered_generation: shown.delivered_generation,
            attempts: shown.attempts,
            since: shown.since_ms,
            next_attempt: shown.due_ms.filter(|_| failing),
            message: shown.message,
            losses: losses.unwrap_or_else(|| Value::Array(Vec::new())),
            drift,
            checked: shown.checked_ms,
            key: shown.key,
            secret,
        }
    }
}

/// Which deliveries to list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    state: Option<String>,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists the deliveries of a target, the oldest first
#[utoipa::path(get, path = "/admin/realms/{realm}/targets/{name}/deliveries", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path), ("state" = Option<String>, Query),
        ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<DeliveryRepresentation>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<DeliveryRepresentation>>, ErrorResponse> {
    administrator.require(&admin_clients::VIEW)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    let state = match search.state.as_deref() {
        Some(name) => Some(DeliveryState::of_name(name).ok_or_else(|| bad(format!("'state' is unknown: {name}")))?),
        None => None,
    };
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let page = Page { first: search.first, max: Some(search.max.unwrap_or(PAGE)) };
    let found = shown::of_target(database, realm_id, &name, state, page.first(), page.max()).await?;
    let mut list = Vec::with_capacity(found.len());
    for shown in found {
        let row = clients::by_id(database, realm_id, &shown.client).await?;
        let (id, client_id) = (Some(shown.client.clone()), Some(shown.client_id.clone()));
        let delivery = DeliveryRepresentation::new(shown, &app, Some(&target.connector), row.as_ref());
        list.push(DeliveryRepresentation { id, client_id, ..delivery });
    }
    Ok(Json(list))
}

/// Lists the deliveries of a client, also of one that leaves
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/targets", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Vec<DeliveryRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn of_client(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<Vec<DeliveryRepresentation>>, ErrorResponse> {
    administrator.require(&admin_clients::VIEW)?;
    let (database, realm) = (&app.store.database, &administrator.realm);
    let row = clients::by_id(database, &realm.id, &id).await?;
    let found = shown::of_client(database, &realm.id, &id).await?;
    if row.is_none() && found.is_empty() {
        return Err(admin_clients::not_found());
    }
    let connector =
        |target: &str| realm.targets.iter().find(|one| one.name == target).map(|one| one.connector.as_str());
    let list = found.into_iter().map(|shown| {
        let connector = connector(&shown.target);
        DeliveryRepresentation::new(shown, &app, connector, row.as_ref())
    });
    Ok(Json(list.collect()))
}

/// Tries a delivery now
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/targets/{name}/retry", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn retry_one(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id, name)): Path<(String, String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&admin_clients::MANAGE)?;
    find(&app, &administrator, &name).await?;
    let mut write = Write::default();
    shown::retry(&mut write, &administrator.realm.id, &id, &name);
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.deliveries.changed(&administrator.realm.id).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(StoreError::Lost(Lost::Changed)) => Err(admin_clients::not_found()),
        Err(error) => Err(error.into()),
    }
}

/// Ends a delivery that leaves, though the target may still have the client
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/targets/{name}/forget", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn forget(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id, name)): Path<(String, String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&admin_clients::MANAGE)?;
    administrator.require(&MANAGE)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    let found = shown::of_client(&app.store.database, &administrator.realm.id, &id).await?;
    let delivery = found.iter().find(|one| one.target == name).ok_or_else(admin_clients::not_found)?;
    let mut write = Write::default();
    shown::forget(&mut write, &administrator.realm.id, &id, &name);
    record(&mut write, &administrator, TARGET_FORGET, &target);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Lost(Lost::Changed)) => {
            let description = format!("Client '{}' is not leaving", delivery.client_id);
            Err(ErrorResponse::new(StatusCode::CONFLICT, "conflict", description))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tries everything now that a target refused or that failed
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/retry", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn retry(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    find(&app, &administrator, &name).await?;
    let mut write = Write::default();
    shown::retry_all(&mut write, &administrator.realm.id, &name);
    stored(&app, &administrator, &name, write).await?;
    Ok(StatusCode::NO_CONTENT)
}
