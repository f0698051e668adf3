//! What every request and every answer goes through: its id, its figures, the form of its errors, the headers that every
//! answer carries.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Body as _;
use tracing::Instrument as _;

use crate::app::App;
use crate::error::{self, Accept};
use crate::request_id::{self, REQUEST_ID};
use crate::traces;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// Stands for the route of requests that have none.
const OTHER: &str = "other";

/// The last stop of every request.
pub(crate) async fn finish(
    State(app): State<App>,
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let id = request_id::of(request.headers());
    let accept = Accept::of(request.headers());
    // It is there at every level of logging, or an error would not tell of which request it is.
    let span = tracing::error_span!("request", request_id = request_id::text(&id));
    let route = path.as_ref().map_or(OTHER, MatchedPath::as_str);
    let trace = traces::request(&method, route, request.uri().path(), request_id::text(&id), request.headers());
    let mut response = match app.caller(&request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).instrument(trace.clone()).instrument(span.clone()).await
        }
        Err(refused) => refused.into_response(),
    };
    error::fit(&mut response, &accept);
    traces::answered(&trace, response.status().as_u16());
    let took = began.elapsed();
    app.metrics.answered(&method, route, response.status(), took);
    tracing::debug!(parent: &span, %method, route, status = response.status().as_u16(), ?took, "answered");
    complete(&mut response, id);
    response
}

/// Adds the headers that every answer carries.
pub(crate) fn complete(response: &mut Response, id: HeaderValue) {
    let has_body = response.body().size_hint().exact() != Some(0);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ROBOTS, HeaderValue::from_static("none"));
    if has_body {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
}
