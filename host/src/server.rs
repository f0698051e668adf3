//! Connections: accepted here, so that slow and idle ones are bounded and a stop loses no request.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use crate::app::Peer;
use crate::error::ErrorResponse;

/// Time in which the head of a request must have come.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time that running requests get when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// Pause after the system had no more file handles for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds an address.
///
/// # Errors
/// When it is in use or not this machine's.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// Serves until `stop` comes, then finishes what runs.
pub(crate) async fn serve(listener: TcpListener, routes: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).pipeline_flush(true);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let connection = connection(&builder, stream, address.ip(), routes.clone());
        let watched = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                // The other end went away or spoke no HTTP: nothing for an operator to do.
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    tracing::info!("stopping: no new connections, running requests are finished");
    if tokio::time::timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = STOP_TIME.as_secs(), "some requests did not end in time");
    }
}

/// One connection and its requests.
fn connection(
    builder: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    address: IpAddr,
    routes: Router,
) -> auto::Connection<
    '_,
    TokioIo<TcpStream>,
    impl hyper::service::Service<
        Request<Incoming>,
        Response = Response,
        Error = std::convert::Infallible,
        Future: Send + 'static,
    > + Send
    + 'static,
    TokioExecutor,
> {
    // Answers are small: waiting for more of them only makes them late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let mut routes = routes.clone();
        async move {
            if let Some(refused) = normalize(request.uri_mut()) {
                return Ok(refused);
            }
            request.extensions_mut().insert(Peer { address, tls: false });
            routes.call(request.map(Body::new)).await
        }
    });
    builder.serve_connection(TokioIo::new(stream), service)
}

/// Makes the paths that mean the same the same. As in Keycloak, a path with an empty segment is refused, and an Admin
/// API path may end in a slash.
fn normalize(uri: &mut Uri) -> Option<Response> {
    let path = uri.path();
    if path.contains("//") {
        let refused =
            ErrorResponse::new(StatusCode::BAD_REQUEST, "missingNormalization", "Request path not normalized");
        return Some(refused.into_response());
    }
    if path.len() > 1 && path.ends_with('/') && path.starts_with("/admin/") {
        let shorter = path.trim_end_matches('/').to_owned();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = format!("{shorter}{query}").parse().ok();
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
    None
}
