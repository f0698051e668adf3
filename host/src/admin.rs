//! The part of Keycloak's Admin REST API that this server offers: `/admin/realms/…`. One file per resource.

pub(crate) mod body;
pub(crate) mod client_approvals;
pub(crate) mod client_changes;
pub(crate) mod client_jobs;
pub(crate) mod client_policies;
pub(crate) mod client_scopes;
pub(crate) mod client_use;
pub(crate) mod clients;
pub(crate) mod component_files;
pub(crate) mod decisions;
pub(crate) mod dry_run;
pub(crate) mod events;
pub(crate) mod figures;
pub(crate) mod held;
pub(crate) mod hibernation;
pub(crate) mod initial_access_tokens;
pub(crate) mod life;
pub(crate) mod life_cycle;
pub(crate) mod limits;
pub(crate) mod origin;
mod pages;
pub(crate) mod policies;
pub(crate) mod policy_profiles;
pub(crate) mod realms;
pub(crate) mod role_mappings;
pub(crate) mod roles;
mod storing;
pub(crate) mod targets;
pub(crate) mod users;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula_contract::{CallerKind, Context, Operation, RegistrationAuth};
use matricula_realms::{MASTER, Realm};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::clock;
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::waits::Waits;
use serde::Deserialize;

use crate::app::App;
use crate::authentication::AuthenticationError;
use crate::authentication::bearer_token::{self, Bearer};
use crate::authentication::session_cookie;
use crate::caller::Caller;
use crate::error::ErrorResponse;
use crate::tokens::{self, kind};

/// Somebody with a good access token of the realm in question or of realm `master`, or with the console's cookie instead.
pub(crate) struct Administrator {
    /// The realm in the address.
    pub(crate) realm: Arc<Realm>,
    /// The network side of it.
    pub(crate) caller: Caller,
    bearer: Bearer,
    /// The token is of another realm (`master`): only role `admin` counts there.
    foreign: bool,
    /// What the request has waited for.
    waits: Arc<Waits>,
}

/// Somebody with a good access token or the console's cookie, where no realm is in the address.
pub(crate) struct Visitor {
    /// The realm of the token.
    pub(crate) realm: Arc<Realm>,
    /// The network side of it.
    pub(crate) caller: Caller,
    /// The token.
    pub(crate) bearer: Bearer,
}

fn unauthorized() -> ErrorResponse {
    ErrorResponse::framework(StatusCode::UNAUTHORIZED)
}

fn no_realm() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "Realm not found.")
}

fn forbidden() -> ErrorResponse {
    ErrorResponse::framework(StatusCode::FORBIDDEN)
}

impl FromRequestParts<App> for Visitor {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ErrorResponse> {
        let caller = Caller::take(&mut parts.extensions)?;
        let Some(token) = caller.bearer_token() else {
            return signed_in(app, caller, parts).await;
        };
        // The token says which realm it is of; that realm's keys then tell whether it is true.
        let name = claimed_realm(token).ok_or_else(unauthorized)?;
        let realm = app.realms.get(&name).await?.ok_or_else(unauthorized)?;
        let issuer = app.issuer(&realm, &caller);
        let verified = tokens::verify(app, &realm, &issuer, token).await?.ok_or_else(unauthorized)?;
        if verified.claims.typ != kind::BEARER {
            return Err(unauthorized());
        }
        let bearer = bearer_token::examine(app, &realm, verified.claims).await;
        match bearer.and_then(|bearer| bearer.of_administrator(&realm)) {
            Ok(bearer) => Ok(Visitor { realm, caller, bearer }),
            Err(AuthenticationError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(unauthorized()),
        }
    }
}

/// Somebody who is signed in to the console.
async fn signed_in(app: &App, caller: Caller, parts: &Parts) -> Result<Visitor, ErrorResponse> {
    let cookie = session_cookie::of(&caller, &parts.headers).ok_or_else(unauthorized)?;
    let name = claimed_realm(cookie).ok_or_else(unauthorized)?;
    let realm = app.realms.get(&name).await?.ok_or_else(unauthorized)?;
    let session = session_cookie::session(app, &realm, &caller, cookie).await?.ok_or_else(unauthorized)?;
    session_cookie::check_sender(app, &caller, &parts.method, &parts.headers, &session)?;
    session_cookie::prolong(app, &realm, &session).await?;
    Ok(Visitor { realm, caller, bearer: session.bearer })
}

/// Name of the realm that a token says it is of.
pub(crate) fn claimed_realm(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Issuer = serde_json::from_slice(&payload).ok()?;
    claims.iss.rsplit_once("/realms/").map(|(_, name)| name.to_owned())
}

impl FromRequestParts<App> for Administrator {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ErrorResponse> {
        let Visitor { realm: of_token, caller, bearer } = Visitor::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| ErrorResponse::framework(StatusCode::NOT_FOUND))?;
        let name = params.iter().find(|(name, _)| *name == "realm").map(|(_, value)| value).unwrap_or_default();
        let realm = app.realms.get(name).await?.ok_or_else(no_realm)?;
        let foreign = of_token.id != realm.id;
        if foreign && of_token.name != MASTER {
            return Err(forbidden());
        }
        Ok(Administrator { realm, caller, bearer, foreign, waits: Arc::default() })
    }
}

impl Administrator {
    /// The same caller after a while: with the rights that are left of those, in the realm as it is by then.
    ///
    /// # Errors
    /// 401 when the token was revoked or its holder is gone, 404 when the realm is.
    pub(crate) async fn later(self, app: &App) -> Result<Administrator, ErrorResponse> {
        let realm = app.realms.get(&self.realm.name).await?.ok_or_else(no_realm)?;
        let of_token = match self.foreign {
            true => app.realms.get(MASTER).await?.ok_or_else(unauthorized)?,
            false => Arc::clone(&realm),
        };
        let bearer = bearer_token::examine(app, &of_token, self.bearer.claims).await;
        match bearer.and_then(|bearer| bearer.of_administrator(&of_token)) {
            Ok(bearer) => Ok(Administrator { realm, bearer, ..self }),
            Err(AuthenticationError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(unauthorized()),
        }
    }

    /// Whether the caller has one of these roles of the client that manages the realm.
    pub(crate) fn has_any(&self, roles: &[&str]) -> bool {
        if self.foreign { self.bearer.is_administrator } else { self.bearer.has_any(roles) }
    }

    /// Lets only callers on who have one of these roles.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(&self, roles: &[&str]) -> Result<(), ErrorResponse> {
        if self.has_any(roles) { Ok(()) } else { Err(forbidden()) }
    }

    /// The user that the caller is.
    pub(crate) fn user_id(&self) -> Option<&str> {
        self.bearer.holder.as_ref().map(|holder| holder.user_id.as_str())
    }

    /// The realm, for calls of components on behalf of the caller.
    pub(crate) fn call(&self, app: &App) -> RealmOfCall {
        let call = RealmOfCall::new(Arc::clone(&self.realm), app.base_url(&self.realm, &self.caller));
        call.within(&self.waits)
    }

    /// Names of the user and of the user's realm.
    pub(crate) async fn name(&self, app: &App) -> Result<(String, String), ErrorResponse> {
        let realm = match self.foreign {
            true => app.realms.get(MASTER).await?.ok_or_else(unauthorized)?,
            false => Arc::clone(&self.realm),
        };
        let user = match &self.bearer.holder {
            Some(holder) => matricula_store::users::by_id(&app.store.database, &realm.id, &holder.user_id).await?,
            None => None,
        };
        Ok((user.map(|user| user.username).unwrap_or_default(), realm.name.clone()))
    }

    /// Id of the user.
    pub(crate) fn subject(&self) -> &str {
        self.bearer.subject().unwrap_or_default()
    }

    /// What client policies are told about the request.
    pub(crate) fn context(&self, provider: &str, operation: Operation) -> Context {
        let claims = &self.bearer.claims;
        Context {
            realm: self.realm.name.clone(),
            provider: provider.to_owned(),
            operation,
            caller: matricula_contract::Caller {
                kind: CallerKind::Bearer,
                subject: self.bearer.holder.as_ref().map(|holder| holder.user_id.clone()),
                token_id: Some(claims.jti.clone()),
                // Roles of another realm mean nothing here.
                roles: if self.foreign { Vec::new() } else { self.bearer.role_names(&self.realm) },
                groups: if self.foreign { Vec::new() } else { claims.groups() },
                address: self.caller.address_text.clone(),
                origin: self.caller.origin.clone(),
            },
            registration_auth: RegistrationAuth::Authenticated,
            now: clock::now().unsigned_abs(),
            attributes: Vec::new(),
        }
    }

    /// Address of the realm in the Admin API.
    pub(crate) fn address(&self, app: &App) -> String {
        format!("{}/admin/realms/{}", app.own_url(&self.caller), self.realm.name)
    }
}

/// Stores a write; `false` when somebody else was faster.
pub(super) async fn stored_or_changed(app: &App, write: Write) -> Result<bool, ErrorResponse> {
    match app.store.writer.write(write).await {
        Ok(()) => Ok(true),
        Err(StoreError::Lost(Lost::Changed)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// 201 with the address of what was made.
pub(crate) fn created(address: &str) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    if let Ok(location) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Nobody keeps an answer with a secret in it.
pub(crate) fn not_stored(response: impl IntoResponse) -> Response {
    let no_store = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (no_store, response).into_response()
}

/// Which part of a list is wanted (Keycloak: `first`, `max`).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    first: Option<i64>,
    max: Option<i64>,
}

/// Entries of a list without a `max`.
const PAGE: i64 = 1_000_000;

impl Page {
    /// Entries to leave out.
    pub(crate) fn first(self) -> i64 {
        self.first.unwrap_or(0).max(0)
    }

    /// Entries to give at most.
    pub(crate) fn max(self) -> i64 {
        self.max.filter(|max| *max >= 0).unwrap_or(PAGE)
    }
}
