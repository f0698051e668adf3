//! Bearer tokens for our own id and secret (RFC 6749 §4.4): asked for at a token endpoint, kept until shortly before they
//! expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;

use super::base_url::BaseUrl;
use super::credentials::Secret;
use super::http::{Request, TargetClient};
use super::retry_after::{Pause, asked_by};
use crate::wasm::contract::connectors::Response;

/// Time before its end at which a token is not used any more.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token is used whose life the target does not tell.
const UNTOLD: Duration = Duration::from_secs(60);
/// Tokens that are kept; beyond that those that have expired are let go of.
const KEPT: usize = 1_024;

/// Who we are at a token endpoint.
#[derive(Clone, Copy)]
pub(super) struct Service<'a> {
    pub(super) token_url: &'a BaseUrl,
    pub(super) client_id: &'a str,
    pub(super) client_secret: &'a Secret,
    pub(super) scope: Option<&'a str>,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) struct NoToken {
    /// For administrators; the target's words may repeat what is secret.
    pub(super) message: String,
    pub(super) pause: Option<Pause>,
}

/// A token and how long it may be used.
#[derive(Clone)]
struct Token {
    token: Secret,
    until: Instant,
}

/// The place of one service's token: who finds it empty fills it, others wait for him.
type Place = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of all targets.
#[derive(Clone, Default)]
pub(super) struct Tokens {
    places: Arc<Mutex<HashMap<[u8; 32], Place>>>,
}

impl Tokens {
    /// A token that is still good, except this one: the target has refused it.
    ///
    /// # Errors
    /// When the token endpoint has none for us.
    pub(super) async fn get(
        &self,
        client: &TargetClient,
        service: Service<'_>,
        refused: Option<&Secret>,
    ) -> Result<Secret, NoToken> {
        let place = self.place(&service);
        let mut kept = place.lock().await;
        if let Some(token) = &*kept
            && token.until > Instant::now()
            && Some(&token.token) != refused
        {
            return Ok(token.token.clone());
        }
        *kept = None;
        let token = ask(client, &service).await?;
        *kept = Some(token.clone());
        Ok(token.token)
    }

    fn place(&self, service: &Service<'_>) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= KEPT {
            // A place that somebody holds is in use.
            let is_good = |place: &Place| {
                place.try_lock().map_or(true, |token| token.as_ref().is_some_and(|token| token.until > Instant::now()))
            };
            places.retain(|_, place| Arc::strong_count(place) > 1 || is_good(place));
        }
        Arc::clone(places.entry(service.digest()).or_default())
    }
}

impl Service<'_> {
    /// Tells services apart without keeping their secrets.
    fn digest(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [self.token_url.as_str(), self.client_id, self.client_secret.reveal(), self.scope.unwrap_or("")] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        bytes
    }

    /// The token request. Id and secret are encoded as in a form before they become HTTP Basic (RFC 6749 §2.3.1).
    fn request(&self) -> Result<Request, String> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pair = format!("{}:{}", encoded(self.client_id), encoded(self.client_secret.reveal()));
        let mut basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).map_err(|e| e.to_string())?;
        basic.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, basic);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let scope = self.scope.map(|scope| format!("&scope={}", encoded(scope))).unwrap_or_default();
        let body = format!("grant_type=client_credentials{scope}").into_bytes();
        let url = self.token_url.below("").map_err(|error| error.to_string())?;
        Ok(Request { method: Method::POST, url, headers, body: Some(body) })
    }
}

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<f64>,
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

async fn ask(client: &TargetClient, service: &Service<'_>) -> Result<Token, NoToken> {
    let began = Instant::now();
    let none = |message: String| NoToken { message, pause: None };
    let request = service.request().map_err(|error| none(format!("The credentials can't be sent: {error}")))?;
    let response = client.send(&request).await.map_err(|error| none(format!("No token: {error}")))?;
    if response.status != 200 {
        return Err(NoToken { message: refused(&response), pause: asked_by(&response) });
    }
    let issued: Issued = serde_json::from_slice(&response.body)
        .map_err(|_| none("The token endpoint's answer can't be read".to_owned()))?;
    if let Some(other) = issued.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(none(format!("The token endpoint issues tokens of type {other}, not Bearer")));
    }
    let life = issued.expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(UNTOLD);
    Ok(Token { token: issued.access_token.into(), until: began + life.saturating_sub(EARLY) })
}

/// The refusal in the token endpoint's words.
fn refused(response: &Response) -> String {
    let status = response.status;
    match serde_json::from_slice::<Refusal>(&response.body) {
        Ok(Refusal { error, error_description: Some(description) }) => {
            format!("The token endpoint refused our credentials with {status}: {error}: {description}")
        }
        Ok(Refusal { error, .. }) => format!("The token endpoint refused our credentials with {status}: {error}"),
        Err(_) => format!("The token endpoint answered {status}"),
    }
}
