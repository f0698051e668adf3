//! Questions to others that are under way: whoever asks the same meanwhile waits for the same answer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

/// The questions of one kind, by what they are about.
pub(crate) struct Joined<Key, Answer> {
    /// A question is given up when nobody waits for it any more.
    under_way: Mutex<HashMap<Key, WeakShared<BoxFuture<'static, Answer>>>>,
}

impl<Key, Answer: Clone> Default for Joined<Key, Answer> {
    fn default() -> Self {
        Joined { under_way: Mutex::default() }
    }
}

impl<Key: Clone + Eq + Hash, Answer: Clone + Send + 'static> Joined<Key, Answer> {
    /// The answer to the question that is under way about this, else to a new one.
    pub(crate) async fn ask<Asked>(&self, about: Key, question: impl FnOnce(Key) -> Asked) -> Answer
    where
        Asked: Future<Output = Answer> + Send + 'static,
    {
        let answer: Shared<_> = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            match under_way.get(&about).and_then(WeakShared::upgrade) {
                Some(answer) => answer,
                None => {
                    under_way.retain(|_, question| question.upgrade().is_some());
                    let answer = question(about.clone()).boxed().shared();
                    // It has not been asked yet, so there is somebody to wait for it.
                    if let Some(question) = answer.downgrade() {
                        under_way.insert(about, question);
                    }
                    answer
                }
            }
        };
        answer.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn who_asks_the_same_meanwhile_gets_the_same_answer() {
        let (joined, asked, go) = (Arc::new(Joined::default()), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let ask = |about: &'static str| {
            let (joined, asked, go) = (Arc::clone(&joined), Arc::clone(&asked), Arc::clone(&go));
            async move {
                let question = |about: &'static str| async move {
                    asked.fetch_add(1, Relaxed);
                    go.notified().await;
                    about.len()
                };
                joined.ask(about, question).await
            }
        };
        let [mut first, mut second, mut other] = ["one", "one", "three"].map(|about| Box::pin(ask(about)));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(asked.load(Relaxed), 1);
        assert!((&mut other).now_or_never().is_none());
        assert_eq!(asked.load(Relaxed), 2);
        // Who asked first may go: the others still get their answer.
        drop(first);
        go.notify_waiters();
        assert_eq!((second.await, other.await), (3, 5));
        // What was answered is asked anew.
        assert!(ask("one").now_or_never().is_none());
        assert_eq!(asked.load(Relaxed), 3);
    }
}
