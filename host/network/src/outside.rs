//! Documents that clients name by URL (`sector_identifier_uri`), fetched with care: by default only over https and only
//! from public addresses, no redirects, 5 seconds and 64 KiB at most. Answers are kept for a minute. What is being fetched
//! is not fetched a second time, and only so much is fetched at the same time, from each host and altogether.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::Context;
use quick_cache::sync::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::Semaphore;

use crate::addresses::{is_public, literal};
use crate::joined::Joined;
use crate::names::Names;

/// Time that a document may take.
const TIME: Duration = Duration::from_secs(5);
/// Length of a document, in bytes.
const LENGTH: usize = 64 << 10;
/// How long a document is used again.
const KEPT: Duration = Duration::from_secs(60);
/// Documents kept in memory at most.
const DOCUMENTS: usize = 256;
/// Documents that are fetched at the same time; others wait. Calls of components that wait are fewer, so that the server's
/// own documents (keys of other issuers) need not.
const AT_ONCE: usize = 128;
/// Of these, from one host.
const AT_ONCE_OF_HOST: usize = 8;

/// A document as it came, whatever its status.
#[derive(Clone)]
pub struct Fetched {
    /// Status of the answer.
    pub status: u16,
    /// Its media type, as it was sent.
    pub content_type: Option<String>,
    /// All of it.
    pub body: Vec<u8>,
}

/// The way outside.
#[derive(Clone)]
pub struct Outside {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    /// Plain HTTP and private addresses are allowed too (`--allow-private-fetch`).
    private_allowed: bool,
    documents: Cache<String, (Instant, Fetched)>,
    asked: Joined<String, Result<Fetched, String>>,
    at_once: Semaphore,
    /// Hosts that documents are fetched from now.
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// Resolves names as policies do, not in threads that a slow name server would hold; without `private_allowed` to public
/// addresses only.
struct Addresses {
    names: Names,
    private_allowed: bool,
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, private_allowed) = (self.names.clone(), self.private_allowed);
        Box::pin(async move {
            let found = names.addresses_of(name.as_str()).await;
            let allowed = found.iter().filter(|address| private_allowed || is_public(**address));
            let allowed: Vec<SocketAddr> = allowed.map(|address| SocketAddr::new(*address, 0)).collect();
            if allowed.is_empty() {
                let kind = if private_allowed { "address" } else { "public address" };
                return Err(format!("{} has no {kind}", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

impl Outside {
    /// Prepares the way; nothing is fetched yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(private_allowed: bool, names: Names) -> anyhow::Result<Outside> {
        let client = Client::builder()
            .timeout(TIME)
            .redirect(Policy::none())
            .https_only(!private_allowed)
            .no_proxy()
            .user_agent(concat!("matricula/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Addresses { names, private_allowed }))
            .build()
            .context("setting up the client for documents elsewhere")?;
        let inner = Inner {
            client,
            private_allowed,
            documents: Cache::new(DOCUMENTS),
            asked: Joined::default(),
            at_once: Semaphore::new(AT_ONCE),
            hosts: Mutex::default(),
        };
        Ok(Outside { inner: Arc::new(inner) })
    }

    /// Whether documents may come from private addresses.
    pub fn is_private_allowed(&self) -> bool {
        self.inner.private_allowed
    }

    /// The document of less than a minute ago, if there is one.
    pub fn known(&self, url: &str) -> Option<Fetched> {
        let (at, document) = self.inner.documents.get(url)?;
        (at.elapsed() < KEPT).then_some(document)
    }

    /// Fetches a document, or takes the one of less than a minute ago.
    ///
    /// # Errors
    /// Why there is none, for the log.
    pub async fn get(&self, url: &str) -> Result<Fetched, String> {
        if let Some(known) = self.known(url) {
            return Ok(known);
        }
        let inner = Arc::clone(&self.inner);
        let fetch = |url: String| async move {
            let document = inner.fetch(&url).await.map_err(|error| format!("{error:#}"))?;
            inner.documents.insert(url, (Instant::now(), document.clone()));
            Ok(document)
        };
        self.inner.asked.ask(url.to_owned(), fetch).await
    }
}

impl Inner {
    async fn fetch(&self, url: &str) -> anyhow::Result<Fetched> {
        let url = Url::parse(url).context("no URL")?;
        let host = url.host_str().unwrap_or_default();
        if !self.private_allowed && literal(host).is_some_and(|address| !is_public(address)) {
            anyhow::bail!("the address is not public");
        }
        // Those who wait for a slow host keep nobody from another one.
        let of_host = self.host(host);
        let _of_host = of_host.acquire().await?;
        let _one = self.at_once.acquire().await?;
        let mut response = self.client.get(url).send().await?;
        let content_type = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LENGTH {
                anyhow::bail!("longer than {LENGTH} bytes");
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { status: response.status().as_u16(), content_type, body })
    }

    /// What documents of this host wait for.
    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, host| host.strong_count() > 0);
        let new = Arc::new(Semaphore::new(AT_ONCE_OF_HOST));
        hosts.insert(host.to_owned(), Arc::downgrade(&new));
        new
    }
}
