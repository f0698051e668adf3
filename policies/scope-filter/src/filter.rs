//! What becomes of the scopes that a request names.

use matricula_policy_sdk::{Client, Decision, Request, Violation};

use crate::scopes::Scopes;

/// Its documents name the lists one by one; those of others name `scope`, and the default list is the server's doing.
const WITH_BOTH_LISTS: &str = "default";

const OPTIONAL: &str = "optional-client-scopes";
const DEFAULT: &str = "default-client-scopes";

/// What becomes of scopes that are not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The request is refused.
    Reject,
    /// They are left out.
    Drop,
    /// The whole list becomes another one.
    Replace,
}

impl Action {
    /// Each with its word in the settings.
    pub const WORDS: [(&'static str, Self); 3] =
        [("reject", Self::Reject), ("drop", Self::Drop), ("replace", Self::Replace)];
}

/// The settings.
#[derive(Debug)]
pub struct Filter {
    /// What clients may ask for.
    pub allowed: Scopes,
    /// What becomes of the rest.
    pub action: Action,
    /// What lists become where that is the action.
    pub replacement: Vec<String>,
}

impl Filter {
    /// The decision about a request: on update what the client has already passes.
    pub fn decide(&self, request: &Request, proposed: &Client, stored: Option<&Client>) -> Decision {
        let optional = proposed.optional_client_scopes.as_deref().unwrap_or_default();
        let passes = |scope: &&String| self.allowed.allow(scope) || has(stored, scope);
        match self.action {
            Action::Reject => {
                let default = proposed.default_client_scopes.as_deref().unwrap_or_default();
                let default = if request.context.provider == WITH_BOTH_LISTS { default } else { &[] };
                let refused = |field, scopes: &[String]| {
                    let others = scopes.iter().filter(|scope| !passes(scope));
                    others.map(|scope| violation(field, scope)).collect::<Vec<_>>()
                };
                Decision::objections([refused(DEFAULT, default), refused(OPTIONAL, optional)].concat())
            }
            _ if optional.iter().all(|scope| passes(&scope)) => Decision::accept(),
            Action::Drop => amended(optional.iter().filter(passes).cloned().collect()),
            Action::Replace => amended(self.replacement.clone()),
        }
    }
}

fn has(stored: Option<&Client>, scope: &String) -> bool {
    let lists = stored.map(|stored| [&stored.default_client_scopes, &stored.optional_client_scopes]);
    lists.into_iter().flatten().flatten().any(|list| list.contains(scope))
}

fn amended(scopes: Vec<String>) -> Decision {
    Decision::amend(Client { optional_client_scopes: Some(scopes), ..Client::default() })
}

fn violation(field: &str, scope: &str) -> Violation {
    let hint = format!("'{scope}' is not in 'allowed-scopes'");
    Violation::new("Scope is not allowed").error("invalid_client_metadata").at(field, scope).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Context, Host};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| text.to_string()).collect()
    }

    fn filter(action: Action) -> Filter {
        let allowed = Scopes::read(texts(&["phone", "addr*"])).unwrap();
        Filter { allowed, action, replacement: texts(&["address"]) }
    }

    fn client(default: Option<&[&str]>, optional: Option<&[&str]>) -> Client {
        Client {
            default_client_scopes: default.map(texts),
            optional_client_scopes: optional.map(texts),
            ..Client::default()
        }
    }

    fn decide(action: Action, provider: &str, proposed: &Client, stored: Option<&Client>) -> Decision {
        let context = Context { provider: provider.into(), ..Context::default() };
        filter(action).decide(&Request { context: &context, host: &Host::default() }, proposed, stored)
    }

    fn becomes(scopes: &[&str]) -> Decision {
        Decision::amend(client(None, Some(scopes)))
    }

    #[test]
    fn refuses_drops_or_replaces_what_is_not_allowed() {
        let sent = client(Some(&["basic"]), Some(&["phone", "email", "address", ""]));
        let refused = Decision::Reject(vec![violation(OPTIONAL, "email"), violation(OPTIONAL, "")]);
        assert_eq!(decide(Action::Reject, "openid-connect", &sent, None), refused);
        assert_eq!(decide(Action::Drop, "openid-connect", &sent, None), becomes(&["phone", "address"]));
        assert_eq!(decide(Action::Replace, "openid-connect", &sent, None), becomes(&["address"]));
    }

    #[test]
    fn leaves_alone_what_is_allowed_or_not_named() {
        for action in [Action::Reject, Action::Drop, Action::Replace] {
            for optional in [None, Some(&["phone"][..]), Some(&[])] {
                let sent = client(Some(&["basic"]), optional);
                assert_eq!(decide(action, "openid-connect", &sent, None), Decision::accept(), "{optional:?}");
            }
        }
    }

    #[test]
    fn judges_both_lists_of_the_default_provider_and_changes_the_optional_one() {
        let sent = client(Some(&["email"]), Some(&["phone", "roles"]));
        let refused = Decision::Reject(vec![violation(DEFAULT, "email"), violation(OPTIONAL, "roles")]);
        assert_eq!(decide(Action::Reject, "default", &sent, None), refused);
        assert_eq!(decide(Action::Drop, "default", &sent, None), becomes(&["phone"]));
    }

    #[test]
    fn what_a_client_has_passes() {
        let stored = client(Some(&["email"]), Some(&["roles"]));
        let sent = client(None, Some(&["email", "roles", "other"]));
        let refused = Decision::Reject(vec![violation(OPTIONAL, "other")]);
        assert_eq!(decide(Action::Reject, "openid-connect", &sent, Some(&stored)), refused);
        assert_eq!(decide(Action::Drop, "openid-connect", &sent, Some(&stored)), becomes(&["email", "roles"]));
    }
}
