//! Which realms other nodes announced as changed: what was read before is not to be used any more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// Realms that are remembered at most before the snapshots are looked through.
const REALMS: usize = 256;

/// Announcements, numbered as they come. To look through all snapshots at each would cost the more the more realms
/// there are; so each snapshot is judged when it is asked for.
#[derive(Default)]
pub(super) struct Announced {
    number: AtomicU64,
    /// The number of the last announcement of a realm, by the realm's id.
    of_realms: RwLock<HashMap<String, u64>>,
}

impl Announced {
    /// How many came up to now: to be asked before a realm is read.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::SeqCst)
    }

    /// Whether what was read of a realm at that number still holds.
    pub(super) fn allows(&self, realm_id: &str, read_at: u64) -> bool {
        if self.number() == read_at {
            return true;
        }
        let of_realms = self.of_realms.read().unwrap_or_else(PoisonError::into_inner);
        of_realms.get(realm_id).is_none_or(|number| *number <= read_at)
    }

    /// A realm was announced. `sweep` is called when too many are remembered: it takes away what is not allowed, a realm
    /// by its id and the number at which it was read.
    pub(super) fn realm(&self, id: &str, sweep: impl FnOnce(&dyn Fn(&str, u64) -> bool)) {
        let mut of_realms = self.of_realms.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.number.fetch_add(1, Ordering::SeqCst) + 1;
        of_realms.insert(id.to_owned(), number);
        if of_realms.len() >= REALMS {
            sweep(&|id, read_at| of_realms.get(id).is_none_or(|number| *number <= read_at));
            of_realms.clear();
        }
    }

    /// Everything was announced: `clear` takes all away.
    pub(super) fn everything(&self, clear: impl FnOnce()) {
        let mut of_realms = self.of_realms.write().unwrap_or_else(PoisonError::into_inner);
        self.number.fetch_add(1, Ordering::SeqCst);
        clear();
        of_realms.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_read_before_the_announcement_of_its_realm_is_refused() {
        let announced = Announced::default();
        let before = announced.number();
        announced.realm("a", |_| {});
        let after = announced.number();
        assert!(!announced.allows("a", before) && announced.allows("b", before) && announced.allows("a", after));
        announced.realm("a", |_| {});
        assert!(!announced.allows("a", after));
    }

    #[test]
    fn announcements_are_forgotten_when_what_they_refuse_is_gone() {
        let announced = Announced::default();
        let mut swept = 0;
        for number in 0..REALMS {
            announced.realm(&number.to_string(), |allows| {
                swept += 1;
                assert!(!allows("0", 0) && !allows(&number.to_string(), 0) && allows("other", 0));
            });
        }
        assert_eq!(swept, 1);
        assert!(announced.allows("0", 0));
    }
}
