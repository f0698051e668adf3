//! Adoption: `/admin/realms/{realm}/targets/{name}/adopt`, a client that the target had before becomes ours.

use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use matricula_contract::connectors::{Abilities, ForeignClient, LookTask, Task};
use matricula_contract::server_clients;
use matricula_store::clients::{self, ClientRow};
use matricula_store::deliveries::queue::{self, Key};
use matricula_store::deliveries::shown::{Shown, State as DeliveryState};
use matricula_store::{Lost, StoreError, Write};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::sweeps::{conflict, looks, members, switch};
use super::{MANAGE, MANAGE_CLIENTS, bad, find, record};
use crate::admin::{Administrator, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::events::TARGET_ADOPT;
use crate::parameters::Path;
use crate::targets::runner::TASK_TIME;
use crate::targets::sweep::fields::{self, Field};
use crate::targets::task::{Ended, Reach};

/// A client that is, or could be, taken over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Adoption {
    client_id: String,
    /// Internal id here.
    id: String,
    /// The target's id of it, which stays.
    key: Option<String>,
    /// In which fields it is another there.
    fields: Vec<Field>,
    adopted: bool,
}

/// Takes over a client that the target has without our mark
///
/// Without `"dryRun": false` only the differences are shown.
#[utoipa::path(post, path = "/admin/realms/{realm}/targets/{name}/adopt", tag = "targets",
    params(("realm" = String, Path), ("name" = String, Path)), request_body = Object,
    responses((status = 200, body = Adoption), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(crate) async fn adopt(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, name)): Path<(String, String)>,
    body: Body,
) -> Result<Json<Adoption>, ErrorResponse> {
    administrator.require(&MANAGE)?;
    administrator.require(&MANAGE_CLIENTS)?;
    let (target, _) = find(&app, &administrator, &name).await?;
    let members = members(&body::text(body).await?, &["clientId", "dryRun"])?;
    let client_id = members.get("clientId").and_then(Value::as_str).ok_or_else(|| bad("'clientId' is missing"))?;
    let dry_run = switch(&members, "dryRun", true)?;
    let connector = looks(&app, &target, Abilities::SHOWS)?;
    let realm = &administrator.realm;
    let row = clients::by_client_id(&app.store.database, &realm.id, client_id).await?;
    let row = row.filter(|row| !server_clients::is_of_the_server(&row.client));
    let row = row.ok_or_else(|| not_found(format!("Client '{client_id}' does not exist")))?;
    let key = Key { realm_id: realm.id.clone(), client: row.id.clone(), target: name.clone() };
    let delivery = queue::again(&app.store.database, &key, app.deliveries.node()).await?;
    let look = LookTask {
        id: row.id.clone(),
        client_id: client_id.to_owned(),
        known: delivery.and_then(|delivery| delivery.known),
    };
    let reach = Reach::of(realm, &target);
    let runner = app.deliveries.runner();
    let ended = runner.run(&connector, &reach, &Task::Look(look), Instant::now() + TASK_TIME).await;
    let there = unmarked(ended, client_id, &name)?;
    let wanted = runner.wanted(&connector, realm, (&row.client, &reach.target)).await?;
    let mut adoption = Adoption {
        client_id: client_id.to_owned(),
        id: row.id.clone(),
        key: there.key,
        fields: fields::different(&fields::of(there.shown), &fields::of(wanted)),
        adopted: false,
    };
    if !dry_run {
        let mut write = Write::default();
        record(&mut write, &administrator, TARGET_ADOPT, &target);
        match app.deliveries.adopt(&key, write).await {
            Ok(delivery) => taken(delivery, &name)?,
            Err(StoreError::Lost(Lost::Changed)) => return Err(not_for(&row, &name)),
            Err(error) => return Err(error.into()),
        }
        adoption.adopted = true;
    }
    Ok(Json(adoption))
}

fn not_found(description: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::NOT_FOUND, "not_found", description)
}

/// The settings of client or target say that it does not go there.
fn not_for(row: &ClientRow, target: &str) -> ErrorResponse {
    conflict(format!("Client '{}' does not go to target '{target}'", row.client_id()))
}

fn unavailable(description: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description)
}

/// The target's client, if it may be taken over.
fn unmarked(ended: Ended, client_id: &str, target: &str) -> Result<ForeignClient, ErrorResponse> {
    match ended {
        Ended::Foreign(there) if there.mark.is_none() => Ok(there),
        Ended::Foreign(_) => Err(conflict(format!("Client '{client_id}' belongs to another realm"))),
        Ended::Finished(_) => Err(conflict(format!("Client '{client_id}' is ours already"))),
        Ended::Missing => Err(not_found(format!("The target has no client '{client_id}'"))),
        Ended::Refused(violation) => Err(refused(target, &violation.message)),
        Ended::Gone(message) => Err(unavailable(message)),
        Ended::Failed(failed) => Err(unavailable(failed.message)),
        Ended::Page(_) | Ended::Ready(_) => {
            Err(unavailable("The connector ended with something else than it was asked for".to_owned()))
        }
    }
}

fn refused(target: &str, message: &str) -> ErrorResponse {
    let description = format!("Target '{target}' refused the client: {message}");
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_client_metadata", description)
}

/// Whether the target took it.
fn taken(delivery: Option<Shown>, target: &str) -> Result<(), ErrorResponse> {
    let message = delivery.as_ref().and_then(|delivery| delivery.message.clone()).unwrap_or_default();
    match delivery.map(|delivery| delivery.state) {
        Some(DeliveryState::Delivered) => Ok(()),
        Some(DeliveryState::Refused) => Err(refused(target, &message)),
        _ => Err(unavailable(format!("Target '{target}' did not take the client in time"))),
    }
}
