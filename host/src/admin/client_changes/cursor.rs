//! Places in the changes of a realm, as callers are given them. They are not to look into them, and one of another realm is
//! none.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula_store::removed_clients::KEPT_MS;

/// Names the form of cursors; another one begins with another byte.
const VERSION: u8 = 1;
/// Bytes that tell a cursor from other texts.
const CHECK: usize = 8;
/// Bytes of a cursor: version, generation, time, check.
const LENGTH: usize = 1 + 8 + 8 + CHECK;
/// Milliseconds by which clocks of nodes may differ.
const CLOCKS_DIFFER: i64 = 60_000;

/// A place in the changes of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Everything up to this generation is known.
    pub(super) generation: i64,
    /// A time by which no change behind the generation had come but those that a reader knows, Unix milliseconds: what is
    /// remembered only for a while must be remembered since then.
    pub(super) time_ms: i64,
}

impl Cursor {
    /// As callers see it.
    pub(super) fn text(self, realm_id: &str) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.generation.to_be_bytes());
        bytes.extend(self.time_ms.to_be_bytes());
        bytes.extend(check(realm_id, &bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a caller names; `None` if it is none of this realm.
    pub(super) fn parse(text: &str, realm_id: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (told, checked) = bytes.split_at(LENGTH - CHECK);
        if told[0] != VERSION || checked != check(realm_id, told) {
            return None;
        }
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
        Some(Cursor { generation: number(&told[1..9])?, time_ms: number(&told[9..])? })
    }

    /// Whether removed clients may have been forgotten that came after it.
    pub(super) fn is_too_old(self, now_ms: i64) -> bool {
        self.time_ms < now_ms - KEPT_MS + CLOCKS_DIFFER
    }
}

fn check(realm_id: &str, told: &[u8]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(told);
    context.update(realm_id.as_bytes());
    context.finish().as_ref()[..CHECK].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let cursor = Cursor { generation: 1 << 40, time_ms: 1_795_885_805_123 };
        let text = cursor.text("r");
        assert_eq!(Cursor::parse(&text, "r"), Some(cursor));
        assert_eq!(Cursor::parse(&text, "another realm"), None);
        for other in ["", "0", "nonsense", &text[1..], &format!("{text}A"), &text.replace('A', "B")] {
            assert_eq!(Cursor::parse(other, "r"), None, "{other}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_as_long_as_removed_clients_are_remembered() {
        let now = 1_795_885_805_123;
        for (age, too_old) in [(0, false), (KEPT_MS - CLOCKS_DIFFER, false), (KEPT_MS, true)] {
            assert_eq!(Cursor { generation: 1, time_ms: now - age }.is_too_old(now), too_old, "{age}");
        }
    }
}
