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
/// Longest pause; the first one is a second, each next one twice as long.
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
    fn pause(&self) -> Option<Duration> {
        let steps = self.times.checked_sub(FREE)?;
        let whole = Duration::from_secs(1 << steps.min(16)).min(LONGEST);
        whole.checked_sub(self.last.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Everybody who was wrong lately.
#[derive(Clone)]
pub(crate) struct Guesses(Arc<Cache<Key, Arc<Mutex<Wrong>>>>);

/// Somebody who tries to prove itself.
pub(crate) struct Try<'a> {
    guesses: &'a Guesses,
    key: Key,
}

impl Guesses {
    /// Nobody was wrong yet.
    pub(crate) fn none() -> Guesses {
        Guesses(Arc::new(Cache::new(ENTRIES)))
    }

    /// Lets a try begin. `kind` tells users from clients, which may have the same names.
    ///
    /// # Errors
    /// The rest of the pause that somebody of this name and address must make first.
    pub(crate) fn begin(&self, realm_id: &str, kind: &str, name: &str, address: IpAddr) -> Result<Try<'_>, Duration> {
        let key = key(realm_id, &format!("{kind}/{name}"), Some(address));
        let known = self.0.get(&key);
        let pause = known.and_then(|wrong| wrong.lock().unwrap_or_else(PoisonError::into_inner).pause());
        pause.map_or(Ok(Try { guesses: self, key }), Err)
    }
}

impl Try<'_> {
    /// Notes how it went.
    pub(crate) fn end(self, right: bool) {
        let table = &self.guesses.0;
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
