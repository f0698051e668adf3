//! Realms: `/admin/realms[/{realm}]` (Keycloak: RealmsAdminResource, RealmAdminResource).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use matricula_contract::secrets;
use matricula_realms::defaults::{self, NewRealm};
use matricula_realms::roles::CREATE_REALM;
use matricula_realms::{MASTER, Realm};
use matricula_store::client_policy_documents::{Policies, Profiles, RealmClientPolicies};
use matricula_store::lenient::{lenient_number, lenient_switch, lenient_texts};
use matricula_store::realm_settings::{
    CLIENT_SESSION_IDLE, CLIENT_SESSION_MAX, REFRESH_TOKEN_MAX_REUSE, REVOKE_REFRESH_TOKEN, Settings, SslRequired,
};
use matricula_store::realms::RealmRow;
use matricula_store::{Change, Database, Lost, StoreError, Write, client_policies, clients, realms};
use matricula_system::ids;
use matricula_wasm::facts::RealmOfCall;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::{self, Json, Representation};
use super::client_policies::{check_policies, check_profiles};
use super::pages::{self, Pages};
use super::{Administrator, Page, Visitor, created, forbidden, stored_or_changed};
use crate::abuse::{self, AnonymousLimits};
use crate::app::App;
use crate::authentication::trusted_issuer;
use crate::client_documents;
use crate::client_documents::settings::CLIENT_ID_METADATA_DOCUMENTS;
use crate::error::{ErrorBody, ErrorResponse};
use crate::front_door;
use crate::front_door::settings::AUTHORIZATION_SERVER;
use crate::gate;
use crate::gate::settings::GATE;
use crate::life_cycle;
use crate::life_cycle::settings::LIFE_CYCLE;
use crate::parameters::Query;
use crate::realm_document::is_elsewhere;
use crate::registration::ATTEMPTS;

/// The attribute that marks a realm's file as an export of this server; no realm keeps it.
pub(crate) const EXPORT_MARK: &str = "matricula.export";

/// The attribute of a realm's file that has its targets; no realm keeps it.
pub(crate) const TARGETS: &str = "matricula.targets";

/// A realm as administrators send and see it (Keycloak: RealmRepresentation).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
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
    /// Seconds without a refresh after which a client has to log its user in again; 0: those of the user's session.
    #[serde(deserialize_with = "lenient_number", skip_serializing)]
    client_session_idle_timeout: Option<i64>,
    /// Seconds after which it has to anyway; 0: those of the user's session.
    #[serde(deserialize_with = "lenient_number", skip_serializing)]
    client_session_max_lifespan: Option<i64>,
    /// A refresh token may be used only so often.
    #[serde(deserialize_with = "lenient_switch", skip_serializing)]
    revoke_refresh_token: Option<bool>,
    /// How often beside the first time.
    #[serde(deserialize_with = "lenient_number", skip_serializing)]
    refresh_token_max_reuse: Option<i64>,
    /// Bearer and refresh tokens that were issued before are refused; Unix seconds.
    #[serde(deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    /// User events are stored.
    #[serde(deserialize_with = "lenient_switch", skip_serializing_if = "Option::is_none")]
    events_enabled: Option<bool>,
    /// Which; empty: the default set.
    #[serde(deserialize_with = "lenient_texts", skip_serializing_if = "Option::is_none")]
    enabled_event_types: Option<Vec<String>>,
    /// `RS256`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    default_signature_algorithm: Option<String>,
    /// The server that logs people in, see [`front_door::settings`]; null: none.
    #[serde(deserialize_with = "as_sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    authorization_server: Option<Value>,
    /// How the gate judges, see [`gate::settings`]; null: the default.
    #[serde(deserialize_with = "as_sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    gate: Option<Value>,
    /// Client ID Metadata Documents, see [`client_documents::settings`]; null: the default.
    #[serde(deserialize_with = "as_sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    client_id_metadata_documents: Option<Value>,
    /// What becomes of clients with time, see [`life_cycle::settings`]; null: the defaults.
    #[serde(deserialize_with = "as_sent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    life_cycle: Option<Value>,
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
    const NULLS: &'static [&'static str] = &[AUTHORIZATION_SERVER, GATE, CLIENT_ID_METADATA_DOCUMENTS, LIFE_CYCLE];
}

/// A value of which `null` is one, too.
fn as_sent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl RealmRepresentation {
    /// The realm as the caller may see it: all of it, or that it exists.
    pub(crate) fn of(realm: &Realm, whole: bool) -> RealmRepresentation {
        if !whole {
            return RealmRepresentation { realm: Some(realm.name.clone()), ..RealmRepresentation::default() };
        }
        RealmRepresentation::new((&realm.id, &realm.name, realm.enabled), &realm.settings, &realm.client_policies)
    }

    /// All of a realm.
    fn new(
        (id, name, enabled): (&str, &str, bool),
        settings: &Settings,
        client_policies: &RealmClientPolicies,
    ) -> RealmRepresentation {
        let mut other = settings.other.clone();
        other.insert("clientProfiles".to_owned(), serde_json::json!(client_policies.profiles));
        other.insert("clientPolicies".to_owned(), serde_json::json!(client_policies.policies));
        RealmRepresentation {
            id: Some(id.to_owned()),
            realm: Some(name.to_owned()),
            enabled: Some(enabled),
            ssl_required: Some(settings.ssl_required),
            access_token_lifespan: Some(settings.access_token_lifespan),
            sso_session_idle_timeout: Some(settings.sso_session_idle_timeout),
            sso_session_max_lifespan: Some(settings.sso_session_max_lifespan),
            not_before: Some(settings.not_before),
            events_enabled: Some(settings.events_enabled),
            enabled_event_types: Some(settings.enabled_event_types.clone()),
            default_signature_algorithm: settings.default_signature_algorithm.clone(),
            authorization_server: Some(serde_json::json!(settings.authorization_server)),
            gate: Some(serde_json::json!(settings.gate)),
            client_id_metadata_documents: Some(serde_json::json!(settings.client_id_metadata_documents)),
            life_cycle: Some(serde_json::json!(settings.life_cycle)),
            attributes: Some(
                settings.attributes.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect(),
            ),
            other,
            ..RealmRepresentation::default()
        }
    }

    /// What a list for people needs of a realm (Keycloak: `briefRepresentation`).
    fn brief(row: &RealmRow) -> RealmRepresentation {
        let names = ["displayName", "displayNameHtml"];
        let shown = names.iter().filter_map(|name| row.settings.other.get_key_value(*name));
        RealmRepresentation {
            id: Some(row.id.clone()),
            realm: Some(row.name.clone()),
            enabled: Some(row.enabled),
            other: shown.map(|(name, value)| (name.clone(), value.clone())).collect(),
            ..RealmRepresentation::default()
        }
    }

    /// The same for somebody who reads it, without its secrets.
    fn masked(mut self) -> RealmRepresentation {
        secrets::mask_settings(&mut self.other);
        self
    }

    /// Whether it comes from a file that this server wrote.
    pub(crate) fn is_export_of_this_server(&self) -> bool {
        self.attributes.iter().flatten().any(|(name, _)| name == EXPORT_MARK)
    }

    /// The targets in a realm's file.
    pub(crate) fn targets(&self) -> Option<&str> {
        self.attributes.iter().flatten().find(|(name, _)| *name == TARGETS).and_then(|(_, targets)| targets.as_str())
    }

    /// The name, the id and whether it is enabled, as far as they are named.
    pub(crate) fn identity(&self) -> (Option<&str>, Option<&str>, Option<bool>) {
        (self.realm.as_deref(), self.id.as_deref(), self.enabled)
    }

    /// Takes out the two documents of client policies, as far as they are there.
    fn client_policies(&mut self) -> Result<(Option<Profiles>, Option<Policies>), ErrorResponse> {
        let mut profiles: Option<Profiles> = self.part("clientProfiles")?;
        let mut policies: Option<Policies> = self.part("clientPolicies")?;
        // Those of the server are the server's matter.
        profiles.iter_mut().for_each(|document| document.global_profiles = None);
        policies.iter_mut().for_each(|document| document.global_policies = None);
        Ok((profiles, policies))
    }

    /// Whether it says how long sessions live.
    fn names_session_limits(&self) -> bool {
        self.sso_session_idle_timeout.is_some()
            || self.sso_session_max_lifespan.is_some()
            || self.client_session_idle_timeout.is_some()
            || self.client_session_max_lifespan.is_some()
    }

    fn part<T: Representation>(&mut self, name: &str) -> Result<Option<T>, ErrorResponse> {
        self.other.remove(name).map(|value| body::read(value.to_string().as_bytes())).transpose()
    }

    /// Changes what is named.
    ///
    /// # Errors
    /// What cannot be: the name of a member and what is wrong with it. All others are changed.
    pub(crate) fn apply(mut self, settings: &mut Settings) -> Result<(), (&'static str, String)> {
        secrets::unmask_settings(&mut self.other, &settings.other);
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
        let of_file = |name: &str| matches!(name, EXPORT_MARK | TARGETS);
        for (name, value) in self.attributes.into_iter().flatten().filter(|(name, _)| !of_file(name)) {
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
        let numbers = [
            (CLIENT_SESSION_IDLE, self.client_session_idle_timeout),
            (CLIENT_SESSION_MAX, self.client_session_max_lifespan),
            (REFRESH_TOKEN_MAX_REUSE, self.refresh_token_max_reuse),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                settings.other.insert(name.to_owned(), number.into());
            }
        }
        if let Some(flag) = self.revoke_refresh_token {
            settings.other.insert(REVOKE_REFRESH_TOKEN.to_owned(), flag.into());
        }
        // What has tables of its own is administered there, not here.
        settings.other.extend(self.other.into_iter().filter(|(name, _)| !is_elsewhere(name)));
        let documents = &mut settings.client_id_metadata_documents;
        let read = [
            put(
                self.authorization_server,
                AUTHORIZATION_SERVER,
                front_door::settings::read,
                &mut settings.authorization_server,
            ),
            put(self.gate, GATE, gate::settings::read, &mut settings.gate),
            put(
                self.client_id_metadata_documents,
                CLIENT_ID_METADATA_DOCUMENTS,
                client_documents::settings::read,
                documents,
            ),
            put(self.life_cycle, LIFE_CYCLE, life_cycle::settings::read, &mut settings.life_cycle),
        ];
        read.into_iter().collect()
    }
}

/// Changes a setting that is an object of its own, if it was sent.
fn put<T>(
    sent: Option<Value>,
    name: &'static str,
    read: fn(&Value) -> Result<T, String>,
    setting: &mut T,
) -> Result<(), (&'static str, String)> {
    if let Some(sent) = sent {
        *setting = read(&sent).map_err(|reason| (name, reason))?;
    }
    Ok(())
}

/// Which realms to list, and how much of each.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Shown {
    brief_representation: bool,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists the realms that the caller may see, in alphabetical order
#[utoipa::path(get, path = "/admin/realms", tag = "realms",
    params(("briefRepresentation" = Option<bool>, Query), ("first" = Option<i64>, Query), ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<RealmRepresentation>), (status = 401, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(shown): Query<Shown>,
) -> Result<Response, ErrorResponse> {
    if !visitor.bearer.is_administrator {
        let whole = visitor.bearer.has_any(&["view-realm", "manage-realm"]);
        return Ok(axum::Json(vec![RealmRepresentation::of(&visitor.realm, whole).masked()]).into_response());
    }
    let page = Page { first: shown.first, max: shown.max };
    pages::answer(AllRealms {
        database: app.store.database.clone(),
        brief: shown.brief_representation,
        last: String::new(),
        first: page.first(),
        left: page.max(),
    })
    .await
}

/// The realms, page by page.
struct AllRealms {
    database: Database,
    brief: bool,
    /// Name of the last one that was given.
    last: String,
    /// How many to pass over.
    first: i64,
    left: i64,
}

impl Pages for AllRealms {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ErrorResponse> {
        let max = self.left.min(pages::ENTRIES);
        if max == 0 {
            return Ok(None);
        }
        let rows = realms::behind(&self.database, &self.last, std::mem::take(&mut self.first), max).await?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        self.last.clone_from(&last.name);
        self.left = if i64::try_from(rows.len()) == Ok(max) { self.left - max } else { 0 };
        let mut page = Vec::new();
        for (row, client_policies) in &rows {
            let representation = if self.brief {
                RealmRepresentation::brief(row)
            } else {
                let of_row = (row.id.as_str(), row.name.as_str(), row.enabled);
                RealmRepresentation::new(of_row, &row.settings, client_policies).masked()
            };
            if !page.is_empty() {
                page.push(b',');
            }
            page.extend(serde_json::json!(representation).to_string().into_bytes());
        }
        Ok(Some(page))
    }
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
    Json(mut requested): Json<RealmRepresentation>,
) -> Result<Response, ErrorResponse> {
    let may_create =
        visitor.bearer.is_administrator || visitor.realm.name == MASTER && visitor.bearer.has_realm_role(CREATE_REALM);
    if !may_create {
        return Err(forbidden());
    }
    let name = requested.realm.clone().unwrap_or_default();
    check_name(&name).map_err(refused)?;
    let id = requested.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(ids::fresh);
    let mut settings = Settings::default();
    let enabled = requested.enabled.unwrap_or(false);
    let (profiles, client_policies) = requested.client_policies()?;
    requested.apply(&mut settings).map_err(|(_, reason)| refused(reason))?;
    check(&settings).map_err(refused)?;
    let new = NewRealm::usual(id, name.clone(), enabled, settings);
    let master = app.realms.get(MASTER).await?.ok_or_else(ErrorResponse::server_error)?;
    let mut write = Write::default();
    defaults::store(&mut write, &new, Some(&master.id))?;
    let realm = Arc::new(new.realm);
    let call = RealmOfCall::new(Arc::clone(&realm), app.base_url(&realm, &visitor.caller));
    store_client_policies(&app, &mut write, &call, profiles.as_ref(), client_policies.as_ref()).await?;
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(&name);
            Ok(created(&format!("{}/admin/realms/{name}", app.own_url(&visitor.caller))))
        }
        Err(StoreError::Lost(Lost::Taken)) => Err(name_in_use(&name)),
        Err(error) => Err(error.into()),
    }
}

/// Attributes that this server reads must be readable.
fn check(settings: &Settings) -> Result<(), String> {
    match unreadable(settings).first() {
        Some((attribute, error)) => Err(format!("attribute '{attribute}': {error}")),
        None => Ok(()),
    }
}

/// Attributes that this server reads and cannot read, and why.
pub(crate) fn unreadable(settings: &Settings) -> Vec<(&'static str, String)> {
    type Check<'a> = &'a dyn Fn(&str) -> Result<(), String>;
    let issuers = |value: &str| trusted_issuer::read(value).map(drop).map_err(|error| error.to_string());
    let checks: [(&str, Check<'_>); 3] = [
        (trusted_issuer::ATTRIBUTE, &issuers),
        (abuse::PER_ADDRESS, &AnonymousLimits::check),
        (abuse::PER_REALM, &AnonymousLimits::check),
    ];
    let error = |(attribute, check): (&'static str, Check<'_>)| {
        Some((attribute, check(settings.attributes.get(attribute)?).err()?))
    };
    checks.into_iter().filter_map(error).collect()
}

fn refused(message: impl Into<String>) -> ErrorResponse {
    ErrorResponse::message(StatusCode::BAD_REQUEST, message)
}

/// A realm's name is a segment of addresses.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() {
        return Err("Realm name cannot be empty");
    }
    let reserved = |character: char| {
        character.is_control() || character.is_whitespace() || "!*'();:@&=+$,/?#[]%\\\"<>{}|^`".contains(character)
    };
    if name.len() > 255 || name.chars().any(reserved) || matches!(name, "." | "..") {
        return Err("Realm name cannot contain URL-reserved characters or be longer than 255 bytes");
    }
    Ok(())
}

/// Reads a realm
#[utoipa::path(get, path = "/admin/realms/{realm}", tag = "realms", params(("realm" = String, Path)),
    responses((status = 200, body = RealmRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(administrator: Administrator) -> axum::Json<RealmRepresentation> {
    let whole = administrator.has_any(&["view-realm", "manage-realm"]);
    axum::Json(RealmRepresentation::of(&administrator.realm, whole).masked())
}

/// Changes what is named of a realm
#[utoipa::path(put, path = "/admin/realms/{realm}", tag = "realms", params(("realm" = String, Path)),
    request_body = RealmRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Json(mut changes): Json<RealmRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&["manage-realm"])?;
    let (profiles, client_policies) = changes.client_policies()?;
    let call = administrator.call(&app);
    let limits = changes.names_session_limits();
    for _ in 0..ATTEMPTS {
        let mut row = current(&app, &administrator.realm).await?;
        let before = row.name.clone();
        let changes = changes.clone();
        row.name = changes.realm.clone().unwrap_or(row.name);
        row.enabled = changes.enabled.unwrap_or(row.enabled);
        changes.apply(&mut row.settings).map_err(|(_, reason)| refused(reason))?;
        check(&row.settings).map_err(refused)?;
        if limits {
            check_session_limits(&row.settings).map_err(refused)?;
        }
        let mut write = Write::default();
        store_client_policies(&app, &mut write, &call, profiles.as_ref(), client_policies.as_ref()).await?;
        if store(&app, &before, &row, write).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// No session of a client outlives that of its user (Keycloak: RealmAdminResource).
fn check_session_limits(settings: &Settings) -> Result<(), &'static str> {
    let of_clients = |name| settings.number(name).unwrap_or(0);
    if of_clients(CLIENT_SESSION_IDLE) > settings.sso_session_idle_timeout {
        return Err("Client Session Idle Timeout cannot be greater than Realm SSO Idle Timeout.");
    }
    if of_clients(CLIENT_SESSION_MAX) > settings.sso_session_max_lifespan {
        return Err("Client session max lifespan cannot exceed realm SSO session max lifespan.");
    }
    Ok(())
}

/// Adds the two documents of client policies to a write, as far as they are given and new.
async fn store_client_policies(
    app: &App,
    write: &mut Write,
    call: &RealmOfCall,
    profiles: Option<&Profiles>,
    policies: Option<&Policies>,
) -> Result<(), ErrorResponse> {
    if profiles.is_none() && policies.is_none() {
        return Ok(());
    }
    let mut row = client_policies::by_realm(&app.store.database, &call.realm.id).await?;
    let (new_profiles, new_policies) =
        (profiles.filter(|sent| **sent != row.profiles), policies.filter(|sent| **sent != row.policies));
    if let Some(profiles) = new_profiles {
        check_profiles(&app.wasm, call, profiles).await?;
        row.profiles.clone_from(profiles);
    }
    if let Some(policies) = new_policies {
        check_policies(&app.wasm, call, &row.profiles, policies).await?;
        row.policies.clone_from(policies);
    }
    if new_profiles.is_some() || new_policies.is_some() {
        client_policies::store(write, &call.realm.id, &row);
    }
    Ok(())
}

/// The realm as it is stored now, to be changed.
pub(super) async fn current(app: &App, realm: &Realm) -> Result<RealmRow, ErrorResponse> {
    realms::by_id(&app.store.database, &realm.id).await?.ok_or_else(not_found)
}

/// Stores a realm that was changed, and what else is to be written; the next request sees it. `false`: somebody else was
/// faster. `before`: its name until now.
pub(super) async fn store(app: &App, before: &str, row: &RealmRow, mut write: Write) -> Result<bool, ErrorResponse> {
    if row.name != before {
        check_name(&row.name).map_err(refused)?;
        if before == MASTER {
            return Err(refused("Realm master cannot be renamed"));
        }
        if app.realms.get(&row.name).await?.is_some() {
            return Err(name_in_use(&row.name));
        }
    }
    realms::update(&mut write, row);
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(before);
            app.realms.changed(&row.name);
            Ok(true)
        }
        Err(StoreError::Lost(Lost::Changed)) => Ok(false),
        Err(StoreError::Lost(Lost::Taken)) => Err(name_in_use(&row.name)),
        Err(error) => Err(error.into()),
    }
}

fn not_found() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "Realm not found.")
}

fn name_in_use(name: &str) -> ErrorResponse {
    ErrorResponse::message(StatusCode::CONFLICT, format!("Realm {name} already exists"))
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
    for _ in 0..ATTEMPTS {
        let mut write = Write::default();
        realms::delete(&mut write, &realm.id);
        if let Some(master) = app.realms.get(MASTER).await? {
            let client_id = defaults::client_in_master(&realm.name);
            if let Some(client) = clients::by_client_id(&app.store.database, &master.id, &client_id).await? {
                realms::discount_client(&mut write, &master.id);
                clients::delete_of_server(&mut write, &master.id, &client);
            }
        }
        if stored_or_changed(&app, write).await? {
            app.realms.changed(&realm.name);
            app.keys.changed(&Change::Realm(realm.id.clone()));
            return Ok(StatusCode::NO_CONTENT);
        }
        if realms::by_id(&app.store.database, &realm.id).await?.is_none() {
            return Err(not_found());
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}
