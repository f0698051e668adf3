//! Users: `/admin/realms/{realm}/users[/{id}]` (Keycloak: UsersResource, UserResource).

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use matricula_network::form::Form;
use matricula_store::lenient::lenient_switch;
use matricula_store::users::{self, Profile, UserFilter, UserRow};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::{clock, ids};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::{Administrator, Page, created};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Path;
use crate::passwords;
use crate::registration::ATTEMPTS;

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
    users::by_id(&app.store.database, &administrator.realm.id, id).await?.ok_or_else(not_found)
}

fn not_found() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "User not found")
}

async fn hash(password: String) -> Result<String, ErrorResponse> {
    passwords::hash(password).await.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        ErrorResponse::server_error()
    })
}

/// Which users a query wants.
enum Wanted {
    /// Those with these ids.
    Ids(Vec<String>),
    /// Those that the filter lets through.
    Filter(UserFilter),
    /// Nobody can be what it asks for: linked to another identity provider, or of an attribute.
    Nobody,
}

impl Wanted {
    /// Reads a query as Keycloak does (UsersResource): an empty value counts as absent, and whoever asks for more than a
    /// part of all texts (`search`) finds service accounts too.
    fn of(query: &Form) -> Wanted {
        let given = |name: &str| query.get(name).filter(|value| !value.is_empty());
        let flag = |name: &str| given(name).map(is_true);
        if let Some(search) = given("search") {
            if let Some(ids) = search.strip_prefix("id:") {
                return Wanted::Ids(ids.split_whitespace().map(str::to_owned).collect());
            }
            let (enabled, email_verified) = (flag("enabled"), flag("emailVerified"));
            let words = search.split_whitespace().map(word).collect();
            return Wanted::Filter(UserFilter { enabled, email_verified, words, ..UserFilter::default() });
        }
        let attributes = given("q").map(pairs).unwrap_or_default();
        const FIELDS: [&str; 6] = ["username", "email", "firstName", "lastName", "enabled", "emailVerified"];
        let is_unknown = |(name, _): &(String, String)| !FIELDS.contains(&name.as_str());
        if given("idpAlias").is_some() || given("idpUserId").is_some() || attributes.iter().any(is_unknown) {
            return Wanted::Nobody;
        }
        let field = |name: &str| {
            let attribute = attributes.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            attribute.or_else(|| given(name))
        };
        let exact = flag("exact");
        let pattern =
            |name: &str| field(name).map(if exact == Some(true) { users::exactly } else { users::containing });
        let username = field("username").map(str::to_lowercase).filter(|_| exact == Some(true));
        Wanted::Filter(UserFilter {
            service_accounts: exact.is_some() || FIELDS.iter().any(|name| field(name).is_some()),
            username: if username.is_some() { None } else { pattern("username") },
            exact_username: username,
            email: pattern("email"),
            first_name: pattern("firstName"),
            last_name: pattern("lastName"),
            enabled: field("enabled").map(is_true),
            email_verified: field("emailVerified").map(is_true),
            words: Vec::new(),
        })
    }
}

/// A switch in a query: what is not true is false.
fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// A word of a search: what texts begin with, or in quotation marks the whole of one.
fn word(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(whole) => users::exactly(whole),
        None => users::beginning(word),
    }
}

/// Names and values of `q`: `name:value "other name":"other value"` (Keycloak: SearchQueryUtils). What has no colon is
/// left out.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut quoted = false;
    let words = text.split(|character: char| {
        quoted ^= character == '"';
        character.is_whitespace() && !quoted
    });
    let pair = |word: &str| {
        let (name, value) = word.split_once(':')?;
        Some((name.trim_matches('"').to_owned(), value.trim_matches('"').to_owned()))
    };
    words.filter_map(pair).collect()
}

/// Who may learn that there are users, and how many.
const QUERY: [&str; 3] = ["view-users", "manage-users", "query-users"];
/// Who may see them.
const VIEW: [&str; 2] = ["view-users", "manage-users"];
/// Users of a list without a `max`, as in Keycloak.
const PAGE: i64 = 100;

/// A number in a query.
///
/// # Errors
/// 400 that names it where it is none (Keycloak's framework takes the address for another one).
fn number(query: &Form, name: &str) -> Result<Option<i64>, ErrorResponse> {
    let text = query.get(name).filter(|text| !text.is_empty());
    let number = text.map(|text| text.parse::<i32>().map(i64::from)).transpose();
    number.map_err(|_| {
        ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", format!("{name}: it is no number of 32 bits"))
    })
}

/// Lists users
///
/// In alphabetical order, service accounts left out. `search` finds those of whom each word begins the user name, the
/// e-mail address, the given or the family name (`*` stands for anything, quotation marks make it the whole), or with
/// `id:` those with the ids behind it. The other parameters find parts of one text each, or with `exact` the whole,
/// service accounts too.
#[utoipa::path(get, path = "/admin/realms/{realm}/users", tag = "users",
    params(("realm" = String, Path), ("search" = Option<String>, Query), ("username" = Option<String>, Query),
        ("email" = Option<String>, Query), ("firstName" = Option<String>, Query), ("lastName" = Option<String>, Query),
        ("exact" = Option<bool>, Query), ("enabled" = Option<bool>, Query), ("emailVerified" = Option<bool>, Query),
        ("q" = Option<String>, Query), ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<UserRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<UserRepresentation>>, ErrorResponse> {
    administrator.require(&QUERY)?;
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let page = Page { first: number(&query, "first")?, max: Some(number(&query, "max")?.unwrap_or(PAGE)) };
    if !administrator.has_any(&VIEW) {
        return Ok(Json(Vec::new()));
    }
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let found = match Wanted::of(&query) {
        Wanted::Ids(ids) => by_ids(&app, realm_id, &ids).await?,
        Wanted::Filter(filter) => users::list(database, realm_id, &filter, page.first(), page.max()).await?,
        Wanted::Nobody => Vec::new(),
    };
    Ok(Json(found.into_iter().map(UserRepresentation::from).collect()))
}

async fn by_ids(app: &App, realm_id: &str, ids: &[String]) -> Result<Vec<UserRow>, ErrorResponse> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(users::by_id(&app.store.database, realm_id, id).await?);
    }
    Ok(found)
}

/// Counts users
///
/// Those that a list with the same parameters would have without `first` and `max`.
#[utoipa::path(get, path = "/admin/realms/{realm}/users/count", tag = "users",
    params(("realm" = String, Path), ("search" = Option<String>, Query), ("username" = Option<String>, Query),
        ("email" = Option<String>, Query), ("firstName" = Option<String>, Query), ("lastName" = Option<String>, Query),
        ("exact" = Option<bool>, Query), ("enabled" = Option<bool>, Query), ("emailVerified" = Option<bool>, Query),
        ("q" = Option<String>, Query)),
    responses((status = 200, body = i64), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn count(
    State(app): State<App>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<i64>, ErrorResponse> {
    administrator.require(&QUERY)?;
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let realm_id = &administrator.realm.id;
    Ok(Json(match Wanted::of(&query) {
        Wanted::Ids(ids) => i64::try_from(by_ids(&app, realm_id, &ids).await?.len()).unwrap_or(i64::MAX),
        Wanted::Filter(filter) => users::count(&app.store.database, realm_id, &filter).await?,
        Wanted::Nobody => 0,
    }))
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
        version: 1,
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
    administrator.require(&QUERY)?;
    let user = find(&app, &administrator, &id).await?;
    administrator.require(&VIEW)?;
    Ok(Json(user.into()))
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
    let mut password_hash = None;
    if let Some(password) = changes.password() {
        find(&app, &administrator, &id).await?;
        password_hash = Some(hash(password).await?);
    }
    for _ in 0..ATTEMPTS {
        let mut user = find(&app, &administrator, &id).await?;
        changes.apply(&mut user);
        if password_hash.is_some() {
            user.password_hash.clone_from(&password_hash);
        }
        check_free(&app, &administrator, &user).await?;
        let mut write = Write::default();
        users::update(&mut write, &administrator.realm.id, &user);
        match app.store.writer.write(write).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT),
            // Somebody else was faster, with this user or with the name that it was to have.
            Err(StoreError::Lost(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
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
    let user = find(&app, &administrator, &id).await?;
    let Some(password) = credential.value.filter(|password| !password.is_empty()) else {
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "Empty password not allowed"));
    };
    let password_hash = hash(password).await?;
    let mut write = Write::default();
    users::set_password(&mut write, &administrator.realm.id, &user.id, &password_hash);
    match app.store.writer.write(write).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Lost(_)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
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
    match app.store.writer.write(write).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Lost(_)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn filter(query: &str) -> UserFilter {
        match Wanted::of(&Form::read(query.as_bytes())) {
            Wanted::Filter(filter) => filter,
            _ => panic!("{query} is no filter"),
        }
    }

    #[test]
    fn a_query_is_read_as_keycloak_reads_it() {
        let none = UserFilter::default;
        let some = |text: &str| Some(text.to_owned());
        let all = UserFilter { service_accounts: true, ..none() };
        for (query, expected) in [
            ("", none()),
            ("username=&exact=&unknown=1&first=3", none()),
            ("exact=false", all.clone()),
            ("username=Ali", UserFilter { username: some("%ali%"), ..all.clone() }),
            ("username=A_i&exact=TRUE", UserFilter { exact_username: some("a_i"), ..all.clone() }),
            ("email=a_b&exact=true", UserFilter { email: some("a\\_b"), ..all.clone() }),
            (
                "firstName=a&lastName=b%25",
                UserFilter { first_name: some("%a%"), last_name: some("%b%%"), ..all.clone() },
            ),
            ("enabled=banana", UserFilter { enabled: Some(false), ..all.clone() }),
            ("emailVerified=true", UserFilter { email_verified: Some(true), ..all.clone() }),
            (
                "q=username:x%20%22enabled%22:true&username=y",
                UserFilter { username: some("%x%"), enabled: Some(true), ..all },
            ),
            ("q=nothing", none()),
            (
                "search=A%20%22b%22%20*c*&username=x&enabled=true",
                UserFilter {
                    words: vec!["a%".to_owned(), "b".to_owned(), "%c%".to_owned()],
                    enabled: Some(true),
                    ..none()
                },
            ),
        ] {
            assert_eq!(filter(query), expected, "{query}");
        }
    }

    #[test]
    fn nobody_is_linked_or_has_attributes() {
        for query in ["idpAlias=google&username=x", "idpUserId=1", "q=colour:blue", "q=:", "q=username:x%20a:b"] {
            assert!(matches!(Wanted::of(&Form::read(query.as_bytes())), Wanted::Nobody), "{query}");
        }
        assert!(matches!(Wanted::of(&Form::read(b"search=id:a%20%20b")), Wanted::Ids(ids) if ids == ["a", "b"]));
    }
}
