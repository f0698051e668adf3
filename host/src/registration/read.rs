//! Reads a client: `GET /realms/{realm}/clients-registrations/{provider}/{client_id}` (RFC 7592 §2.1).

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use matricula_contract::{Registration, RegistrationAuth, secrets};
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, ClientRow};
use matricula_store::policies::OfToken;
use matricula_store::{Lost, StoreError, Write, events};
use matricula_wasm::WasmError;
use uuid::Uuid;

use super::cross_origin::{CrossOrigin, allowed_origins};
use super::rehearsal::Asked;
use super::watch::Watch;
use super::{ATTEMPTS, Exchange, Refusal, answer, inactive, issue};
use crate::authentication::{
    AuthenticationError, Identity, Named, Permit, Signature, client_credentials, may_read, registration_access_token,
};
use crate::entity_tag::{EntityTag, View};
use crate::error::ErrorResponse;
use crate::life_cycle::hibernation;
use crate::policies::Policies;
use crate::targets::waiting::Pending;

/// The realm attribute that lets reads rotate registration access tokens too.
const ROTATE_ON_READ: &str = "clientRegistration.rotateOnRead";

/// Shows a client as it is stored, with the token that the caller came with. Where reading replaces that token, who changes
/// the client at the same time makes this start over with the client as it is then.
pub(super) async fn read(
    exchange: &Exchange,
    cross_origin: &CrossOrigin,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let (identity, mut named) = cross_origin.caller(exchange, exchange.in_address()).await?;
    let mut pending = Pending::default();
    for _ in 0..ATTEMPTS {
        match attempt(exchange, &identity, named.take(), headers).await? {
            Attempt::Answer(mut answer) => {
                pending.mark(&mut answer);
                return Ok(answer);
            }
            Attempt::Changed => {}
            Attempt::Revived(id) => pending = app.deliveries.settled(realm, &id).await,
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// What came of an attempt.
enum Attempt {
    /// The client is shown.
    Answer(Response),
    /// It was changed meanwhile.
    Changed,
    /// It hibernated until its own token was seen: it is shown as it is now. Its internal id.
    Revived(String),
}

async fn attempt(
    exchange: &Exchange,
    identity: &Identity,
    named: Option<Named>,
    headers: &HeaderMap,
) -> Result<Attempt, Refusal> {
    let Exchange { app, realm, provider, .. } = exchange;
    let description = &provider.provider.description;
    let (stored, roles) = exchange.stored(named).await?;
    let by_itself = description.client_authentication && matches!(identity, Identity::Anonymous);
    let (permit, method) = if by_itself {
        authenticate_client(exchange, stored.as_ref()).await?
    } else {
        match may_read(identity, stored.as_ref(), description.protocol.as_deref()) {
            Ok(permit) => (permit, None),
            Err(error) => return Err(exchange.turned_away(error, identity, stored.as_ref()).await),
        }
    };
    // Neither way lets anybody through to a client that is not there.
    let mut stored = stored.ok_or_else(ErrorResponse::server_error)?;
    exchange.end_previous_token(identity, &stored).await?;
    let mut policies = exchange.policies_for(identity, permit.registration_auth, &stored);
    let asked = || Asked { requested: None, stored: Some(&stored), free: None, issued: issue() };
    let watch = Watch::of(exchange, &policies, None, asked);
    let mut decided = decide(exchange, &stored, &mut policies).await;
    if let Some(watch) = watch {
        decided = watch.look(&mut policies, decided).await;
    }
    decided?;
    if stored.hibernation.is_some() && matches!(identity, Identity::RegistrationAccessToken(..)) {
        let address = &exchange.caller.address_text;
        hibernation::revive(app, realm, &stored, Kind::Management, address).await?;
        return Ok(Attempt::Revived(stored.id));
    }

    let mut write = Write::default();
    let access_token = if description.client_authentication {
        None
    } else if policies.client_policies.keeps_token {
        shown_token(exchange, identity, permit.registration_auth).await?
    } else {
        shown_or_rotated_token(exchange, identity, &permit, &mut stored, &mut write).await?
    };
    let registration = Registration {
        client_uri: exchange.client_uri(stored.client_id()),
        access_token,
        issued_at: stored.created_at.unsigned_abs(),
        roles,
        resource_server: stored.resource_server,
        access: None,
    };
    let answer = document(exchange, identity, &stored, &registration, headers).await;
    let answer = answer.map_err(|error| exchange.unanswered("render", error, Some(&policies)))?;
    let mut subject = exchange.subject();
    subject.client_id = Some(stored.client_id());
    if let Some(mut event) = subject.success() {
        event.details = method.map(|method| [("client_auth_method".to_owned(), method.to_owned())].into());
        events::insert(&mut write, &realm.id, &event);
    }
    // A read that is let through is worth a record only where a watched version would have refused it.
    let recorded = policies.is_watched_otherwise().then_some(policies.decision.as_str());
    if recorded.is_some() {
        exchange.record_decision(&mut write, &policies, stored.client_id());
    }
    match exchange.store(write, recorded).await {
        Ok(()) => {
            exchange.used_by(identity, &stored);
            Ok(Attempt::Answer(answer))
        }
        Err(StoreError::Lost(Lost::Changed)) => Ok(Attempt::Changed),
        Err(error) => Err(error.into()),
    }
}

/// The client as this caller sees it. Who comes with a bearer token gets a tag with it, and with that tag need not be shown
/// again what did not change; other documents hold a token of the caller's own.
async fn document(
    exchange: &Exchange,
    identity: &Identity,
    stored: &ClientRow,
    registration: &Registration,
    headers: &HeaderMap,
) -> Result<Response, WasmError> {
    let Exchange { app, realm, provider, caller, .. } = exchange;
    let description = &provider.provider.description;
    let by_client = description.client_authentication;
    let masked = identity.sees_no_secrets() && !by_client;
    let tag = (matches!(identity, Identity::Bearer(_)) && !by_client).then(|| {
        EntityTag::of(&View {
            realm,
            client: stored,
            roles: &registration.roles,
            provider: &provider.provider,
            issuer: &app.issuer(realm, caller),
            access: None,
            secrets: !masked,
        })
    });
    let mut answer = if tag.as_ref().is_some_and(|tag| tag.is_known(headers)) {
        answer::not_modified()
    } else {
        let mut shown = stored.shown();
        if masked {
            secrets::mask(shown.to_mut());
        }
        answer::document(StatusCode::OK, provider.render(&shown, registration).await?)
    };
    if let Some(tag) = tag {
        tag.mark(answer.headers_mut());
        inactive::mark(answer.headers_mut(), stored, description.protocol.as_deref());
    }
    Ok(answer)
}

/// Asks the policies.
pub(super) async fn decide(exchange: &Exchange, stored: &ClientRow, policies: &mut Policies) -> Result<(), Refusal> {
    let viewed = policies.client_policies.view(&stored.client).await;
    viewed.map_err(|error| exchange.refused_by_client_policy(error, policies))?;
    let decided = policies.before_view(&stored.client).await;
    decided.map_err(|error| exchange.refused(error, policies))
}

/// The registration access token of the answer, for callers who came with one: the very same, or another one where the
/// realm rotates on reading.
async fn shown_or_rotated_token(
    exchange: &Exchange,
    identity: &Identity,
    permit: &Permit,
    stored: &mut ClientRow,
    write: &mut Write,
) -> Result<Option<String>, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let auth = permit.registration_auth;
    if matches!(identity, Identity::RegistrationAccessToken(..))
        && realm.settings.attributes.get(ROTATE_ON_READ).is_some_and(|value| value == "true")
    {
        let issuer = app.issuer(realm, &exchange.caller);
        let token_id = Uuid::new_v4().to_string();
        let mut of_set = exchange.policies(identity, auth, OfToken::default());
        let origins = allowed_origins(exchange, identity, &mut of_set).await?;
        let token = registration_access_token::issue(app, realm, &issuer, &token_id, auth, Some(origins)).await?;
        stored.registration_token_id = Some(token_id);
        clients::replace_token(write, &realm.id, stored);
        return Ok(Some(token));
    }
    shown_token(exchange, identity, auth).await
}

/// The registration access token that the caller came with, if it did; signed anew when its key has been retired.
pub(super) async fn shown_token(
    exchange: &Exchange,
    identity: &Identity,
    auth: RegistrationAuth,
) -> Result<Option<String>, Refusal> {
    let Identity::RegistrationAccessToken(claims, signature) = identity else { return Ok(None) };
    if *signature == Signature::Active {
        return Ok(exchange.caller.bearer_token().map(str::to_owned));
    }
    let Exchange { app, realm, .. } = exchange;
    let issuer = app.issuer(realm, &exchange.caller);
    Ok(Some(registration_access_token::issue(app, realm, &issuer, &claims.jti, auth, None).await?))
}

/// A client that asks for its own adapter configuration: a public one needs nothing, others their secret. Gives the
/// permit and the method that is recorded.
async fn authenticate_client(
    exchange: &Exchange,
    stored: Option<&ClientRow>,
) -> Result<(Permit, Option<&'static str>), Refusal> {
    let permit = Permit { registration_auth: RegistrationAuth::Authenticated, initial_access_token: None };
    let Some(client) = stored else {
        return Err(exchange.unauthenticated(AuthenticationError::NotAuthorizedToView));
    };
    if client.client.public_client == Some(true) {
        return Ok((permit, None));
    }
    let Err(error) = client_credentials::authenticate(&exchange.app, &exchange.realm, &exchange.caller, client).await
    else {
        return Ok((permit, Some("client-secret")));
    };
    let reason = error.to_string();
    let basic = exchange.caller.basic_credentials();
    let mut subject = exchange.subject();
    subject.client_id = Some(client.client_id());
    let recorded = match &error {
        AuthenticationError::ClientCredentials => {
            let failed = if basic.is_some() {
                subject.error("invalid_client_credentials", &[])
            } else {
                exchange.subject().error("client_not_found", &[])
            };
            vec![failed, subject.error("not_allowed", &[]), subject.error("invalid_token", &[("reason", &reason)])]
        }
        AuthenticationError::DifferentClient => {
            let method = ("client_auth_method", "client-secret");
            vec![
                subject.error("not_allowed", &[method]),
                subject.error("invalid_token", &[method, ("reason", &reason)]),
            ]
        }
        _ => Vec::new(),
    };
    Err(exchange.refusal(error, recorded.into_iter().flatten()))
}
