//! The realm setting `lifeCycle`: what becomes of clients, and of registrations that wait, with time.

use serde::{Deserialize, Serialize};

/// The setting as it is stored; a member that is absent there has its default. Spans are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifeCycle {
    /// How long a registration waits for an approval, and then for being fetched.
    pub approval_expires: i64,
    /// How long its caller waits between two polls.
    pub approval_interval: i64,
}

impl Default for LifeCycle {
    fn default() -> Self {
        LifeCycle { approval_expires: 3600, approval_interval: 5 }
    }
}

impl LifeCycle {
    /// Whether nobody has set it.
    pub fn is_default(&self) -> bool {
        *self == LifeCycle::default()
    }
}
