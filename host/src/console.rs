//! The console's session: `/console/session` signs in, tells who is signed in, and signs out. The Admin API takes the
//! cookie that it gives as it takes a bearer token.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use matricula_realms::roles::{ADMIN, CREATE_REALM};
use matricula_realms::{MASTER, Realm};
use matricula_store::users::UserRow;
use matricula_store::{Write, realms, roles, sessions, users};
use matricula_system::clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::body::{self, Representation};
use crate::admin::{claimed_realm, not_stored};
use crate::app::App;
use crate::authentication::session_cookie::{self, ConsoleSession};
use crate::caller::Caller;
use crate::error::{ErrorBody, ErrorResponse};
use crate::registration::open_realm;
use crate::{abuse, passwords};

/// Who wants to sign in.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SignIn {
    user: String,
    password: String,
    /// The user's realm; absent: `master`.
    realm: Option<String>,
}

impl Representation for SignIn {
    const NAME: &'static str = "SignIn";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["user", "password", "realm"]);
}

/// A session, as the console sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRepresentation {
    /// Name of the user.
    user: String,
    /// The user's realm.
    realm: String,
    /// Names of the realms that the user may administer.
    realms: Vec<String>,
    /// The user administers every realm, and may make new ones.
    administrator: bool,
    /// Roles of the client that manages the user's realm: what the user may do there.
    roles: Vec<String>,
    /// What the header `Matricula-Csrf` of every request that changes something must say.
    csrf: String,
    /// Seconds until the session ends unless it is used before.
    expires_in: i64,
    /// Seconds until it ends in any case.
    ends_in: i64,
}

/// Signs in
///
/// The answer sets the session's cookie, which scripts cannot read.
#[utoipa::path(post, path = "/console/session", tag = "console", request_body = SignIn,
    responses((status = 200, body = SessionRepresentation), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    body::Json(given): body::Json<SignIn>,
) -> Result<Response, ErrorResponse> {
    session_cookie::check_origin(&app, &caller)?;
    let wrong =
        || ErrorResponse::new(StatusCode::UNAUTHORIZED, "access_denied", "User name, password or realm is wrong.");
    let refused = |description: &str| ErrorResponse::new(StatusCode::FORBIDDEN, "access_denied", description);
    let name = given.realm.as_deref().filter(|name| !name.is_empty()).unwrap_or(MASTER);
    let realm = match open_realm(&app, name, &caller).await {
        // Who has no account learns nothing about which realms there are.
        Err(error) if error.status() == StatusCode::NOT_FOUND => return Err(wrong()),
        realm => realm?,
    };
    // The same count as at the token endpoint: who guesses finds no second door.
    let attempt = app.guesses.begin(&realm.id, "user", &given.user.to_lowercase(), caller.address);
    let attempt = attempt.map_err(abuse::pause)?;
    let user = users::by_username(&app.store.database, &realm.id, &given.user).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = passwords::verify(given.password, hash).await;
    attempt.end(right);
    let Some(user) = user.filter(|_| right) else {
        return Err(wrong());
    };
    if !user.enabled {
        return Err(refused("This account is disabled. Another administrator can enable it."));
    }
    if !administers(&app, &realm, &user).await? {
        return Err(refused("This account administers nothing. It needs a role such as view-clients of its realm."));
    }
    let cookie = session_cookie::begin(&app, &realm, &caller, &user).await?;
    let session = session_cookie::session(&app, &realm, &caller, &cookie).await?;
    let session = session.ok_or_else(ErrorResponse::server_error)?;
    let representation = representation(&app, &realm, &session, user.username).await?;
    Ok(with_cookie(&caller, Some(&cookie), not_stored(Json(representation))))
}

/// Whether a user has any right in the Admin API.
async fn administers(app: &App, realm: &Realm, user: &UserRow) -> Result<bool, ErrorResponse> {
    let management = realm.management_client();
    let of_master = |name: &str| realm.name == MASTER && (name == ADMIN || name == CREATE_REALM);
    let held = roles::of_user(&app.store.database, &realm.id, &user.id).await?;
    Ok(held.iter().any(|(client, name)| client == management || client.is_empty() && of_master(name)))
}

/// Tells who is signed in
///
/// `null` when nobody is. It does not prolong the session.
#[utoipa::path(get, path = "/console/session", tag = "console",
    responses((status = 200, body = Option<SessionRepresentation>)))]
pub(crate) async fn read(State(app): State<App>, caller: Caller, parts: Parts) -> Result<Response, ErrorResponse> {
    let Some((realm, session)) = current(&app, &caller, &parts).await? else {
        return Ok(not_stored(Json(None::<SessionRepresentation>)));
    };
    let user = match session.bearer.subject() {
        Some(id) => users::by_id(&app.store.database, &realm.id, id).await?,
        None => None,
    };
    let name = user.map(|user| user.username).unwrap_or_default();
    Ok(not_stored(Json(Some(representation(&app, &realm, &session, name).await?))))
}

/// Signs out
///
/// The session ends, and with it whatever its cookie was good for.
#[utoipa::path(delete, path = "/console/session", tag = "console",
    responses((status = 204), (status = 403, body = ErrorBody)))]
pub(crate) async fn sign_out(State(app): State<App>, caller: Caller, parts: Parts) -> Result<Response, ErrorResponse> {
    if let Some((realm, session)) = current(&app, &caller, &parts).await? {
        session_cookie::check_sender(&app, &caller, &parts.method, &parts.headers, &session)?;
        let mut write = Write::default();
        sessions::delete(&mut write, &realm.id, session.id());
        app.store.writer.write(write).await?;
    }
    Ok(with_cookie(&caller, None, StatusCode::NO_CONTENT.into_response()))
}

/// The session of a request and its realm.
async fn current(
    app: &App,
    caller: &Caller,
    parts: &Parts,
) -> Result<Option<(std::sync::Arc<Realm>, ConsoleSession)>, ErrorResponse> {
    let Some(cookie) = session_cookie::of(caller, &parts.headers) else { return Ok(None) };
    let Some(name) = claimed_realm(cookie) else { return Ok(None) };
    let Some(realm) = app.realms.get(&name).await? else { return Ok(None) };
    let session = session_cookie::session(app, &realm, caller, cookie).await?;
    Ok(session.map(|session| (realm, session)))
}

async fn representation(
    app: &App,
    realm: &Realm,
    session: &ConsoleSession,
    user: String,
) -> Result<SessionRepresentation, ErrorResponse> {
    let bearer = &session.bearer;
    let realms = match bearer.is_administrator {
        true => realms::names(&app.store.database).await?,
        false => vec![realm.name.clone()],
    };
    let now = clock::now();
    Ok(SessionRepresentation {
        user,
        realm: realm.name.clone(),
        realms,
        administrator: bearer.is_administrator,
        roles: bearer.management_roles(),
        csrf: session.csrf().to_owned(),
        expires_in: session.expires_at - now,
        ends_in: session.ends_at - now,
    })
}

fn with_cookie(caller: &Caller, cookie: Option<&str>, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(&session_cookie::set_cookie(caller, cookie)) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}
