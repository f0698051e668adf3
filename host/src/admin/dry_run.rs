//! What would happen: `/admin/realms/{realm}/client-registration-policy/evaluate` runs a request through providers and
//! policies, and stores nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matricula_contract::server_attributes::Author;
use matricula_contract::{CallerKind, Client, Context, Operation, RegistrationAuth};
use matricula_store::clients::{self, ClientRow};
use matricula_store::initial_access_tokens;
use matricula_store::policies::{OfToken, Policy};
use matricula_system::clock;
use matricula_wasm::no_answer::Unanswered;
use matricula_wasm::provider::ProviderCall;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Administrator;
use super::body::{self, Representation};
use super::clients::{Representations, VIEW};
use super::policies::{PolicyRepresentation, unbound};
use crate::app::App;
use crate::authentication::{self, AuthenticationError, Identity};
use crate::client_documents;
use crate::client_policies::ClientPolicyEvaluation;
use crate::document;
use crate::error::{ErrorBody, ErrorResponse};
use crate::policies::{Evaluation, Policies, PolicyViolation};
use crate::registration::decision::Outcome;
use crate::registration::rehearsal::{self, Asked};
use crate::registration::watch::{Watch, Watched};
use crate::registration::{Exchange, issue, required};
use crate::targets::review::Reviewed;

/// Who would ask.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DryCaller {
    /// `anonymous`, `initial-access-token`, `registration-access-token` or `bearer`; absent with a token, which tells.
    kind: String,
    /// IPv4 or IPv6; absent: that of the administrator.
    address: Option<String>,
    /// The request's `Origin` header.
    origin: Option<String>,
    /// Id of the user, of kind `bearer`.
    subject: Option<String>,
    /// Roles of the user as policies see them, of kind `bearer`: `role` of the realm or `client/role`.
    roles: Vec<String>,
    /// Paths of the user's groups, of kind `bearer`.
    groups: Vec<String>,
    /// The token itself, or the id of an initial access token. It is looked at as a request's would be, and not spent.
    token: Option<String>,
}

/// A request to try.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DryRequest {
    /// `openid-connect`, `default`, …
    provider: String,
    /// `register`, `read`, `update` or `delete`.
    operation: String,
    /// Media type of the document.
    content_type: Option<String>,
    /// The document, for register and update.
    document: Option<String>,
    /// The stored client, for read, update and delete.
    client_id: Option<String>,
    /// Who would ask; absent: somebody without a token.
    caller: DryCaller,
    /// Policies to run instead of the realm's.
    policies: Option<Vec<PolicyRepresentation>>,
}

impl Representation for DryRequest {
    const NAME: &'static str = "DryRunRepresentation";
    // Unknown ones are refused with a description.
    const MEMBERS: Option<&'static [&'static str]> = None;
}

/// What would happen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryAnswer {
    /// `accept`, `hold` or `reject`.
    decision: Outcome,
    /// Status of the answer.
    status: u16,
    /// Its error code.
    error: Option<String>,
    /// Its description.
    error_description: Option<String>,
    /// The component that has no answer, so that the request would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Unanswered>,
    /// Everything that the policies object to.
    violations: Vec<PolicyViolation>,
    /// The client policies that were asked, in order; they come before the policies.
    #[serde(rename = "clientPolicies", skip_serializing_if = "Vec::is_empty")]
    client_policies: Vec<ClientPolicyEvaluation>,
    /// What versions that are only watched would decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    watched: Vec<Watched>,
    /// The policies that were asked, in order.
    policies: Vec<Evaluation>,
    /// What the targets say that the client goes to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Reviewed>,
    /// The client as sent, or as it is stored.
    #[schema(value_type = Value)]
    before: Value,
    /// The client as it would be stored.
    #[schema(value_type = Value)]
    after: Value,
}

/// Tries a request
///
/// Nothing is stored, no token is spent, no key is made.
#[utoipa::path(post, path = "/admin/realms/{realm}/client-registration-policy/evaluate", tag = "policies",
    params(("realm" = String, Path)), request_body = DryRequest,
    responses((status = 200, body = DryAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn evaluate(
    State(app): State<App>,
    administrator: Administrator,
    body::Json(requested): body::Json<DryRequest>,
) -> Result<Json<DryAnswer>, ErrorResponse> {
    administrator.require(&["view-realm", "manage-realm"])?;
    administrator.require(&VIEW)?;
    let operation = operation(&requested.operation)?;
    let mut exchange = exchange(&app, &administrator, &requested, operation)?;
    let mut stored = match operation {
        Operation::Register => None,
        _ => Some(stored(&exchange).await?),
    };
    let mut document =
        document::of_text(requested.content_type.unwrap_or_default(), requested.document.unwrap_or_default());
    let mut known = None;
    if client_documents::is_provider(exchange.provider.id()) && operation == Operation::Register {
        match client_documents::dry_run::prepare(&mut exchange, document).await? {
            Ok(prepared) => (document, known) = prepared,
            Err(refused) => return Ok(Json(DryAnswer::turned_away(refused))),
        }
    }
    let Asker { mut context, brought, refused } = asker(&exchange, &requested.caller, stored.as_ref()).await?;
    if let Some(refused) = refused {
        return Ok(Json(DryAnswer::turned_away(refused.into())));
    }
    let mut operation = operation;
    if let Some(client) = known {
        // It would be looked at again, not registered.
        operation = Operation::Update;
        exchange.operation = operation;
        exchange.client_id = client.client_id().to_owned();
        context.operation = operation;
        context.registration_auth = client_documents::registration_auth(&client);
        stored = Some(client);
    }
    let mut policies = match requested.policies {
        Some(list) => {
            let list = unbound(&app, &administrator, list).await?;
            Policies::new(&app, &exchange.provider, &exchange.components, context, list)
        }
        None => {
            let of_token = brought.of_token();
            Policies::of_realm(&app, &exchange.provider, &exchange.components, context, of_token)
        }
    };
    let changes = matches!(operation, Operation::Register | Operation::Update);
    let mut before = stored.as_ref().map_or(Value::Null, |stored| as_sent(&stored.shown()));
    let requested = match operation {
        Operation::Register | Operation::Update => {
            let parsed = exchange.provider.parse(operation, &document, Author::Caller).await;
            exchange.answered("parse", parsed, Some(&policies)).map(Some)
        }
        Operation::Read | Operation::Delete => Ok(None),
    };
    let outcome = match requested {
        Ok(requested) => {
            if let (Some(requested), None) = (&requested, &stored) {
                before = as_sent(requested);
            }
            let asked = Asked { requested, stored: stored.as_ref(), free: None, issued: issue() };
            let watch = Watch::of(&exchange, &policies, Some(&document), || asked.clone());
            let outcome = rehearsal::run(&exchange, asked, &mut policies).await;
            match watch {
                Some(watch) => watch.look(&mut policies, outcome).await,
                None => outcome,
            }
        }
        Err(refusal) => Err(refusal),
    };
    let outcome = match outcome {
        Ok(Some(client)) if changes => {
            let row = as_stored(client, stored.as_ref(), &policies);
            required::reviewed(&exchange, &mut policies, &row).await.map(|()| Some(row.client))
        }
        other => other,
    };
    let decision = if outcome.is_ok() { Outcome::of(&policies) } else { Outcome::Reject };
    let representations = Representations::new(&app, &administrator)?;
    let mut failure = None;
    let (status, refused, after) = match outcome {
        Ok(Some(client)) => {
            let row = as_stored(client, stored.as_ref(), &policies);
            let shown = representations.render(&row, None).await?;
            let mut after: Value = serde_json::from_slice(&shown.body).unwrap_or_default();
            if let Value::Object(members) = &mut after {
                members.remove("secret");
                members.remove("access");
            }
            (if operation == Operation::Register { 201 } else { 200 }, None, after)
        }
        Ok(None) => (if operation == Operation::Delete { 204 } else { 200 }, None, Value::Null),
        Err(refusal) => {
            failure = refusal.decision.and_then(|record| record.failure);
            (refusal.response.status().as_u16(), Some(refusal.response.into_body()), Value::Null)
        }
    };
    let (error, error_description, violations) = refused.map(ErrorBody::into_parts).unwrap_or_default();
    let (mut client_policies, mut evaluations) = (policies.client_policies.evaluations, policies.evaluations);
    let mut watched = Vec::with_capacity(policies.watched.len());
    for seen in policies.watched {
        let (verdict, said, said_by_client_policies) = seen.into_parts();
        watched.push(verdict);
        evaluations.extend(said);
        client_policies.extend(said_by_client_policies);
    }
    Ok(Json(DryAnswer {
        decision,
        status,
        error,
        error_description,
        failure,
        violations,
        client_policies,
        watched,
        policies: evaluations,
        targets: policies.targets,
        before,
        after,
    }))
}

/// A client as it would be stored.
fn as_stored(client: Client, stored: Option<&ClientRow>, policies: &Policies) -> ClientRow {
    let held = policies.held.clone().or_else(|| stored.and_then(|stored| stored.held.clone()));
    let origin = stored.map_or_else(|| Some(policies.origin()), |stored| stored.origin.clone());
    ClientRow { held, origin, ..ClientRow::unstored(client) }
}

impl DryAnswer {
    /// The caller would not get as far as the policies.
    fn turned_away(response: ErrorResponse) -> DryAnswer {
        let status = response.status().as_u16();
        let (error, error_description, violations) = response.into_body().into_parts();
        DryAnswer {
            decision: Outcome::Reject,
            status,
            error,
            error_description,
            failure: None,
            violations,
            client_policies: Vec::new(),
            watched: Vec::new(),
            policies: Vec::new(),
            targets: Vec::new(),
            before: Value::Null,
            after: Value::Null,
        }
    }
}

/// Who would ask, as policies are told.
struct Asker {
    context: Context,
    /// Policies that the caller's initial access token brings, or brought.
    brought: Brought,
    /// Why the caller would be turned away, if it would.
    refused: Option<AuthenticationError>,
}

/// What an initial access token brings, or brought.
#[derive(Default)]
struct Brought {
    policies: Vec<Arc<Policy>>,
    token_id: String,
    token_name: Option<String>,
}

impl From<OfToken<'_>> for Brought {
    fn from(OfToken { policies, id, name }: OfToken<'_>) -> Brought {
        Brought { policies: policies.to_vec(), token_id: id.to_owned(), token_name: name.map(str::to_owned) }
    }
}

impl Brought {
    fn of_token(&self) -> OfToken<'_> {
        OfToken { policies: &self.policies, id: &self.token_id, name: self.token_name.as_deref() }
    }
}

/// Finds out who would ask.
async fn asker(exchange: &Exchange, caller: &DryCaller, stored: Option<&ClientRow>) -> Result<Asker, ErrorResponse> {
    let names_user = caller.subject.is_some() || !caller.roles.is_empty() || !caller.groups.is_empty();
    let Some(token) = caller.token.as_deref().filter(|token| !token.is_empty()) else {
        let kind = caller_kind(&caller.kind)?;
        if names_user && kind != CallerKind::Bearer {
            return Err(bad("caller: subject, roles and groups are those of kind bearer"));
        }
        return Ok(without_token(exchange, caller, kind, stored));
    };
    if names_user {
        return Err(bad("caller.token: it tells subject, roles and groups"));
    }
    if token.split('.').count() != 3 {
        return with_initial_access_token(exchange, caller, token).await;
    }
    if !caller.kind.is_empty() {
        return Err(bad("caller.kind: the token tells it"));
    }
    let shown = exchange.caller.clone().showing(token);
    let client_id = (!exchange.client_id.is_empty()).then_some(exchange.client_id.as_str());
    let identity = match authentication::authenticate(&exchange.app, &exchange.realm, &shown, client_id).await {
        Ok((identity, _)) => identity,
        Err(AuthenticationError::Unavailable(error)) => return Err(error.into()),
        Err(refused) => {
            let context = exchange.context(&Identity::Anonymous, RegistrationAuth::Anonymous);
            return Ok(Asker { context, brought: Brought::default(), refused: Some(refused) });
        }
    };
    let protocol = exchange.provider.provider.description.protocol.as_deref();
    let permit = match exchange.operation {
        Operation::Register => authentication::may_register(&identity),
        Operation::Read => authentication::may_read(&identity, stored, protocol),
        Operation::Update | Operation::Delete => authentication::may_change(&identity, stored, protocol),
    };
    let (auth, refused) = match permit {
        Ok(permit) => (permit.registration_auth, None),
        Err(refused) => (identity.registration_auth(exchange.operation), Some(refused)),
    };
    let brought = match (&identity, stored) {
        (Identity::RegistrationAccessToken(..), Some(stored)) => stored.of_token().into(),
        _ => identity.of_token().into(),
    };
    Ok(Asker { context: exchange.context(&identity, auth), brought, refused })
}

/// Somebody of this kind.
fn without_token(exchange: &Exchange, caller: &DryCaller, kind: CallerKind, stored: Option<&ClientRow>) -> Asker {
    let auth = match kind {
        CallerKind::InitialAccessToken | CallerKind::Bearer => RegistrationAuth::Authenticated,
        CallerKind::Anonymous | CallerKind::RegistrationAccessToken => RegistrationAuth::Anonymous,
    };
    let mut context = exchange.context(&Identity::Anonymous, auth);
    context.caller.kind = kind;
    context.caller.subject.clone_from(&caller.subject);
    context.caller.roles.clone_from(&caller.roles);
    context.caller.groups.clone_from(&caller.groups);
    let brought = match (kind, stored) {
        (CallerKind::RegistrationAccessToken, Some(stored)) => stored.of_token().into(),
        _ => Brought::default(),
    };
    Asker { context, brought, refused: None }
}

/// Somebody with the initial access token of this id.
async fn with_initial_access_token(exchange: &Exchange, caller: &DryCaller, id: &str) -> Result<Asker, ErrorResponse> {
    if !matches!(caller_kind(&caller.kind)?, CallerKind::InitialAccessToken) && !caller.kind.is_empty() {
        return Err(bad("caller.kind: the id is that of an initial access token"));
    }
    let found = initial_access_tokens::by_id(&exchange.app.store.database, &exchange.realm.id, id).await?;
    let row = found.ok_or_else(|| bad(format!("caller.token: there is no initial access token {id:?}")))?;
    let expired = row.expiration != 0 && row.created_at + row.expiration < clock::now();
    let refused = match exchange.operation {
        _ if expired => Some(AuthenticationError::FailedDecode),
        Operation::Register if row.remaining_count > 0 => None,
        Operation::Register => Some(AuthenticationError::NoRemainingCount),
        Operation::Read => Some(AuthenticationError::InitialAccessTokenNotAllowed),
        Operation::Update | Operation::Delete => Some(AuthenticationError::NotAuthorizedToUpdate),
    };
    let mut context = exchange.context(&Identity::Anonymous, RegistrationAuth::Authenticated);
    context.caller.kind = CallerKind::InitialAccessToken;
    let brought = row.of_token().into();
    context.caller.token_id = Some(row.id);
    Ok(Asker { context, brought, refused })
}

fn bad(description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn operation(name: &str) -> Result<Operation, ErrorResponse> {
    match name {
        "register" => Ok(Operation::Register),
        "read" => Ok(Operation::Read),
        "update" => Ok(Operation::Update),
        "delete" => Ok(Operation::Delete),
        _ => Err(bad("operation: must be register, read, update or delete")),
    }
}

fn caller_kind(name: &str) -> Result<CallerKind, ErrorResponse> {
    match name {
        "" | "anonymous" => Ok(CallerKind::Anonymous),
        "initial-access-token" => Ok(CallerKind::InitialAccessToken),
        "registration-access-token" => Ok(CallerKind::RegistrationAccessToken),
        "bearer" => Ok(CallerKind::Bearer),
        _ => Err(bad("caller.kind: must be anonymous, initial-access-token, registration-access-token or bearer")),
    }
}

/// The request as if it had come to the registration endpoint.
fn exchange(
    app: &App,
    administrator: &Administrator,
    requested: &DryRequest,
    operation: Operation,
) -> Result<Exchange, ErrorResponse> {
    let components = app.wasm.current();
    let handle = components
        .provider(&requested.provider)
        .ok_or_else(|| bad(format!("provider: there is no provider {:?}", requested.provider)))?;
    if !handle.description.operations.contains(&operation) {
        return Err(bad(format!("operation: {} does not offer it", requested.provider)));
    }
    let mut caller = administrator.caller.clone();
    if let Some(address) = &requested.caller.address {
        let address: IpAddr = address.parse().map_err(|_| bad("caller.address: neither IPv4 nor IPv6"))?;
        caller = caller.at(address);
    }
    caller.origin.clone_from(&requested.caller.origin);
    let provider = ProviderCall {
        provider: Arc::clone(handle),
        instances: app.wasm.instances.trying(),
        call: administrator.call(app),
    };
    Ok(Exchange {
        app: app.clone(),
        realm: Arc::clone(&administrator.realm),
        components: Arc::clone(&components),
        provider,
        caller,
        operation,
        client_id: requested.client_id.clone().unwrap_or_default(),
        is_replay: false,
        served: None,
    })
}

async fn stored(exchange: &Exchange) -> Result<ClientRow, ErrorResponse> {
    let found = clients::by_client_id(&exchange.app.store.database, &exchange.realm.id, &exchange.client_id).await?;
    found.ok_or_else(|| bad(format!("clientId: there is no client {:?}", exchange.client_id)))
}

/// A record with only what is there, under Keycloak's names; no secrets.
fn as_sent(client: &Client) -> Value {
    let Ok(Value::Object(fields)) = serde_json::to_value(client) else { return Value::Null };
    let mut members = Map::new();
    for (name, value) in fields {
        if value.is_null() || name == "secret" {
            continue;
        }
        let value = match name.as_str() {
            "attributes" | "registered_nodes" | "authentication_flow_binding_overrides" => entries(&value),
            "protocol_mappers" => mappers(value),
            _ => value,
        };
        members.insert(camel_case(&name), value);
    }
    Value::Object(members)
}

/// A list of names and values as an object.
fn entries(list: &Value) -> Value {
    let pairs: BTreeMap<String, Value> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["name"] != "saml.signing.private.key")
        .filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry["value"].clone())))
        .collect();
    serde_json::json!(pairs)
}

fn mappers(mut list: Value) -> Value {
    for mapper in list.as_array_mut().into_iter().flatten() {
        let config = entries(&mapper["config"]);
        if let Value::Object(fields) = mapper {
            fields.insert("config".to_owned(), config);
            if let Some(mapper_type) = fields.remove("mapper_type") {
                fields.insert("protocolMapper".to_owned(), mapper_type);
            }
            if let Some(consent) = fields.remove("consent_required") {
                fields.insert("consentRequired".to_owned(), consent);
            }
        }
    }
    list
}

fn camel_case(name: &str) -> String {
    let mut words = name.trim_end_matches('_').split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}
