//! The rules of the realm setting `lifeCycle`: what is to become of a client, and when.

use matricula_contract::Client;
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::client_uses::Recorded;
use matricula_store::clients::ClientRow;
use matricula_store::realm_settings::LifeCycle;

/// The attribute with which an administrator takes a client out of all rules.
const EXEMPT: &str = "life.exempt";
/// How long ago somebody must have told of a use, in milliseconds: else nobody knows which clients are used.
const BLIND_AFTER_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The client goes from all targets, until it is used.
    Hibernate,
    /// The client is removed.
    Delete,
}

impl Action {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Hibernate => "hibernate",
            Action::Delete => "delete",
        }
    }
}

/// What a rule will do with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) action: Action,
    /// Its name among the settings.
    pub(crate) rule: &'static str,
    /// From when on, Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// What decides about a client that no exemption holds for. Times are Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) created_ms: i64,
    /// Absent: never.
    pub(crate) used_ms: Option<i64>,
    /// Absent: it does not hibernate.
    pub(crate) hibernated_ms: Option<i64>,
}

/// What is to become of a client whose uses are recorded since then: the first rule that takes it.
pub(crate) fn next(settings: &LifeCycle, times: Times, recorded_since_ms: i64) -> Option<Due> {
    let after = |action, rule, since_ms: i64, seconds: i64| {
        let at_ms = since_ms.saturating_add(seconds.saturating_mul(1000));
        (seconds > 0).then_some(Due { action, rule, at_ms })
    };
    match (times.hibernated_ms, times.used_ms) {
        (Some(since_ms), _) => after(Action::Delete, "deleteAfter", since_ms, settings.delete_after),
        (None, None) => {
            let since_ms = times.created_ms.max(recorded_since_ms);
            after(Action::Hibernate, "neverUsedAfter", since_ms, settings.never_used_after)
        }
        (None, Some(used_ms)) => after(Action::Hibernate, "idleAfter", used_ms, settings.idle_after),
    }
}

/// Why no rule takes a client, if none does.
pub(crate) fn exempt(
    settings: &LifeCycle,
    client: &Client,
    is_registered: bool,
    initial_access_token: Option<&str>,
) -> Option<&'static str> {
    let is_marked = || client.attributes.iter().any(|one| one.name == EXEMPT && one.value == "true");
    let tokens = &settings.exempt.initial_access_tokens;
    if is_of_the_server(client) {
        Some("server")
    } else if is_marked() {
        Some("attribute")
    } else if settings.exempt.administrators && !is_registered {
        Some("administrator")
    } else if initial_access_token.is_some_and(|token| tokens.iter().any(|one| one == token)) {
        Some("initial-access-token")
    } else {
        None
    }
}

/// The same of a client as it is stored.
pub(crate) fn exempt_row(settings: &LifeCycle, row: &ClientRow) -> Option<&'static str> {
    exempt(settings, &row.client, row.origin.is_some(), row.initial_access_token.as_deref())
}

/// Whether no rule may do anything, as nobody knows which clients of the realm are used.
pub(crate) fn is_blind(settings: &LifeCycle, recorded: &Recorded, now_ms: i64) -> bool {
    settings.require_use && recorded.told_ms < now_ms - BLIND_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_takes_a_client_says_what_becomes_of_it() {
        let all = LifeCycle { never_used_after: 10, idle_after: 20, delete_after: 30, ..LifeCycle::default() };
        let times = |used_ms, hibernated_ms| Times { created_ms: 1000, used_ms, hibernated_ms };
        let due = |action, rule, at_ms| Some(Due { action, rule, at_ms });
        for (times, since, expected) in [
            (times(None, None), 0, due(Action::Hibernate, "neverUsedAfter", 11_000)),
            (times(None, None), 5000, due(Action::Hibernate, "neverUsedAfter", 15_000)),
            (times(Some(2000), None), 5000, due(Action::Hibernate, "idleAfter", 22_000)),
            (times(Some(2000), Some(3000)), 5000, due(Action::Delete, "deleteAfter", 33_000)),
            (times(None, Some(3000)), 5000, due(Action::Delete, "deleteAfter", 33_000)),
        ] {
            assert_eq!(next(&all, times, since), expected, "{times:?}");
            assert_eq!(next(&LifeCycle::default(), times, since), None, "{times:?}");
        }
    }
}
