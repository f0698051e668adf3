//! Client ID Metadata Documents, fetched with care as anybody names them: only over https and only from public addresses
//! (with `--allow-private-fetch` also from loopback, over http too), no redirects, 5 seconds. What is being fetched is not
//! fetched a second time, and only so much is fetched at the same time, from each host and altogether.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use crate::addresses::{canonical, is_public, literal};
use crate::joined::Joined;
use crate::names::Names;

/// Time that a document may take.
const TIME: Duration = Duration::from_secs(5);
/// Documents that are fetched at the same time; more are refused.
const AT_ONCE: usize = 64;
/// Of these, from one host.
const AT_ONCE_OF_HOST: usize = 4;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why there is no document, in the words that callers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The host has an address that is not on the public internet, or is one.
    #[error("client_id leads to no public address")]
    NotPublic,
    /// Not within the time.
    #[error("The document could not be fetched: no answer in time")]
    Late,
    /// No connection, or it broke.
    #[error("The document could not be fetched: connection failed")]
    NoConnection,
    /// The server could not prove who it is.
    #[error("The document could not be fetched: TLS failed")]
    Tls,
    /// The answer has another status than 200.
    #[error("The document could not be fetched: status {0}")]
    Status(u16),
    /// The answer is of another media type.
    #[error("The document could not be fetched: not JSON")]
    NotJson,
    /// It has no end within this many bytes.
    #[error("The document could not be fetched: longer than {0} bytes")]
    TooLong(u32),
    /// Too much is being fetched.
    #[error("Too many documents are being fetched")]
    Busy,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The address.
    pub url: String,
    /// How long the document may be, in bytes.
    pub max_bytes: u32,
    /// What the server called the state that is known.
    pub known: Option<String>,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The bytes; absent: they are still as known.
    pub document: Option<Arc<[u8]>>,
    /// What the server calls this state.
    pub etag: Option<String>,
    /// `Cache-Control`, all lines of it.
    pub cache_control: Vec<String>,
    /// `Expires`.
    pub expires: Option<String>,
    /// Who served it.
    pub address: Option<IpAddr>,
}

/// The way to such documents. Cloning it is cheap.
#[derive(Clone)]
pub struct ClientDocuments(Arc<Inner>);

struct Inner {
    client: Client,
    loopback_allowed: bool,
    asked: Joined<Question, Result<Fetched, Failure>>,
    /// Fetches that are under way, by host.
    under_way: Mutex<HashMap<String, usize>>,
}

/// Resolves names to addresses that documents may come from: where one of them is none, none is.
struct Addresses {
    names: Names,
    loopback_allowed: bool,
}

/// What the resolver says of such a name; found again in what the client makes of it.
#[derive(Debug, thiserror::Error)]
#[error("an address is not public")]
struct NotPublic;

fn may_serve(address: IpAddr, loopback_allowed: bool) -> bool {
    is_public(address) || (loopback_allowed && canonical(address).is_loopback())
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, loopback_allowed) = (self.names.clone(), self.loopback_allowed);
        Box::pin(async move {
            let found = names.addresses_of(name.as_str()).await;
            if found.is_empty() {
                return Err(format!("{} has no address", name.as_str()).into());
            }
            if !found.iter().all(|address| may_serve(*address, loopback_allowed)) {
                return Err(NotPublic.into());
            }
            let found: Vec<SocketAddr> = found.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl ClientDocuments {
    /// Prepares the way; nothing is fetched yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(loopback_allowed: bool, names: Names) -> anyhow::Result<ClientDocuments> {
        let client = Client::builder()
            .timeout(TIME)
            .redirect(Policy::none())
            .https_only(!loopback_allowed)
            .no_proxy()
            .user_agent(concat!("matricula/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Addresses { names, loopback_allowed }))
            .build()
            .context("setting up the client for Client ID Metadata Documents")?;
        let (asked, under_way) = (Joined::default(), Mutex::default());
        Ok(ClientDocuments(Arc::new(Inner { client, loopback_allowed, asked, under_way })))
    }

    /// Whether documents may come from this machine.
    pub fn is_loopback_allowed(&self) -> bool {
        self.0.loopback_allowed
    }

    /// Fetches a document. Nothing is kept.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn get(&self, question: Question) -> Result<Fetched, Failure> {
        let inner = Arc::clone(&self.0);
        self.0.asked.ask(question, |question| async move { inner.fetch(&question).await }).await
    }
}

impl Inner {
    async fn fetch(self: Arc<Self>, question: &Question) -> Result<Fetched, Failure> {
        let url = Url::parse(&question.url).map_err(|_| Failure::NoConnection)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if literal(&host).is_some_and(|address| !may_serve(address, self.loopback_allowed)) {
            return Err(Failure::NotPublic);
        }
        let _place = Place::take(&self, host)?;
        let mut headers = HeaderMap::from_iter([(ACCEPT, JSON)]);
        if let Some(known) = question.known.as_deref().and_then(|known| HeaderValue::from_str(known).ok()) {
            headers.insert(IF_NONE_MATCH, known);
        }
        let response = self.client.get(url).headers(headers).send().await.map_err(|error| of_error(&error))?;
        let is_same = question.known.is_some() && response.status() == StatusCode::NOT_MODIFIED;
        if !is_same && response.status() != StatusCode::OK {
            return Err(Failure::Status(response.status().as_u16()));
        }
        let headers = response.headers();
        let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
        let fetched = Fetched {
            document: None,
            etag: text(headers, &ETAG).or_else(|| question.known.clone().filter(|_| is_same)),
            cache_control: lines.map(str::to_owned).collect(),
            expires: text(headers, &EXPIRES),
            address: response.remote_addr().map(|address| canonical(address.ip())),
        };
        if is_same {
            return Ok(fetched);
        }
        if !text(headers, &CONTENT_TYPE).is_some_and(|media_type| is_json(&media_type)) {
            return Err(Failure::NotJson);
        }
        Ok(Fetched { document: Some(body(response, question.max_bytes).await?), ..fetched })
    }
}

async fn body(mut response: Response, max_bytes: u32) -> Result<Arc<[u8]>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| of_error(&error))? {
        if body.len() + chunk.len() > max_bytes as usize {
            return Err(Failure::TooLong(max_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// `application/json` or `application/…+json`, whatever its parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What went wrong is told by the errors behind the client's.
fn of_error(error: &reqwest::Error) -> Failure {
    let mut behind: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = behind {
        if error.is::<NotPublic>() {
            return Failure::NotPublic;
        }
        // How TLS reports what it does not accept.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return Failure::Tls;
        }
        behind = error.source();
    }
    if error.is_timeout() { Failure::Late } else { Failure::NoConnection }
}

/// One of the fetches that may be under way; given back when it is dropped.
struct Place {
    inner: Arc<Inner>,
    host: String,
}

impl Place {
    fn take(inner: &Arc<Inner>, host: String) -> Result<Place, Failure> {
        let mut under_way = inner.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let of_host = under_way.get(&host).copied().unwrap_or_default();
        if of_host >= AT_ONCE_OF_HOST || under_way.values().sum::<usize>() >= AT_ONCE {
            return Err(Failure::Busy);
        }
        under_way.insert(host.clone(), of_host + 1);
        Ok(Place { inner: Arc::clone(inner), host })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.inner.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_host) = under_way.get_mut(&self.host) {
            *of_host -= 1;
            if *of_host == 0 {
                under_way.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_media_type() {
        for (media_type, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/oauth-client+json", true),
            ("application/jsonp", false),
            ("text/json", false),
            ("text/html", false),
            ("", false),
        ] {
            assert_eq!(is_json(media_type), is, "{media_type}");
        }
    }

    #[test]
    fn documents_come_from_the_internet_and_from_loopback_where_it_is_allowed() {
        for (address, public, loopback) in [
            ("8.8.8.8", true, false),
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("10.0.0.1", false, false),
            ("::ffff:10.0.0.1", false, false),
            ("169.254.169.254", false, false),
            ("0.0.0.0", false, false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(may_serve(address, false), public, "{address}");
            assert_eq!(may_serve(address, true), public || loopback, "{address}");
        }
    }

    #[tokio::test]
    async fn places_are_limited_for_each_host_and_for_all_and_given_back() {
        let documents = ClientDocuments::new(true, Names::from_system().unwrap()).unwrap();
        let take = |host: &str| Place::take(&documents.0, host.to_owned());
        let mut taken: Vec<Place> = (0..AT_ONCE_OF_HOST).map(|_| take("one").unwrap()).collect();
        assert_eq!(take("one").err(), Some(Failure::Busy));
        taken.extend((AT_ONCE_OF_HOST..AT_ONCE).map(|number| take(&number.to_string()).unwrap()));
        assert_eq!(take("another").err(), Some(Failure::Busy));
        drop(taken);
        assert!(take("one").is_ok());
        assert!(documents.0.under_way.lock().unwrap().is_empty());
    }
}
