//! Stores what administrators make of clients. Where some target must take each client, that is when it has taken it.

use std::borrow::Cow;

use matricula_contract::Operation;
use matricula_store::clients::{self, ClientRow};
use matricula_store::{Lost, StoreError, Write, events, realms};

use super::Administrator;
use super::clients::{PROVIDER, Representations};
use crate::app::App;
use crate::error::ErrorResponse;
use crate::events::{CLIENT_REVIVE, of_life};
use crate::policies::PolicyViolation;
use crate::registration::decision::Record;
use crate::registration::required::objection;
use crate::targets::proposing::Untaken;
use crate::targets::review::{self, Reviewed};
use crate::targets::waiting::Pending;

/// Adds a client, and what is `beside` it; `None`: its `client_id` or id is in use.
pub(super) async fn add(
    app: &App,
    administrator: &Administrator,
    client: &ClientRow,
    beside: Write,
) -> Result<Option<Pending>, ErrorResponse> {
    let realm = &administrator.realm;
    let mut write = Write::default();
    realms::count_client(&mut write, &realm.id, &[]);
    let added = if app.deliveries.may_refuse(realm, client) {
        reviewed(app, administrator, Operation::Register, client).await?;
        app.deliveries.propose(&mut write, &realm.id, client)?;
        app.deliveries.add(realm, client, write, beside).await
    } else {
        clients::insert(&mut write, &realm.id, client, &app.deliveries.carrier(true))?;
        write.append(beside);
        settled(app, administrator, client, write).await
    };
    match added {
        Ok(pending) => Ok(Some(pending)),
        Err(Untaken::Store(StoreError::Lost(Lost::Taken))) => Ok(None),
        Err(untaken) => Err(not_taken(app, administrator, Operation::Register, client, untaken).await),
    }
}

/// Changes a client that still is as it was read, and what is `beside` it; `None`: somebody was faster. One that hibernates
/// is revived by it.
pub(super) async fn change(
    app: &App,
    administrator: &Administrator,
    client: &ClientRow,
    mut beside: Write,
) -> Result<Option<Pending>, ErrorResponse> {
    let realm = &administrator.realm;
    let mut client = Cow::Borrowed(client);
    if client.read_asleep {
        client.to_mut().hibernation = None;
        let address = &administrator.caller.address_text;
        if let Some(event) = of_life(CLIENT_REVIVE, realm, client.client_id(), address, &[]) {
            events::insert(&mut beside, &realm.id, &event);
        }
    }
    let client: &ClientRow = &client;
    let changed = if app.deliveries.may_refuse_change(realm, client) {
        reviewed(app, administrator, Operation::Update, client).await?;
        app.deliveries.change(realm, client, beside).await
    } else {
        let mut write = Write::default();
        clients::update(&mut write, &realm.id, client, &app.deliveries.carrier(true))?;
        write.append(beside);
        settled(app, administrator, client, write).await
    };
    match changed {
        Ok(pending) => Ok(Some(pending)),
        Err(Untaken::Store(StoreError::Lost(Lost::Changed))) => Ok(None),
        Err(untaken) => Err(not_taken(app, administrator, Operation::Update, client, untaken).await),
    }
}

async fn settled(
    app: &App,
    administrator: &Administrator,
    client: &ClientRow,
    write: Write,
) -> Result<Pending, Untaken> {
    app.store.writer.write(write).await?;
    Ok(app.deliveries.settled(&administrator.realm, &client.id).await)
}

/// Whether no target that must take the client could never take it.
async fn reviewed(
    app: &App,
    administrator: &Administrator,
    operation: Operation,
    client: &ClientRow,
) -> Result<(), ErrorResponse> {
    let representations = Representations::new(app, administrator)?;
    let components = app.wasm.current();
    let targets = review::review(app.deliveries.runner(), &components, representations.provider(), client).await;
    let violations = app.deliveries.objections(&administrator.realm, &targets);
    if violations.is_empty() {
        return Ok(());
    }
    Err(refused(app, administrator, operation, client, (targets, violations)).await)
}

async fn not_taken(
    app: &App,
    administrator: &Administrator,
    operation: Operation,
    client: &ClientRow,
    untaken: Untaken,
) -> ErrorResponse {
    match untaken {
        Untaken::Refused { target, message } => {
            let said = (Vec::new(), vec![objection(&target, message)]);
            refused(app, administrator, operation, client, said).await
        }
        Untaken::Late { target, again } => ErrorResponse::target_late(&target, again),
        Untaken::Store(error) => error.into(),
    }
}

/// The refusal of targets, recorded under the id that is answered.
async fn refused(
    app: &App,
    administrator: &Administrator,
    operation: Operation,
    client: &ClientRow,
    (targets, violations): (Vec<Reviewed>, Vec<PolicyViolation>),
) -> ErrorResponse {
    let (realm_id, context) = (&administrator.realm.id, administrator.context(PROVIDER, operation));
    let record = Record::refused_by_targets(&context, client.client_id(), targets, violations);
    let mut write = Write::default();
    record.store(realm_id, &mut write, None);
    match app.store.writer.write(write).await {
        Ok(()) => app.store.trimmer.added(realm_id, &record.id),
        Err(error) => tracing::error!(%error, "the refusal of a request could not be recorded"),
    }
    record.target_refusal()
}
