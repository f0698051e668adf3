//! Tokens for administrators, users and service accounts: `/realms/{realm}/protocol/openid-connect/{token,revoke,logout}`
//! (RFC 6749, RFC 7009).

mod issue;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use matricula_contract::server_clients::is_of_the_server;
use matricula_network::form::Form;
use matricula_realms::Realm;
use matricula_realms::session_limits::SessionLimits;
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, ClientRow};
use matricula_store::realm_settings::{REFRESH_TOKEN_MAX_REUSE, REVOKE_REFRESH_TOKEN};
use matricula_store::sessions::SessionRow;
use matricula_store::{Lost, StoreError, Write, sessions, users};
use matricula_system::clock;
use serde::Serialize;
use utoipa::ToSchema;

use crate::abuse;
use crate::app::App;
use crate::caller::Caller;
use crate::cors::{self, Reader};
use crate::error::{ErrorBody, ErrorResponse};
use crate::life_cycle::{client_secrets, hibernation};
use crate::parameters::Path;
use crate::registration::{ATTEMPTS, open_realm};
use crate::tokens::{self, Claims, kind};
use crate::{document, passwords};
use issue::{Grant, issue};

/// A successful answer (RFC 6749 §5.1).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    access_token: String,
    expires_in: i64,
    refresh_expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(rename = "not-before-policy")]
    not_before_policy: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_state: Option<String>,
    scope: String,
}

/// A request whose realm is known and whose body is read.
struct FormRequest {
    realm: Arc<Realm>,
    caller: Caller,
    form: Form,
}

async fn read(app: &App, realm: &str, mut request: Request) -> Result<FormRequest, ErrorResponse> {
    let caller = Caller::take(request.extensions_mut())?;
    let realm = open_realm(app, realm, &caller).await?;
    let body = document::bytes(request.into_body()).await?;
    Ok(FormRequest { realm, caller, form: Form::read(&body) })
}

fn refused(status: StatusCode, error: &str, description: &str) -> ErrorResponse {
    ErrorResponse::new(status, error, description)
}

/// Nobody keeps an answer with a token in it (RFC 6749 §5.1).
fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Issues an access token
///
/// RFC 6749 §4.3, §4.4 and §6: grants `password`, `client_credentials` and `refresh_token`.
#[utoipa::path(post, path = "/realms/{realm}/protocol/openid-connect/token", tag = "tokens",
    params(("realm" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn token(State(app): State<App>, Path(realm): Path<String>, request: Request) -> Response {
    let mut reader = Reader::default();
    let answer = async {
        let request = read(&app, &realm, request).await?;
        grant(&app, &request, &mut reader).await
    }
    .await;
    not_stored(reader.mark(match answer {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(refused) => refused.into_response(),
    }))
}

async fn grant(app: &App, request: &FormRequest, reader: &mut Reader) -> Result<TokenAnswer, ErrorResponse> {
    let Some(grant_type) = request.form.get("grant_type") else {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_request", "Missing form parameter: grant_type"));
    };
    if !matches!(grant_type, "password" | "client_credentials" | "refresh_token") {
        return Err(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant_type"));
    }
    let client = sender(app, request, reader).await?;
    let answer = match grant_type {
        "password" => password(app, request, &client).await,
        "client_credentials" => client_credentials(app, request, &client).await,
        _ => refresh(app, request, &client).await,
    }?;
    if client.hibernation.is_some() {
        let FormRequest { realm, caller, .. } = request;
        hibernation::revive(app, realm, &client, Kind::Token, &caller.address_text).await?;
    }
    // Nothing depends on the uses of the server's own, and of administrators there would be many.
    if !is_of_the_server(&client.client) {
        app.uses.note(&request.realm.id, &client.id, Kind::Token);
    }
    Ok(answer)
}

/// The client of the request, and whether its origin may read the answer: it is told that the client is not known
/// whatever it is, else it must be one of the client's, or the server's own, where a browser asks for nothing.
async fn sender(app: &App, request: &FormRequest, reader: &mut Reader) -> Result<ClientRow, ErrorResponse> {
    let client = authenticate_client(app, request).await;
    let Some(origin) = &request.caller.origin else { return client };
    match client {
        Ok(client) if cors::is_own(origin, &request.caller, &app.base_url(&request.realm, &request.caller)) => {
            Ok(client)
        }
        Ok(client) => {
            let allowed = issue::web_origins(&client.client).unwrap_or_default();
            if !allowed.iter().any(|allowed| allowed == origin || allowed == "*") {
                return Err(ErrorResponse::bare(StatusCode::FORBIDDEN, "Invalid origin"));
            }
            reader.is(origin);
            Ok(client)
        }
        Err(refused) => {
            reader.is(origin);
            Err(refused)
        }
    }
}

/// The client of the request: by HTTP Basic or in the form; a confidential one with its secret.
async fn authenticate_client(app: &App, request: &FormRequest) -> Result<ClientRow, ErrorResponse> {
    const DESCRIPTION: &str = "Invalid client or Invalid client credentials";
    let unknown = || refused(StatusCode::UNAUTHORIZED, "invalid_client", DESCRIPTION);
    let (client_id, secret) = match request.caller.basic_credentials() {
        Some((client_id, secret)) => (client_id, Some(secret)),
        None => (
            request.form.get("client_id").ok_or_else(unknown)?.to_owned(),
            request.form.get("client_secret").map(str::to_owned),
        ),
    };
    let client = clients::by_client_id(&app.store.database, &request.realm.id, &client_id).await?;
    let client = client.filter(ClientRow::enabled).ok_or_else(unknown)?;
    let record = &client.client;
    if record.public_client != Some(true) {
        let attempt = app.guesses.begin(&request.realm.id, "client", &client_id, request.caller.address);
        let attempt = attempt.map_err(abuse::pause)?;
        let same = secret.as_deref().is_some_and(|given| client_secrets::is_good(&client, given, clock::now()));
        attempt.end(same);
        if !same || record.bearer_only == Some(true) {
            return Err(refused(StatusCode::UNAUTHORIZED, "unauthorized_client", DESCRIPTION));
        }
    }
    Ok(client)
}

async fn password(app: &App, request: &FormRequest, client: &ClientRow) -> Result<TokenAnswer, ErrorResponse> {
    if client.client.direct_access_grants_enabled != Some(true) {
        let description = "Client not allowed for direct access grants";
        return Err(refused(StatusCode::BAD_REQUEST, "unauthorized_client", description));
    }
    let username = request.form.get("username").unwrap_or_default();
    let password = request.form.get("password").unwrap_or_default().to_owned();
    let attempt = app.guesses.begin(&request.realm.id, "user", &username.to_lowercase(), request.caller.address);
    let attempt = attempt.map_err(abuse::pause)?;
    let user = users::by_username(&app.store.database, &request.realm.id, username).await?;
    let user = user.filter(|user| user.service_account_client.is_none());
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let good = passwords::verify(password, hash).await;
    attempt.end(good);
    let Some(user) = user.filter(|_| good) else {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_grant", "Invalid user credentials"));
    };
    if !user.enabled {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_grant", "Account disabled"));
    }
    let mut write = Write::default();
    let answer = issue(app, request, client, &user, Grant::Password, &mut write).await?;
    app.store.writer.write(write).await?;
    Ok(answer)
}

async fn client_credentials(
    app: &App,
    request: &FormRequest,
    client: &ClientRow,
) -> Result<TokenAnswer, ErrorResponse> {
    let unauthorized = |description| refused(StatusCode::UNAUTHORIZED, "unauthorized_client", description);
    if client.client.public_client == Some(true) {
        return Err(unauthorized("Public client not allowed to retrieve service account"));
    }
    if client.client.service_accounts_enabled != Some(true) {
        return Err(unauthorized("Client not enabled to retrieve service account"));
    }
    let user = users::service_account(&app.store.database, &request.realm.id, &client.id).await?;
    let user = user.ok_or_else(|| unauthorized("Client not enabled to retrieve service account"))?;
    if !user.enabled {
        let description = format!("User '{}' disabled", user.username);
        return Err(refused(StatusCode::UNAUTHORIZED, "invalid_request", &description));
    }
    let mut write = Write::default();
    let answer = issue(app, request, client, &user, Grant::ClientCredentials, &mut write).await?;
    app.store.writer.write(write).await?;
    Ok(answer)
}

async fn refresh(app: &App, request: &FormRequest, client: &ClientRow) -> Result<TokenAnswer, ErrorResponse> {
    let realm = &request.realm;
    let claims = refresh_token(app, request, client).await?;
    let now = clock::now();
    if claims.iat < realm.settings.not_before {
        return Err(invalid_grant("Stale token"));
    }
    if !claims.is_active(now) {
        return Err(invalid_grant("Token is not active"));
    }
    let alive = SessionLimits::of(&realm.settings).alive(now);
    for _ in 0..ATTEMPTS {
        let session = claims.sid.as_deref().unwrap_or_default();
        let session = sessions::by_id(&app.store.database, &realm.id, session, alive).await?;
        let session = session.ok_or_else(|| invalid_grant("Session not active"))?;
        let user = users::by_id(&app.store.database, &realm.id, &session.user_id).await?;
        let user = user.ok_or_else(|| invalid_grant("Session not active"))?;
        if !user.enabled {
            return Err(invalid_grant("User disabled"));
        }
        if claims.iat < client.client.not_before.map_or(0, i64::from) {
            return Err(invalid_grant("Stale token"));
        }
        let mut write = Write::default();
        match Reuse::of(realm, &claims, &session) {
            Reuse::Uncounted => {}
            Reuse::Counted(uses) => {
                sessions::use_refresh_token(&mut write, &realm.id, &session, &claims.jti, uses);
            }
            Reuse::Stale => return Err(invalid_grant("Stale token")),
            Reuse::TooOften => {
                // Somebody else has the token: nobody goes on with the session.
                sessions::delete(&mut write, &realm.id, &session.id);
                app.store.writer.write(write).await?;
                return Err(invalid_grant("Maximum allowed refresh token reuse exceeded"));
            }
        }
        let answer = issue(app, request, client, &user, Grant::Refresh(session), &mut write).await?;
        match app.store.writer.write(write).await {
            Ok(()) => return Ok(answer),
            // The session was used or ended at the same time.
            Err(StoreError::Lost(Lost::Changed)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(invalid_grant("Session not active"))
}

fn invalid_grant(description: &str) -> ErrorResponse {
    refused(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

/// What a realm that counts the uses of refresh tokens says to one more (Keycloak: `revokeRefreshToken`,
/// `refreshTokenMaxReuse`).
enum Reuse {
    /// Nobody counts.
    Uncounted,
    /// It is the token's use of this number.
    Counted(i64),
    /// A later token of the session was used already.
    Stale,
    /// It was used too often.
    TooOften,
}

impl Reuse {
    fn of(realm: &Realm, claims: &Claims, session: &SessionRow) -> Reuse {
        if !realm.settings.is_on(REVOKE_REFRESH_TOKEN) {
            return Reuse::Uncounted;
        }
        let before = match &session.refresh_token_id {
            Some(id) if *id == claims.jti => session.refresh_token_uses,
            Some(_) if claims.iat < session.used_at => return Reuse::Stale,
            _ => 0,
        };
        if before > realm.settings.number(REFRESH_TOKEN_MAX_REUSE).unwrap_or(0) {
            return Reuse::TooOften;
        }
        Reuse::Counted(before + 1)
    }
}

/// The claims of the request's refresh token, which must be one of this client; it may have expired.
async fn refresh_token(app: &App, request: &FormRequest, client: &ClientRow) -> Result<Arc<Claims>, ErrorResponse> {
    let Some(token) = request.form.get("refresh_token") else {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_request", "No refresh token"));
    };
    let issuer = app.issuer(&request.realm, &request.caller);
    let verified = tokens::verify_at_any_time(app, &request.realm, &issuer, token).await?;
    let claims = verified.map(|verified| verified.claims).filter(|claims| claims.typ == kind::REFRESH);
    let claims = claims.ok_or_else(|| invalid_grant("Invalid refresh token"))?;
    if claims.azp.as_deref() != Some(client.client_id()) {
        return Err(invalid_grant("Invalid refresh token. Token client and authorized client don't match"));
    }
    Ok(claims)
}

/// Ends a session
///
/// By its refresh token (OIDC back-channel use of Keycloak's logout endpoint), which may have expired.
#[utoipa::path(post, path = "/realms/{realm}/protocol/openid-connect/logout", tag = "tokens",
    params(("realm" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub(crate) async fn logout(State(app): State<App>, Path(realm): Path<String>, request: Request) -> Response {
    let mut reader = Reader::default();
    let ended = async {
        let request = read(&app, &realm, request).await?;
        end_session(&app, &request, &mut reader).await
    }
    .await;
    reader.mark(match ended {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.into_response(),
    })
}

async fn end_session(app: &App, request: &FormRequest, reader: &mut Reader) -> Result<(), ErrorResponse> {
    let client = sender(app, request, reader).await?;
    let claims = refresh_token(app, request, &client).await?;
    let mut write = Write::default();
    sessions::delete(&mut write, &request.realm.id, claims.sid.as_deref().unwrap_or_default());
    app.store.writer.write(write).await?;
    Ok(())
}

/// Revokes a token
///
/// RFC 7009: an access token is refused from then on, a refresh token ends its session. A token that is not good is no
/// error.
#[utoipa::path(post, path = "/realms/{realm}/protocol/openid-connect/revoke", tag = "tokens",
    params(("realm" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub(crate) async fn revoke(State(app): State<App>, Path(realm): Path<String>, request: Request) -> Response {
    let mut reader = Reader::default();
    let revoked = async {
        let request = read(&app, &realm, request).await?;
        revoke_token(&app, &request, &mut reader).await
    }
    .await;
    reader.mark(match revoked {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refused.into_response(),
    })
}

async fn revoke_token(app: &App, request: &FormRequest, reader: &mut Reader) -> Result<(), ErrorResponse> {
    let client = sender(app, request, reader).await?;
    let Some(token) = request.form.get("token") else {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_request", "Token not provided"));
    };
    let issuer = app.issuer(&request.realm, &request.caller);
    let Some(verified) = tokens::verify(app, &request.realm, &issuer, token).await? else {
        return Ok(());
    };
    let claims = verified.claims;
    if claims.azp.as_deref() != Some(client.client_id()) {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_client", "Unmatching clients"));
    }
    let mut write = Write::default();
    match claims.typ.as_str() {
        kind::BEARER => {
            let now = clock::now();
            sessions::revoke(&mut write, &request.realm.id, &claims.jti, claims.exp.unwrap_or(i64::MAX), now);
        }
        kind::REFRESH => {
            sessions::delete(&mut write, &request.realm.id, claims.sid.as_deref().unwrap_or_default());
        }
        _ => return Err(refused(StatusCode::BAD_REQUEST, "unsupported_token_type", "Unsupported token type")),
    }
    app.store.writer.write(write).await?;
    Ok(())
}
