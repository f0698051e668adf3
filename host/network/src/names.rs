//! Names and addresses in the Domain Name System, for policies that trust hosts and for documents of others. What is asked
//! already is not asked again, and only so much is asked at the same time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::addresses::literal;
use crate::joined::Joined;

/// Time that a question may take.
const TIME: Duration = Duration::from_secs(2);
/// How long an answer is used at least and at most, whatever its time to live says.
const KEPT: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Answers kept in memory at most, of each kind.
const ANSWERS: usize = 4_096;
/// Questions at the same time; others wait. Calls of components that wait are fewer, so that those of the server itself
/// need not.
const AT_ONCE: usize = 128;
/// Names of an address that are looked at.
const NAMES: usize = 8;

/// An answer and when to ask again.
#[derive(Clone)]
struct Answer<T> {
    found: Arc<[T]>,
    until: Instant,
}

/// Asks the system's name servers (and its hosts file), and remembers what they said.
#[derive(Clone)]
pub struct Names {
    inner: Arc<Inner>,
}

struct Inner {
    resolver: TokioResolver,
    addresses: Cache<String, Answer<IpAddr>>,
    names: Cache<IpAddr, Answer<String>>,
    asked_for_addresses: Joined<String, Arc<[IpAddr]>>,
    asked_for_names: Joined<IpAddr, Arc<[String]>>,
    at_once: Semaphore,
}

impl Names {
    /// Reads the system's configuration (`/etc/resolv.conf`, `/etc/hosts`).
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_system() -> anyhow::Result<Names> {
        let inner = Inner {
            resolver: TokioResolver::builder_tokio()?.build()?,
            addresses: Cache::new(ANSWERS),
            names: Cache::new(ANSWERS),
            asked_for_addresses: Joined::default(),
            asked_for_names: Joined::default(),
            at_once: Semaphore::new(AT_ONCE),
        };
        Ok(Names { inner: Arc::new(inner) })
    }

    /// Addresses of a host name, if nobody need be asked.
    pub fn known_addresses_of(&self, host: &str) -> Option<Arc<[IpAddr]>> {
        if let Some(address) = literal(host) {
            return Some(Arc::new([address]));
        }
        let answer = self.inner.addresses.get(&host.to_ascii_lowercase())?;
        (answer.until > Instant::now()).then_some(answer.found)
    }

    /// Addresses of a host name in the order of the answer; an address is its own. Empty: none, or no answer in time.
    pub async fn addresses_of(&self, host: &str) -> Arc<[IpAddr]> {
        if let Some(known) = self.known_addresses_of(host) {
            return known;
        }
        let (host, inner) = (host.to_ascii_lowercase(), Arc::clone(&self.inner));
        self.inner.asked_for_addresses.ask(host, |host| async move { inner.ask_for_addresses(host).await }).await
    }

    /// Names of an address, if nobody need be asked.
    pub fn known_names_of(&self, address: IpAddr) -> Option<Arc<[String]>> {
        if address.is_loopback() {
            return Some(Arc::new(["localhost".to_owned()]));
        }
        let answer = self.inner.names.get(&address)?;
        (answer.until > Instant::now()).then_some(answer.found)
    }

    /// Names of an address that resolve back to it; loopback is `localhost`. Empty as above.
    pub async fn names_of(&self, address: IpAddr) -> Arc<[String]> {
        if let Some(known) = self.known_names_of(address) {
            return known;
        }
        let names = self.clone();
        self.inner.asked_for_names.ask(address, |address| async move { names.ask_for_names(address).await }).await
    }

    /// Whoever owns the address decides how many names there are and how long each takes: all together have the time of
    /// one question.
    async fn ask_for_names(&self, address: IpAddr) -> Arc<[String]> {
        let until = tokio::time::Instant::now() + TIME;
        let names = tokio::time::timeout_at(until, self.inner.claimed_names(address)).await.unwrap_or_default();
        let confirmed = join_all(names.into_iter().map(async |name| {
            let found = tokio::time::timeout_at(until, self.addresses_of(&name)).await;
            found.is_ok_and(|found| found.contains(&address)).then_some(name)
        }));
        let answer = answered(confirmed.await.into_iter().flatten().collect(), None);
        self.inner.names.insert(address, answer.clone());
        answer.found
    }
}

impl Inner {
    async fn ask_for_addresses(&self, host: String) -> Arc<[IpAddr]> {
        // The semaphore is never closed.
        let _one = self.at_once.acquire().await;
        let answer = tokio::time::timeout(TIME, self.resolver.lookup_ip(host.as_str())).await;
        let answer = match answer {
            Ok(Ok(lookup)) => answered(lookup.iter().collect(), Some(lookup.valid_until())),
            Ok(Err(_)) | Err(_) => answered(Vec::new(), None),
        };
        self.addresses.insert(host, answer.clone());
        answer.found
    }

    /// The names that an address says to have.
    async fn claimed_names(&self, address: IpAddr) -> Vec<String> {
        let _one = self.at_once.acquire().await;
        let Ok(lookup) = self.resolver.reverse_lookup(address).await else { return Vec::new() };
        let names = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::PTR(name) => Some(name.to_utf8().trim_end_matches('.').to_owned()),
            _ => None,
        });
        names.take(NAMES).collect()
    }
}

fn answered<T>(found: Vec<T>, valid_until: Option<Instant>) -> Answer<T> {
    let now = Instant::now();
    let (least, most) = (now + KEPT.0, now + KEPT.1);
    let until = valid_until.map_or(now + Duration::from_secs(30), |until| until.clamp(least, most));
    Answer { found: found.into(), until }
}
