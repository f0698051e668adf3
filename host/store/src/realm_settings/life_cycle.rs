//! The realm setting `lifeCycle`, as it is stored.

use serde::{Deserialize, Serialize};

/// How a realm deals with the life of its clients. Spans are seconds, 0 is never.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifeCycle {
    /// A client that was never used hibernates so long after it was made, or after uses began to be recorded.
    pub never_used_after: i64,
    /// A client hibernates so long after its last use.
    pub idle_after: i64,
    /// A client is deleted that hibernates so long.
    pub delete_after: i64,
    /// How many clients of one software anonymous callers make.
    pub per_software: PerSoftware,
    /// Clients that no rule takes.
    pub exempt: Exempt,
    /// No rule does anything in a realm whose uses nobody tells of.
    pub require_use: bool,
    /// Clients that a run hibernates and deletes, at most.
    pub max_per_run: i64,
    /// Time between runs.
    pub run_every: i64,
    /// How long it is known of a client that it was removed.
    pub tombstones: i64,
    /// A secret that is made ends so long after that.
    pub secret_lifetime: i64,
    /// The secret before is good so long after there is a new one.
    pub secret_grace: i64,
    /// A registration access token is good until the one that took its place was used.
    pub registration_token_grace: bool,
    /// How long a registration waits for an approval, and then for being fetched.
    pub approval_expires: i64,
    /// How long its caller waits between two polls.
    pub approval_interval: i64,
}

/// How many active clients of one software there are before the oldest unused one hibernates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PerSoftware {
    /// So many; 0: any number.
    pub max: i64,
    /// Younger ones stay.
    pub grace: i64,
}

/// Clients that no rule takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exempt {
    /// Those that nobody registered.
    pub administrators: bool,
    /// Those that were registered with these tokens, by id.
    pub initial_access_tokens: Vec<String>,
}

impl Default for LifeCycle {
    fn default() -> Self {
        LifeCycle {
            never_used_after: 0,
            idle_after: 0,
            delete_after: 0,
            per_software: PerSoftware::default(),
            exempt: Exempt::default(),
            require_use: true,
            max_per_run: 1000,
            run_every: 60 * 60,
            tombstones: 30 * 24 * 60 * 60,
            secret_lifetime: 0,
            secret_grace: 0,
            registration_token_grace: false,
            approval_expires: 3600,
            approval_interval: 5,
        }
    }
}

impl Default for PerSoftware {
    fn default() -> Self {
        PerSoftware { max: 0, grace: 600 }
    }
}

impl Default for Exempt {
    fn default() -> Self {
        Exempt { administrators: true, initial_access_tokens: Vec::new() }
    }
}

impl LifeCycle {
    /// Whether runs have something to do: some rule may ever do something, or clients are counted by their software.
    pub fn has_rules(&self) -> bool {
        self.never_used_after > 0 || self.idle_after > 0 || self.delete_after > 0 || self.per_software.max > 0
    }

    /// Whether nobody set anything.
    pub(super) fn is_default(&self) -> bool {
        *self == LifeCycle::default()
    }
}
