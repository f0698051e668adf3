//! Realms: `/admin/realms[/{realm}]` (Keycloak: RealmsAdminResource, RealmAdminResource).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Json, Representation, lenient_number, lenient_switch};
use super::{Administrator, Visitor, created, forbidden};
use crate::abuse::{self, AnonymousLimits};
use crate::app::App;
use crate::authentication::trusted_issuer;
use crate::client_policies::documents::RealmClientPolicies;
use crate::error::{ErrorBody, ErrorResponse};
use crate::realm::{MASTER, Realm, Settings, SslRequired};
use crate::realm_defaults;
use crate::roles::CREATE_REALM;
use crate::store::{Change, Lost, StoreError, Write, clients, realms};

/// A realm as administrators send and see it (Keycloak: RealmRepresentation).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RealmRepresentation {
    /// Never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    realm: Option<String>,
    /// Absent on creation: disabled.
    #[serde(deserialize_with = "lenient_switch", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// `none`, `external` or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    ssl_required: Option<SslRequired>,
    /// Seconds.
    #[serde(deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    access_token_lifespan: Option<i64>,
    /// Seconds.
    #[serde(deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    sso_session_idle_timeout: Option<i64>,
    /// Seconds.
    #[serde(deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    sso_session_max_lifespan: Option<i64>,
    /// Unix seconds.
    #[serde(deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    /// User events are stored.
    #[serde(deserialize_with = "lenient_switch", skip_serializing_if = "Option::is_none")]
    events_enabled: Option<bool>,
    /// Which; empty: the default set.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled_event_types: Option<Vec<String>>,
    /// `RS256`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    default_signature_algorithm: Option<String>,
    /// An empty value removes an attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    attributes: Option<BTreeMap<String, Value>>,
    /// Other settings of Keycloak's realms: kept and returned.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    other: Map<String, Value>,
}

impl Representation for RealmRepresentation {
    const NAME: &'static str = "RealmRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = None;
}

impl RealmRepresentation {
    /// The realm as the caller may see it: all of it, or that it exists.
    fn of(realm: &Realm, whole: bool) -> RealmRepresentation {
        let settings = &realm.settings;
        let mut other = settings.other.clone();
        other.insert("clientProfiles".to_owned(), serde_json::json!(realm.client_policies.profiles));
        other.insert("clientPolicies".to_owned(), serde_json::json!(realm.client_policies.policies));
        if !whole {
            return RealmRepresentation { realm: Some(realm.name.clone()), ..RealmRepresentation::default() };
        }
        RealmRepresentation {
            id: Some(realm.id.clone()),
            realm: Some(realm.name.clone()),
            enabled: Some(realm.enabled),
            ssl_required: Some(settings.ssl_required),
            access_token_lifespan: Some(settings.access_token_lifespan),
            sso_session_idle_timeout: Some(settings.sso_session_idle_timeout),
            sso_session_max_lifespan: Some(settings.sso_session_max_lifespan),
            not_before: Some(settings.not_before),
            events_enabled: Some(settings.events_enabled),
            enabled_event_types: Some(settings.enabled_event_types.clone()),
            default_signature_algorithm: settings.default_signature_algorithm.clone(),
            attributes: Some(
                settings.attributes.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect(),
            ),
            other,
        }
    }

    /// Changes what is named.
    fn apply(self, settings: &mut Settings) {
        macro_rules! replace {
            ($($field:ident),*) => { $(if let Some(value) = self.$field { settings.$field = value; })* };
        }
        replace!(
            ssl_required,
            access_token_lifespan,
            sso_session_idle_timeout,
            sso_session_max_lifespan,
            not_before,
            events_enabled,
            enabled_event_types
        );
        if let Some(algorithm) = self.default_signature_algorithm {
            settings.default_signature_algorithm = (!algorithm.is_empty()).then_some(algorithm);
        }
        for (name, value) in self.attributes.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text,
                Value::Null => String::new(),
                other => other.to_string(),
            };
            if text.is_empty() {
                settings.attributes.remove(&name);
            } else {
                settings.attributes.insert(name, text);
            }
        }
        // Policies of a realm are administered at /components and /client-policies, not here.
        let elsewhere = ["components", "clientProfiles", "clientPolicies"];
        settings.other.extend(self.other.into_iter().filter(|(name, _)| !elsewhere.contains(&name.as_str())));
    }
}

/// Lists the realms that the caller may see
#[utoipa::path(get, path = "/admin/realms", tag = "realms",
    responses((status = 200, body = Vec<RealmRepresentation>), (status = 401, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<axum::Json<Vec<RealmRepresentation>>, ErrorResponse> {
    if !visitor.bearer.is_administrator {
        let whole = visitor.bearer.has_any(&["view-realm", "manage-realm"]);
        return Ok(axum::Json(vec![RealmRepresentation::of(&visitor.realm, whole)]));
    }
    let mut list = Vec::new();
    for name in realms::names(&app.store.database).await? {
        if let Some(realm) = app.realms.get(&name).await? {
            list.push(RealmRepresentation::of(&realm, true));
        }
    }
    Ok(axum::Json(list))
}

/// Makes a realm
///
/// It holds what every realm holds: clients of the server, client scopes, and registration policies that keep anonymous
/// callers out.
#[utoipa::path(post, path = "/admin/realms", tag = "realms", request_body = RealmRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    Json(requested): Json<RealmRepresentation>,
) -> Result<Response, ErrorResponse> {
    let may_create =
        visitor.bearer.is_administrator || visitor.realm.name == MASTER && visitor.bearer.has_realm_role(CREATE_REALM);
    if !may_create {
        return Err(forbidden());
    }
    let name = requested.realm.clone().unwrap_or_default();
    check_name(&name)?;
    let id = requested.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut realm = Realm {
        name: name.clone(),
        enabled: requested.enabled.unwrap_or(false),
        settings: Settings::default(),
        scopes: realm_defaults::scopes(),
        policies: realm_defaults::policies(&id),
        client_policies: RealmClientPolicies::default(),
        id,
    };
    requested.apply(&mut realm.settings);
    check(&realm.settings)?;
    let master = app.realms.get(MASTER).await?.ok_or_else(ErrorResponse::server_error)?;
    let mut write = Write::default();
    realm_defaults::store(&mut write, &realm, Some(&master.id))?;
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(&name);
            Ok(created(&format!("{}/admin/realms/{name}", app.own_url(&visitor.caller))))
        }
        Err(StoreError::Lost(Lost::Taken)) => {
            Err(ErrorResponse::message(StatusCode::CONFLICT, format!("Realm {name} already exists")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Attributes that this server reads must be readable.
fn check(settings: &Settings) -> Result<(), ErrorResponse> {
    type Check<'a> = &'a dyn Fn(&str) -> Result<(), String>;
    let issuers = |value: &str| trusted_issuer::read(value).map(drop).map_err(|error| error.to_string());
    let checks: [(&str, Check<'_>); 3] = [
        (trusted_issuer::ATTRIBUTE, &issuers),
        (abuse::PER_ADDRESS, &AnonymousLimits::check),
        (abuse::PER_REALM, &AnonymousLimits::check),
    ];
    for (attribute, check) in checks {
        if let Some(Err(error)) = settings.attributes.get(attribute).map(|value| check(value)) {
            return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, format!("attribute '{attribute}': {error}")));
        }
    }
    Ok(())
}

/// A realm's name is a segment of addresses.
fn check_name(name: &str) -> Result<(), ErrorResponse> {
    let refused = |message: &str| Err(ErrorResponse::message(StatusCode::BAD_REQUEST, message));
    if name.trim().is_empty() {
        return refused("Realm name cannot be empty");
    }
    let reserved = |character: char| {
        character.is_control() || character.is_whitespace() || "!*'();:@&=+$,/?#[]%\\\"<>{}|^`".contains(character)
    };
    if name.len() > 255 || name.chars().any(reserved) || matches!(name, "." | "..") {
        return refused("Realm name cannot contain URL-reserved characters or be longer than 255 bytes");
    }
    Ok(())
}

/// Reads a realm
#[utoipa::path(get, path = "/admin/realms/{realm}", tag = "realms", params(("realm" = String, Path)),
    responses((status = 200, body = RealmRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(administrator: Administrator) -> axum::Json<RealmRepresentation> {
    let whole = administrator.has_any(&["view-realm", "manage-realm"]);
    axum::Json(RealmRepresentation::of(&administrator.realm, whole))
}

/// Changes what is named of a realm
#[utoipa::path(put, path = "/admin/realms/{realm}", tag = "realms", params(("realm" = String, Path)),
    request_body = RealmRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Json(changes): Json<RealmRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-realm"])?;
    let realm = &administrator.realm;
    let name = changes.realm.clone().unwrap_or_else(|| realm.name.clone());
    let enabled = changes.enabled.unwrap_or(realm.enabled);
    let mut settings = realm.settings.clone();
    changes.apply(&mut settings);
    check(&settings)?;
    store(&app, realm, &name, enabled, &settings).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores changed settings of a realm; the next request sees them.
pub(super) async fn store(
    app: &App,
    realm: &Realm,
    name: &str,
    enabled: bool,
    settings: &Settings,
) -> Result<(), ErrorResponse> {
    if name != realm.name {
        check_name(name)?;
        if realm.name == MASTER {
            return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "Realm master cannot be renamed"));
        }
        if app.realms.get(name).await?.is_some() {
            let message = format!("Realm {name} already exists");
            return Err(ErrorResponse::message(StatusCode::CONFLICT, message));
        }
    }
    let mut write = Write::default();
    realms::update(&mut write, &realm.id, name, enabled, settings);
    app.store.writer.write(write).await?;
    app.realms.changed(&realm.name);
    app.realms.changed(name);
    Ok(())
}

/// Removes a realm and everything in it
#[utoipa::path(delete, path = "/admin/realms/{realm}", tag = "realms", params(("realm" = String, Path)),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(State(app): State<App>, administrator: Administrator) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-realm"])?;
    let realm = &administrator.realm;
    if realm.name == MASTER {
        return Err(ErrorResponse::message(StatusCode::BAD_REQUEST, "Realm master cannot be removed"));
    }
    let mut write = Write::default();
    realms::delete(&mut write, &realm.id);
    if let Some(master) = app.realms.get(MASTER).await? {
        let client_id = realm_defaults::client_in_master(&realm.name);
        if let Some(client) = clients::by_client_id(&app.store.database, &master.id, &client_id).await? {
            realms::discount_client(&mut write, &master.id);
            clients::delete(&mut write, &master.id, &client);
        }
    }
    app.store.writer.write(write).await?;
    app.realms.changed(&realm.name);
    app.keys.changed(&Change::Realm(realm.id.clone()));
    Ok(StatusCode::NO_CONTENT)
}
