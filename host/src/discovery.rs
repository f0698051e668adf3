//! What a caller needs first: where things are (OIDC Discovery, RFC 8414) and which keys sign (RFC 7517).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use matricula_realms::Realm;
use matricula_store::scopes::Assigned;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::authorization_endpoint;
use crate::caller::Caller;
use crate::error::{ErrorBody, ErrorResponse};
use crate::front_door;
use crate::front_door::own_fetch::NotOurs;
use crate::keys::Jwk;
use crate::parameters::Path;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use std::sync::Arc;

/// Metadata of a realm (OIDC Discovery §3, RFC 8414 §2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    registration_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    grant_types_supported: [&'static str; 3],
    response_types_supported: [&'static str; 2],
    subject_types_supported: [&'static str; 2],
    id_token_signing_alg_values_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    scopes_supported: Vec<String>,
    claims_supported: [&'static str; 9],
    client_id_metadata_document_supported: bool,
}

/// Public keys of a realm.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySet {
    keys: Vec<Jwk>,
}

/// A realm as anybody may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PublicRealm {
    realm: String,
    token_service: String,
    account_service: String,
    tokens_not_before: i64,
}

/// The realm of this name, enabled or not.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn find(app: &App, name: &str) -> Result<Arc<Realm>, ErrorResponse> {
    app.realms.get(name).await?.ok_or_else(|| ErrorResponse::bare(StatusCode::NOT_FOUND, "Realm does not exist"))
}

/// Marks the protocol rather than a scope of the realm: it is there whatever the realm has.
const OPENID: &str = "openid";
/// How long callers may keep metadata.
pub(crate) const KEPT: HeaderValue = HeaderValue::from_static("max-age=60");

/// What it says of itself, or of the authorization server that it stands before.
async fn metadata(app: &App, name: &str, caller: &Caller) -> Result<Response, ErrorResponse> {
    let realm = find(app, name).await?;
    match &realm.settings.authorization_server {
        Some(server) => Ok(front_door::metadata::answer(app, &realm, server, caller).await),
        None => Ok(([(CACHE_CONTROL, KEPT)], Json(of_itself(app, &realm, caller))).into_response()),
    }
}

fn of_itself(app: &App, realm: &Realm, caller: &Caller) -> Metadata {
    let issuer = app.issuer(realm, caller);
    let at = |path: &str| format!("{issuer}/{path}");
    // Only what a registration may ask for: there are libraries that ask for all that is named.
    let offered = realm
        .scopes
        .iter()
        .filter(|scope| scope.protocol == "openid-connect" && scope.assigned != Assigned::None && scope.name != OPENID);
    Metadata {
        authorization_endpoint: at(authorization_endpoint::PATH),
        token_endpoint: at("protocol/openid-connect/token"),
        jwks_uri: at("protocol/openid-connect/certs"),
        registration_endpoint: at("clients-registrations/openid-connect"),
        revocation_endpoint: at("protocol/openid-connect/revoke"),
        end_session_endpoint: at("protocol/openid-connect/logout"),
        grant_types_supported: ["password", "client_credentials", "refresh_token"],
        response_types_supported: ["code", "none"],
        subject_types_supported: ["public", "pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        scopes_supported: [OPENID.to_owned()].into_iter().chain(offered.map(|scope| scope.name.clone())).collect(),
        claims_supported: [
            "iss",
            "sub",
            "aud",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "email",
            "acr",
        ],
        client_id_metadata_document_supported: realm.settings.client_id_metadata_documents.enabled,
        issuer,
    }
}

/// Metadata of a realm
///
/// OpenID Connect Discovery §4.
#[utoipa::path(get, path = "/realms/{realm}/.well-known/openid-configuration", tag = "discovery",
    params(("realm" = String, Path)),
    responses((status = 200, body = Metadata), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 508, body = ErrorBody)))]
pub(crate) async fn openid_configuration(
    State(app): State<App>,
    Path(realm): Path<String>,
    _: NotOurs,
    caller: Caller,
) -> Result<Response, ErrorResponse> {
    metadata(&app, &realm, &caller).await
}

/// Metadata of a realm
///
/// RFC 8414, at the realm's own path.
#[utoipa::path(get, path = "/realms/{realm}/.well-known/oauth-authorization-server", tag = "discovery",
    params(("realm" = String, Path)),
    responses((status = 200, body = Metadata), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 508, body = ErrorBody)))]
pub(crate) async fn oauth_authorization_server(
    State(app): State<App>,
    Path(realm): Path<String>,
    _: NotOurs,
    caller: Caller,
) -> Result<Response, ErrorResponse> {
    metadata(&app, &realm, &caller).await
}

/// Metadata of a realm
///
/// RFC 8414 §3: the well-known part before the issuer's path.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server/realms/{realm}", tag = "discovery",
    params(("realm" = String, Path)),
    responses((status = 200, body = Metadata), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 508, body = ErrorBody)))]
pub(crate) async fn oauth_authorization_server_of_path(
    State(app): State<App>,
    Path(realm): Path<String>,
    _: NotOurs,
    caller: Caller,
) -> Result<Response, ErrorResponse> {
    metadata(&app, &realm, &caller).await
}

/// Metadata of a realm
///
/// The same for OpenID Connect clients that put the well-known part before the issuer's path as RFC 8414 does.
#[utoipa::path(get, path = "/.well-known/openid-configuration/realms/{realm}", tag = "discovery",
    params(("realm" = String, Path)),
    responses((status = 200, body = Metadata), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
        (status = 508, body = ErrorBody)))]
pub(crate) async fn openid_configuration_of_path(
    State(app): State<App>,
    Path(realm): Path<String>,
    _: NotOurs,
    caller: Caller,
) -> Result<Response, ErrorResponse> {
    metadata(&app, &realm, &caller).await
}

/// Public keys of a realm
///
/// RFC 7517. The key of registration tokens is never among them.
#[utoipa::path(get, path = "/realms/{realm}/protocol/openid-connect/certs", tag = "discovery",
    params(("realm" = String, Path)),
    responses((status = 200, body = KeySet), (status = 404, body = ErrorBody)))]
pub(crate) async fn certs(State(app): State<App>, Path(realm): Path<String>) -> Result<Json<KeySet>, ErrorResponse> {
    let realm = find(&app, &realm).await?;
    Ok(Json(KeySet { keys: app.keys.published(&realm).await? }))
}

/// A realm as anybody may see it
#[utoipa::path(get, path = "/realms/{realm}", tag = "discovery", params(("realm" = String, Path)),
    responses((status = 200, body = PublicRealm), (status = 404, body = ErrorBody)))]
pub(crate) async fn realm(
    State(app): State<App>,
    Path(realm): Path<String>,
    caller: Caller,
) -> Result<Json<PublicRealm>, ErrorResponse> {
    let realm = find(&app, &realm).await?;
    let issuer = app.issuer(&realm, &caller);
    Ok(Json(PublicRealm {
        realm: realm.name.clone(),
        token_service: format!("{issuer}/protocol/openid-connect"),
        account_service: format!("{issuer}/account"),
        tokens_not_before: realm.settings.not_before,
    }))
}
