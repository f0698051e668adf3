//! A client whose document is gone, or says what nobody agrees to, is disabled: here and at the targets, until its document
//! is good again or an administrator decides.

use axum::http::StatusCode;
use matricula_store::Write;
use matricula_store::clients::{self, ClientRow};

use crate::error::ErrorResponse;
use crate::registration::{Exchange, Refusal};

/// Whether a refusal is about the document, so that it counts until there is another one; a fault of the server and too
/// many requests are not.
pub(super) fn concerns_document(refusal: &Refusal) -> bool {
    matches!(refusal.response.status(), StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN)
}

/// Disables a client because of this refusal, which is recorded with it. Gives what is left to be answered.
pub(super) async fn disable(exchange: &Exchange, mut client: ClientRow, refusal: Refusal) -> Refusal {
    let Exchange { app, realm, .. } = exchange;
    let problem = refusal.response.reason();
    let known = client.document().and_then(|document| document.problem.as_deref());
    if !client.enabled() && known == Some(problem.as_str()) {
        return refusal;
    }
    client.client.enabled = Some(false);
    if let Some(document) = client.origin.as_mut().and_then(|origin| origin.document.as_mut()) {
        document.problem = Some(problem);
    }
    let mut write = Write::default();
    if let Err(error) = clients::update(&mut write, &realm.id, &client, &app.deliveries.carrier(true)) {
        return error.into();
    }
    if let Some(origin) = &client.origin {
        clients::keep_document(&mut write, &realm.id, &client.id, origin);
    }
    let response = exchange.record(refusal, write).await;
    app.deliveries.settled(realm, &client.id).await;
    response.into()
}

/// 403: an administrator has disabled the client.
pub(crate) fn is_disabled(client_id: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::FORBIDDEN, "unauthorized_client", format!("Client '{client_id}' is disabled"))
}
