//! Client registration policies: Keycloak's `components` URL, for the one type of component that this server has, and
//! `client-registration-policy/providers`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::names::HOST_KEYS;
use matricula_contract::{ConfigProperty, PolicyProvider, secrets};
use matricula_store::policies::{self, Config, Policy, PolicyRow};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::{clock, ids};
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::policy_provider::PolicyProviderHandle;
use matricula_wasm::{ComponentSet, Wasm, WasmError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::{Administrator, Page, created, stored_or_changed};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::{Path, Query};
use crate::policies::{PROVIDER_TYPE, configured, settings};
use crate::registration::ATTEMPTS;

/// Who may see policies.
const VIEW: [&str; 2] = ["view-realm", "manage-realm"];
/// Who may change them.
const MANAGE: [&str; 1] = ["manage-realm"];

/// A policy (Keycloak: ComponentRepresentation).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PolicyRepresentation {
    /// Made here when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Appears in refusals.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Which kind of policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<String>,
    /// Always `org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_type: Option<String>,
    /// The realm's id; absent: filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    /// The set: `anonymous` or `authenticated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<String>,
    /// Lists of values by key.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    config: Option<BTreeMap<String, Vec<Option<String>>>>,
}

impl Representation for PolicyRepresentation {
    const NAME: &'static str = "ComponentRepresentation";
    const MEMBERS: Option<&'static [&'static str]> =
        Some(&["id", "name", "providerId", "providerType", "parentId", "subType", "config"]);
}

impl PolicyRepresentation {
    /// A policy of a realm; keys that its provider does not know are left out.
    fn of(row: &PolicyRow, components: &ComponentSet) -> PolicyRepresentation {
        let provider = components.policy_provider(&row.policy.provider_id).map(Arc::as_ref);
        PolicyRepresentation {
            id: Some(row.id.clone()),
            provider_type: Some(PROVIDER_TYPE.to_owned()),
            parent_id: Some(row.parent_id.clone()),
            sub_type: Some(row.policy.sub_type.clone()),
            ..PolicyRepresentation::unbound(&row.policy, provider)
        }
    }

    /// The same without what only a policy of a realm has.
    fn unbound(policy: &Policy, provider: Option<&PolicyProviderHandle>) -> PolicyRepresentation {
        let properties = provider.map(|provider| provider.description.properties.as_slice());
        let mut config = settings::shown(&policy.config, properties);
        config.retain(|name, _| provider.is_none_or(|provider| knows(provider, name)));
        PolicyRepresentation {
            id: None,
            name: policy.name.clone(),
            provider_id: Some(policy.provider_id.clone()),
            provider_type: None,
            parent_id: None,
            sub_type: None,
            config: Some(
                config.into_iter().map(|(name, values)| (name, values.into_iter().map(Some).collect())).collect(),
            ),
        }
    }
}

impl PolicyRepresentation {
    /// Whether a value only stands for a secret.
    fn has_masks(&self) -> bool {
        let mut values = self.config.iter().flat_map(|config| config.values()).flatten();
        values.any(|value| value.as_deref() == Some(secrets::MASK))
    }
}

/// Whether a key means something to the provider or the host.
pub(crate) fn knows(provider: &PolicyProviderHandle, name: &str) -> bool {
    HOST_KEYS.contains(&name) || provider.description.properties.iter().any(|property| property.name == name)
}

fn is_secret(provider: &PolicyProviderHandle, name: &str) -> bool {
    provider.description.properties.iter().any(|property| property.name == name && property.secret)
}

fn message(message: impl Into<String>) -> ErrorResponse {
    ErrorResponse::message(StatusCode::BAD_REQUEST, message)
}

fn no_such_provider() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::BAD_REQUEST, "Invalid provider type or no such provider")
}

fn not_found() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "Could not find component")
}

/// Which policies to list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    #[serde(rename = "type")]
    provider_type: Option<String>,
    name: Option<String>,
    parent: Option<String>,
    provider_id: Option<String>,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists the policies of a realm in the order in which they run
#[utoipa::path(get, path = "/admin/realms/{realm}/components", tag = "policies",
    params(("realm" = String, Path), ("type" = Option<String>, Query), ("name" = Option<String>, Query),
        ("parent" = Option<String>, Query), ("providerId" = Option<String>, Query), ("first" = Option<i64>, Query),
        ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<PolicyRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(search): Query<Search>,
) -> Result<Json<Vec<PolicyRepresentation>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let components = app.wasm.current();
    let wanted = |row: &&PolicyRow| {
        search.provider_type.as_deref().is_none_or(|provider_type| provider_type == PROVIDER_TYPE)
            && search.name.as_ref().is_none_or(|name| row.policy.name.as_ref() == Some(name))
            && search.parent.as_ref().is_none_or(|parent| *parent == row.parent_id)
            && search.provider_id.as_ref().is_none_or(|provider| *provider == row.policy.provider_id)
    };
    let page = Page { first: search.first, max: search.max };
    let (first, max) = (usize::try_from(page.first()), usize::try_from(page.max()));
    let rows = policies::list(&app.store.database, &administrator.realm.id).await?;
    let found = rows.iter().filter(wanted).skip(first.unwrap_or(0)).take(max.unwrap_or(0));
    Ok(Json(found.map(|row| PolicyRepresentation::of(row, &components)).collect()))
}

/// Adds a policy to one of the realm's sets
#[utoipa::path(post, path = "/admin/realms/{realm}/components", tag = "policies", params(("realm" = String, Path)),
    request_body = PolicyRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(requested): body::Json<PolicyRepresentation>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    if requested.provider_type.as_deref() != Some(PROVIDER_TYPE) {
        return Err(no_such_provider());
    }
    let realm = &administrator.realm;
    let mut row = PolicyRow {
        id: requested.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(ids::fresh),
        parent_id: realm.id.clone(),
        policy: nothing(),
        version: 1,
    };
    apply(&app, &administrator, &mut row.policy, requested).await?;
    let mut write = Write::default();
    policies::insert(&mut write, &realm.id, &row, clock::now_us());
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(&realm.name);
            Ok(created(&format!("{}/components/{}", administrator.address(&app), row.id)))
        }
        Err(StoreError::Lost(Lost::Taken)) => Err(ErrorResponse::conflict()),
        Err(error) => Err(error.into()),
    }
}

/// A policy of which nothing is known yet.
fn nothing() -> Policy {
    Policy { name: None, provider_id: String::new(), sub_type: String::new(), config: Config::new() }
}

/// Changes what is named of a policy, and checks the result.
async fn apply(
    app: &App,
    administrator: &Administrator,
    policy: &mut Policy,
    requested: PolicyRepresentation,
) -> Result<(), ErrorResponse> {
    if requested.provider_type.as_ref().is_some_and(|provider_type| provider_type != PROVIDER_TYPE) {
        return Err(no_such_provider());
    }
    if let Some(sub_type) = &requested.sub_type {
        policy.sub_type.clone_from(sub_type);
    }
    if requested.parent_id.as_ref().is_some_and(|parent| *parent != administrator.realm.id) {
        return Err(message("'parentId' should be the id of the realm"));
    }
    let before = policy.config.clone();
    configure(app, administrator, policy, Some(&before), requested).await?;
    if !matches!(policy.sub_type.as_str(), "anonymous" | "authenticated") {
        return Err(message("'subType' should be 'anonymous' or 'authenticated'"));
    }
    Ok(())
}

/// Changes provider, name and configuration of a policy as far as they are named, and lets the component check them.
/// `before` are the settings that masked values stand for.
async fn configure(
    app: &App,
    administrator: &Administrator,
    policy: &mut Policy,
    before: Option<&Config>,
    requested: PolicyRepresentation,
) -> Result<(), ErrorResponse> {
    let components = app.wasm.current();
    // What is masked stands for a setting of this policy, not for one of another provider.
    let mut stored = before.cloned().unwrap_or_default();
    if let Some(provider_id) = requested.provider_id {
        if policy.provider_id != provider_id && !policy.provider_id.is_empty() {
            stored = Config::new();
        }
        policy.provider_id = provider_id;
    }
    let provider = components.policy_provider(&policy.provider_id).ok_or_else(no_such_provider)?;
    if requested.name.is_some() {
        policy.name = requested.name;
    }
    let mut named = Config::new();
    for (name, values) in requested.config.unwrap_or_default() {
        let mut values: Vec<String> = values.into_iter().flatten().filter(|value| !value.trim().is_empty()).collect();
        if is_secret(provider, &name) {
            settings::unmask(&mut values, stored.get(&name));
        }
        named.insert(name, values);
    }
    policy.config.retain(|name, _| knows(provider, name));
    for (name, values) in named.iter().filter(|(name, _)| knows(provider, name)) {
        if values.is_empty() {
            policy.config.remove(name);
        } else {
            policy.config.insert(name.clone(), values.clone());
        }
    }
    let call = administrator.call(app);
    check_settings(&app.wasm, &call, provider, &named, &policy.config).await?.map_err(message)?;
    check_host_keys(policy).map_err(message)?;
    let checked = provider.check_config(&app.wasm.instances, call, &configured(policy)).await?;
    checked.map_err(|errors| {
        // The first one is the answer, as in Keycloak.
        message(errors.into_iter().next().map_or_else(|| "The configuration is not valid".to_owned(), |it| it.message))
    })
}

/// Policies that are of no set of the realm: those of an initial access token, or of a dry run. They run in ascending
/// priority, then in the order of the list.
pub(super) async fn unbound(
    app: &App,
    administrator: &Administrator,
    requested: Vec<PolicyRepresentation>,
) -> Result<Vec<Arc<Policy>>, ErrorResponse> {
    let mut list = Vec::with_capacity(requested.len());
    for requested in requested {
        if requested.sub_type.is_some() || requested.parent_id.is_some() {
            return Err(message("'subType' and 'parentId' have no meaning here"));
        }
        if requested.provider_type.as_ref().is_some_and(|provider_type| provider_type != PROVIDER_TYPE) {
            return Err(no_such_provider());
        }
        let mut policy = nothing();
        let before = masked_settings(app, administrator, &requested).await?;
        configure(app, administrator, &mut policy, before.as_ref(), requested).await?;
        list.push(Arc::new(policy));
    }
    list.sort_by_key(|policy| policy.priority());
    Ok(list)
}

/// A policy that is of no set, as it was sent, but for secrets.
pub(super) fn unbound_representation(policy: &Policy, components: &ComponentSet) -> PolicyRepresentation {
    PolicyRepresentation::unbound(policy, components.policy_provider(&policy.provider_id).map(Arc::as_ref))
}

/// The settings of the policy of the realm that was sent with masked values: the one with its id, or its provider and name.
async fn masked_settings(
    app: &App,
    administrator: &Administrator,
    requested: &PolicyRepresentation,
) -> Result<Option<Config>, ErrorResponse> {
    if !requested.has_masks() {
        return Ok(None);
    }
    let rows = policies::list(&app.store.database, &administrator.realm.id).await?;
    let is_it = |row: &PolicyRow| {
        let same = Some(&row.policy.provider_id) == requested.provider_id.as_ref() && row.policy.name == requested.name;
        requested
            .id
            .as_ref()
            .map_or(same, |id| *id == row.id && Some(&row.policy.provider_id) == requested.provider_id.as_ref())
    };
    Ok(rows.into_iter().find(is_it).map(|row| row.policy.config))
}

/// Checks settings as the host does for components that Keycloak does not have: see [`settings::check`].
pub(crate) async fn check_settings(
    wasm: &Wasm,
    call: &RealmOfCall,
    provider: &PolicyProviderHandle,
    named: &Config,
    all: &Config,
) -> Result<Result<(), String>, WasmError> {
    let id = &provider.description.id;
    if settings::is_of_keycloak(id) {
        return Ok(Ok(()));
    }
    // What a list may hold depends on the realm.
    let offered = provider.describe(&wasm.instances, call.clone()).await?;
    let properties = offered.into_iter().find(|one| one.id == *id).map(|one| one.properties).unwrap_or_default();
    Ok(settings::check(&properties, named, all))
}

/// Checks the keys that belong to the host: `priority` and `mode`.
pub(crate) fn check_host_keys(policy: &Policy) -> Result<(), &'static str> {
    if let Some(values) = policy.config.get("priority")
        && !matches!(values.as_slice(), [one] if one.parse::<i32>().is_ok())
    {
        return Err("'priority' should be a number");
    }
    if let Some(values) = policy.config.get("mode")
        && !matches!(values.as_slice(), [one] if one == "enforce" || one == "shadow")
    {
        return Err("'mode' should be 'enforce' or 'shadow'");
    }
    Ok(())
}

/// The policy of the address.
async fn find(app: &App, administrator: &Administrator, id: &str) -> Result<PolicyRow, ErrorResponse> {
    let rows = policies::list(&app.store.database, &administrator.realm.id).await?;
    rows.into_iter().find(|row| row.id == id).ok_or_else(not_found)
}

/// Reads a policy
#[utoipa::path(get, path = "/admin/realms/{realm}/components/{id}", tag = "policies",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = PolicyRepresentation), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Json<PolicyRepresentation>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let row = find(&app, &administrator, &id).await?;
    Ok(Json(PolicyRepresentation::of(&row, &app.wasm.current())))
}

/// Changes what is named of a policy
///
/// A key of the configuration that comes without a value is removed; keys that are not named stay.
#[utoipa::path(put, path = "/admin/realms/{realm}/components/{id}", tag = "policies",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = PolicyRepresentation,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    body::Json(changes): body::Json<PolicyRepresentation>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let realm = &administrator.realm;
    for _ in 0..ATTEMPTS {
        let mut row = find(&app, &administrator, &id).await?;
        apply(&app, &administrator, &mut row.policy, changes.clone()).await?;
        let mut write = Write::default();
        policies::update(&mut write, &realm.id, &row);
        if stored_or_changed(&app, write).await? {
            app.realms.changed(&realm.name);
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Removes a policy
#[utoipa::path(delete, path = "/admin/realms/{realm}/components/{id}", tag = "policies",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    find(&app, &administrator, &id).await?;
    let realm = &administrator.realm;
    let mut write = Write::default();
    policies::delete(&mut write, &realm.id, &id);
    match app.store.writer.write(write).await {
        Ok(()) => {
            app.realms.changed(&realm.name);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(StoreError::Lost(Lost::Changed)) => Err(not_found()),
        Err(error) => Err(error.into()),
    }
}

/// A kind of policy (Keycloak: ComponentTypeRepresentation).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderRepresentation {
    /// What policies name as `providerId`.
    id: String,
    /// What it does.
    help_text: String,
    /// Its settings, in the order of the form.
    properties: Vec<PropertyRepresentation>,
    /// Always empty.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

/// A setting of a policy (Keycloak: ConfigPropertyRepresentation).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PropertyRepresentation {
    /// Key in the configuration.
    name: String,
    /// Caption, text or a message key.
    label: String,
    /// Explanation beside it.
    help_text: String,
    /// `boolean`, `String`, `MultivaluedString`, …
    #[serde(rename = "type")]
    kind: String,
    /// Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    default_value: Option<Value>,
    /// What a list may hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    /// Hidden when shown.
    secret: bool,
    /// It must have a value.
    required: bool,
    /// Always false.
    read_only: bool,
}

impl From<ConfigProperty> for PropertyRepresentation {
    fn from(property: ConfigProperty) -> Self {
        PropertyRepresentation {
            // The contract has the default as JSON text.
            default_value: property
                .default_value
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            name: property.name,
            label: property.label,
            help_text: property.help_text,
            kind: property.type_,
            options: property.options,
            secret: property.secret,
            required: property.required,
            read_only: false,
        }
    }
}

impl From<PolicyProvider> for ProviderRepresentation {
    fn from(provider: PolicyProvider) -> Self {
        ProviderRepresentation::new(provider.id, provider.help_text, provider.properties)
    }
}

impl ProviderRepresentation {
    /// What a component says of something that it offers.
    pub(super) fn new(id: String, help_text: String, properties: Vec<ConfigProperty>) -> ProviderRepresentation {
        let properties = properties.into_iter().map(PropertyRepresentation::from).collect();
        ProviderRepresentation { id, help_text, properties, metadata: Map::new() }
    }

    /// Alphabetical order.
    pub(super) fn by_id(a: &ProviderRepresentation, b: &ProviderRepresentation) -> std::cmp::Ordering {
        a.id.cmp(&b.id)
    }
}

/// Lists the kinds of policy that there are
///
/// As the components describe themselves; what a list may hold depends on the realm.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-registration-policy/providers", tag = "policies",
    params(("realm" = String, Path)),
    responses((status = 200, body = Vec<ProviderRepresentation>), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn providers(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<ProviderRepresentation>>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let call = administrator.call(&app);
    let components = app.wasm.current();
    let mut asked: Vec<&str> = Vec::new();
    let mut list = Vec::new();
    for provider in components.policy_providers() {
        // One component may offer several kinds: it is asked once.
        if asked.contains(&&*provider.component.digest) {
            continue;
        }
        asked.push(&provider.component.digest);
        let offered = provider.describe(&app.wasm.instances, call.clone()).await?;
        list.extend(offered.into_iter().map(ProviderRepresentation::from));
    }
    list.sort_by(ProviderRepresentation::by_id);
    Ok(Json(list))
}
