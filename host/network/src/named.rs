//! Documents at addresses that an administrator named (the metadata of an authorization server, its keys): private
//! addresses and plain http are allowed, link-local addresses never; 5 seconds and 256 KiB at most, redirects only within
//! the same origin.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http::HeaderMap;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use crate::names::Names;
use crate::not_link_local::{NotLinkLocal, names_link_local};

/// Time that a document may take.
const TIME: Duration = Duration::from_secs(5);
/// Length of a document, in bytes.
const LENGTH: usize = 256 << 10;
/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not within the time.
    #[error("no answer in time")]
    Late,
    /// No connection, or it broke; or the address is one that is never called.
    #[error("connection failed")]
    NoConnection,
    /// It has no end within the limit.
    #[error("longer than {LENGTH} bytes")]
    TooLong,
}

/// A document as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status of the answer.
    pub status: u16,
    /// All of it.
    pub body: Vec<u8>,
}

/// The way to such documents. Cloning it is cheap.
#[derive(Clone)]
pub struct Named {
    client: Client,
}

impl Named {
    /// Prepares the way; nothing is fetched yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(names: Names) -> anyhow::Result<Named> {
        let client = Client::builder()
            .timeout(TIME)
            .redirect(Policy::custom(|attempt| if stays(&attempt) { attempt.follow() } else { attempt.stop() }))
            .no_proxy()
            .user_agent(concat!("matricula/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(NotLinkLocal::new(names)))
            .build()
            .context("setting up the client for documents of authorization servers")?;
        Ok(Named { client })
    }

    /// Fetches a document.
    ///
    /// # Errors
    /// Why there is none, in the words that administrators read.
    pub async fn get(&self, address: &str, headers: HeaderMap) -> Result<Answer, Failure> {
        let url = Url::parse(address).map_err(|_| Failure::NoConnection)?;
        if names_link_local(&url) {
            return Err(Failure::NoConnection);
        }
        let mut response = self.client.get(url).headers(headers).send().await.map_err(Failure::of)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::of)? {
            if body.len() + chunk.len() > LENGTH {
                return Err(Failure::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), body })
    }
}

impl Failure {
    #[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
    fn of(error: reqwest::Error) -> Failure {
        if error.is_timeout() { Failure::Late } else { Failure::NoConnection }
    }
}

/// Whether a redirect leads to where the request began.
fn stays(attempt: &Attempt<'_>) -> bool {
    let began = attempt.previous().first().map(Url::origin);
    attempt.previous().len() <= REDIRECTS && began == Some(attempt.url().origin())
}
