//! Updates a client: `PUT /realms/{realm}/clients-registrations/{provider}/{client_id}` (RFC 7592 §2.2).

use axum::http::StatusCode;
use axum::response::Response;
use matricula_contract::{CallerKind, Client, Completed, Document, Issued, Registration};
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, ClientRow, MetadataDocument, Origin, PreviousToken};
use matricula_store::policies::OfToken;
use matricula_store::{Lost, StoreError, Write, client_software, events};
use matricula_system::{clock, random};
use uuid::Uuid;

use super::cross_origin::{CrossOrigin, allowed_origins};
use super::read::shown_token;
use super::rehearsal::Asked;
use super::watch::Watch;
use super::{ATTEMPTS, Exchange, Refusal, amended, answer, changed, effects, issue, name_mappers, register, required};
use crate::authentication::{Identity, Named, Permit, may_change, registration_access_token};
use crate::error::ErrorResponse;
use crate::events::{CLIENT_REVIVE, of_life};
use crate::life_cycle::{client_secrets, duplicates};
use crate::policies::Policies;
use crate::targets::waiting::Pending;

/// Providers whose documents have the secret: who changes its client there gets a new one in time.
const RENEWING: [&str; 2] = ["openid-connect", "default"];

/// Who changes the same client at the same time makes this one start over with the client as it is then; a registration
/// access token that was rotated meanwhile is refused there.
pub(super) async fn update(
    exchange: &Exchange,
    document: Document,
    cross_origin: &CrossOrigin,
) -> Result<Response, Refusal> {
    let (requested, (identity, mut named)) = exchange.parse(&document, cross_origin).await?;
    for _ in 0..ATTEMPTS {
        if let Some(answer) = attempt(exchange, &document, requested.clone(), &identity, named.take()).await? {
            return Ok(answer);
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// One attempt; `None` when the client was changed meanwhile.
async fn attempt(
    exchange: &Exchange,
    document: &Document,
    requested: Client,
    identity: &Identity,
    named: Option<Named>,
) -> Result<Option<Response>, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let (mut stored, mut roles) = exchange.stored(named).await?;
    if let Some(client) = &stored
        && app.deliveries.waited_for_turn(realm, &client.id).await?
    {
        (stored, roles) = exchange.stored(None).await?;
    }
    let protocol = provider.provider.description.protocol.as_deref();
    let permit = match may_change(identity, stored.as_ref(), protocol) {
        Ok(permit) => permit,
        Err(error) => return Err(exchange.turned_away(error, identity, stored.as_ref()).await),
    };
    // `may_change` lets nobody through to a client that is not there.
    let stored = stored.ok_or_else(ErrorResponse::server_error)?;
    exchange.end_previous_token(identity, &stored).await?;
    let policies = exchange.policies_for(identity, permit.registration_auth, &stored);
    let wanted = Wanted { document, requested, identity, permit, stored, roles, policies, metadata_document: None };
    let Some(changed) = change(exchange, wanted).await? else { return Ok(None) };
    let Changed { client, answer, registration, pending, policies } = changed;
    let answer = match register::with_issued(exchange, &client.id).await? {
        Some(client) => {
            let registration = Registration { client_uri: exchange.client_uri(client.client_id()), ..registration };
            let finished = provider.finish(exchange.operation, &client.shown(), &registration).await;
            exchange.answered("finish", finished, Some(&policies))?
        }
        None => answer,
    };
    let mut response = answer::document(StatusCode::OK, answer);
    changed::mark(&mut response, document, &policies.evaluations);
    pending.mark(&mut response);
    Ok(Some(response))
}

/// How a client is to be changed, and by whom.
pub(crate) struct Wanted<'a> {
    /// As it came.
    pub(crate) document: &'a Document,
    /// The client as sent.
    pub(crate) requested: Client,
    pub(crate) identity: &'a Identity,
    pub(crate) permit: Permit,
    pub(crate) stored: ClientRow,
    /// Names of its roles.
    pub(crate) roles: Vec<String>,
    pub(crate) policies: Policies,
    /// What is known of the Client ID Metadata Document that it comes from now.
    pub(crate) metadata_document: Option<MetadataDocument>,
}

/// A client that was changed.
pub(crate) struct Changed {
    pub(crate) client: ClientRow,
    /// What its provider says of it.
    answer: Document,
    registration: Registration,
    /// The targets that lack its latest state.
    pub(crate) pending: Pending,
    policies: Policies,
}

/// Changes a client as policies, client policies and targets agree to; `None` when it was changed meanwhile.
pub(crate) async fn change(exchange: &Exchange, wanted: Wanted<'_>) -> Result<Option<Changed>, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let Wanted { document, requested, identity, permit, stored, roles, mut policies, metadata_document } = wanted;
    let issued = issue();
    let watch = Watch::of(exchange, &policies, Some(document), || Asked {
        requested: Some(requested.clone()),
        stored: Some(&stored),
        free: None,
        issued: issued.clone(),
    });
    let mut decided = decide(exchange, requested, &stored, &issued, &mut policies).await;
    if let Some(watch) = watch {
        decided = watch.look(&mut policies, decided).await;
    }
    let Completed { mut client, effects } = decided?;
    effects::amend(&app.rsa_keys, &mut client, &effects).await?;

    let (now, settings) = (clock::now(), &realm.settings.life_cycle);
    let own_token = match identity {
        Identity::RegistrationAccessToken(claims, _) => Some(claims.jti.as_str()),
        _ => None,
    };
    let gives_secrets = RENEWING.contains(&provider.id());
    if own_token.is_some() && gives_secrets && client_secrets::is_to_be_renewed(&stored.client, &client, now) {
        client.secret = Some(random::secret());
    }
    let mut registration_token_id = stored.registration_token_id.clone();
    let mut previous_token = stored.previous_token.clone();
    let mut access_token = None;
    if policies.client_policies.keeps_token {
        access_token = shown_token(exchange, identity, permit.registration_auth).await?;
    } else if own_token.is_some() && metadata_document.is_none() {
        let token_id = Uuid::new_v4().to_string();
        let mut of_set = exchange.policies(identity, permit.registration_auth, OfToken::default());
        let origins = allowed_origins(exchange, identity, &mut of_set).await?;
        let issuer = app.issuer(realm, &exchange.caller);
        access_token = Some(
            registration_access_token::issue(app, realm, &issuer, &token_id, permit.registration_auth, Some(origins))
                .await?,
        );
        // Who comes with the one before has not got the answer with the good one: that one is dead.
        let has_answer = previous_token.as_ref().is_none_or(|previous| own_token != Some(previous.id.as_str()));
        if has_answer || !settings.registration_token_grace {
            let until_ms = clock::now_ms() + registration_access_token::GRACE_MS;
            let id = registration_token_id.filter(|_| settings.registration_token_grace);
            previous_token = id.map(|id| PreviousToken { id, until_ms });
        }
        registration_token_id = Some(token_id);
    }
    let resource_server = stored.resource_server || effects::make_resource_server(&effects);
    let registration = Registration {
        client_uri: exchange.client_uri(stored.client_id()),
        access_token,
        issued_at: stored.created_at.unsigned_abs(),
        roles,
        resource_server,
        access: None,
    };
    let is_revived = stored.hibernation.is_some();
    let comes_from_document = metadata_document.is_some();
    let origin = match (stored.origin.clone(), metadata_document) {
        (Some(origin), Some(document)) => Some(Origin { document: Some(document), ..origin }),
        (origin, _) => origin,
    };
    let row = ClientRow { client, registration_token_id, previous_token, resource_server, origin, ..stored };
    let mut client = ClientRow { hibernation: None, ..row };
    client_secrets::settle(&mut client, Some(&stored.client), settings, now);
    let finished = provider.finish(exchange.operation, &client.shown(), &registration).await;
    let answer = exchange.answered("finish", finished, Some(&policies))?;
    required::reviewed(exchange, &mut policies, &client).await?;

    let mut beside = Write::default();
    effects::store(&mut beside, realm, &client, &effects);
    if let Some(origin) = client.origin.as_ref().filter(|_| comes_from_document) {
        clients::keep_document(&mut beside, &realm.id, &client.id, origin);
    }
    if let Some(counted) = duplicates::counted(realm, &client) {
        client_software::change(&mut beside, &realm.id, &client.id, &counted.software);
    }
    if let Some(event) = exchange.subject().success() {
        events::insert(&mut beside, &realm.id, &event);
    }
    if is_revived {
        let own = own_token.map(|_| ("use", Kind::Management.name()));
        let (address, details) = (&exchange.caller.address_text, own.as_slice());
        if let Some(event) = of_life(CLIENT_REVIVE, realm, client.client_id(), address, details) {
            events::insert(&mut beside, &realm.id, &event);
        }
    }
    exchange.record_decision(&mut beside, &policies, client.client_id());
    let pending = if app.deliveries.may_refuse_change(realm, &client) {
        // It waits for others: boxed, as most realms have none that must take a client.
        Box::pin(required::update(exchange, &policies, &client, beside)).await?
    } else {
        store(exchange, &policies, &client, beside).await?
    };
    if pending.is_some() {
        exchange.used_by(identity, &client);
    }
    Ok(pending.map(|pending| Changed { client, answer, registration, pending, policies }))
}

/// Stores another state of a client, and what is `beside` it, in one transaction, and waits for the targets. `None`: the
/// client was changed meanwhile.
async fn store(
    exchange: &Exchange,
    policies: &Policies,
    client: &ClientRow,
    beside: Write,
) -> Result<Option<Pending>, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let mut write = Write::default();
    clients::update(&mut write, &realm.id, client, &app.deliveries.carrier(true))?;
    write.append(beside);
    match exchange.store(write, Some(&policies.decision)).await {
        Ok(()) => Ok(Some(app.deliveries.settled(realm, &client.id).await)),
        Err(StoreError::Lost(Lost::Changed)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// From the client as sent to the full client that policies agree to, and what is to be done beside storing it. Nothing
/// is stored and nothing is made; `issued` is what the host makes.
pub(crate) async fn decide(
    exchange: &Exchange,
    mut requested: Client,
    stored: &ClientRow,
    issued: &Issued,
    policies: &mut Policies,
) -> Result<Completed, Refusal> {
    if let Err(error) = policies.client_policies.update(&mut requested, &stored.client).await {
        return Err(exchange.refused_by_client_policy(error, policies));
    }
    if let Err(error) = policies.before_update(&mut requested, &stored.client).await {
        return Err(exchange.refused(error, policies));
    }
    if requested.client_id.as_deref() != Some(stored.client_id()) {
        return Err(ErrorResponse::invalid_client_metadata("Client Identifier modified").into());
    }
    if policies.context().caller.kind == CallerKind::RegistrationAccessToken
        && requested.protocol.is_some()
        && requested.protocol != stored.client.protocol
    {
        let description = "Protocol cannot be changed via registration access token";
        return Err(ErrorResponse::invalid_client_metadata(description).into());
    }
    let completed = exchange.provider.complete(&requested, Some(&stored.client), issued).await;
    let mut completed = exchange.answered("complete", completed, Some(policies))?;
    name_mappers(&mut completed.client);
    if let Err(error) = policies.client_policies.updated(&mut completed.client, &stored.client).await {
        return Err(exchange.refused_by_client_policy(error, policies));
    }
    if let Err(error) = policies.after_update(&mut completed.client, &stored.client).await {
        return Err(exchange.refused(error, policies));
    }
    amended::settle(exchange, policies, &mut completed).await?;
    Ok(completed)
}
