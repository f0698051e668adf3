//! Documents that clients name by URL (`sector_identifier_uri`), fetched with care: by default only over https and only
//! from public addresses, no redirects, 5 seconds and 64 KiB at most. Answers are kept for a minute.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use quick_cache::sync::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::addresses::is_public;

/// Time that a document may take.
const TIME: Duration = Duration::from_secs(5);
/// Length of a document, in bytes.
const LENGTH: usize = 64 << 10;
/// How long a document is used again.
const KEPT: Duration = Duration::from_secs(60);
/// Documents kept in memory at most.
const DOCUMENTS: usize = 256;

/// A document as it came, whatever its status.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The way outside.
#[derive(Clone)]
pub(crate) struct Outside {
    client: Client,
    /// Plain HTTP and private addresses are allowed too (`--allow-private-fetch`).
    private_allowed: bool,
    documents: Arc<Cache<String, (Instant, Fetched)>>,
}

/// Resolves to public addresses only.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Outside {
    /// Prepares the way; nothing is fetched yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(private_allowed: bool) -> anyhow::Result<Outside> {
        let mut client = Client::builder()
            .timeout(TIME)
            .redirect(Policy::none())
            .https_only(!private_allowed)
            .no_proxy()
            .user_agent(concat!("matricula/", env!("CARGO_PKG_VERSION")));
        if !private_allowed {
            client = client.dns_resolver(Arc::new(PublicAddresses));
        }
        let client = client.build().context("setting up the client for documents elsewhere")?;
        Ok(Outside { client, private_allowed, documents: Arc::new(Cache::new(DOCUMENTS)) })
    }

    /// Fetches a document, or takes the one of less than a minute ago.
    ///
    /// # Errors
    /// Why there is none, for the log.
    pub(crate) async fn get(&self, url: &str) -> Result<Fetched, String> {
        if let Some((at, document)) = self.documents.get(url)
            && at.elapsed() < KEPT
        {
            return Ok(document);
        }
        let document = self.fetch(url).await.map_err(|error| format!("{error:#}"))?;
        self.documents.insert(url.to_owned(), (Instant::now(), document.clone()));
        Ok(document)
    }

    async fn fetch(&self, url: &str) -> anyhow::Result<Fetched> {
        let parsed = Url::parse(url).context("no URL")?;
        // Literal addresses never reach the resolver.
        let literal = parsed
            .host_str()
            .and_then(|host| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok());
        if !self.private_allowed && literal.is_some_and(|address| !is_public(address)) {
            anyhow::bail!("the address is not public");
        }
        let mut response = self.client.get(parsed).send().await?;
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
}
