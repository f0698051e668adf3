//! Names and addresses in the Domain Name System, for policies that trust hosts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use quick_cache::sync::Cache;

/// Time that a question may take.
const TIME: Duration = Duration::from_secs(2);
/// How long an answer is used at least and at most, whatever its time to live says.
const KEPT: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Answers kept in memory at most, of each kind.
const ANSWERS: usize = 4_096;

/// An answer and when to ask again.
#[derive(Clone)]
struct Answer<T> {
    found: Arc<[T]>,
    until: Instant,
}

/// Asks the system's name servers (and its hosts file), and remembers what they said.
#[derive(Clone)]
pub(crate) struct Names {
    resolver: Arc<TokioResolver>,
    addresses: Arc<Cache<String, Answer<IpAddr>>>,
    names: Arc<Cache<IpAddr, Answer<String>>>,
}

impl Names {
    /// Reads the system's configuration (`/etc/resolv.conf`, `/etc/hosts`).
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn from_system() -> anyhow::Result<Names> {
        let resolver = TokioResolver::builder_tokio()?.build()?;
        Ok(Names {
            resolver: Arc::new(resolver),
            addresses: Arc::new(Cache::new(ANSWERS)),
            names: Arc::new(Cache::new(ANSWERS)),
        })
    }

    /// Addresses of a host name in the order of the answer; an address is its own. Empty: none, or no answer in time.
    pub(crate) async fn addresses_of(&self, host: &str) -> Arc<[IpAddr]> {
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
            return Arc::new([address]);
        }
        let key = host.to_ascii_lowercase();
        if let Some(answer) = self.addresses.get(&key).filter(|answer| answer.until > Instant::now()) {
            return answer.found;
        }
        let answer = tokio::time::timeout(TIME, self.resolver.lookup_ip(key.as_str())).await;
        let answer = match answer {
            Ok(Ok(lookup)) => answered(lookup.iter().collect(), Some(lookup.valid_until())),
            Ok(Err(_)) | Err(_) => answered(Vec::new(), None),
        };
        self.addresses.insert(key, answer.clone());
        answer.found
    }

    /// Names of an address that resolve back to it; loopback is `localhost`. Empty as above.
    pub(crate) async fn names_of(&self, address: IpAddr) -> Arc<[String]> {
        if address.is_loopback() {
            return Arc::new(["localhost".to_owned()]);
        }
        if let Some(answer) = self.names.get(&address).filter(|answer| answer.until > Instant::now()) {
            return answer.found;
        }
        let mut confirmed = Vec::new();
        if let Ok(Ok(lookup)) = tokio::time::timeout(TIME, self.resolver.reverse_lookup(address)).await {
            for record in lookup.answers().iter().take(8) {
                let hickory_resolver::proto::rr::RData::PTR(name) = &record.data else { continue };
                let name = name.to_utf8().trim_end_matches('.').to_owned();
                if self.addresses_of(&name).await.contains(&address) {
                    confirmed.push(name);
                }
            }
        }
        let answer = answered(confirmed, None);
        self.names.insert(address, answer.clone());
        answer.found
    }
}

fn answered<T>(found: Vec<T>, valid_until: Option<Instant>) -> Answer<T> {
    let now = Instant::now();
    let (least, most) = (now + KEPT.0, now + KEPT.1);
    let until = valid_until.map_or(now + Duration::from_secs(30), |until| until.clamp(least, most));
    Answer { found: found.into(), until }
}
