//! Clients: `/admin/realms/{realm}/clients[/{id}]` (Keycloak: ClientsResource, ClientResource). The documents are those of
//! provider `default`, without registration policies.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_contract::server_attributes::Author;
use matricula_contract::server_clients::is_of_the_server;
use matricula_contract::{
    Access, Client, Document, Operation, ProtocolMapper, Registration, RegistrationAuth, Violation, secrets,
};
use matricula_store::clients::{self, ClientRow, Taken};
use matricula_store::lenient::lenient_entries;
use matricula_store::tombstones::{self, Removal};
use matricula_store::{Database, Lost, StoreError, Write, users};
use matricula_system::{clock, ids};
use matricula_wasm::WasmError;
use matricula_wasm::provider::ProviderCall;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Json, Representation};
use super::pages::{self, Pages};
use super::{Administrator, Page, created, not_stored, stored_or_changed, storing};
use crate::app::App;
use crate::authentication::registration_access_token;
use crate::client_policies::{self, ClientPolicies, ClientPolicyError};
use crate::document;
use crate::entity_tag::{EntityTag, View};
use crate::error::{Audience, ErrorBody, ErrorResponse};
use crate::life_cycle::client_secrets;
use crate::parameters::{Path, Query};
use crate::policies::PolicyError;
use crate::registration::decision::Record;
use crate::registration::{ATTEMPTS, client_uri, effects, issue, name_mappers};
use crate::targets::waiting::Pending;

/// The provider that knows the representation of a client.
pub(super) const PROVIDER: &str = "default";

/// What an administrator may do with clients.
pub(super) const VIEW: [&str; 4] = ["view-clients", "view-client", "manage-clients", "manage-client"];
pub(super) const MANAGE: [&str; 2] = ["manage-clients", "manage-client"];

/// Provider `default` on behalf of an administrator.
pub(super) struct Representations {
    provider: ProviderCall,
    access: Access,
    issuer: String,
}

impl Representations {
    pub(super) fn new(app: &App, administrator: &Administrator) -> Result<Representations, ErrorResponse> {
        let components = app.wasm.current();
        let handle = components.provider(PROVIDER).ok_or_else(ErrorResponse::server_error)?;
        let manage = administrator.has_any(&MANAGE);
        let call = administrator.call(app);
        Ok(Representations {
            provider: ProviderCall { provider: Arc::clone(handle), instances: app.wasm.instances.clone(), call },
            access: Access { view: true, configure: manage, manage },
            issuer: app.issuer(&administrator.realm, &administrator.caller),
        })
    }

    /// Who makes documents of clients.
    pub(super) fn provider(&self) -> &ProviderCall {
        &self.provider
    }

    /// The client policies of the realm: they bind administrators too.
    fn client_policies(&self, app: &App, administrator: &Administrator, operation: Operation) -> ClientPolicies {
        client_policies::for_administrator(app, &self.provider, || administrator.context(PROVIDER, operation))
    }

    fn valid<T>(&self, answer: Result<Result<T, Vec<Violation>>, WasmError>) -> Result<T, ErrorResponse> {
        answer?.map_err(|violations| ErrorResponse::metadata(violations, Audience::Administration))
    }

    fn registration(&self, client: &Client, row: Option<&ClientRow>, access_token: Option<String>) -> Registration {
        let client_id = client.client_id.as_deref().unwrap_or_default();
        Registration {
            client_uri: client_uri(&self.issuer, PROVIDER, client_id),
            access_token,
            issued_at: row.map_or_else(clock::now, |row| row.created_at).unsigned_abs(),
            roles: Vec::new(),
            resource_server: row.is_some_and(|row| row.resource_server),
            access: Some(self.access),
        }
    }

    pub(super) async fn render(
        &self,
        row: &ClientRow,
        access_token: Option<String>,
    ) -> Result<Document, ErrorResponse> {
        let mut shown = row.shown();
        if !self.access.manage {
            secrets::mask(shown.to_mut());
        }
        Ok(self.provider.render(&shown, &self.registration(&row.client, Some(row), access_token)).await?)
    }

    /// The tag of what this administrator is shown.
    fn tag(&self, administrator: &Administrator, client: &ClientRow) -> EntityTag {
        EntityTag::of(&View {
            realm: &administrator.realm,
            client,
            roles: &[],
            provider: &self.provider.provider,
            issuer: &self.issuer,
            access: Some(self.access),
            secrets: self.access.manage,
        })
    }

    /// Clients with commas between them.
    async fn render_all(&self, rows: &[ClientRow]) -> Result<Vec<u8>, ErrorResponse> {
        let mut list = Vec::new();
        for row in rows {
            if !list.is_empty() {
                list.push(b',');
            }
            list.extend(self.render(row, None).await?.body);
        }
        Ok(list)
    }
}

/// What client policies say to a request of an administrator; a refusal is recorded under the id that is answered.
async fn agreed(
    app: &App,
    administrator: &Administrator,
    operation: Operation,
    (policies, client_id): (&ClientPolicies, Option<&str>),
    said: Result<(), ClientPolicyError>,
) -> Result<(), ErrorResponse> {
    let error = match said {
        Ok(()) => return Ok(()),
        // Neither a policy nor a component is the reason.
        Err(error @ ClientPolicyError::Failed(PolicyError::Other(_))) => return Err(refused(error)),
        Err(error) => error,
    };
    let context = administrator.context(PROVIDER, operation);
    let record = Record::of_administrator(policies, &context, client_id, &error);
    let realm_id = &administrator.realm.id;
    let mut write = Write::default();
    record.store(realm_id, &mut write, None);
    match app.store.writer.write(write).await {
        Ok(()) => app.store.trimmer.added(realm_id, &policies.decision),
        Err(error) => tracing::error!(%error, "the refusal of a request could not be recorded"),
    }
    Err(refused(error))
}

fn refused(error: ClientPolicyError) -> ErrorResponse {
    match error {
        ClientPolicyError::Refused(refused) => refused.into_response(Audience::Administration),
        ClientPolicyError::Failed(PolicyError::Failed(failed)) => {
            ErrorResponse::policy_failed(&failed.policy, failed.decision)
        }
        ClientPolicyError::Failed(PolicyError::Other(response)) => response,
        ClientPolicyError::Failed(_) => ErrorResponse::server_error(),
    }
}

pub(super) fn not_found() -> ErrorResponse {
    ErrorResponse::bare(StatusCode::NOT_FOUND, "Could not find client")
}

/// The client of the address.
pub(super) async fn find(app: &App, administrator: &Administrator, id: &str) -> Result<ClientRow, ErrorResponse> {
    clients::by_id(&app.store.database, &administrator.realm.id, id).await?.ok_or_else(not_found)
}

fn json(status: StatusCode, document: Document) -> Response {
    let content_type = HeaderValue::from_str(&document.content_type);
    let content_type = content_type.unwrap_or(HeaderValue::from_static(document::JSON));
    not_stored((status, [(header::CONTENT_TYPE, content_type)], document.body))
}

fn no_such_state() -> ErrorResponse {
    let description = "'state' must be active, disabled, held, hibernating or leaving";
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// Which clients to list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    client_id: Option<String>,
    search: Option<bool>,
    held: Option<bool>,
    pending: Option<bool>,
    state: Option<String>,
    after: Option<String>,
    first: Option<i64>,
    max: Option<i64>,
}

/// Lists clients
///
/// In alphabetical order; `clientId` finds one, with `search=true` those that have it in their id. With `held=true` those
/// that wait for an administrator, oldest first; with `pending=true` those whose latest state some target lacks. `state` is
/// `active`, `disabled`, `held`, `hibernating` or `leaving`: those that are deleted here while some target has not confirmed it. `after`
/// begins behind this `clientId`: going through many pages costs less that way than with `first`.
#[utoipa::path(get, path = "/admin/realms/{realm}/clients", tag = "clients",
    params(("realm" = String, Path), ("clientId" = Option<String>, Query), ("search" = Option<bool>, Query),
        ("held" = Option<bool>, Query), ("pending" = Option<bool>, Query), ("state" = Option<String>, Query), ("after" = Option<String>, Query), ("first" = Option<i64>, Query),
        ("max" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Object>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(search): Query<Search>,
) -> Result<Response, ErrorResponse> {
    let sees_any = administrator.has_any(&VIEW);
    if !sees_any {
        administrator.require(&["query-clients"])?;
        return Ok(axum::Json(Vec::<Value>::new()).into_response());
    }
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let state =
        search.state.as_deref().map(|name| clients::State::of_name(name).ok_or_else(no_such_state)).transpose()?;
    let representations = Representations::new(&app, &administrator)?;
    let part = search.client_id.filter(|client_id| !client_id.is_empty());
    let page = Page { first: search.first, max: search.max };
    let rows = match part.as_deref() {
        Some(client_id) if search.search != Some(true) => {
            let found = clients::by_client_id(database, realm_id, client_id).await?;
            found.into_iter().filter(|found| state.is_none_or(|state| found.state() == state)).collect()
        }
        _ if state == Some(clients::State::Leaving) => {
            clients::leaving(database, realm_id, page.first(), page.max()).await?
        }
        None if search.pending == Some(true) => clients::pending(database, realm_id, page.first(), page.max()).await?,
        None if search.held == Some(true) => clients::held(database, realm_id, page.first(), page.max()).await?,
        _ => {
            return pages::answer(Clients {
                database: database.clone(),
                realm_id: realm_id.clone(),
                representations,
                state,
                part,
                last: search.after.unwrap_or_default(),
                first: page.first(),
                left: page.max(),
            })
            .await;
        }
    };
    let mut body = vec![b'['];
    body.extend(representations.render_all(&rows).await?);
    body.push(b']');
    Ok(json(StatusCode::OK, Document { content_type: document::JSON.to_owned(), body }))
}

/// Clients of a realm, page by page.
struct Clients {
    database: Database,
    realm_id: String,
    representations: Representations,
    /// Only those in this state.
    state: Option<clients::State>,
    /// What their ids have in them.
    part: Option<String>,
    /// `client_id` of the last one that was given.
    last: String,
    /// How many to pass over.
    first: i64,
    left: i64,
}

impl Pages for Clients {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ErrorResponse> {
        let max = self.left.min(pages::ENTRIES);
        if max == 0 {
            return Ok(None);
        }
        let first = std::mem::take(&mut self.first);
        let (database, realm_id, part) = (&self.database, &self.realm_id, self.part.as_deref());
        let rows = match self.state {
            Some(state) => clients::in_state(database, realm_id, state, part, &self.last, (first, max)).await?,
            None => clients::list(database, realm_id, part, &self.last, first, max).await?,
        };
        let Some(last) = rows.last() else { return Ok(None) };
        last.client_id().clone_into(&mut self.last);
        // A page that is not full is the last one.
        self.left = if i64::try_from(rows.len()) == Ok(max) { self.left - max } else { 0 };
        Ok(Some(self.representations.render_all(&rows).await?))
    }
}

/// Makes a client
#[utoipa::path(post, path = "/admin/realms/{realm}/clients", tag = "clients", params(("realm" = String, Path)),
    request_body = Object,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<App>,
    administrator: Administrator,
    request: Request,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let realm = &administrator.realm;
    let representations = Representations::new(&app, &administrator)?;
    let document = document::read(Some(document::JSON.to_owned()), document::JSON, request.into_body()).await?;
    let provider = &representations.provider;
    let mut requested =
        representations.valid(provider.parse(Operation::Register, &document, Author::Administrator).await)?;
    let mut policies = representations.client_policies(&app, &administrator, Operation::Register);
    let said = policies.register(&mut requested).await;
    let of_request = (&policies, requested.client_id.as_deref());
    agreed(&app, &administrator, Operation::Register, of_request, said).await?;
    let completed = representations.valid(provider.complete(&requested, None, &issue()).await)?;
    let (mut client, effects) = (completed.client, completed.effects);
    name_mappers(&mut client);
    let said = policies.registered(&mut client).await;
    agreed(&app, &administrator, Operation::Register, (&policies, client.client_id.as_deref()), said).await?;
    effects::amend(&app.rsa_keys, &mut client, &effects).await?;
    let registration = representations.registration(&client, None, None);
    representations.valid(provider.finish(Operation::Register, &client, &registration).await)?;
    let resource_server = effects::make_resource_server(&effects);
    let mut row = ClientRow { resource_server, ..ClientRow::unstored(client) };
    client_secrets::settle(&mut row, None, &realm.settings.life_cycle, clock::now());
    let in_use = |taken| match taken {
        Taken::ClientId => {
            ErrorResponse::message(StatusCode::CONFLICT, format!("Client {} already exists", row.client_id()))
        }
        Taken::Id => ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_input", "id is in use"),
    };
    if let Some(taken) = clients::is_free(&app.store.database, &realm.id, &row.id, row.client_id()).await? {
        return Err(in_use(taken));
    }
    let mut beside = Write::default();
    effects::store(&mut beside, realm, &row, &effects);
    let added = storing::add(&app, &administrator, &row, beside).await?;
    let pending = added.ok_or_else(|| in_use(Taken::ClientId))?;
    Ok(marked(&pending, created(&format!("{}/clients/{}", administrator.address(&app), row.id))))
}

/// Reads a client
///
/// With `If-None-Match` and the `ETag` of an earlier answer: 304, if nothing changed.
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Object), (status = 304), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let row = find(&app, &administrator, &id).await?;
    let representations = Representations::new(&app, &administrator)?;
    let mut policies = representations.client_policies(&app, &administrator, Operation::Read);
    let said = policies.view(&row.client).await;
    agreed(&app, &administrator, Operation::Read, (&policies, Some(row.client_id())), said).await?;
    let tag = representations.tag(&administrator, &row);
    let mut answer = if tag.is_known(&headers) {
        not_stored(StatusCode::NOT_MODIFIED)
    } else {
        json(StatusCode::OK, representations.render(&row, None).await?)
    };
    tag.mark(answer.headers_mut());
    Ok(answer)
}

/// Changes what is named of a client
#[utoipa::path(put, path = "/admin/realms/{realm}/clients/{id}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = Object,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn update(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let representations = Representations::new(&app, &administrator)?;
    let document = document::read(Some(document::JSON.to_owned()), document::JSON, request.into_body()).await?;
    let provider = &representations.provider;
    let requested = representations.valid(provider.parse(Operation::Update, &document, Author::Administrator).await)?;
    let names_enabled = requested.enabled.is_some();
    for _ in 0..ATTEMPTS {
        let stored = find_for_change(&app, &administrator, &id).await?;
        let mut requested = requested.clone();
        let mut policies = representations.client_policies(&app, &administrator, Operation::Update);
        let said = policies.update(&mut requested, &stored.client).await;
        agreed(&app, &administrator, Operation::Update, (&policies, Some(stored.client_id())), said).await?;
        let completed = representations.valid(provider.complete(&requested, Some(&stored.client), &issue()).await)?;
        let (mut client, effects) = (completed.client, completed.effects);
        name_mappers(&mut client);
        let said = policies.updated(&mut client, &stored.client).await;
        agreed(&app, &administrator, Operation::Update, (&policies, Some(stored.client_id())), said).await?;
        effects::amend(&app.rsa_keys, &mut client, &effects).await?;
        let registration = representations.registration(&client, Some(&stored), None);
        representations.valid(provider.finish(Operation::Update, &client, &registration).await)?;
        let renamed = client.client_id != stored.client.client_id;
        let resource_server = stored.resource_server || effects::make_resource_server(&effects);
        let mut row = ClientRow { client, resource_server, ..stored };
        let settings = &administrator.realm.settings.life_cycle;
        client_secrets::settle(&mut row, Some(&stored.client), settings, clock::now());
        // Whether it is enabled is the administrator's word from now on, not its document's.
        let decides = names_enabled && row.document().is_some_and(|document| document.problem.is_some());
        if let Some(document) = row.origin.as_mut().and_then(|origin| origin.document.as_mut()).filter(|_| decides) {
            document.problem = None;
        }
        if renamed {
            let taken = clients::is_free(&app.store.database, &administrator.realm.id, "", row.client_id()).await?;
            if taken.is_some() {
                return Err(ErrorResponse::conflict());
            }
        }
        let realm = &administrator.realm;
        let mut beside = Write::default();
        effects::store(&mut beside, realm, &row, &effects);
        if renamed {
            let username = effects::service_account_name(row.client_id());
            users::rename_service_account(&mut beside, &realm.id, &row.id, &username);
            tombstones::end(&mut beside, &realm.id, row.client_id());
        }
        if let Some(origin) = row.origin.as_ref().filter(|_| decides) {
            clients::keep_document(&mut beside, &realm.id, &row.id, origin);
        }
        if let Some(pending) = storing::change(&app, &administrator, &row, beside).await? {
            return Ok(marked(&pending, StatusCode::NO_CONTENT));
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Changes a stored client in one place, over again when somebody else was faster, and tells which targets lack it then.
pub(super) async fn change(
    app: &App,
    administrator: &Administrator,
    id: &str,
    change: impl Fn(&mut ClientRow) -> Result<(), ErrorResponse>,
) -> Result<Pending, ErrorResponse> {
    for _ in 0..ATTEMPTS {
        let mut row = find_for_change(app, administrator, id).await?;
        change(&mut row)?;
        if let Some(pending) = storing::change(app, administrator, &row, Write::default()).await? {
            return Ok(pending);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// The client of the address, once no other change of it waits for targets that must take it.
pub(super) async fn find_for_change(
    app: &App,
    administrator: &Administrator,
    id: &str,
) -> Result<ClientRow, ErrorResponse> {
    let found = find(app, administrator, id).await?;
    match app.deliveries.waited_for_turn(&administrator.realm, &found.id).await? {
        true => find(app, administrator, id).await,
        false => Ok(found),
    }
}

/// An answer that names the targets which lack the client as it is stored now.
pub(super) fn marked(pending: &Pending, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    pending.mark(&mut response);
    response
}

/// An answer that waits until the targets have the client as it is stored now.
pub(super) async fn settled(app: &App, administrator: &Administrator, id: &str, answer: impl IntoResponse) -> Response {
    marked(&app.deliveries.settled(&administrator.realm, id).await, answer)
}

/// Deletes a client, its roles and its service account
#[utoipa::path(delete, path = "/admin/realms/{realm}/clients/{id}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let representations = Representations::new(&app, &administrator)?;
    for _ in 0..ATTEMPTS {
        let row = find(&app, &administrator, &id).await?;
        let mut policies = representations.client_policies(&app, &administrator, Operation::Delete);
        let said = policies.unregister(&row.client).await;
        agreed(&app, &administrator, Operation::Delete, (&policies, Some(row.client_id())), said).await?;
        if is_of_the_server(&row.client) {
            return Err(ErrorResponse::framework(StatusCode::FORBIDDEN));
        }
        let mut write = Write::default();
        let realm = &administrator.realm;
        let removal = Removal::by_hand(&realm.settings);
        clients::delete(&mut write, &realm.id, &row, removal, &app.deliveries.carrier(true));
        if stored_or_changed(&app, write).await? {
            return Ok(settled(&app, &administrator, &row.id, StatusCode::NO_CONTENT).await);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Makes a new registration access token
///
/// The old one is void. The client is under the `authenticated` policies from then on.
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/registration-access-token", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Object), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn registration_access_token(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let token_id = Uuid::new_v4().to_string();
    let row = replace_token(&app, &administrator, &id, &token_id).await?;
    let realm = &administrator.realm;
    let issuer = app.issuer(realm, &administrator.caller);
    let auth = RegistrationAuth::Authenticated;
    let token = registration_access_token::issue(&app, realm, &issuer, &token_id, auth, None).await?;
    Ok(json(StatusCode::OK, Representations::new(&app, &administrator)?.render(&row, Some(token)).await?))
}

/// Stores the registration access token that is the good one from now on, over again when somebody else was faster.
async fn replace_token(
    app: &App,
    administrator: &Administrator,
    id: &str,
    token_id: &str,
) -> Result<ClientRow, ErrorResponse> {
    for _ in 0..ATTEMPTS {
        let mut row = find(app, administrator, id).await?;
        row.registration_token_id = Some(token_id.to_owned());
        let mut write = Write::default();
        clients::replace_token(&mut write, &administrator.realm.id, &row);
        if stored_or_changed(app, write).await? {
            return Ok(row);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// A client's secret (Keycloak: CredentialRepresentation).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Credential {
    /// Always `secret`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The secret; absent: the client has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Reads a client's secret
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/client-secret", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Credential), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn secret(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let mut client = find(&app, &administrator, &id).await?.client;
    if !administrator.has_any(&MANAGE) {
        secrets::mask(&mut client);
    }
    Ok(not_stored(axum::Json(Credential { kind: "secret", value: client.secret })))
}

/// Makes a new secret for a client
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/client-secret", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Credential), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn new_secret(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let secret = matricula_system::random::secret();
    let pending = change(&app, &administrator, &id, |row| {
        if row.client.public_client == Some(true) {
            let description = "A public client has no secret";
            return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_input", description));
        }
        let before = row.client.clone();
        row.client.secret = Some(secret.clone());
        client_secrets::settle(row, Some(&before), &administrator.realm.settings.life_cycle, clock::now());
        Ok(())
    })
    .await?;
    let value = match app.deliveries.any_issues(&administrator.realm) {
        true => find(&app, &administrator, &id).await?.client.secret,
        false => Some(secret.clone()),
    };
    let answer = not_stored(axum::Json(Credential { kind: "secret", value }));
    Ok(marked(&pending, answer))
}

/// Ends the secret before the one that a client has now
#[utoipa::path(delete, path = "/admin/realms/{realm}/clients/{id}/client-secret/rotated", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn end_rotated_secret(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let pending = change(&app, &administrator, &id, |row| match client_secrets::end_rotated(row, clock::now()) {
        true => Ok(()),
        false => Err(ErrorResponse::bare(StatusCode::NOT_FOUND, "Client does not have a rotated secret")),
    })
    .await?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
}

/// Reads the user that a client acts as
#[utoipa::path(get, path = "/admin/realms/{realm}/clients/{id}/service-account-user", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = super::users::UserRepresentation), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn service_account_user(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let row = find(&app, &administrator, &id).await?;
    let user = users::service_account(&app.store.database, &administrator.realm.id, &row.id).await?;
    match user {
        Some(user) => Ok(axum::Json(super::users::UserRepresentation::from(user)).into_response()),
        None => Err(ErrorResponse::bare(
            StatusCode::BAD_REQUEST,
            format!("Service account not enabled for the client '{}'", row.client_id()),
        )),
    }
}

/// A protocol mapper (Keycloak: ProtocolMapperRepresentation).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MapperRepresentation {
    /// Made here when it is absent.
    id: Option<String>,
    /// Unique within the client.
    name: Option<String>,
    /// `openid-connect` or `saml`; absent: that of the client.
    protocol: Option<String>,
    /// Its type.
    protocol_mapper: String,
    /// Kept for Keycloak.
    consent_required: bool,
    /// Settings of the type.
    #[serde(deserialize_with = "lenient_entries")]
    config: HashMap<String, String>,
}

impl Representation for MapperRepresentation {
    const NAME: &'static str = "ProtocolMapperRepresentation";
    const MEMBERS: Option<&'static [&'static str]> =
        Some(&["id", "name", "protocol", "protocolMapper", "consentRequired", "consentText", "config"]);
}

/// Adds a protocol mapper to a client
#[utoipa::path(post, path = "/admin/realms/{realm}/clients/{id}/protocol-mappers/models", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path)), request_body = MapperRepresentation,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn add_protocol_mapper(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id)): Path<(String, String)>,
    Json(requested): Json<MapperRepresentation>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let Some(name) = &requested.name else {
        return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_input", "name is missing"));
    };
    let mapper_id = requested.id.clone().unwrap_or_else(ids::fresh);
    let pending = change(&app, &administrator, &id, |row| {
        let protocol = requested.protocol.clone().or_else(|| row.client.protocol.clone()).unwrap_or_default();
        let mappers = row.client.protocol_mappers.get_or_insert_default();
        if mappers.iter().any(|mapper| mapper.name == *name && mapper.protocol == protocol) {
            return Err(ErrorResponse::message(StatusCode::CONFLICT, "Protocol mapper exists with same name"));
        }
        mappers.push(ProtocolMapper {
            id: Some(mapper_id.clone()),
            name: name.clone(),
            protocol,
            mapper_type: requested.protocol_mapper.clone(),
            consent_required: requested.consent_required,
            config: requested
                .config
                .iter()
                .map(|(name, value)| matricula_contract::Attribute { name: name.clone(), value: value.clone() })
                .collect(),
        });
        Ok(())
    })
    .await?;
    let made = created(&format!("{}/clients/{id}/protocol-mappers/models/{mapper_id}", administrator.address(&app)));
    Ok(marked(&pending, made))
}

/// Adds a default client scope to a client
#[utoipa::path(put, path = "/admin/realms/{realm}/clients/{id}/default-client-scopes/{scope}", tag = "clients",
    params(("realm" = String, Path), ("id" = String, Path), ("scope" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn add_default_scope(
    State(app): State<App>,
    administrator: Administrator,
    Path((_realm, id, scope)): Path<(String, String, String)>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&MANAGE)?;
    let found = super::client_scopes::find(&app, &administrator, &scope).await?;
    let pending = change(&app, &administrator, &id, |row| {
        let default = row.client.default_client_scopes.get_or_insert_default();
        let optional = row.client.optional_client_scopes.get_or_insert_default();
        if !default.contains(&found.name) && !optional.contains(&found.name) {
            default.push(found.name.clone());
        }
        Ok(())
    })
    .await?;
    Ok(marked(&pending, StatusCode::NO_CONTENT))
}
