//! Registration by address: `POST /realms/{realm}/clients-registrations/client-id-metadata-document`.

use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::{Document, Registration};
use matricula_store::client_uses::Kind;

use super::admission::{self, Admitted, Asker};
use super::fetched;
use crate::authentication::{Identity, may_register};
use crate::error::ErrorResponse;
use crate::life_cycle::hibernation;
use crate::registration::cross_origin::CrossOrigin;
use crate::registration::{Exchange, Refusal, answer};

/// 201 for a client that was not here, 200 for one that is.
pub(crate) async fn register(
    exchange: &Exchange,
    document: Document,
    cross_origin: &CrossOrigin,
) -> Result<Response, Refusal> {
    let provider = &exchange.provider;
    if fetched::brings_document(&document) {
        // Only its own address may say it.
        return Err(ErrorResponse::invalid_client_metadata("document is not allowed").into());
    }
    let (requested, (identity, _)) = exchange.parse(&document, cross_origin).await?;
    let permit = may_register(&identity).map_err(|error| exchange.unauthenticated(error))?;
    let is_counted = matches!(identity, Identity::Anonymous);
    let asker = Asker { identity, permit, is_counted };
    let client_id = requested.client_id.unwrap_or_default();
    let Admitted { mut client, pending, is_new, .. } = admission::admit(exchange, &client_id, &asker).await?;
    if client.hibernation.is_some() {
        let (app, realm, address) = (&exchange.app, &exchange.realm, &exchange.caller.address_text);
        hibernation::revive(app, realm, &client, Kind::Management, address).await?;
        client.hibernation = None;
    }
    let issuer = exchange.app.issuer(&exchange.realm, &exchange.caller);
    let client_uri = answer::document_uri(&issuer, provider.id(), &client_id);
    let registration = Registration {
        client_uri: client_uri.clone(),
        access_token: None,
        issued_at: client.created_at.unsigned_abs(),
        roles: client.client.default_roles.clone().unwrap_or_default(),
        resource_server: client.resource_server,
        access: None,
    };
    let shown = provider.render(&client.shown(), &registration).await;
    let shown = shown.map_err(|error| exchange.unanswered("render", error, None))?;
    let mut response = if is_new {
        answer::created(shown, &client_uri, client.held.as_deref())
    } else {
        let mut response = answer::document(StatusCode::OK, shown);
        answer::mark_held(&mut response, client.held.as_deref());
        response
    };
    pending.mark(&mut response);
    Ok(response)
}
