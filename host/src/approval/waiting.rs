//! Lets a registration wait: the client is stored as a held one, and its caller gets codes instead of it.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use matricula_contract::RegistrationAuth;
use matricula_store::pending_registrations::{self, Limits, PendingRow, PendingState};
use matricula_store::{Lost, StoreError};
use matricula_system::clock;
use serde::Serialize;
use utoipa::ToSchema;

use super::codes;
use crate::abuse;
use crate::authentication::registration_access_token::auth_name;
use crate::error::ErrorResponse;
use crate::policies::Policies;
use crate::registration::register::{self, Made};
use crate::registration::{Exchange, Refusal};

/// How many may wait.
const LIMITS: Limits = Limits { of_realm: 1_000, of_network: 20 };
/// When there may be room again: sooner or later somebody decides.
const ROOM: Duration = Duration::from_secs(60);
/// How often codes are made, if somebody has one of them.
const ATTEMPTS: u32 = 5;

/// What is told to a caller who waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waiting {
    /// To poll with; a secret.
    registration_code: String,
    /// To be compared and typed by people.
    verification_code: String,
    /// The page where administrators decide.
    verification_uri: String,
    /// The same with the code in it.
    verification_uri_complete: String,
    /// Seconds until it ends.
    expires_in: i64,
    /// Seconds between two polls.
    interval: i64,
}

/// What the client's registration access token will be like.
pub(crate) struct OfToken {
    pub(crate) registration_auth: RegistrationAuth,
    pub(crate) allowed_origins: Vec<String>,
}

/// Stores the client and what waits for it, in one transaction.
pub(crate) async fn begin(
    exchange: &Exchange,
    policies: &mut Policies,
    made: &Made<'_>,
    of_token: OfToken,
) -> Result<Response, Refusal> {
    let Exchange { app, realm, caller, .. } = exchange;
    let life_cycle = &realm.settings.life_cycle;
    let requested_ms = clock::now_ms();
    let mut pending = PendingRow {
        registration_code: Vec::new(),
        realm_id: realm.id.clone(),
        client: made.client.id.clone(),
        state: PendingState::Waiting,
        requested_ms,
        expires_ms: requested_ms + life_cycle.approval_expires * 1000,
        poll_interval: life_cycle.approval_interval,
        address: caller.address_text.clone(),
        network: caller.bearer_token().is_none().then(|| network(caller.address)),
        initial_access_token: made.initial_access_token.map(str::to_owned),
        registration_auth: auth_name(of_token.registration_auth).to_owned(),
        allowed_origins: of_token.allowed_origins,
        has_client: true,
    };
    for _ in 0..ATTEMPTS {
        let (code, letters) = (codes::registration_code(), codes::verification_letters());
        pending.registration_code = codes::hash(&code).to_vec();
        let mut write = made.write(exchange, policies)?;
        pending_registrations::insert(&mut write, &pending, &codes::hash(&letters), LIMITS);
        match exchange.store(write, Some(&policies.decision)).await {
            Ok(()) => {
                app.deliveries.wake(&realm.id);
                return Ok(answer(&app.own_url(caller), code, &letters, &pending));
            }
            // Ids were made just now: it is a code that somebody has.
            Err(StoreError::Lost(Lost::Taken)) => {}
            Err(StoreError::Lost(Lost::TooMany)) => {
                let text = "Too many registrations wait for an approval. Try again later.";
                return Err(ErrorResponse::too_many_requests(ROOM, text).into());
            }
            Err(error) => return Err(register::lost(exchange, policies, error).await),
        }
    }
    Err(StoreError::Lost(Lost::Taken).into())
}

/// What an address counts as.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => abuse::network(address).to_string(),
    }
}

fn answer(base: &str, registration_code: String, letters: &str, pending: &PendingRow) -> Response {
    let verification_uri = format!("{base}/console/approve");
    let verification_code = codes::shown(letters);
    let body = Waiting {
        registration_code,
        verification_uri_complete: format!("{verification_uri}?verification_code={verification_code}"),
        verification_code,
        verification_uri,
        expires_in: (pending.expires_ms - pending.requested_ms) / 1000,
        interval: pending.poll_interval,
    };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
