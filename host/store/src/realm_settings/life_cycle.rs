//! The realm setting `lifeCycle`, as it is stored.

use serde::{Deserialize, Serialize};

/// How a realm deals with the life of its clients. Spans are seconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifeCycle {
    /// How long it is known of a client that it was removed.
    pub tombstones: i64,
    /// How long a registration waits for an approval, and then for being fetched.
    pub approval_expires: i64,
    /// How long its caller waits between two polls.
    pub approval_interval: i64,
}

impl Default for LifeCycle {
    fn default() -> Self {
        LifeCycle { tombstones: 30 * 24 * 60 * 60, approval_expires: 3600, approval_interval: 5 }
    }
}

impl LifeCycle {
    /// Whether nobody set anything.
    pub(super) fn is_default(&self) -> bool {
        *self == LifeCycle::default()
    }
}
