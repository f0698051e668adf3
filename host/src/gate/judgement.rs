//! Whether a client may go on.

use std::sync::Arc;

use axum::http::StatusCode;
use matricula_contract::Operation;
use matricula_contract::server_attributes::Author;
use matricula_network::addresses::literal;
use matricula_realms::Realm;
use matricula_store::client_uses::Kind;
use matricula_store::clients::{self, CLIENT_ID_METADATA_DOCUMENT, ClientRow};
use matricula_store::realm_settings::Unknown;
use matricula_store::tombstones::{self, Tombstone};
use matricula_store::{StoreError, proposals};
use matricula_system::clock;
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::provider::ProviderCall;
use reqwest::Url;

use super::memory::Remembered;
use super::question::Asked;
use crate::app::App;
use crate::caller::Caller;
use crate::client_documents::admission::{self, Admitted, Asker};
use crate::client_documents::{disabling, fetched};
use crate::error::ErrorResponse;
use crate::life_cycle::hibernation;
use crate::registration::{Exchange, Refusal};
use crate::targets::standing::Standing;

/// What is said.
pub(super) enum Judged {
    /// It may; the internal id of the client, if it is here.
    Pass(Option<Arc<str>>),
    /// It may not.
    Refused {
        refusal: ErrorResponse,
        /// The client, as it was asked for.
        client_id: Option<String>,
    },
    /// Nobody knows.
    Unknown(ErrorResponse),
}

/// Judges a question.
pub(super) async fn judge(app: &App, realm: &Arc<Realm>, asked: Asked, caller: Caller) -> Judged {
    let refused = |description: &str| {
        let refusal = ErrorResponse::new(StatusCode::FORBIDDEN, "invalid_request", description);
        Judged::Refused { refusal, client_id: None }
    };
    match asked {
        Asked::Twice => refused("client_id is given twice"),
        // The authorization server's error is the better one.
        Asked::Nobody { .. } if realm.settings.gate.unknown == Unknown::Pass => Judged::Pass(None),
        Asked::Nobody { is_post: true } => refused("A POST must carry client_id in its address"),
        Asked::Nobody { is_post: false } => refused("client_id is missing"),
        Asked::Client(client_id) => {
            if let Some(known) = app.gate.remembered(app, realm, &client_id) {
                app.uses.note(&realm.id, &known, Kind::Gate);
                return Judged::Pass(Some(known));
            }
            // It takes more than most questions do.
            match Box::pin(look_up(app, realm, &client_id, caller)).await {
                Ok(judged) => judged,
                Err(error) => Judged::Unknown(error.into()),
            }
        }
    }
}

/// Judges a client that is not remembered.
async fn look_up(app: &App, realm: &Arc<Realm>, client_id: &str, caller: Caller) -> Result<Judged, StoreError> {
    let moment = app.gate.begin(app, realm);
    let address = caller.address_text.clone();
    let database = &app.store.database;
    let (client, mut is_settled) = match clients::by_client_id(database, &realm.id, client_id).await? {
        Some(client) if !is_to_be_looked_at(realm, &client) => (client, false),
        Some(_) => match admitted(app, realm, client_id, caller).await {
            Ok(Admitted { client, is_settled, .. }) => (client, is_settled),
            Err(judged) => return Ok(judged),
        },
        None => {
            let is_document = realm.settings.client_id_metadata_documents.enabled && is_address(app, client_id);
            let stays = proposals::state(database, &realm.id, client_id).await?;
            match stays {
                Some(proposals::State::Leaving) => return Ok(not_registered(client_id)),
                Some(proposals::State::Proposed) => return Ok(on_its_way(client_id)),
                None if is_document => match admitted(app, realm, client_id, caller).await {
                    Ok(Admitted { client, is_settled, .. }) => (client, is_settled),
                    Err(judged) => return Ok(judged),
                },
                None => return absent(app, realm, client_id).await,
            }
        }
    };
    if client.is_held() {
        return Ok(refused(client_id, "unauthorized_client", format!("Client '{client_id}' waits for approval")));
    }
    if !client.enabled() {
        return Ok(Judged::Refused {
            refusal: disabling::is_disabled(client_id),
            client_id: Some(client_id.to_owned()),
        });
    }
    if client.hibernation.is_some() {
        hibernation::revive(app, realm, &client, Kind::Gate, &address).await?;
        is_settled = false;
    }
    match app.deliveries.standing(realm, &client, is_settled).await? {
        Standing::There => {}
        Standing::OnItsWay => return Ok(on_its_way(client_id)),
        Standing::Refused { target } => {
            let description = format!("Client '{client_id}' was refused by target '{target}'");
            return Ok(refused(client_id, "unauthorized_client", description));
        }
    }
    app.uses.note(&realm.id, &client.id, Kind::Gate);
    let id: Arc<str> = client.id.as_str().into();
    // What nobody would look at again is good for as long as it is here.
    let until_ms = client.document().map_or(i64::MAX, |document| document.expires);
    app.gate.remember(realm, client_id, moment, Remembered::new(Arc::clone(&id), realm, until_ms));
    Ok(Judged::Pass(Some(id)))
}

/// Judges a client that is not here.
async fn absent(app: &App, realm: &Realm, client_id: &str) -> Result<Judged, StoreError> {
    let tombstone = tombstones::find(&app.store.database, &realm.id, client_id).await?;
    if let Some(tombstone) = tombstone.filter(Tombstone::was_registered) {
        let description = format!("Client '{client_id}' was removed");
        let refusal = ErrorResponse::new(StatusCode::FORBIDDEN, "unauthorized_client", description);
        return Ok(Judged::Refused { refusal: refusal.of_gone(&tombstone), client_id: Some(client_id.to_owned()) });
    }
    Ok(match realm.settings.gate.unknown {
        Unknown::Pass => Judged::Pass(None),
        Unknown::Refuse => not_registered(client_id),
    })
}

/// Whether the document of a client has had its time, or was not good when it was last looked at.
fn is_to_be_looked_at(realm: &Realm, client: &ClientRow) -> bool {
    realm.settings.client_id_metadata_documents.enabled
        && client.document().is_some_and(|document| document.problem.is_some() || document.expires <= clock::now_ms())
}

/// Whether a `client_id` is an address that a document may be at.
fn is_address(app: &App, client_id: &str) -> bool {
    let scheme = client_id.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("https") => true,
        Some("http") if app.client_documents.is_loopback_allowed() => {
            let url = Url::parse(client_id).ok();
            let host = url.as_ref().and_then(Url::host_str);
            host.is_some_and(|host| host == "localhost" || literal(host).is_some_and(|address| address.is_loopback()))
        }
        _ => false,
    }
}

/// The client as its document says now.
async fn admitted(app: &App, realm: &Arc<Realm>, client_id: &str, caller: Caller) -> Result<Admitted, Judged> {
    let components = app.wasm.current();
    let Some(handle) = components.provider(CLIENT_ID_METADATA_DOCUMENT) else { return Err(not_registered(client_id)) };
    let call = RealmOfCall::new(Arc::clone(realm), app.base_url(realm, &caller));
    let provider = ProviderCall { provider: Arc::clone(handle), instances: app.wasm.instances.clone(), call };
    let exchange = Exchange {
        app: app.clone(),
        realm: Arc::clone(realm),
        components: Arc::clone(&components),
        provider,
        caller,
        operation: Operation::Register,
        client_id: String::new(),
        is_replay: false,
        served: None,
    };
    match through(&exchange, client_id).await {
        Ok(admitted) => Ok(admitted),
        Err(refusal) => {
            let response = exchange.record(refusal, matricula_store::Write::default()).await;
            Err(Judged::Refused { refusal: response.at_gate(), client_id: Some(client_id.to_owned()) })
        }
    }
}

async fn through(exchange: &Exchange, client_id: &str) -> Result<Admitted, Refusal> {
    let document = fetched::address_only(client_id);
    let parsed = exchange.provider.parse(Operation::Register, &document, Author::Caller).await;
    exchange.answered("parse", parsed, None)?;
    admission::admit(exchange, client_id, &Asker::anonymous()).await
}

fn refused(client_id: &str, error: &str, description: String) -> Judged {
    let refusal = ErrorResponse::new(StatusCode::FORBIDDEN, error, description);
    Judged::Refused { refusal, client_id: Some(client_id.to_owned()) }
}

fn not_registered(client_id: &str) -> Judged {
    refused(client_id, "unauthorized_client", format!("Client '{client_id}' is not registered"))
}

fn on_its_way(client_id: &str) -> Judged {
    let refusal = ErrorResponse::on_its_way(client_id);
    Judged::Refused { refusal, client_id: Some(client_id.to_owned()) }
}
