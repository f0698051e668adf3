//! Users: `/admin/realms/{realm}/users[/{id}]` (Keycloak: UsersResource, UserResource).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation, lenient_switch};
use super::{Administrator, Page, created};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::{Path, Query};
use crate::store::users::{self, Profile, UserRow};
use crate::store::{Lost, StoreError, Write};
use crate::{clock, ids, passwords};

/// A password, on its way in only (Keycloak: CredentialRepresentation).
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct CredentialRepresentation {
    /// `password`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The password itself.
    value: Option<String>,
}

impl Representation for CredentialRepresentation {
    const NAME: &'static str = "CredentialRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = None;
}

/// A user (Keycloak: UserRepresentation).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UserRepresentation {
    /// UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Unique in the realm; kept in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// Unique in the realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The e-mail address belongs to the user.
    #[serde(deserialize_with = "lenient_switch", skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// A disabled user can do nothing. Absent on creation: disabled.
    #[serde(deserialize_with = "lenient_switch", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_timestamp: Option<i64>,
    /// Passwords to set; never shown.
    #[serde(skip_serializing)]
    credentials: Vec<CredentialRepresentation>,
    /// The client whose service account this is, by its internal id.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_client_id: Option<String>,
}

impl Representation for UserRepresentation {
    const NAME: &'static str = "UserRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = None;
}

impl From<UserRow> for UserRepresentation {
    fn from(user: UserRow) -> Self {
        UserRepresentation {
            id: Some(user.id),
            username: Some(user.username),
            first_name: user.profile.first_name,
            last_name: user.profile.last_name,
            email: user.email,
            email_verified: Some(user.profile.email_verified),
            enabled: Some(user.enabled),
            created_timestamp: Some(user.created_at * 1000),
            credentials: Vec::new(),
            service_account_client_id: user.service_account_client,
        }
    }
}

impl UserRepresentation {
    /// Changes what is named.
    fn apply(&self, user: &mut UserRow) {
        if let Some(username) = &self.username {
            user.username = username.to_lowercase();
        }
        if let Some(email) = &self.email {
            user.email = (!email.is_empty()).then(|| email.to_lowercase());
        }
        if self.first_name.is_some() {
            user.profile.first_name.clone_from(&self.first_name);
        }
        if self.last_name.is_some() {
            user.profile.last_name.clone_from(&self.last_name);
        }
        user.profile.email_verified = self.email_verified.unwrap_or(user.profile.email_verified);
        user.enabled = self.enabled.unwrap_or(user.enabled);
    }

    /// The password to set, if there is one.
    fn password(&self) -> Option<String> {
        let password = |credential: &&CredentialRepresentation| credential.kind.as_deref() == Some("password");
        self.credentials.iter().find(password).and_then(|credential| credential.value.clone())
    }
}

/// The user of the address.
pub(super) async fn find(app: &App, administrator: &Administrator, id: &str) -> Result<UserRow, ErrorResponse> {
    users::by_id(&app.store.database, &administrator.realm.id, id)
        .await?
        .ok_or_else(|| ErrorResponse::bare(StatusCode::NOT_FOUND, "User not found"))
}

async fn hash(password: String) -> Result<String, ErrorResponse> {
    passwords::hash(password).await.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        ErrorResponse::server_error()
    })
}

/// Which users to list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    username: Option<String>,
    search: Option<String>,
    exact: Option<bool>,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists users
///
/// In alphabetical order, service accounts left out; `username` finds those that have it in their name.
#[utoipa::path(get, path = "/admin/realms/{realm}/users", tag = "users",
    params(("realm" = String, Path), ("username" = Option<String>, Query), ("search" = Option<String>, Query),
        ("exact" = Option<bool>, Query), ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<UserRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(search): Query<Search>,
) -> Result<Json<Vec<UserRepresentation>>, ErrorResponse> {
    if !administrator.has_any(&["view-users", "manage-users"]) {
        administrator.require(&["query-users"])?;
        return Ok(Json(Vec::new()));
    }
    let exact = search.exact == Some(true);
    let name = search.username.as_deref().or(search.search.as_deref()).map(|name| (name, exact));
    let page = Page { first: search.first, max: Some(search.max.unwrap_or(100)) };
    let realm_id = &administrator.realm.id;
    let found = users::list(&app.store.database, realm_id, name, page.first(), page.max()).await?;
    Ok(Json(found.into_iter().map(UserRepresentation::from).collect()))
}

/// Makes a user
#[utoipa::path(post, path = "/admin/realms/{realm}/users", tag = "users", params(("realm" = String, Path)),
    request_body = UserRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(requested): body::Json<UserRepresentation>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    if requested.username.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "User name is missing"));
    }
    let mut user = UserRow {
        id: ids::fresh(),
        username: String::new(),
        email: None,
        enabled: false,
        profile: Profile::default(),
        password_hash: None,
        service_account_client: None,
        created_at: clock::now(),
    };
    requested.apply(&mut user);
    check_free(&app, &administrator, &user).await?;
    if let Some(password) = requested.password() {
        user.password_hash = Some(hash(password).await?);
    }
    let mut write = Write::default();
    users::insert(&mut write, &administrator.realm.id, &user);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(created(&format!("{}/users/{}", administrator.address(&app), user.id))),
        Err(StoreError::Lost(Lost::Taken)) => Err(taken("username")),
        Err(error) => Err(error.into()),
    }
}

fn taken(what: &str) -> ErrorResponse {
    ErrorResponse::message(StatusCode::CONFLICT, format!("User exists with same {what}"))
}

/// Whether no other user has the name or the e-mail address.
async fn check_free(app: &App, administrator: &Administrator, user: &UserRow) -> Result<(), ErrorResponse> {
    let realm_id = &administrator.realm.id;
    match users::taken(&app.store.database, realm_id, &user.id, &user.username, user.email.as_deref()).await? {
        Some(what) => Err(taken(what)),
        None => Ok(()),
    }
}

/// Reads a user
#[utoipa::path(get, path = "/admin/realms/{realm}/users/{id}", tag = "users",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = UserRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<UserRepresentation>, ErrorResponse> {
    administrator.require(&["view-users", "manage-users"])?;
    Ok(Json(find(&app, &administrator, &id).await?.into()))
}

/// Changes what is named of a user
#[utoipa::path(put, path = "/admin/realms/{realm}/users/{id}", tag = "users",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = UserRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    body::Json(changes): body::Json<UserRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    let mut user = find(&app, &administrator, &id).await?;
    changes.apply(&mut user);
    check_free(&app, &administrator, &user).await?;
    if let Some(password) = changes.password() {
        user.password_hash = Some(hash(password).await?);
    }
    store(&app, &administrator, &user).await
}

async fn store(app: &App, administrator: &Administrator, user: &UserRow) -> Result<StatusCode, ErrorResponse> {
    let mut write = Write::default();
    users::update(&mut write, &administrator.realm.id, user);
    app.store.writer.write(write).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the password of a user
#[utoipa::path(put, path = "/admin/realms/{realm}/users/{id}/reset-password", tag = "users",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = CredentialRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    body::Json(credential): body::Json<CredentialRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    let mut user = find(&app, &administrator, &id).await?;
    let Some(password) = credential.value.filter(|password| !password.is_empty()) else {
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "Empty password not allowed"));
    };
    user.password_hash = Some(hash(password).await?);
    store(&app, &administrator, &user).await
}

/// Deletes a user
#[utoipa::path(delete, path = "/admin/realms/{realm}/users/{id}", tag = "users",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-users"])?;
    let user = find(&app, &administrator, &id).await?;
    let mut write = Write::default();
    users::delete(&mut write, &administrator.realm.id, &user.id);
    app.store.writer.write(write).await?;
    Ok(StatusCode::NO_CONTENT)
}
