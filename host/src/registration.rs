//! The Client Registration Service: `/realms/{realm}/clients-registrations/{provider}[/{client_id}]`
//! (RFC 7591, RFC 7592, Keycloak's Client Registration Service).
//!
//! [`serve`] finds realm, provider and operation in the order that callers can see; one file below for each of the four
//! requests, and what they share here.

mod amended;
pub(crate) mod answer;
mod changed;
pub(crate) mod cross_origin;
pub(crate) mod decision;
mod delete;
pub(crate) mod difference;
pub(crate) mod effects;
mod inactive;
mod read;
pub(crate) mod recording;
pub(crate) mod register;
pub(crate) mod rehearsal;
pub(crate) mod required;
pub(crate) mod update;
pub(crate) mod watch;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_contract::server_attributes::Author;
use matricula_contract::{Client, Context, Document, Issued, Operation, RegistrationAuth, Violation};
use matricula_realms::Realm;
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, ClientRow};
use matricula_store::events::Event;
use matricula_store::policies::OfToken;
use matricula_store::realm_settings::SslRequired;
use matricula_store::{StoreError, Write, events, tombstones};
use matricula_system::{clock, ids, random};
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::no_answer::{NoAnswer, Unanswered};
use matricula_wasm::provider::ProviderCall;
use matricula_wasm::{ComponentSet, WasmError};

pub(crate) use answer::client_uri;

use crate::app::App;
use crate::approval::poll;
use crate::approval::request::Asked;
use crate::approval::waiting::Waiting;
use crate::authentication::{self, AuthenticationError, Identity, Named};
use crate::caller::Caller;
use crate::client_documents;
use crate::client_documents::served::Served;
use crate::client_policies::ClientPolicyError;
use crate::cors;
use crate::document;
use crate::error::{self, Audience, ErrorBody, ErrorResponse};
use crate::events::Subject;
use crate::policies::{Failed, Policies, PolicyError};
use crate::tokens::Claims;
use cross_origin::CrossOrigin;
use decision::{Outcome, Record};

/// How often a change starts over when somebody else was faster.
pub(crate) const ATTEMPTS: u32 = 5;

/// A request whose realm, provider and operation are known to exist.
pub(crate) struct Exchange {
    pub(crate) app: App,
    pub(crate) realm: Arc<Realm>,
    pub(crate) components: Arc<ComponentSet>,
    pub(crate) provider: ProviderCall,
    pub(crate) caller: Caller,
    pub(crate) operation: Operation,
    /// The client in the address; empty for register.
    pub(crate) client_id: String,
    /// The client exists already: it was registered by the request that is repeated here.
    pub(crate) is_replay: bool,
    /// Where the document of the client comes from, if it is a Client ID Metadata Document.
    pub(crate) served: Option<Served>,
}

/// The caller, and the client that the request names if it was looked up along the way.
pub(crate) type Sender = (Identity, Option<Named>);

/// A refusal, and what is recorded of it.
pub(crate) struct Refusal {
    pub(crate) response: ErrorResponse,
    /// What the policies said, or which component has no answer; absent: neither is the reason.
    pub(crate) decision: Option<Box<Record>>,
    /// What was asked, if it was a registration.
    request: Option<Vec<u8>>,
    events: Vec<Event>,
}

impl<E: Into<ErrorResponse>> From<E> for Refusal {
    /// A refusal that is not recorded: refused metadata and failures of the server are not (as in Keycloak).
    fn from(error: E) -> Self {
        Refusal { response: error.into(), decision: None, request: None, events: Vec::new() }
    }
}

/// Any request below `clients-registrations`.
pub(crate) async fn serve(State(app): State<App>, request: Request) -> Response {
    match prepare(app, request).await {
        Ok(Prepared::Answer(response)) => response,
        Ok(Prepared::Exchange(exchange, sent)) => exchange.run(sent).await,
        Err(refused) => refused.into_response(),
    }
}

/// What can be said before the body is read.
enum Prepared {
    Answer(Response),
    Exchange(Box<Exchange>, Sent),
}

/// What of a request only some operations look at.
struct Sent {
    content_type: Option<String>,
    headers: HeaderMap,
    body: Body,
}

/// Steps 1 to 5 of the specified order: realm, HTTPS, provider, method and path, content type.
async fn prepare(app: App, mut request: Request) -> Result<Prepared, ErrorResponse> {
    let caller = Caller::take(request.extensions_mut())?;
    let mut path = request.uri().path().split('/').skip(2).map(segment);
    let (Some(realm), _, Some(provider)) = (path.next(), path.next(), path.next()) else {
        return Err(ErrorResponse::framework(StatusCode::NOT_FOUND));
    };
    let client_id = path.next().filter(|client_id| !client_id.is_empty());
    let deeper = path.next().is_some();
    let realm = open_realm(&app, &realm, &caller).await?;
    let components = app.wasm.current();
    let handle = components.provider(&provider).filter(|handle| client_documents::is_offered(&realm, handle));
    let Some(handle) = handle else {
        return Err(ErrorResponse::bare(StatusCode::NOT_FOUND, "Client registration provider not found"));
    };
    let description = &handle.description;
    if request.method() == Method::OPTIONS {
        return Ok(Prepared::Answer(match description.cross_origin {
            true => cors::preflight(request.headers().get(header::ORIGIN), cross_origin::METHODS),
            false => allow(&description.operations),
        }));
    }
    let operation = operation(request.method(), client_id.is_some(), deeper, &description.operations)?;
    let content_type = content_type(request.headers());
    let call = RealmOfCall::new(Arc::clone(&realm), app.base_url(&realm, &caller));
    let provider = ProviderCall { provider: Arc::clone(handle), instances: app.wasm.instances.clone(), call };
    let client_id = client_id.unwrap_or_default();
    let exchange =
        Exchange { app, realm, components, provider, caller, operation, client_id, is_replay: false, served: None };
    let headers = std::mem::take(request.headers_mut());
    Ok(Prepared::Exchange(Box::new(exchange), Sent { content_type, headers, body: request.into_body() }))
}

/// A segment of a path as it was before it was escaped.
fn segment(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The realm of this name, if it serves this caller: steps 1 and 2, and deviation 22 for disabled realms.
pub(crate) async fn open_realm(app: &App, name: &str, caller: &Caller) -> Result<Arc<Realm>, ErrorResponse> {
    let Some(realm) = app.realms.get(name).await? else {
        return Err(ErrorResponse::bare(StatusCode::NOT_FOUND, "Realm does not exist"));
    };
    let insecure = !caller.is_secure()
        && match realm.settings.ssl_required {
            SslRequired::All => true,
            SslRequired::External => !caller.is_local(),
            SslRequired::None => false,
        };
    if insecure {
        return Err(ErrorResponse::new(StatusCode::FORBIDDEN, "invalid_request", "HTTPS required"));
    }
    if !realm.enabled {
        return Err(ErrorResponse::new(StatusCode::FORBIDDEN, "access_denied", "Realm not enabled"));
    }
    Ok(realm)
}

/// The operation of a method and path. As in Keycloak's framework, a method that the provider has nowhere is 405, one
/// that it has for another path is 404.
fn operation(
    method: &Method,
    has_client: bool,
    deeper: bool,
    offered: &[Operation],
) -> Result<Operation, ErrorResponse> {
    let operation = match method.as_str() {
        "POST" => Operation::Register,
        "GET" | "HEAD" => Operation::Read,
        "PUT" => Operation::Update,
        "DELETE" => Operation::Delete,
        _ => return Err(ErrorResponse::framework(StatusCode::METHOD_NOT_ALLOWED)),
    };
    if !offered.contains(&operation) {
        return Err(ErrorResponse::framework(StatusCode::METHOD_NOT_ALLOWED));
    }
    if deeper || has_client == (operation == Operation::Register) {
        return Err(ErrorResponse::framework(StatusCode::NOT_FOUND));
    }
    Ok(operation)
}

/// The answer to OPTIONS of a provider that browsers of other origins cannot call.
fn allow(operations: &[Operation]) -> Response {
    let mut methods = Vec::new();
    for (operation, names) in [
        (Operation::Read, "HEAD, GET"),
        (Operation::Register, "POST"),
        (Operation::Update, "PUT"),
        (Operation::Delete, "DELETE"),
    ] {
        if operations.contains(&operation) {
            methods.push(names);
        }
    }
    methods.push("OPTIONS");
    let methods = HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"));
    (StatusCode::OK, [(header::ALLOW, methods)]).into_response()
}

impl Exchange {
    /// Runs the operation, records what happened.
    async fn run(self, sent: Sent) -> Response {
        let cross_origin = match CrossOrigin::of(&self).await {
            Ok(cross_origin) => cross_origin,
            Err(refusal) => return self.recorded(refusal).await,
        };
        let result = self.operate(sent, &cross_origin).await;
        let mut response = match result {
            Ok(response) => response,
            Err(refusal) => self.recorded(refusal).await,
        };
        cross_origin.mark(&mut response);
        response
    }

    /// The operation itself; where there is a document, its media type and length are looked at first.
    async fn operate(&self, sent: Sent, cross_origin: &CrossOrigin) -> Result<Response, Refusal> {
        let Sent { content_type, headers, body } = sent;
        // A request is moved a few times until it is polled, and as large as the largest of these unless they are boxed.
        match self.operation {
            Operation::Register => {
                let document = self.document(content_type, body).await;
                let asked = document.as_ref().map(|document| Asked::of(self.provider.id(), document));
                let asked = asked.unwrap_or_default();
                if let Some(poll) = asked.poll() {
                    return Ok(Box::pin(poll::answered(self, poll, cross_origin)).await);
                }
                self.count_anonymous()?;
                let document = document?;
                if client_documents::is_provider(self.provider.id()) {
                    return Box::pin(client_documents::registration::register(self, document, cross_origin)).await;
                }
                Box::pin(register::register(self, document, &asked, cross_origin)).await
            }
            Operation::Read => Box::pin(read::read(self, cross_origin, &headers)).await,
            Operation::Update => {
                let document = self.document(content_type, body).await?;
                Box::pin(update::update(self, document, cross_origin)).await
            }
            Operation::Delete => Box::pin(delete::delete(self, cross_origin)).await,
        }
    }

    /// Counts a registration without a token before its document is looked at: what is refused costs something too.
    fn count_anonymous(&self) -> Result<(), ErrorResponse> {
        match self.caller.bearer_token() {
            None => self.app.anonymous_limits.count(&self.realm, self.caller.address),
            Some(_) => Ok(()),
        }
    }

    /// The document of a request, if it is of a media type that the provider takes. Without one it is taken to be.
    async fn document(&self, content_type: Option<String>, body: Body) -> Result<Document, ErrorResponse> {
        let sent = content_type.as_deref().map(|value| value.split(';').next().unwrap_or_default().trim());
        let offered = &self.provider.provider.description.content_types;
        let media_type = match sent {
            Some(sent) => offered.iter().find(|offered| offered.eq_ignore_ascii_case(sent)),
            None => offered.first(),
        };
        let Some(media_type) = media_type else {
            return Err(ErrorResponse::bare(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The content-type header value did not match the value in @Consumes",
            ));
        };
        document::read(content_type, media_type, body).await
    }

    /// Stores what is recorded of a refusal, and gives its answer. A failure to store is logged: the answer stays the same.
    pub(crate) async fn recorded(&self, refusal: Refusal) -> Response {
        self.record(refusal, Write::default()).await.into_response()
    }

    /// The same, with what else is to be written.
    pub(crate) async fn record(&self, refusal: Refusal, mut write: Write) -> ErrorResponse {
        let Refusal { response, decision, request, events: recorded } = refusal;
        for event in &recorded {
            events::insert(&mut write, &self.realm.id, event);
        }
        let id = decision.map(|record| {
            record.store(&self.realm.id, &mut write, request);
            record.id
        });
        if let Err(error) = self.store(write, id.as_deref()).await {
            tracing::error!(%error, "the refusal of a request could not be recorded");
        }
        response
    }

    /// Stores what a request writes, with the record of this decision if there is one: once it is there, an old one may
    /// be too many.
    pub(crate) async fn store(&self, write: Write, decision: Option<&str>) -> Result<(), StoreError> {
        self.app.store.writer.write(write).await?;
        if let Some(decision) = decision {
            self.app.store.trimmer.added(&self.realm.id, decision);
        }
        Ok(())
    }

    /// A refusal that leaves events behind.
    pub(crate) fn refusal(
        &self,
        response: impl Into<ErrorResponse>,
        events: impl IntoIterator<Item = Event>,
    ) -> Refusal {
        let (response, events) = (response.into(), events.into_iter().collect());
        Refusal { response, decision: None, request: None, events }
    }

    /// What events of this request are about. Reads and registrations that fail don't name the client (Keycloak).
    pub(crate) fn subject(&self) -> Subject<'_> {
        let named = matches!(self.operation, Operation::Update | Operation::Delete);
        Subject {
            realm: &self.realm,
            operation: self.operation,
            address: &self.caller.address_text,
            client_id: named.then_some(self.client_id.as_str()),
        }
    }

    /// Document to client as sent, and the caller; the client that is looked up along the way is the one in the address,
    /// or the one that wants to be registered. What cannot be read is refused before any look at the token, what is
    /// wrong with the metadata after it.
    pub(crate) async fn parse(
        &self,
        document: &Document,
        cross_origin: &CrossOrigin,
    ) -> Result<(Client, Sender), Refusal> {
        let parsed = self.provider.parse(self.operation, document, Author::Caller).await;
        let parsed = parsed.map_err(|error| self.unanswered("parse", error, None))?;
        if let Err(violations) = &parsed
            && !violations.iter().any(error::concerns_metadata)
        {
            return Err(valid(parsed).err().unwrap_or_else(ErrorResponse::server_error).into());
        }
        let client_id = match (self.operation, &parsed) {
            (Operation::Register, Ok(requested)) => requested.client_id.as_deref(),
            _ => self.in_address(),
        };
        let sender = cross_origin.caller(self, client_id).await?;
        Ok((valid(parsed)?, sender))
    }

    /// The client in the address; none for register.
    fn in_address(&self) -> Option<&str> {
        (!self.client_id.is_empty()).then_some(self.client_id.as_str())
    }

    /// Verifies the caller, and looks up a client along the way if that costs nothing.
    async fn authenticate(&self, client_id: Option<&str>) -> Result<Sender, AuthenticationError> {
        authentication::authenticate(&self.app, &self.realm, &self.caller, client_id).await
    }

    /// The client in the address and its roles: what was looked up already, or as it is now.
    async fn stored(&self, named: Option<Named>) -> Result<(Option<ClientRow>, Vec<String>), StoreError> {
        let named = match named {
            Some(named) => named,
            None => clients::with_roles(&self.app.store.database, &self.realm.id, &self.client_id).await?,
        };
        Ok(named.map_or_else(Default::default, |(stored, roles)| (Some(stored), roles)))
    }

    /// Notes the use of a client, if it was its own registration access token that did it.
    fn used_by(&self, identity: &Identity, client: &ClientRow) {
        if matches!(identity, Identity::RegistrationAccessToken(..)) {
            self.app.uses.note(&self.realm.id, &client.id, Kind::Management);
        }
    }

    /// Ends the registration access token before the one that the caller came with: the answer with that one arrived.
    async fn end_previous_token(&self, identity: &Identity, client: &ClientRow) -> Result<(), StoreError> {
        let Identity::RegistrationAccessToken(claims, _) = identity else { return Ok(()) };
        if client.previous_token.is_none() || client.registration_token_id.as_deref() != Some(claims.jti.as_str()) {
            return Ok(());
        }
        let mut write = Write::default();
        clients::end_previous_token(&mut write, &self.realm.id, client);
        self.app.store.writer.write(write).await
    }

    /// Unwraps what the provider answered at a step: violations are 400, and no answer is recorded.
    pub(crate) fn answered<T>(
        &self,
        step: &'static str,
        answer: Result<Result<T, Vec<Violation>>, WasmError>,
        policies: Option<&Policies>,
    ) -> Result<T, Refusal> {
        match answer {
            Ok(answer) => Ok(valid(answer)?),
            Err(error) => Err(self.unanswered(step, error, policies)),
        }
    }

    /// The refusal because of a provider without an answer, recorded, unless it will pass and no component is to blame.
    /// Before the token was looked at there are no policies.
    pub(crate) fn unanswered(&self, step: &'static str, error: WasmError, policies: Option<&Policies>) -> Refusal {
        if error.failure.is_passing() {
            return error.into();
        }
        let id = policies.map_or_else(ids::fresh, |policies| policies.decision.clone());
        let component = &self.provider.provider.component;
        let unanswered = Unanswered {
            step,
            policy: None,
            provider: self.provider.id().to_owned(),
            component: Some(component.label()),
            failure: NoAnswer::new(&error, Some(component)),
        };
        let (name, provider, failure, detail) = (&error.component, self.provider.id(), &error.failure, &error.detail);
        if self.provider.instances.is_trying() {
            tracing::warn!(component = name, provider, step, %failure, detail, decision = id,
                "a provider has no answer; nothing comes of it, as this was only tried");
        } else {
            tracing::error!(component = name, provider, step, %failure, detail, decision = id,
                "a provider has no answer; the request is refused");
            component.failed_at(&self.realm.name, &id, &unanswered);
        }
        let details = [("component", name.as_str()), ("decision", id.as_str())];
        let event = self.subject().error("server_error", &details);
        let response = ErrorResponse::provider_failed(provider, id.clone());
        let record = match policies {
            Some(policies) => Record::of(self, policies, Outcome::Reject, Vec::new()),
            None => Record::before_policies(self, id),
        };
        let request = policies.and_then(|policies| policies.recorded.clone());
        Refusal { decision: Some(Box::new(record.failed(unanswered))), request, ..self.refusal(response, event) }
    }

    /// The refusal of a caller, recorded.
    pub(crate) fn unauthenticated(&self, error: AuthenticationError) -> Refusal {
        let reason = error.to_string();
        let event = match &error {
            AuthenticationError::Forbidden => self.subject().error("not_allowed", &[]),
            AuthenticationError::ClientNotFound => self.subject().error("client_not_found", &[]),
            AuthenticationError::WrongProtocol
            | AuthenticationError::Unavailable(_)
            | AuthenticationError::Pause(_) => None,
            _ => self.subject().error("invalid_token", &[("reason", &reason)]),
        };
        self.refusal(error, event)
    }

    /// The same, of a client that the request names, as it is stored: who comes with the registration access token of
    /// one that is gone is told so, and nobody else.
    async fn turned_away(
        &self,
        error: AuthenticationError,
        identity: &Identity,
        stored: Option<&ClientRow>,
    ) -> Refusal {
        let mut refusal = self.unauthenticated(error);
        // A tombstone says nothing while a client has the id.
        let (Identity::RegistrationAccessToken(claims, _), None) = (identity, stored) else { return refusal };
        match tombstones::find(&self.app.store.database, &self.realm.id, &self.client_id).await {
            Ok(Some(tombstone)) if tombstone.registration_token_id.as_deref() == Some(claims.jti.as_str()) => {
                refusal.response = refusal.response.of_gone(&tombstone);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "nobody knows whether a client was removed"),
        }
        refusal
    }

    /// The refusal of policies, recorded.
    pub(crate) fn refused(&self, error: PolicyError, policies: &Policies) -> Refusal {
        let (refusal, record) = match error {
            PolicyError::Refused(refused) => {
                let details =
                    [("client_registration_policy", refused.policy()), ("decision", refused.decision.as_str())];
                let event = self.subject().error("not_allowed", &details);
                let record = Record::of(self, policies, Outcome::Reject, refused.violations.clone());
                (self.refusal(refused, event), record)
            }
            PolicyError::Amended(refused) => {
                let details =
                    [("client_registration_policy", refused.policy()), ("decision", refused.decision.as_str())];
                let event = self.subject().error("not_allowed", &details);
                let record = Record::of(self, policies, Outcome::Reject, refused.violations.clone());
                (self.refusal(refused.into_amended(), event), record)
            }
            PolicyError::Failed(failed) => {
                let Failed { policy, component, decision, unanswered } = *failed;
                let details = [
                    ("client_registration_policy", policy.as_str()),
                    ("component", component.as_str()),
                    ("decision", decision.as_str()),
                ];
                let event = self.subject().error("server_error", &details);
                let record = Record::of(self, policies, Outcome::Reject, Vec::new()).failed(unanswered);
                (self.refusal(ErrorResponse::policy_failed(&policy, decision), event), record)
            }
            PolicyError::Other(response) => return response.into(),
        };
        Refusal { decision: Some(Box::new(record)), request: policies.recorded.clone(), ..refusal }
    }

    /// The policies that apply to this request: those of the realm's set and those of a token.
    pub(crate) fn policies(
        &self,
        identity: &Identity,
        registration_auth: RegistrationAuth,
        of_token: OfToken<'_>,
    ) -> Policies {
        let context = self.context(identity, registration_auth);
        Policies::of_realm(&self.app, &self.provider, &self.components, context, of_token)
    }

    /// The policies for a client that is there: those that its initial access token brought bind whoever comes with the
    /// client's own token.
    fn policies_for(&self, identity: &Identity, registration_auth: RegistrationAuth, stored: &ClientRow) -> Policies {
        let of_token = match identity {
            Identity::RegistrationAccessToken(..) => stored.of_token(),
            _ => OfToken::default(),
        };
        self.policies(identity, registration_auth, of_token)
    }

    /// The refusal of a client policy, recorded twice: as what its executor says, and as a refusal.
    pub(crate) fn refused_by_client_policy(&self, error: ClientPolicyError, policies: &Policies) -> Refusal {
        match error {
            ClientPolicyError::Refused(refused) => {
                let details = [
                    ("reason", "client_policy_error"),
                    ("client_policy_error", refused.code.as_str()),
                    ("client_policy_error_detail", refused.violation.message.as_str()),
                    ("decision", refused.decision.as_str()),
                ];
                let events = [refused.code.as_str(), "not_allowed"].map(|error| self.subject().error(error, &details));
                let record = Record::of(self, policies, Outcome::Reject, vec![refused.violation.clone()]);
                let refusal = self.refusal(refused.into_response(Audience::Registration), events.into_iter().flatten());
                Refusal { decision: Some(Box::new(record)), request: policies.recorded.clone(), ..refusal }
            }
            ClientPolicyError::Failed(error) => self.refused(error, policies),
        }
    }

    /// What policies are told about the request.
    pub(crate) fn context(&self, identity: &Identity, registration_auth: RegistrationAuth) -> Context {
        let claims = identity.claims();
        Context {
            realm: self.realm.name.clone(),
            provider: self.provider.id().to_owned(),
            operation: self.operation,
            caller: matricula_contract::Caller {
                kind: identity.kind(),
                subject: match identity {
                    Identity::Bearer(bearer) => bearer.subject().map(str::to_owned),
                    _ => None,
                },
                token_id: claims.map(|claims| claims.jti.clone()),
                roles: match identity {
                    Identity::Bearer(bearer) => bearer.role_names(&self.realm),
                    _ => Vec::new(),
                },
                groups: claims.map(Claims::groups).unwrap_or_default(),
                address: match self.served.as_ref().and_then(|served| served.address) {
                    Some(address) => address.to_string(),
                    None => self.caller.address_text.clone(),
                },
                origin: self.caller.origin.clone().filter(|_| self.served.is_none()),
            },
            registration_auth,
            now: clock::now().unsigned_abs(),
            attributes: self.served.as_ref().map(|served| served.facts(&self.caller)).unwrap_or_default(),
        }
    }
}

/// Registers a client
///
/// RFC 7591 §3.1. Without a token the request is anonymous: the realm's policies decide. At `openid-connect` a caller with
/// `"registration_mode": ["approval"]` waits for an approval where a policy asks for one: 202 with codes; it polls with
/// `{"registration_code": …}`, and takes it back with `"cancel_registration": true` beside that.
#[utoipa::path(post, path = "/realms/{realm}/clients-registrations/{provider}", tag = "registration",
    params(("realm" = String, Path), ("provider" = String, Path, description = "`default`, `openid-connect`, …")),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 201, body = Object), (status = 202, body = Waiting), (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 429, body = ErrorBody)))]
#[expect(dead_code, reason = "it only describes: the requests are served by `serve`")]
pub(crate) fn register_path() {}

/// Reads a client
///
/// RFC 7592 §2.1. With a bearer token, `If-None-Match` and the `ETag` of an earlier answer: 304, if nothing changed.
#[utoipa::path(get, path = "/realms/{realm}/clients-registrations/{provider}/{client_id}", tag = "registration",
    params(("realm" = String, Path), ("provider" = String, Path), ("client_id" = String, Path)),
    responses((status = 200, body = Object), (status = 304), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
#[expect(dead_code, reason = "it only describes: the requests are served by `serve`")]
pub(crate) fn read_path() {}

/// Updates a client
///
/// RFC 7592 §2.2. The answer to a caller with a registration access token holds a new one; the old one is void.
#[utoipa::path(put, path = "/realms/{realm}/clients-registrations/{provider}/{client_id}", tag = "registration",
    params(("realm" = String, Path), ("provider" = String, Path), ("client_id" = String, Path)),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, body = Object), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
#[expect(dead_code, reason = "it only describes: the requests are served by `serve`")]
pub(crate) fn update_path() {}

/// Deletes a client
///
/// RFC 7592 §2.3.
#[utoipa::path(delete, path = "/realms/{realm}/clients-registrations/{provider}/{client_id}", tag = "registration",
    params(("realm" = String, Path), ("provider" = String, Path), ("client_id" = String, Path)),
    responses((status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
#[expect(dead_code, reason = "it only describes: the requests are served by `serve`")]
pub(crate) fn delete_path() {}

/// What the provider answered: violations are 400.
fn valid<T>(answer: Result<T, Vec<Violation>>) -> Result<T, ErrorResponse> {
    answer.map_err(|violations| ErrorResponse::metadata(violations, Audience::Registration))
}

/// What only the host can make, ready for one request.
pub(crate) fn issue() -> Issued {
    Issued {
        id: ids::fresh(),
        secret: random::secret(),
        salt: random::text(16),
        now: clock::now().unsigned_abs(),
        attributes: Vec::new(),
    }
}

/// Gives an id to each protocol mapper that has none.
pub(crate) fn name_mappers(client: &mut Client) {
    for mapper in client.protocol_mappers.iter_mut().flatten() {
        mapper.id.get_or_insert_with(ids::fresh);
    }
}
