//! Client policies: `/admin/realms/{realm}/client-policies/{profiles,policies}` (Keycloak: ClientProfilesResource,
//! ClientPoliciesResource). Each is one document, replaced as a whole.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matricula_contract::{ConfigProperty, Role};
use matricula_store::client_policy_documents::{Policies, Profiles, configured, global_profiles};
use matricula_store::{Lost, StoreError, Write, client_policies};
use matricula_wasm::Wasm;
use matricula_wasm::component::LoadedComponent;
use matricula_wasm::facts::RealmOfCall;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{self, Representation};
use super::policies::ProviderRepresentation;
use super::{Administrator, stored_or_changed};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Query;
use crate::policies::settings;
use crate::registration::ATTEMPTS;

/// Who may see client policies.
const VIEW: [&str; 2] = ["view-realm", "manage-realm"];
/// Who may change them.
const MANAGE: [&str; 1] = ["manage-realm"];

impl Representation for Profiles {
    const NAME: &'static str = "ClientProfilesRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["profiles", "globalProfiles"]);
}

impl Representation for Policies {
    const NAME: &'static str = "ClientPoliciesRepresentation";
    const MEMBERS: Option<&'static [&'static str]> = Some(&["policies", "globalPolicies"]);
}

/// What is shown beside the realm's own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Shown {
    include_global_profiles: bool,
    include_global_policies: bool,
}

fn refused(message: impl Into<String>) -> ErrorResponse {
    ErrorResponse::message(StatusCode::BAD_REQUEST, message)
}

/// Reads the profiles of a realm
#[utoipa::path(get, path = "/admin/realms/{realm}/client-policies/profiles", tag = "client policies",
    params(("realm" = String, Path), ("include-global-profiles" = Option<bool>, Query)),
    responses((status = 200, body = Profiles), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn profiles(
    administrator: Administrator,
    Query(shown): Query<Shown>,
) -> Result<Json<Profiles>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let mut profiles = Profiles::clone(&administrator.realm.client_policies.profiles);
    profiles.global_profiles = shown.include_global_profiles.then(|| global_profiles().to_vec());
    Ok(Json(profiles))
}

/// Replaces the profiles of a realm
#[utoipa::path(put, path = "/admin/realms/{realm}/client-policies/profiles", tag = "client policies",
    params(("realm" = String, Path)), request_body = Profiles,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn replace_profiles(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(mut document): body::Json<Profiles>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    check_profiles(&app.wasm, &administrator.call(&app), &document).await?;
    document.global_profiles = None;
    let realm = &administrator.realm;
    for _ in 0..ATTEMPTS {
        let mut row = client_policies::by_realm(&app.store.database, &realm.id).await?;
        row.profiles.clone_from(&document);
        let mut write = Write::default();
        client_policies::store(&mut write, &realm.id, &row);
        if stored_or_changed(&app, write).await? {
            app.realms.changed(&realm.name);
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Whether these can be the profiles of a realm.
///
/// # Errors
/// 400 with the first reason why not.
pub(crate) async fn check_profiles(wasm: &Wasm, call: &RealmOfCall, document: &Profiles) -> Result<(), ErrorResponse> {
    check_names(document)?;
    check_executors(wasm, call, document).await
}

/// Names, in the order of Keycloak's checks.
fn check_names(document: &Profiles) -> Result<(), ErrorResponse> {
    let names = || document.profiles.iter().map(|profile| profile.name.as_deref().unwrap_or_default());
    if names().any(str::is_empty) {
        return Err(refused("client profile without its name not allowed."));
    }
    let mut seen = HashSet::new();
    if !names().all(|name| seen.insert(name)) {
        return Err(refused("proposed client profile name duplicated."));
    }
    if document.global_profiles.as_ref().is_some_and(|sent| sent.as_slice() != global_profiles()) {
        return Err(refused("Global profiles cannot be updated"));
    }
    let is_global = |name: &&str| global_profiles().iter().any(|global| global.name.as_deref() == Some(name));
    match names().find(is_global) {
        Some(name) => Err(refused(format!("Proposed profile name '{name}' is duplicated as a global profile"))),
        None => Ok(()),
    }
}

/// Each executor is offered and has a configuration that it can read.
async fn check_executors(wasm: &Wasm, call: &RealmOfCall, document: &Profiles) -> Result<(), ErrorResponse> {
    let components = wasm.current();
    for executor in document.profiles.iter().flat_map(|profile| profile.executors.iter().flatten()) {
        let id = executor.executor.as_deref().unwrap_or_default();
        let offered = components.executor(id).map(|handle| (&handle.component, &*handle.description.properties));
        let configuration = executor.configuration.as_ref();
        if let Err(reason) = check_part(wasm, call, Role::Executor, id, offered, configuration).await? {
            return Err(refused(format!(
                "proposed client profile contains the executor, which does not have valid provider, or has invalid \
                 configuration.{reason}"
            )));
        }
    }
    Ok(())
}

/// What client policies are made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parts {
    /// Kinds of condition.
    conditions: Vec<ProviderRepresentation>,
    /// Kinds of executor.
    executors: Vec<ProviderRepresentation>,
}

/// Lists the conditions and executors that there are
///
/// As the components describe themselves.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-policies/providers", tag = "client policies",
    params(("realm" = String, Path)),
    responses((status = 200, body = Parts), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn providers(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Parts>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let components = app.wasm.current();
    let conditions = components.conditions().map(|handle| handle.description.clone());
    let executors = components.executors().map(|handle| handle.description.clone());
    let mut parts = Parts {
        conditions: conditions.map(|it| ProviderRepresentation::new(it.id, it.help_text, it.properties)).collect(),
        executors: executors.map(|it| ProviderRepresentation::new(it.id, it.help_text, it.properties)).collect(),
    };
    parts.conditions.sort_by(ProviderRepresentation::by_id);
    parts.executors.sort_by(ProviderRepresentation::by_id);
    Ok(Json(parts))
}

/// Reads the client policies of a realm
#[utoipa::path(get, path = "/admin/realms/{realm}/client-policies/policies", tag = "client policies",
    params(("realm" = String, Path), ("include-global-policies" = Option<bool>, Query)),
    responses((status = 200, body = Policies), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn policies(
    administrator: Administrator,
    Query(shown): Query<Shown>,
) -> Result<Json<Policies>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let mut policies = Policies::clone(&administrator.realm.client_policies.policies);
    policies.global_policies = shown.include_global_policies.then(Vec::new);
    Ok(Json(policies))
}

/// Replaces the client policies of a realm
#[utoipa::path(put, path = "/admin/realms/{realm}/client-policies/policies", tag = "client policies",
    params(("realm" = String, Path)), request_body = Policies,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn replace_policies(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(mut document): body::Json<Policies>,
) -> Result<StatusCode, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let realm = &administrator.realm;
    for _ in 0..ATTEMPTS {
        let mut row = client_policies::by_realm(&app.store.database, &realm.id).await?;
        check_policies(&app.wasm, &administrator.call(&app), &row.profiles, &document).await?;
        document.global_policies = None;
        row.policies.clone_from(&document);
        let mut write = Write::default();
        client_policies::store(&mut write, &realm.id, &row);
        if stored_or_changed(&app, write).await? {
            app.realms.changed(&realm.name);
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Whether these can be the policies of a realm that has these profiles; in the order of Keycloak's checks.
///
/// # Errors
/// 400 with the first reason why not.
pub(crate) async fn check_policies(
    wasm: &Wasm,
    call: &RealmOfCall,
    profiles: &Profiles,
    document: &Policies,
) -> Result<(), ErrorResponse> {
    let mut seen = HashSet::new();
    if !document.policies.iter().filter_map(|policy| policy.name.as_deref()).all(|name| seen.insert(name)) {
        return Err(refused("proposed client policy name duplicated"));
    }
    if document.global_policies.as_ref().is_some_and(|sent| !sent.is_empty()) {
        return Err(refused("Global policies cannot be updated"));
    }
    let components = wasm.current();
    for policy in &document.policies {
        let name = policy.name.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Err(refused("client policy without name not allowed"));
        }
        if policy.mode.as_deref().is_some_and(|mode| !matches!(mode, "DEFAULT" | "STRICT")) {
            return Err(refused(format!("Policy {name} has invalid mode")));
        }
        for condition in &policy.conditions {
            let id = condition.condition.as_deref().unwrap_or_default();
            let offered = components.condition(id).map(|handle| (&handle.component, &*handle.description.properties));
            let configuration = condition.configuration.as_ref();
            if let Err(reason) = check_part(wasm, call, Role::Condition, id, offered, configuration).await? {
                return Err(refused(format!("Policy {name} contains invalid condition {id}{reason}")));
            }
        }
        let mut seen = HashSet::new();
        if !policy.profiles.iter().all(|profile| seen.insert(profile)) {
            return Err(refused(format!("Policy {name} contains duplicated profiles")));
        }
        let exists = |wanted: &String| {
            profiles.profiles.iter().chain(global_profiles()).any(|profile| profile.name.as_ref() == Some(wanted))
        };
        if let Some(unknown) = policy.profiles.iter().find(|wanted| !exists(wanted)) {
            return Err(refused(format!("Policy {name} contains invalid profile {unknown}")));
        }
    }
    Ok(())
}

/// Whether a condition or executor is offered and its configuration is one: an object, with values of the described
/// types, that the component can read. What Keycloak does not have says what is wrong with its settings behind Keycloak's
/// words: the error is that text.
async fn check_part(
    wasm: &Wasm,
    call: &RealmOfCall,
    role: Role,
    id: &str,
    offered: Option<(&Arc<LoadedComponent>, &[ConfigProperty])>,
    configuration: Option<&Value>,
) -> Result<Result<(), String>, ErrorResponse> {
    let Some((component, properties)) = offered else { return Ok(Err(String::new())) };
    if !has_types(properties, configuration) {
        return Ok(Err(String::new()));
    }
    let part = configured("", Some(id), configuration);
    if !settings::is_of_keycloak(id) {
        let sent = part.config.iter().map(|entry| (entry.name.clone(), entry.values.clone())).collect();
        if let Err(reason) = settings::check(properties, &sent, &sent) {
            return Ok(Err(format!(": {reason}")));
        }
    }
    let checked = component.check_client_policy_config(&wasm.instances, call.clone(), role, &part).await?;
    Ok(checked.map_err(|_| String::new()))
}

/// Whether the values are of the described types. As in Keycloak, a switch or number may be a text and unknown keys are
/// nobody's business.
fn has_types(properties: &[ConfigProperty], configuration: Option<&Value>) -> bool {
    let settings = match configuration {
        None | Some(Value::Null) => return true,
        Some(Value::Object(settings)) => settings,
        Some(_) => return false,
    };
    properties.iter().all(|property| match (property.type_.as_str(), settings.get(&property.name)) {
        (_, None | Some(Value::Null)) => true,
        ("boolean", Some(value)) => value.is_boolean() || matches!(value.as_str(), Some("true" | "false" | "")),
        ("Map", Some(_)) => true,
        (kind, Some(Value::Array(list))) => is_list(kind) && list.iter().all(is_plain),
        (kind, Some(value)) => !is_list(kind) && is_plain(value),
    })
}

fn is_list(kind: &str) -> bool {
    kind.starts_with("Multivalued") || kind.ends_with("MultiList")
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn property(name: &str, kind: &str) -> ConfigProperty {
        ConfigProperty {
            name: name.to_owned(),
            label: String::new(),
            help_text: String::new(),
            type_: kind.to_owned(),
            default_value: None,
            options: Vec::new(),
            secret: false,
            required: false,
        }
    }

    #[test]
    fn values_must_be_of_the_types_that_are_described() {
        let properties = [property("on", "boolean"), property("one", "String"), property("many", "MultivaluedList")];
        for (configuration, expected) in [
            (json!(null), true),
            (json!({}), true),
            (json!([]), false),
            (json!("x"), false),
            (json!({ "on": true }), true),
            (json!({ "on": "true" }), true),
            (json!({ "on": null }), true),
            (json!({ "on": "yes" }), false),
            (json!({ "on": ["true"] }), false),
            (json!({ "on": 1 }), false),
            (json!({ "one": "x" }), true),
            (json!({ "one": 3600 }), true),
            (json!({ "one": ["x"] }), false),
            (json!({ "one": {} }), false),
            (json!({ "many": ["x", "y"] }), true),
            (json!({ "many": "x" }), false),
            (json!({ "many": [{}] }), false),
            (json!({ "unknown": {} }), true),
        ] {
            assert_eq!(has_types(&properties, Some(&configuration)), expected, "{configuration}");
        }
    }

    #[test]
    fn names_of_profiles_are_checked_in_order() {
        for (document, expected) in [
            (json!({ "profiles": [{}] }), Some("client profile without its name not allowed.")),
            (
                json!({ "profiles": [{ "name": "a" }, { "name": "a" }, { "name": "" }] }),
                Some("client profile without its name not allowed."),
            ),
            (
                json!({ "profiles": [{ "name": "a" }, { "name": "a" }] }),
                Some("proposed client profile name duplicated."),
            ),
            (
                json!({ "profiles": [{ "name": "fapi-ciba" }], "globalProfiles": [] }),
                Some("Global profiles cannot be updated"),
            ),
            (
                json!({ "profiles": [{ "name": "fapi-ciba" }] }),
                Some("Proposed profile name 'fapi-ciba' is duplicated as a global profile"),
            ),
            (json!({ "profiles": [{ "name": "a" }], "globalProfiles": global_profiles() }), None),
        ] {
            let read = serde_json::from_value(document.clone()).map_err(|error| refused(error.to_string()));
            let checked = read.and_then(|document| check_names(&document));
            let expected: Result<(), ErrorResponse> = expected.map_or(Ok(()), |message| Err(refused(message)));
            assert_eq!(format!("{checked:?}"), format!("{expected:?}"), "{document}");
        }
    }
}
