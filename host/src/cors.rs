//! Cross-origin requests (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>): the headers that let scripts of a
//! page read an answer. Who may read what is decided where the answer is made.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use reqwest::Url;

use crate::caller::Caller;

/// Headers that scripts may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Origin, X-Requested-With, Access-Control-Request-Method, Accept, Access-Control-Request-Headers, DPoP, Content-Type, \
     Authorization",
);
/// The one header of answers that scripts may read beside those that they always may (Keycloak).
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static("Access-Control-Allow-Methods");

/// The answer to a preflight: any origin may ask, none is let in by it. Without an origin it is none.
pub(crate) fn preflight(origin: Option<&HeaderValue>, methods: &'static str) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        allow(headers, origin.clone());
    }
    response
}

/// The preflight of what is only read.
pub(crate) async fn before_reading(headers: HeaderMap) -> Response {
    preflight(headers.get(ORIGIN), "GET, HEAD, OPTIONS")
}

/// The preflight of what clients post to.
pub(crate) async fn before_posting(headers: HeaderMap) -> Response {
    preflight(headers.get(ORIGIN), "POST, OPTIONS")
}

/// Lets scripts of an origin read an answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// Whether an origin is the server's own: what the caller asked for, or the address that it is told. Its pages need no
/// headers.
pub(crate) fn is_own(origin: &str, caller: &Caller, base_url: &str) -> bool {
    let is_told = |url: Url| url.origin().ascii_serialization() == origin;
    origin == caller.asked || Url::parse(base_url).is_ok_and(is_told)
}

/// What is public: scripts of every origin may read it.
pub(crate) async fn public(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.run(request).await;
    match origin {
        // It is the same for all, and says so.
        _ if response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) => {}
        Some(origin) => allow(response.headers_mut(), origin),
        // Who keeps the answer must not give it to a script.
        None => {
            response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
        }
    }
    response
}

/// The origin whose scripts may read the answer to a client, once that is known.
#[derive(Default)]
pub(crate) struct Reader(Option<HeaderValue>);

impl Reader {
    /// Scripts of this origin may read it.
    pub(crate) fn is(&mut self, origin: &str) {
        self.0 = HeaderValue::from_str(origin).ok();
    }

    /// Adds the headers that let it.
    pub(crate) fn mark(self, mut response: Response) -> Response {
        if let Some(origin) = self.0 {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
            allow(headers, origin);
        }
        response
    }
}
