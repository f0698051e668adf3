//! What a task at a target needs, and how it ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use matricula_contract::{Violation, connectors};
use matricula_realms::Realm;
use matricula_store::targets::TargetRow;

use super::lane;
use matricula_target::base_url::BaseUrl;
use matricula_target::credentials::Credentials;

/// Where a target is, what its connector is told of it, and who we are there.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Whose target it is.
    pub(crate) realm: Arc<Realm>,
    /// As the connector sees it. The runner sets its time.
    pub(crate) target: connectors::Target,
    /// Calls go below it.
    pub(crate) url: BaseUrl,
    /// Calls that name another base URL go below that one.
    pub(crate) further_urls: BTreeMap<String, BaseUrl>,
    /// For calls that ask to be authorized.
    pub(crate) credentials: Arc<Credentials>,
}

impl Reach {
    /// That of a target of this realm.
    pub(crate) fn of(realm: &Arc<Realm>, target: &TargetRow) -> Reach {
        Reach {
            realm: Arc::clone(realm),
            target: lane::told(realm, target),
            url: target.settings.url.clone(),
            further_urls: BTreeMap::new(),
            credentials: Arc::clone(&target.credentials),
        }
    }
}

/// How a task ended. Texts are the target's and the connector's: cut, and without our credentials and secrets.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// It is done: `put`, `remove`, `held`, and `look` where the target has the client.
    Finished(connectors::Finished),
    /// `look`, and `put` of a client that was there before: the target has no such client.
    Missing,
    /// `enumerate`.
    Page(connectors::Page),
    /// `probe`: what it is, in the target's words; absent: it doesn't say.
    Ready(Option<String>),
    /// The target will never take this client.
    Refused(Violation),
    /// The same, and it wants nothing more of us.
    Gone(String),
    /// `put`, `look`: the target has a client of this name without our mark.
    Foreign(connectors::ForeignClient),
    /// This time not.
    Failed(Failed),
}

/// Why a task came to nothing this time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failed {
    /// For administrators.
    pub(crate) message: String,
    /// The pause that the target asked for; at most an hour.
    pub(crate) retry_after: Option<Duration>,
    /// The pause is for everything that the target is asked (429, 503).
    pub(crate) whole_target: bool,
    /// The connector is to blame: it trapped or broke a limit.
    pub(crate) component_failed: bool,
}
