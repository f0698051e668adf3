//! Registers a client: `POST /realms/{realm}/clients-registrations/{provider}` (RFC 7591 §3.1).

use axum::response::Response;
use matricula_contract::{Client, Completed, Document, Effect, Issued, Registration, RegistrationAuth};
use matricula_store::clients::{self, ClientRow, MetadataDocument, Origin, Taken};
use matricula_store::{Lost, StoreError, Write, client_software, events, initial_access_tokens, realms};
use matricula_system::clock;
use uuid::Uuid;

use super::cross_origin::{CrossOrigin, allowed_origins};
use super::watch::Watch;
use super::{Exchange, Refusal, amended, answer, changed, effects, issue, name_mappers, rehearsal, required};
use crate::approval::request::Asked;
use crate::approval::waiting::{self, OfToken};
use crate::authentication::{AuthenticationError, Identity, Permit, may_register, registration_access_token};
use crate::error::ErrorResponse;
use crate::life_cycle::{client_secrets, duplicates};
use crate::policies::{Policies, PolicyError};
use crate::targets::waiting::Pending;

/// What is to be registered, and by whom.
pub(crate) struct Wanted<'a> {
    /// As it came.
    pub(crate) document: &'a Document,
    /// The client as sent.
    pub(crate) requested: Client,
    pub(crate) identity: &'a Identity,
    pub(crate) permit: Permit,
    /// The `client_id` that it wants, if nobody had it a moment ago.
    pub(crate) free: Option<String>,
    /// What is known of the Client ID Metadata Document that it comes from. Such a client has no registration access token.
    pub(crate) metadata_document: Option<MetadataDocument>,
    /// If it is held, its caller gets it after an approval.
    pub(crate) wants_approval: bool,
}

/// What became of it.
pub(crate) enum Admitted {
    /// It is registered.
    Registered(Box<Registered>),
    /// It waits for an approval, with this answer.
    Waits(Response),
}

/// A client that was registered.
pub(crate) struct Registered {
    pub(crate) client: ClientRow,
    /// What its provider says of it.
    answer: Document,
    registration: Registration,
    /// The targets that lack it.
    pub(crate) pending: Pending,
    policies: Policies,
}

pub(super) async fn register(
    exchange: &Exchange,
    document: Document,
    asked: &Asked,
    cross_origin: &CrossOrigin,
) -> Result<Response, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let (requested, (identity, named)) = exchange.parse(&document, cross_origin).await?;
    let wants_approval = asked.wants_approval()?;
    // One that nobody has may still be that of a client that leaves.
    let is_free = matches!(named, Some(None)) && realm.targets.is_empty();
    let free = if is_free { requested.client_id.clone() } else { None };
    let permit = may_register(&identity).map_err(|error| exchange.unauthenticated(error))?;
    // Without a token it was counted when it came.
    if permit.registration_auth == RegistrationAuth::Anonymous && !matches!(identity, Identity::Anonymous) {
        app.anonymous_limits.count(realm, exchange.caller.address)?;
    }
    let wanted = Wanted {
        document: &document,
        requested,
        identity: &identity,
        permit,
        free,
        metadata_document: None,
        wants_approval,
    };
    let registered = match admit(exchange, wanted).await? {
        Admitted::Registered(registered) => *registered,
        Admitted::Waits(response) => return Ok(response),
    };
    let Registered { client, answer, registration, pending, policies } = registered;
    let (answer, client_uri) = match with_issued(exchange, &client.id).await? {
        Some(client) => {
            let client_uri = exchange.client_uri(client.client_id());
            let registration = Registration { client_uri: client_uri.clone(), ..registration };
            let finished = provider.finish(exchange.operation, &client.shown(), &registration).await;
            (exchange.answered("finish", finished, Some(&policies))?, client_uri)
        }
        None => (answer, registration.client_uri),
    };
    let mut response = answer::created(answer, &client_uri, client.held.as_deref());
    changed::mark(&mut response, &document, &policies.evaluations);
    pending.mark(&mut response);
    Ok(response)
}

/// Registers what policies, client policies and targets agree to. Everything that can fail happens before the one
/// transaction that stores the client.
pub(crate) async fn admit(exchange: &Exchange, wanted: Wanted<'_>) -> Result<Admitted, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let Wanted { document, requested, identity, permit, free, metadata_document, wants_approval } = wanted;
    let mut policies = exchange.policies(identity, permit.registration_auth, identity.of_token());
    policies.decided_again = true;
    let (free, issued) = (free.as_deref(), issue());
    let watch = Watch::of(exchange, &policies, Some(document), || rehearsal::Asked {
        requested: Some(requested.clone()),
        stored: None,
        free,
        issued: issued.clone(),
    });
    let mut decided = decide(exchange, requested, free, &issued, &mut policies).await;
    if let Some(watch) = watch {
        decided = watch.look(&mut policies, decided).await;
    }
    let Completed { mut client, effects } = decided?;
    effects::amend(&app.rsa_keys, &mut client, &effects).await?;

    let now = clock::now();
    let client_id = client.client_id.clone().unwrap_or_default();
    let waits = wants_approval && policies.held.is_some();
    let token_id = metadata_document.is_none().then(|| Uuid::new_v4().to_string());
    let mut of_token = None;
    if token_id.is_some() {
        let allowed_origins = allowed_origins(exchange, identity, &mut policies).await?;
        of_token = Some(OfToken { registration_auth: permit.registration_auth, allowed_origins });
    }
    let access_token = match (&token_id, &of_token) {
        // Who waits gets it with the client.
        (Some(token_id), Some(of_token)) if !waits => Some(access_token(exchange, token_id, of_token).await?),
        _ => None,
    };
    let registration = Registration {
        client_uri: exchange.client_uri(&client_id),
        access_token,
        issued_at: now.unsigned_abs(),
        roles: client.default_roles.clone().unwrap_or_default(),
        resource_server: effects::make_resource_server(&effects),
        access: None,
    };
    let token_name = identity.of_token().name.map(str::to_owned);
    let mut client = ClientRow {
        registration_token_id: token_id.filter(|_| !waits),
        initial_access_token: permit.initial_access_token.clone(),
        token_policies: identity.of_token().policies.to_vec(),
        origin: Some(Origin { token_name, document: metadata_document, ..policies.origin() }),
        held: policies.held.clone(),
        resource_server: registration.resource_server,
        created_at: now,
        ..ClientRow::unstored(client)
    };
    client_secrets::settle(&mut client, None, &realm.settings.life_cycle, now);
    let finished = provider.finish(exchange.operation, &client.shown(), &registration).await;
    let answer = exchange.answered("finish", finished, Some(&policies))?;
    required::reviewed(exchange, &mut policies, &client).await?;

    let initial_access_token = permit.initial_access_token.as_deref();
    let made = Made { client: &client, effects: &effects, initial_access_token, waits };
    if waits && let Some(of_token) = of_token {
        return Ok(Admitted::Waits(Box::pin(waiting::begin(exchange, &mut policies, &made, of_token)).await?));
    }
    let pending = if app.deliveries.may_refuse(realm, &client) {
        // It waits for others: boxed, as most realms have none that must take a client.
        Box::pin(required::register(exchange, &mut policies, &made)).await?
    } else {
        made.store(exchange, &mut policies).await?;
        app.deliveries.settled(realm, &client.id).await
    };
    if let Some(counted) = duplicates::counted(realm, &client) {
        // The client is registered, whatever becomes of others.
        if let Err(error) = duplicates::make_room(app, realm, &counted, &exchange.caller.address_text).await {
            tracing::warn!(%error, "no unused client of the same software could be put to sleep");
        }
    }
    Ok(Admitted::Registered(Box::new(Registered { client, answer, registration, pending, policies })))
}

/// The client's registration access token.
async fn access_token(exchange: &Exchange, token_id: &str, of_token: &OfToken) -> Result<String, StoreError> {
    let Exchange { app, realm, caller, .. } = exchange;
    let issuer = app.issuer(realm, caller);
    let OfToken { registration_auth, allowed_origins } = of_token;
    let origins = Some(allowed_origins.clone());
    registration_access_token::issue(app, realm, &issuer, token_id, *registration_auth, origins).await
}

/// The client as it is stored, where a target may have issued something of its own.
pub(super) async fn with_issued(exchange: &Exchange, id: &str) -> Result<Option<ClientRow>, StoreError> {
    let Exchange { app, realm, .. } = exchange;
    if app.deliveries.any_issues(realm) { clients::by_id(&app.store.database, &realm.id, id).await } else { Ok(None) }
}

/// A client that all have agreed to.
pub(crate) struct Made<'a> {
    pub(crate) client: &'a ClientRow,
    effects: &'a [Effect],
    /// The one that it takes a use of.
    pub(crate) initial_access_token: Option<&'a str>,
    /// Its caller gets it after an approval: it is registered then.
    waits: bool,
}

impl Made<'_> {
    /// Stores it, in one transaction.
    async fn store(&self, exchange: &Exchange, policies: &mut Policies) -> Result<(), Refusal> {
        let write = self.write(exchange, policies)?;
        match exchange.store(write, Some(&policies.decision)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(lost(exchange, policies, error).await),
        }
    }

    /// All that is stored.
    pub(crate) fn write(&self, exchange: &Exchange, policies: &Policies) -> Result<Write, StoreError> {
        let Exchange { app, realm, .. } = exchange;
        let mut write = Write::default();
        realms::count_client(&mut write, &realm.id, &policies.client_limits());
        clients::insert(&mut write, &realm.id, self.client, &app.deliveries.carrier(true))?;
        if let Some(token) = self.initial_access_token {
            initial_access_tokens::spend(&mut write, &realm.id, token);
        }
        self.store_beside(exchange, policies, &mut write);
        Ok(write)
    }

    /// What is stored beside the client: what its provider asks for, the event, the decision.
    pub(super) fn store_beside(&self, exchange: &Exchange, policies: &Policies, write: &mut Write) {
        effects::store(write, &exchange.realm, self.client, self.effects);
        if let Some(counted) = duplicates::counted(&exchange.realm, self.client) {
            client_software::insert(write, &exchange.realm.id, &counted);
        }
        let mut subject = exchange.subject();
        subject.client_id = Some(self.client.client_id());
        if let Some(event) = subject.success().filter(|_| !self.waits) {
            events::insert(write, &exchange.realm.id, &event);
        }
        exchange.record_decision(write, policies, self.client.client_id());
    }
}

/// From the client as sent to the full client that policies agree to, and what is to be done beside storing it. Nothing
/// is stored and nothing is made. `free` is a `client_id` that nobody had a moment ago, `issued` what the host makes.
pub(crate) async fn decide(
    exchange: &Exchange,
    mut requested: Client,
    free: Option<&str>,
    issued: &Issued,
    policies: &mut Policies,
) -> Result<Completed, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    policies.record_request(&mut requested);
    if let Err(error) = policies.client_policies.register(&mut requested).await {
        return Err(exchange.refused_by_client_policy(error, policies));
    }
    if let Err(error) = policies.before_register(&mut requested).await {
        return Err(exchange.refused(error, policies));
    }
    // A replay is about the time when the request came.
    let issued = Issued { now: policies.context().now, ..issued.clone() };
    let completed = provider.complete(&requested, None, &issued).await;
    let mut completed = exchange.answered("complete", completed, Some(policies))?;
    let client = &mut completed.client;
    name_mappers(client);
    let (Some(id), Some(client_id)) = (&client.id, &client.client_id) else {
        let error = provider.nonsense("a completed client has no id or no client-id");
        return Err(exchange.unanswered("complete", error, Some(policies)));
    };
    // Nobody can have an id that was made just now.
    let is_free = *id == issued.id && (*client_id == issued.id || Some(client_id.as_str()) == free);
    if !is_free
        && !exchange.is_replay
        && let Some(taken) = clients::is_free(&app.store.database, &realm.id, id, client_id).await?
    {
        return Err(in_use(taken).into());
    }
    if let Err(error) = policies.client_policies.registered(client).await {
        return Err(exchange.refused_by_client_policy(error, policies));
    }
    if let Err(error) = policies.after_register(client).await {
        return Err(exchange.refused(error, policies));
    }
    amended::settle(exchange, policies, &mut completed).await?;
    let client = &mut completed.client;
    if policies.held.is_some() {
        // Held clients are stored disabled until an administrator approves them.
        client.enabled = Some(false);
    }
    Ok(completed)
}

/// The refusal of a client whose id somebody else has.
fn in_use(taken: Taken) -> ErrorResponse {
    ErrorResponse::invalid_client_metadata(match taken {
        Taken::ClientId => "Client Identifier in use",
        Taken::Id => "id is in use",
    })
}

/// What the transaction found: the same answer as if it had been known before.
pub(crate) async fn lost(exchange: &Exchange, policies: &mut Policies, error: StoreError) -> Refusal {
    match error {
        StoreError::Lost(Lost::Taken) => in_use(Taken::ClientId).into(),
        StoreError::Lost(Lost::Spent) => exchange.unauthenticated(AuthenticationError::NoRemainingCount),
        StoreError::Lost(Lost::Condition(index)) => match policies.condition_lost(index).await {
            Some(refused) => exchange.refused(PolicyError::Refused(refused), policies),
            None => ErrorResponse::server_error().into(),
        },
        other => other.into(),
    }
}
