//! Who was wrong about a password or a secret, and how often in a row: after some free tries there is a pause, longer
//! each time. It holds for the name and the address together, so that nobody can lock out somebody elsewhere.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use super::{ENTRIES, Key, key};
use crate::error::ErrorResponse;

/// Wrong tries in a row without a pause.
const FREE: u32 = 10;
/// First pause after wrong passwords and secrets; each next one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(60);
/// Time without a wrong try after which all are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// Wrong tries in a row.
struct Wrong {
    times: u32,
    last: Instant,
}

impl Wrong {
    /// What is left of the pause; absent: none.
    fn pause(&self, first: Duration, longest: Duration) -> Option<Duration> {
        let steps = self.times.checked_sub(FREE)?;
        let whole = first.saturating_mul(1 << steps.min(16)).min(longest);
        whole.checked_sub(self.last.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Everybody who was wrong lately.
#[derive(Clone)]
pub(crate) struct Guesses {
    table: Arc<Cache<Key, Arc<Mutex<Wrong>>>>,
    first: Duration,
    longest: Duration,
}

/// Somebody who tries to prove itself.
pub(crate) struct Try<'a> {
    guesses: &'a Guesses,
    key: Key,
}

impl Guesses {
    /// Nobody was wrong yet.
    pub(crate) fn none() -> Guesses {
        Guesses::with_pauses(FIRST, LONGEST)
    }

    /// The same with other pauses.
    pub(super) fn with_pauses(first: Duration, longest: Duration) -> Guesses {
        Guesses { table: Arc::new(Cache::new(ENTRIES)), first, longest }
    }

    /// Lets a try begin. `kind` tells users from clients, which may have the same names.
    ///
    /// # Errors
    /// The rest of the pause that somebody of this name and address must make first.
    pub(crate) fn begin(&self, realm_id: &str, kind: &str, name: &str, address: IpAddr) -> Result<Try<'_>, Duration> {
        self.begin_of(key(realm_id, &format!("{kind}/{name}"), Some(address)))
    }

    /// The same for whoever this is the key of.
    pub(super) fn begin_of(&self, key: Key) -> Result<Try<'_>, Duration> {
        let known = self.table.get(&key);
        let pause = known
            .and_then(|wrong| wrong.lock().unwrap_or_else(PoisonError::into_inner).pause(self.first, self.longest));
        pause.map_or(Ok(Try { guesses: self, key }), Err)
    }
}

impl Try<'_> {
    /// Notes how it went.
    pub(crate) fn end(self, right: bool) {
        let table = &self.guesses.table;
        if right {
            table.remove(&self.key);
            return;
        }
        let nobody =
            || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Wrong { times: 0, last: Instant::now() })));
        let Ok(wrong) = table.get_or_insert_with(&self.key, nobody);
        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let before = if wrong.last.elapsed() > FORGOTTEN { 0 } else { wrong.times };
        *wrong = Wrong { times: before.saturating_add(1), last: Instant::now() };
    }
}

/// The answer to somebody who must pause.
pub(crate) fn pause(wait: Duration) -> ErrorResponse {
    ErrorResponse::too_many_requests(wait, "Too many wrong passwords or secrets. Try again later.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn wrong(guesses: &Guesses) -> bool {
        guesses.begin("realm", "user", "ann", HERE).map(|attempt| attempt.end(false)).is_ok()
    }

    #[test]
    fn after_ten_wrong_tries_in_a_row_there_is_a_pause() {
        let guesses = Guesses::none();
        for _ in 0..FREE {
            assert!(wrong(&guesses));
        }
        assert!(!wrong(&guesses));
        assert!(guesses.begin("realm", "user", "bob", HERE).is_ok());
        assert!(guesses.begin("realm", "client", "ann", HERE).is_ok());
        assert!(guesses.begin("realm", "user", "ann", IpAddr::from([192, 0, 2, 1])).is_ok());
    }

    #[test]
    fn being_right_once_forgets_what_was_wrong() {
        let guesses = Guesses::none();
        for _ in 0..3 {
            for _ in 1..FREE {
                assert!(wrong(&guesses));
            }
            assert!(guesses.begin("realm", "user", "ann", HERE).map(|attempt| attempt.end(true)).is_ok());
        }
    }
}
