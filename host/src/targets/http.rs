//! Calls of targets, with care: no redirects, 10 seconds and 1 MiB at most, never a link-local address (a cloud's metadata
//! service). Private addresses are what administrators name.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use axum::http::{HeaderMap, HeaderName};
use matricula_contract::Attribute;
use matricula_contract::connectors::Response;
use matricula_network::addresses::is_link_local;
use matricula_network::names::Names;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};

/// Time that a call may take, with everything that comes back.
const TIME: Duration = Duration::from_secs(10);
/// Length of an answer's body, in bytes.
const LENGTH: usize = 1 << 20;
/// Pauses before a connection that failed is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];
/// A call that was found harmless.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
}

/// No answer, or none that can be used; the request may have arrived.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreachable(pub(super) String);

/// The way to targets. Clones share their connections.
#[derive(Clone)]
pub(super) struct TargetClient {
    names: Names,
    client: Arc<ArcSwap<Client>>,
}

/// Resolves names to every address but link-local ones.
struct Addresses {
    names: Names,
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.names.clone();
        Box::pin(async move {
            let found = names.addresses_of(name.as_str()).await;
            let allowed = found.iter().filter(|address| !is_link_local(**address));
            let allowed: Vec<SocketAddr> = allowed.map(|address| SocketAddr::new(*address, 0)).collect();
            match (allowed.is_empty(), found.is_empty()) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, true) => Err(format!("the name {} has no address", name.as_str()).into()),
                (true, false) => Err(LINK_LOCAL.into()),
            }
        })
    }
}

const LINK_LOCAL: &str = "link-local addresses are never called";

impl TargetClient {
    /// Prepares the way; nothing is called yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(names: Names) -> anyhow::Result<TargetClient> {
        let client = without_connections(names.clone()).context("setting up the client for targets")?;
        Ok(TargetClient { names, client: Arc::new(ArcSwap::from_pointee(client)) })
    }

    /// Uses no connection of before any more: who changes a target may have moved it.
    pub(super) fn connect_anew(&self) {
        match without_connections(self.names.clone()) {
            Ok(client) => self.client.store(Arc::new(client)),
            Err(error) => tracing::warn!(%error, "connections to targets stay as they are"),
        }
    }

    /// Sends a request. A connection that fails is tried again: nothing was sent yet.
    ///
    /// # Errors
    /// Why there is no answer, as a sentence.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, Unreachable> {
        // Literal addresses never reach the resolver.
        let host = request.url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if literal.is_some_and(is_link_local) {
            return Err(Unreachable(format!("The target can't be reached: {LINK_LOCAL}")));
        }
        match tokio::time::timeout(TIME, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Unreachable(format!("The target gave no answer within {} s", TIME.as_secs()))),
        }
    }

    async fn answer(&self, request: &Request) -> Result<Response, Unreachable> {
        let mut pauses = PAUSES.into_iter();
        let response = loop {
            match self.once(request).await {
                Ok(response) => break response,
                Err(error) => match pauses.next().filter(|_| error.is_connect()) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(Unreachable(format!("The target can't be reached: {}", cause(&error)))),
                },
            }
        };
        read(response).await
    }

    async fn once(&self, request: &Request) -> reqwest::Result<reqwest::Response> {
        let Request { method, url, headers, body } = request.clone();
        let builder = self.client.load().request(method, url).headers(headers);
        match body {
            Some(body) => builder.body(body),
            None => builder,
        }
        .send()
        .await
    }
}

fn without_connections(names: Names) -> reqwest::Result<Client> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("matricula/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Addresses { names }))
        .build()
}

/// An answer with its body.
async fn read(mut response: reqwest::Response) -> Result<Response, Unreachable> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LENGTH => {
                let text = format!("The target's answer can't be read: it is longer than {} MiB", LENGTH >> 20);
                return Err(Unreachable(text));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(Unreachable(format!("The target's answer can't be read: {}", cause(&error)))),
        }
    }
    Ok(Response { status: response.status().as_u16(), headers: shown(response.headers()), body })
}

/// The headers of an answer: each name once, in lower case, and no cookies.
fn shown(headers: &HeaderMap) -> Vec<Attribute> {
    let values = |name: &HeaderName| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(", ")
    };
    let names = headers.keys().filter(|name| **name != axum::http::header::SET_COOKIE);
    names.map(|name| Attribute { name: name.as_str().to_owned(), value: values(name) }).collect()
}

/// What lies behind an error of the client: its own words say little.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(behind) = cause.source() {
        cause = behind;
    }
    cause.to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use axum::http::StatusCode;

    use super::super::stub::{Stub, endless};
    use super::*;

    fn client() -> TargetClient {
        TargetClient::new(Names::from_system().unwrap()).unwrap()
    }

    fn get(url: &str) -> Request {
        Request { method: Method::GET, url: Url::parse(url).unwrap(), headers: HeaderMap::new(), body: None }
    }

    #[tokio::test]
    async fn an_answer_comes_as_it_is_without_cookies() {
        let stub =
            Stub::start(|_, _| (StatusCode::CREATED, [("Location", "/clients/1"), ("Set-Cookie", "a=b")], "made"));
        let stub = stub.await.unwrap();
        let answer = client().send(&get(&format!("{}/clients?x=1", stub.url))).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (201, b"made".as_slice()));
        let header = |name: &str| answer.headers.iter().find(|header| header.name == name).map(|h| h.value.as_str());
        assert_eq!((header("location"), header("set-cookie")), (Some("/clients/1"), None));
        assert_eq!(stub.asked()[0].line, "GET /clients?x=1");
        assert!(stub.asked()[0].header("user-agent").starts_with("matricula/"));
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let stub = Stub::start(|_, _| (StatusCode::FOUND, [("Location", "/elsewhere")])).await.unwrap();
        let answer = client().send(&get(&stub.url)).await.unwrap();
        assert_eq!((answer.status, stub.asked().len()), (302, 1));
    }

    #[tokio::test]
    async fn an_answer_of_more_than_a_mebibyte_is_none() {
        let stub = Stub::start(|_, _| endless()).await.unwrap();
        let error = client().send(&get(&stub.url)).await.unwrap_err();
        assert_eq!(error.to_string(), "The target's answer can't be read: it is longer than 1 MiB");
    }

    #[tokio::test]
    async fn who_is_not_there_is_asked_three_times() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let began = std::time::Instant::now();
        let error = client().send(&get(&url)).await.unwrap_err().to_string();
        assert!(error.starts_with("The target can't be reached: ") && error.contains("refused"), "{error}");
        assert!(began.elapsed() >= PAUSES.iter().sum::<Duration>(), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn link_local_addresses_are_never_called() {
        for url in ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:a9fe:a9fe]/"] {
            let error = client().send(&get(url)).await.unwrap_err().to_string();
            assert_eq!(error, "The target can't be reached: link-local addresses are never called", "{url}");
        }
    }
}
