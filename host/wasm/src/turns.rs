//! Turns: how many calls of a component run at the same time, shared fairly between realms. Two rules: a realm holds at
//! most three quarters of the turns, so that none can take all; and a turn that becomes free goes to the realm that holds
//! the fewest of those that wait. A call that waits for the world outside gives its turn back and takes one again later,
//! before calls of its realm that have not begun.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::engine::{CALLS_AT_ONCE, CALLS_AT_ONCE_OF_REALM};
use super::facts::RealmKey;

/// The turns of one component.
#[derive(Default)]
pub(super) struct Turns {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Turns that are held, all together.
    held: usize,
    /// Calls that have waited so far.
    waited: u64,
    /// Realms that hold turns or wait for some.
    realms: Vec<OfRealm>,
}

/// The calls of one realm.
struct OfRealm {
    realm: RealmKey,
    /// Turns that it holds.
    held: usize,
    /// Calls that come back, then those that have not begun; each in the order in which they came.
    waiting: [VecDeque<Waiting>; 2],
}

/// A call that waits for its turn.
struct Waiting {
    /// Those that came later have larger ones.
    number: u64,
    ready: oneshot::Sender<Turn>,
}

/// A turn; it is given back when this is dropped.
pub struct Turn {
    turns: Arc<Turns>,
    realm: RealmKey,
}

/// A turn that was given back for a while.
pub(super) struct Away {
    turns: Arc<Turns>,
    realm: RealmKey,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.free(self.realm);
    }
}

impl Turn {
    /// Gives it back for a while.
    pub(super) fn leave(self) -> Away {
        Away { turns: Arc::clone(&self.turns), realm: self.realm }
    }
}

impl Away {
    /// Waits for a turn again.
    pub(super) async fn come_back(self) -> Turn {
        self.turns.wait(self.realm, true).await
    }
}

impl Turns {
    /// Waits for a turn of this realm.
    pub(super) async fn take(self: &Arc<Self>, realm: RealmKey) -> Turn {
        self.wait(realm, false).await
    }

    async fn wait(self: &Arc<Self>, realm: RealmKey, comes_back: bool) -> Turn {
        let is_ready = {
            let mut inner = self.lock();
            // Whoever waits while turns are free waits for its own realm.
            if inner.held < CALLS_AT_ONCE && inner.of(realm).held < CALLS_AT_ONCE_OF_REALM {
                inner.held += 1;
                inner.of(realm).held += 1;
                return self.turn(realm);
            }
            inner.waited += 1;
            let number = inner.waited;
            let (ready, is_ready) = oneshot::channel();
            inner.of(realm).waiting[usize::from(!comes_back)].push_back(Waiting { number, ready });
            is_ready
        };
        match is_ready.await {
            Ok(turn) => turn,
            // The other end stays in the queue until it is served.
            Err(_) => std::future::pending().await,
        }
    }

    fn turn(self: &Arc<Self>, realm: RealmKey) -> Turn {
        Turn { turns: Arc::clone(self), realm }
    }

    /// A turn is given back: it goes to the next one.
    fn free(self: &Arc<Self>, realm: RealmKey) {
        let next = {
            let mut inner = self.lock();
            inner.release(realm);
            inner.next()
        };
        if let Some((realm, ready)) = next {
            // Who has given up at this very moment drops it, and comes here again.
            drop(ready.send(self.turn(realm)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The calls of a realm.
    fn of(&mut self, realm: RealmKey) -> &mut OfRealm {
        let at = self.realms.iter().position(|of_realm| of_realm.realm == realm).unwrap_or_else(|| {
            self.realms.push(OfRealm { realm, held: 0, waiting: Default::default() });
            self.realms.len() - 1
        });
        &mut self.realms[at]
    }

    fn release(&mut self, realm: RealmKey) {
        self.held -= 1;
        self.of(realm).held -= 1;
    }

    /// Who is next, and counts its turn: the realm that holds the fewest, of several the one that has waited the longest.
    fn next(&mut self) -> Option<(RealmKey, oneshot::Sender<Turn>)> {
        // Realms without a call are forgotten.
        self.realms.retain_mut(|of_realm| of_realm.front().is_some() || of_realm.held > 0);
        let waiting = self.realms.iter_mut().filter_map(|of_realm| {
            let number = of_realm.front().filter(|_| of_realm.held < CALLS_AT_ONCE_OF_REALM)?;
            Some(((of_realm.held, number), of_realm))
        });
        let (_, next) = waiting.min_by_key(|(order, _)| *order)?;
        let ready = next.waiting.iter_mut().find_map(VecDeque::pop_front)?.ready;
        next.held += 1;
        self.held += 1;
        Some((next.realm, ready))
    }
}

impl OfRealm {
    /// The number of the call that is next, if one still waits.
    fn front(&mut self) -> Option<u64> {
        for waiting in &mut self.waiting {
            while waiting.front().is_some_and(|front| front.ready.is_closed()) {
                waiting.pop_front();
            }
        }
        self.waiting.iter().find_map(VecDeque::front).map(|front| front.number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    const RED: RealmKey = RealmKey(1);
    const BLUE: RealmKey = RealmKey(2);
    const GREEN: RealmKey = RealmKey(3);

    type Waits = std::pin::Pin<Box<dyn Future<Output = Turn>>>;

    fn ask(turns: &Arc<Turns>, realm: RealmKey) -> Waits {
        let turns = Arc::clone(turns);
        let mut waits: Waits = Box::pin(async move { turns.take(realm).await });
        assert!(look(&mut waits).is_none());
        waits
    }

    fn look(waits: &mut Waits) -> Option<Turn> {
        match waits.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    /// So many turns of a realm, which are free.
    fn hold(turns: &Arc<Turns>, realm: RealmKey, number: usize) -> Vec<Turn> {
        let one = || {
            let turns = Arc::clone(turns);
            look(&mut (Box::pin(async move { turns.take(realm).await }) as Waits)).unwrap()
        };
        (0..number).map(|_| one()).collect()
    }

    #[test]
    fn a_realm_leaves_turns_to_others() {
        let turns = Arc::default();
        let mut red = hold(&turns, RED, CALLS_AT_ONCE_OF_REALM);
        let mut waits = ask(&turns, RED);
        let blue = hold(&turns, BLUE, CALLS_AT_ONCE - CALLS_AT_ONCE_OF_REALM);
        drop(blue);
        assert!(look(&mut waits).is_none(), "what is free is for others");
        red.pop();
        assert!(look(&mut waits).is_some());
    }

    #[test]
    fn a_free_turn_goes_to_the_realm_that_holds_the_fewest() {
        let turns = Arc::default();
        let mut red = hold(&turns, RED, 10);
        let _blue = hold(&turns, BLUE, CALLS_AT_ONCE - 10);
        let [mut first, mut second, mut third] = [ask(&turns, RED), ask(&turns, BLUE), ask(&turns, GREEN)];
        red.pop();
        let green = look(&mut third).unwrap();
        assert!(look(&mut first).is_none() && look(&mut second).is_none());
        drop(green);
        assert!(look(&mut second).is_some(), "blue holds fewer than red");
        assert!(look(&mut first).is_some(), "what blue gave back");
    }

    #[test]
    fn who_comes_back_goes_before_those_of_its_realm_that_have_not_begun() {
        let turns = Arc::default();
        let mut red = hold(&turns, RED, CALLS_AT_ONCE_OF_REALM);
        let away = red.pop().unwrap().leave();
        red.extend(hold(&turns, RED, 1));
        let mut new = ask(&turns, RED);
        let mut back: Waits = Box::pin(away.come_back());
        assert!(look(&mut back).is_none());
        red.pop();
        assert!(look(&mut new).is_none());
        assert!(look(&mut back).is_some());
        assert!(look(&mut new).is_some());
    }

    #[test]
    fn turns_of_those_who_gave_up_are_not_lost() {
        let turns = Arc::default();
        let mut red = hold(&turns, RED, CALLS_AT_ONCE_OF_REALM);
        let (gone, late, mut patient) = (ask(&turns, RED), ask(&turns, RED), ask(&turns, RED));
        drop(gone);
        red.pop();
        drop(late);
        assert!(look(&mut patient).is_some(), "the turn of the one that did not take it");
        red.clear();
        assert_eq!(hold(&turns, RED, CALLS_AT_ONCE_OF_REALM).len(), CALLS_AT_ONCE_OF_REALM);
        assert!(turns.lock().realms.is_empty(), "nothing is kept of realms without a call");
    }
}
