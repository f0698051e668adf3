//! The realm setting `lifeCycle`, as it is stored.

use serde::{Deserialize, Serialize};

/// How a realm deals with the life of its clients. Spans are seconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifeCycle {
    /// How long it is known of a client that it was removed.
    pub tombstones: i64,
}

impl Default for LifeCycle {
    fn default() -> Self {
        LifeCycle { tombstones: 30 * 24 * 60 * 60 }
    }
}

impl LifeCycle {
    /// Whether nobody set anything.
    pub(super) fn is_default(&self) -> bool {
        *self == LifeCycle::default()
    }
}
