//! The metadata of a realm that stands before an authorization server.

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, WARNING};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use matricula_realms::Realm;
use matricula_store::realm_settings::AuthorizationServer;

use crate::app::App;
use crate::caller::Caller;
use crate::discovery::KEPT;
use crate::error::ErrorResponse;

/// Of a document that is not what the server would say now (RFC 7234 §5.5.1).
const STALE: HeaderValue = HeaderValue::from_static("110 - \"Response is Stale\"");
const EVERYBODY: HeaderValue = HeaderValue::from_static("*");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Whose metadata anybody may read, from wherever.
pub(crate) async fn answer(app: &App, realm: &Realm, server: &AuthorizationServer, caller: &Caller) -> Response {
    let mut headers = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, EVERYBODY)]);
    let found = match app.documents.get(&realm.id, server).await {
        Ok(found) => found,
        Err(reason) => return (headers, ErrorResponse::no_metadata(&reason)).into_response(),
    };
    headers.insert(CACHE_CONTROL, KEPT);
    headers.insert(CONTENT_TYPE, JSON);
    if found.stale {
        headers.insert(WARNING, STALE);
    }
    let registration_endpoint = format!("{}/clients-registrations/openid-connect", app.issuer(realm, caller));
    (headers, found.document.with(realm, &registration_endpoint)).into_response()
}
