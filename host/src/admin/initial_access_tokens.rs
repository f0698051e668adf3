//! Initial access tokens: `/admin/realms/{realm}/clients-initial-access[/{id}]` (Keycloak: ClientInitialAccessResource).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_store::Write;
use matricula_store::initial_access_tokens::{self, InitialAccessTokenRow};
use matricula_store::lenient::{lenient_number, lenient_texts};
use matricula_system::{clock, ids};
use matricula_wasm::ComponentSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::clients::MANAGE;
use super::policies::{PolicyRepresentation, unbound, unbound_representation};
use super::{Administrator, not_stored};
use crate::app::App;
use crate::authentication::initial_access_token;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;

/// The token that is wanted (Keycloak: ClientInitialAccessCreatePresentation).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TokenRequest {
    /// Clients that can be registered with it; absent: one.
    #[serde(deserialize_with = "lenient_number")]
    count: Option<i64>,
    /// Seconds that it is good for; absent or 0: for ever.
    #[serde(deserialize_with = "lenient_number")]
    expiration: Option<i64>,
    /// Origins that browsers may call from with it.
    #[serde(deserialize_with = "lenient_texts")]
    web_origins: Option<Vec<String>>,
    /// For administrators, at most 255 characters.
    name: Option<String>,
    /// Policies that bind every client registered with it, on top of the realm's.
    policies: Vec<PolicyRepresentation>,
}

impl Representation for TokenRequest {
    const NAME: &'static str = "ClientInitialAccessCreatePresentation";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["count", "expiration", "webOrigins", "name", "policies"]);
}

/// A token (Keycloak: ClientInitialAccessPresentation).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    /// Its `jti`.
    id: String,
    /// The token itself: shown when it is made, never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When it was made, Unix seconds.
    timestamp: i64,
    /// Seconds after that; 0 = never.
    expiration: i64,
    /// Clients it was good for.
    count: i64,
    /// Clients it still is good for.
    remaining_count: i64,
    /// For administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Policies that bind every client registered with it, on top of the realm's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<PolicyRepresentation>,
}

impl Token {
    fn of(row: InitialAccessTokenRow, token: Option<String>, components: &ComponentSet) -> Token {
        Token {
            id: row.id,
            token,
            timestamp: row.created_at,
            expiration: row.expiration,
            count: row.count,
            remaining_count: row.remaining_count,
            name: row.name,
            policies: row.policies.iter().map(|policy| unbound_representation(policy, components)).collect(),
        }
    }
}

/// Makes an initial access token
///
/// It is shown in this answer and never again.
#[utoipa::path(post, path = "/admin/realms/{realm}/clients-initial-access", tag = "initial access tokens",
    params(("realm" = String, Path)), request_body = TokenRequest,
    responses((status = 201, body = Token), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(requested): body::Json<TokenRequest>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let refused = |field: &str, description: &str| {
        Err(ErrorResponse::new(StatusCode::BAD_REQUEST, format!("Invalid value for {field}"), description))
    };
    let expiration = requested.expiration.unwrap_or(0);
    if expiration < 0 {
        return refused("expiration", "The expiration time interval cannot be less than 0");
    }
    let count = requested.count.unwrap_or(1);
    if count < 0 {
        return refused("count", "The count cannot be less than 0");
    }
    if requested.name.as_ref().is_some_and(|name| name.chars().count() > 255) {
        return refused("name", "The name cannot be longer than 255 characters");
    }
    let row = InitialAccessTokenRow {
        id: ids::fresh(),
        created_at: clock::now(),
        expiration,
        count,
        remaining_count: count,
        name: requested.name,
        policies: unbound(&app, &administrator, requested.policies).await?,
    };
    let realm = &administrator.realm;
    let issuer = app.issuer(realm, &administrator.caller);
    let token = initial_access_token::issue(&app, realm, &issuer, &row, requested.web_origins).await?;
    let mut write = Write::default();
    initial_access_tokens::insert(&mut write, &realm.id, &row);
    app.store.writer.write(write).await?;
    let location = format!("{}/clients-initial-access/{}", administrator.address(&app), row.id);
    let mut response = not_stored((StatusCode::CREATED, Json(Token::of(row, Some(token), &app.wasm.current()))));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Lists the initial access tokens of a realm, spent and expired ones too
#[utoipa::path(get, path = "/admin/realms/{realm}/clients-initial-access", tag = "initial access tokens",
    params(("realm" = String, Path)),
    responses((status = 200, body = Vec<Token>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<App>, administrator: Administrator) -> Result<Response, ErrorResponse> {
    administrator.require(&["view-clients", "manage-clients"])?;
    let rows = initial_access_tokens::list(&app.store.database, &administrator.realm.id).await?;
    let components = app.wasm.current();
    let tokens: Vec<Token> = rows.into_iter().map(|row| Token::of(row, None, &components)).collect();
    Ok(Json(tokens).into_response())
}

/// Deletes an initial access token: it is refused from then on
#[utoipa::path(delete, path = "/admin/realms/{realm}/clients-initial-access/{id}", tag = "initial access tokens",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let mut write = Write::default();
    initial_access_tokens::delete(&mut write, &administrator.realm.id, &id);
    app.store.writer.write(write).await?;
    Ok(StatusCode::NO_CONTENT)
}
