//! Values that many realms have in common: one of each is in memory, for as long as a realm has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_lc_rs::digest::{Context, SHA256};
use matricula_store::StoreError;

/// Entries among which those that nobody uses any more need not be looked for.
const FEW: usize = 64;

/// SHA-256 of texts.
type Digest = [u8; 32];

/// Values by the texts that they were read from. A value never changes: whoever changes a realm stores another text.
pub(super) struct Shared<T: ?Sized>(Mutex<Known<T>>);

struct Known<T: ?Sized> {
    values: HashMap<Digest, Weak<T>>,
    /// So many entries are looked through for those that nobody uses any more.
    too_many: usize,
}

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Shared(Mutex::new(Known { values: HashMap::new(), too_many: FEW }))
    }
}

impl<T: ?Sized> Shared<T> {
    /// What others have of these texts, or what `read` makes of them.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn get(
        &self,
        texts: &[&str],
        read: impl FnOnce() -> Result<Arc<T>, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let digest = digest(texts);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = digest.and_then(|digest| known.values.get(&digest)?.upgrade()) {
            return Ok(value);
        }
        let value = read()?;
        if let Some(digest) = digest {
            known.values.insert(digest, Arc::downgrade(&value));
        }
        if known.values.len() >= known.too_many {
            known.values.retain(|_, value| value.strong_count() > 0);
            known.too_many = (2 * known.values.len()).max(FEW);
            let room = known.too_many;
            known.values.shrink_to(room);
        }
        Ok(value)
    }
}

/// The digest of several texts: each with its length, so that no two lists look the same.
fn digest(texts: &[&str]) -> Option<Digest> {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&text.len().to_le_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().try_into().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn get(shared: &Shared<str>, texts: &[&str]) -> Arc<str> {
        shared.get(texts, || Ok(texts.join("+").into())).unwrap()
    }

    #[test]
    fn equal_texts_are_read_once() {
        let shared = Shared::default();
        let first = get(&shared, &["a", "b"]);
        assert!(Arc::ptr_eq(&first, &get(&shared, &["a", "b"])));
        for others in [&["a", "c"][..], &["ab"], &["", "ab"], &["ab", ""]] {
            assert!(!Arc::ptr_eq(&first, &get(&shared, others)), "{others:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_asked_again() {
        let shared = Shared::<str>::default();
        assert!(shared.get(&["a"], || Err(StoreError::Damaged("a".to_owned()))).is_err());
        assert_eq!(&*get(&shared, &["a"]), "a");
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let shared = Shared::default();
        let kept = get(&shared, &["kept"]);
        for number in 0..10 * FEW {
            get(&shared, &[&number.to_string()]);
        }
        let known = shared.0.lock().unwrap().values.len();
        assert!(known <= FEW, "{known} entries");
        assert!(Arc::ptr_eq(&kept, &get(&shared, &["kept"])));
    }
}
