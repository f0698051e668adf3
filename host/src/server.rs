//! Connections: accepted here, so that slow and idle ones are bounded and a stop loses no request.

mod patience;
pub(crate) mod tls;
mod whole;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tower_service::Service as _;

use crate::app::Peer;
use crate::error::ErrorResponse;
use crate::{headers, request_id, web};
use patience::Patient;
use tls::Tls;
use whole::Whole;

/// Time in which the head of a request must have come.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time in which a caller must have agreed on how to encrypt.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// Time in which a caller must take something of an answer.
const TAKE_TIME: Duration = Duration::from_secs(30);
/// Time that running requests get when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// Time in which requests of connections that are there already may still begin.
const LAST_ORDERS: Duration = Duration::from_millis(100);
/// Pause after the system had no more file handles for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Files that the server has open beside its connections, with room to spare.
const OTHER_FILES: u64 = 256;

/// Binds an address.
///
/// # Errors
/// When it is in use or not this machine's.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// What the connections of one address have in common.
struct Server {
    builder: auto::Builder<TokioExecutor>,
    routes: Router,
    tls: Option<Tls>,
}

/// Serves until `stop` comes, then finishes what runs. At most `most` connections are open; who comes after them waits
/// until one ends.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    tls: Option<Tls>,
    most: usize,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).pipeline_flush(true);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let server = Arc::new(Server { builder, routes, tls });
    let free = Arc::new(Semaphore::new(most));
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&free).acquire_owned() => place.ok(),
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => begin(&server, stream, address.ip(), graceful.watcher(), place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The system has accepted these already: their callers know nothing of a stop.
    while let Some((stream, address)) = waiting(&listener).await {
        begin(&server, stream, address.ip(), graceful.watcher(), None);
    }
    drop(listener);
    tracing::info!("stopping: no new connections, running requests are finished");
    tokio::time::sleep(LAST_ORDERS).await;
    if timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = STOP_TIME.as_secs(), "some requests did not end in time");
    }
}

/// A connection that can be had at once.
async fn waiting(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    tokio::select! {
        biased;
        accepted = listener.accept() => accepted.ok(),
        () = std::future::ready(()) => None,
    }
}

/// Serves a connection in a task of its own. Its place becomes free when it ends.
fn begin(
    server: &Arc<Server>,
    stream: TcpStream,
    address: IpAddr,
    watcher: Watcher,
    place: Option<OwnedSemaphorePermit>,
) {
    // Answers are small: waiting for more of them only makes them late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let server = Arc::clone(server);
    tokio::spawn(async move {
        let ended = match &server.tls {
            None => server.talk(stream, Peer { address, tls: false }, watcher).await,
            Some(tls) => match timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
                Ok(Ok(stream)) => server.talk(stream, Peer { address, tls: true }, watcher).await,
                Ok(Err(error)) => Err(error.into()),
                Err(late) => Err(late.into()),
            },
        };
        if let Err(error) = ended {
            // The other end went away or spoke no HTTP: nothing for an operator to do.
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

impl Server {
    /// One connection and its requests, to its end or that of the server.
    async fn talk<S>(
        &self,
        stream: S,
        peer: Peer,
        watcher: Watcher,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routes = self.routes.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let mut routes = routes.clone();
            async move {
                if let Some(mut refused) = normalize(request.uri_mut()) {
                    headers::complete(&mut refused, request_id::of(request.headers()));
                    return Ok(refused);
                }
                request.extensions_mut().insert(peer);
                routes.call(request.map(|body| Body::new(Whole::new(body)))).await
            }
        });
        let stream = TokioIo::new(Patient::new(stream, HEAD_TIME, TAKE_TIME));
        watcher.watch(self.builder.serve_connection(stream, service).into_owned()).await
    }
}

/// Lets this process have a file for each of so many connections, as far as the system allows. Returns how many
/// connections there is room for.
pub(crate) fn make_room(connections: u32) -> usize {
    let wanted = u64::from(connections) + OTHER_FILES;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "the standard library knows no limits; the structure outlives the call")]
    let known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0;
    if !known {
        return connections as usize;
    }
    if limit.rlim_cur < wanted {
        let raised = libc::rlimit { rlim_cur: wanted.min(limit.rlim_max), rlim_max: limit.rlim_max };
        #[expect(unsafe_code, reason = "as above; nothing but this process is changed")]
        let done = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0;
        if done {
            limit = raised;
        }
    }
    let room = limit.rlim_cur.saturating_sub(OTHER_FILES).clamp(1, u64::from(connections));
    if room < u64::from(connections) {
        tracing::warn!(room, wanted = connections, "the system allows fewer open files than connections are wanted");
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}

/// Makes the paths that mean the same the same. As in Keycloak, a path with an empty segment is refused, and a path may
/// end in a slash.
fn normalize(uri: &mut Uri) -> Option<Response> {
    let path = uri.path();
    if path.contains("//") {
        let refused =
            ErrorResponse::new(StatusCode::BAD_REQUEST, "missingNormalization", "Request path not normalized");
        return Some(refused.into_response());
    }
    if let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty() && !web::is_page(shorter)) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = format!("{shorter}{query}").parse().ok();
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
    None
}
