//! Bearer tokens for our own id and secret (RFC 6749 §4.4): asked for at a token endpoint, kept until shortly before they
//! expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use matricula_contract::connectors::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;

use super::http::{Request, TargetClient};
use super::retry_after::{Pause, asked_by};
use matricula_target::base_url::BaseUrl;
use matricula_target::credentials::Secret;

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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use axum::Json;
    use axum::http::StatusCode;
    use serde_json::json;

    use super::super::stub::{Asked, Stub};
    use super::*;
    use matricula_network::names::Names;

    fn client() -> TargetClient {
        TargetClient::new(Names::from_system().unwrap()).unwrap()
    }

    /// Gives out the tokens `t0`, `t1`, … for so many seconds.
    async fn endpoint(life: i64) -> Stub {
        let answer = move |_: &Asked, before: usize| {
            Json(json!({ "access_token": format!("t{before}"), "token_type": "Bearer", "expires_in": life }))
        };
        Stub::start(answer).await.unwrap()
    }

    async fn asked(stub: &Stub, refused: &[Option<&str>]) -> Vec<String> {
        let (tokens, url, secret) = (Tokens::default(), BaseUrl::parse(&stub.url).unwrap(), "s:1 ü".to_owned().into());
        let service = Service { token_url: &url, client_id: "a b", client_secret: &secret, scope: Some("x y") };
        let mut got = Vec::new();
        for refused in refused {
            let refused = refused.map(|token| Secret::from(token.to_owned()));
            got.push(tokens.get(&client(), service, refused.as_ref()).await.unwrap().reveal().to_owned());
        }
        got
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_is_refused() {
        let stub = endpoint(300).await;
        // Who comes late with a token that was replaced already gets the new one.
        let refused = [None, None, Some("t0"), Some("t0"), None];
        assert_eq!(asked(&stub, &refused).await, ["t0", "t0", "t1", "t1", "t1"]);
        let request = &stub.asked()[0];
        assert_eq!(request.body, "grant_type=client_credentials&scope=x%20y");
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        let pair = STANDARD.decode(request.header("authorization").strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(String::from_utf8(pair).unwrap(), "a%20b:s%3A1%20%C3%BC");
    }

    #[tokio::test]
    async fn a_token_is_not_kept_in_its_last_30_seconds() {
        let stub = endpoint(30).await;
        assert_eq!(asked(&stub, &[None, None]).await, ["t0", "t1"]);
    }

    #[tokio::test]
    async fn who_comes_meanwhile_waits_for_the_same_token() {
        let stub = endpoint(300).await;
        let (tokens, url, secret) = (Tokens::default(), BaseUrl::parse(&stub.url).unwrap(), "s".to_owned().into());
        let service = Service { token_url: &url, client_id: "a", client_secret: &secret, scope: None };
        let client = client();
        let got = futures_util::future::join_all((0..8).map(|_| tokens.get(&client, service, None))).await;
        assert!(got.into_iter().all(|token| token.unwrap().reveal() == "t0"));
        assert_eq!(stub.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_endpoints_words() {
        for (status, body, message) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"Invalid client"}"#,
                "The token endpoint refused our credentials with 401: invalid_client: Invalid client",
            ),
            (400, r#"{"error":"x"}"#, "The token endpoint refused our credentials with 400: x"),
            (503, "<html>", "The token endpoint answered 503"),
            (200, "<html>", "The token endpoint's answer can't be read"),
            (
                200,
                r#"{"access_token":"x","token_type":"DPoP"}"#,
                "The token endpoint issues tokens of type DPoP, not Bearer",
            ),
        ] {
            let answer =
                move |_: &Asked, _: usize| (StatusCode::from_u16(status).unwrap(), [("Retry-After", "7")], body);
            let stub = Stub::start(answer).await.unwrap();
            let (url, secret) = (BaseUrl::parse(&stub.url).unwrap(), "s".to_owned().into());
            let service = Service { token_url: &url, client_id: "a", client_secret: &secret, scope: None };
            let none = Tokens::default().get(&client(), service, None).await.unwrap_err();
            assert_eq!(none.message, message);
            let whole = none.pause.map(|pause| (pause.time.as_secs(), pause.whole_target));
            assert_eq!(whole, (status != 200).then_some((7, status == 503)), "{status}");
        }
    }
}
