//! Lets a client in by its document: registers one that is not here, looks again at one whose document has had its time,
//! and changes what has changed.

use matricula_contract::server_attributes::Author;
use matricula_contract::{Operation, RegistrationAuth};
use matricula_network::client_documents::{Failure, Fetched};
use matricula_store::clients::{self, ClientRow, MetadataDocument};
use matricula_store::{Lost, StoreError, Write};
use matricula_system::clock;

use super::disabling::{concerns_document, disable, is_disabled};
use super::served::Served;
use super::{fetched, registration_auth};
use crate::authentication::{Identity, Permit};
use crate::error::ErrorResponse;
use crate::metrics::documents::Outcome;
use crate::registration::{ATTEMPTS, Exchange, Refusal, register, update};
use crate::targets::waiting::Pending;

/// How long a good document counts while its server is away, in milliseconds.
const LAST_GOOD: i64 = 86_400_000;

/// Who makes the server look at a document.
pub(crate) struct Asker {
    pub(crate) identity: Identity,
    pub(crate) permit: Permit,
    /// The request was counted among those without a token already.
    pub(crate) is_counted: bool,
}

impl Asker {
    /// Somebody who logs in.
    pub(crate) fn anonymous() -> Asker {
        let permit = Permit { registration_auth: RegistrationAuth::Anonymous, initial_access_token: None };
        Asker { identity: Identity::Anonymous, permit, is_counted: false }
    }
}

/// A client whose document is good.
pub(crate) struct Admitted {
    pub(crate) client: ClientRow,
    /// The targets that lack its latest state, as far as it is of now.
    pub(crate) pending: Pending,
    /// It was not here before.
    pub(crate) is_new: bool,
    /// The targets were waited for.
    pub(crate) is_settled: bool,
}

impl Admitted {
    fn as_known(client: ClientRow) -> Admitted {
        Admitted { client, pending: Pending::default(), is_new: false, is_settled: false }
    }
}

/// Lets in the client with this id, an address that the provider has found good.
///
/// # Errors
/// What is wrong with the document or the client, as at the provider's own address.
pub(crate) async fn admit(exchange: &Exchange, client_id: &str, asker: &Asker) -> Result<Admitted, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let find = async || clients::with_roles(&app.store.database, &realm.id, client_id).await;
    let mut found = find().await?;
    for _ in 0..ATTEMPTS {
        match found {
            Some(named) => match look_again(exchange, named, asker).await? {
                Some(admitted) => return Ok(admitted),
                None => found = find().await?,
            },
            None => match add(exchange, client_id, asker).await {
                Ok(admitted) => return Ok(admitted),
                Err(refusal) => match find().await? {
                    // Somebody else was faster.
                    Some(named) if named.0.document().is_some() => found = Some(named),
                    _ => return Err(refusal),
                },
            },
        }
    }
    Err(StoreError::Lost(Lost::Changed).into())
}

/// Registers a client that is not here.
async fn add(exchange: &Exchange, client_id: &str, asker: &Asker) -> Result<Admitted, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let settings = &realm.settings.client_id_metadata_documents;
    if asker.permit.registration_auth == RegistrationAuth::Anonymous && !asker.is_counted {
        app.anonymous_limits.count(realm, exchange.caller.address)?;
    }
    let fetched = fetched::fetch(&app.client_documents, settings, client_id, None).await;
    let fetched = fetched.map_err(|failure| {
        app.metrics.documents().fetched(&realm.name, Outcome::Failed);
        unfetched(failure)
    })?;
    app.metrics.documents().fetched(&realm.name, Outcome::New);
    let state = fetched::state(&fetched, settings, None);
    let judged = exchange.judging(Operation::Register, client_id, Served::new(client_id, fetched.address));
    let document = fetched::with_text(client_id, fetched.document.as_deref().unwrap_or_default());
    let parsed = judged.provider.parse(Operation::Register, &document, Author::Caller).await;
    let requested = judged.answered("parse", parsed, None)?;
    let wanted = register::Wanted {
        document: &document,
        requested,
        identity: &asker.identity,
        permit: asker.permit.clone(),
        free: None,
        metadata_document: Some(state),
        wants_approval: false,
    };
    let admitted = register::admit(&judged, wanted).await;
    match admitted {
        Ok(register::Admitted::Registered(registered)) => {
            Ok(Admitted { client: registered.client, pending: registered.pending, is_new: true, is_settled: true })
        }
        // Nobody asked to wait.
        Ok(register::Admitted::Waits(_)) => Err(ErrorResponse::server_error().into()),
        // What is recorded of it is of the request as it was judged.
        Err(refusal) => Err(judged.record(refusal, Write::default()).await.into()),
    }
}

/// Looks at a client that is here; `None`: it was changed meanwhile.
async fn look_again(
    exchange: &Exchange,
    (client, roles): (ClientRow, Vec<String>),
    asker: &Asker,
) -> Result<Option<Admitted>, Refusal> {
    let Exchange { app, realm, .. } = exchange;
    let settings = &realm.settings.client_id_metadata_documents;
    let Some(known) = client.document().cloned() else {
        return Err(ErrorResponse::invalid_client_metadata("Client Identifier in use").into());
    };
    if !client.enabled() && !client.is_held() && known.problem.is_none() {
        return Err(is_disabled(client.client_id()).into());
    }
    let now = clock::now_ms();
    if known.problem.is_none() && now < known.expires {
        return Ok(Some(Admitted::as_known(client)));
    }
    let client_id = client.client_id().to_owned();
    let judged = |address| exchange.judging(Operation::Update, &client_id, Served::new(&client_id, address));
    let fetched = match fetched::fetch(&app.client_documents, settings, &client_id, Some(&known)).await {
        Ok(fetched) => fetched,
        Err(failure) => {
            app.metrics.documents().fetched(&realm.name, Outcome::Failed);
            let is_gone = matches!(failure, Failure::Status(404 | 410));
            if !is_gone && known.problem.is_none() && now < known.fetched + LAST_GOOD {
                return Ok(Some(Admitted::as_known(client)));
            }
            let refused = unfetched(failure);
            if failure == Failure::Busy {
                return Err(refused.into());
            }
            let exchange = judged(None);
            let reason = refused.reason();
            let event = exchange.subject().error("invalid_client_metadata", &[("reason", &reason)]);
            let refusal = exchange.refusal(refused, event);
            return Err(disable(&exchange, client, refusal).await);
        }
    };
    let state = fetched::state(&fetched, settings, Some(&known));
    if known.problem.is_none() && state.digest == known.digest {
        app.metrics.documents().fetched(&realm.name, Outcome::Same);
        return Ok(Some(Admitted::as_known(renewed(exchange, client, state).await?)));
    }
    app.metrics.documents().fetched(&realm.name, Outcome::Changed);
    let exchange = judged(fetched.address);
    match change(&exchange, (client.clone(), roles), (&fetched, state), asker).await {
        Ok(admitted) => Ok(admitted),
        Err(refusal) if concerns_document(&refusal) => Err(disable(&exchange, client, refusal).await),
        Err(refusal) => Err(exchange.record(refusal, Write::default()).await.into()),
    }
}

/// The document is as it was: nobody but this server is told.
async fn renewed(exchange: &Exchange, client: ClientRow, state: MetadataDocument) -> Result<ClientRow, StoreError> {
    let Exchange { app, realm, .. } = exchange;
    let mut client = client;
    if let Some(origin) = client.origin.as_mut() {
        origin.document = Some(state);
        let mut write = Write::default();
        clients::keep_document(&mut write, &realm.id, &client.id, origin);
        app.store.writer.write(write).await?;
    }
    Ok(client)
}

/// The document is another one, or was not good before.
async fn change(
    exchange: &Exchange,
    (client, roles): (ClientRow, Vec<String>),
    (fetched, state): (&Fetched, MetadataDocument),
    asker: &Asker,
) -> Result<Option<Admitted>, Refusal> {
    let Exchange { app, realm, provider, client_id, .. } = exchange;
    if app.deliveries.waited_for_turn(realm, &client.id).await? {
        return Ok(None);
    }
    let document = fetched::with_text(client_id, fetched.document.as_deref().unwrap_or_default());
    let parsed = provider.parse(Operation::Update, &document, Author::Caller).await;
    let mut requested = exchange.answered("parse", parsed, None)?;
    if client.document().is_some_and(|known| known.problem.is_some()) && !client.is_held() {
        requested.enabled = Some(true);
    }
    // Those that judged it when it came judge it now.
    let auth = registration_auth(&client);
    let policies = exchange.policies(&asker.identity, auth, client.of_token());
    let wanted = update::Wanted {
        document: &document,
        requested,
        identity: &asker.identity,
        permit: Permit { registration_auth: auth, initial_access_token: None },
        stored: client,
        roles,
        policies,
        metadata_document: Some(state),
    };
    let changed = update::change(exchange, wanted).await?;
    Ok(changed.map(|changed| Admitted {
        client: changed.client,
        pending: changed.pending,
        is_new: false,
        is_settled: true,
    }))
}

/// 400: the document is not to be had, or 503 when it is not asked for.
pub(super) fn unfetched(failure: Failure) -> ErrorResponse {
    match failure {
        Failure::Busy => ErrorResponse::too_many_documents(),
        failure => ErrorResponse::invalid_client_metadata(&failure.to_string()),
    }
}
