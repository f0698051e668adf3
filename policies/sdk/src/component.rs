//! What the host calls: interface `policies` over the kinds of policy that a component holds.

use crate::{
    Client, Config, ConfigError, ConfiguredPolicy, Decision, Hook, Host, Policy, PolicyProvider, Request, Violation,
    amendment,
};

/// Makes a component of one or several kinds of policy: `export!(TrustedHosts, MaxClients);`, once in a crate of type
/// `cdylib`. The version that the host shows is that of the crate.
///
/// A native build gets only `KINDS`, with which tests can call the functions of this module as the host would.
#[macro_export]
macro_rules! export {
    ($($policy:ty),+ $(,)?) => {
        /// The kinds of policy in this component.
        pub const KINDS: &[$crate::component::Kind] =
            &[$($crate::component::Kind::of::<$policy>(env!("CARGO_PKG_VERSION"))),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::component;
            use $crate::contract::exports::matricula::registration::policies::Guest;

            struct Component;

            impl Guest for Component {
                fn describe() -> Vec<$crate::PolicyProvider> {
                    $crate::panic::report();
                    component::describe(KINDS, &$crate::Host)
                }

                fn check_config(policy: $crate::ConfiguredPolicy) -> Result<(), Vec<$crate::ConfigError>> {
                    $crate::panic::report();
                    component::check_config(KINDS, policy, &$crate::Host)
                }

                fn evaluate(
                    hook: $crate::Hook,
                    context: $crate::Context,
                    proposed: Option<$crate::Client>,
                    stored: Option<$crate::Client>,
                    policies: Vec<$crate::ConfiguredPolicy>,
                ) -> Vec<$crate::Decision> {
                    $crate::panic::report();
                    let request = $crate::Request { context: &context, host: &$crate::Host };
                    component::evaluate(KINDS, hook, &request, proposed, stored, policies)
                }

                fn allowed_origins(
                    context: $crate::Context,
                    policies: Vec<$crate::ConfiguredPolicy>,
                ) -> Vec<String> {
                    $crate::panic::report();
                    let request = $crate::Request { context: &context, host: &$crate::Host };
                    component::allowed_origins(KINDS, &request, policies)
                }
            }

            $crate::contract::export!(Component with_types_in $crate::contract);
        };
    };
}

/// One kind of policy in a component: its functions, without its type.
pub struct Kind {
    id: &'static str,
    describe: fn(&'static str, &Host) -> PolicyProvider,
    check: fn(&mut Config, &Host) -> Result<(), ConfigError>,
    decide: fn(Hook, &Request, &mut Config, Option<&Client>, Option<&Client>) -> Decision,
    origins: fn(&Request, &mut Config) -> Result<Vec<String>, ConfigError>,
    version: &'static str,
}

impl Kind {
    /// The kind that `P` implements, in this version.
    pub const fn of<P: Policy>(version: &'static str) -> Self {
        Self {
            id: P::ID,
            describe: provider::<P>,
            check: P::check,
            decide: decide::<P>,
            origins: |request, config| Ok(P::read(config)?.allowed_origins(request)),
            version,
        }
    }
}

/// Answers `describe`.
pub fn describe(kinds: &[Kind], host: &Host) -> Vec<PolicyProvider> {
    kinds.iter().map(|kind| (kind.describe)(kind.version, host)).collect()
}

/// Answers `check-config`.
///
/// # Errors
/// What is wrong with the configuration.
pub fn check_config(kinds: &[Kind], policy: ConfiguredPolicy, host: &Host) -> Result<(), Vec<ConfigError>> {
    let Some(kind) = find(kinds, &policy.provider) else {
        return Err(vec![ConfigError { property: None, message: unknown(&policy.provider) }]);
    };
    (kind.check)(&mut Config::new(policy.config), host).map_err(|error| vec![error])
}

/// Answers `evaluate`: a decision for each policy, each of which sees the client as amended by those before it.
pub fn evaluate(
    kinds: &[Kind],
    hook: Hook,
    request: &Request,
    proposed: Option<Client>,
    stored: Option<Client>,
    policies: Vec<ConfiguredPolicy>,
) -> Vec<Decision> {
    let amends = matches!(hook, Hook::AfterRegister | Hook::AfterUpdate);
    decisions(kinds, (hook, amends), request, proposed, stored, policies)
}

/// The same where the contract says at which hooks policies amend.
pub(crate) fn decisions(
    kinds: &[Kind],
    (hook, amends): (Hook, bool),
    request: &Request,
    mut proposed: Option<Client>,
    stored: Option<Client>,
    policies: Vec<ConfiguredPolicy>,
) -> Vec<Decision> {
    let mut decisions = Vec::with_capacity(policies.len());
    for policy in policies {
        let decision = match find(kinds, &policy.provider) {
            Some(kind) => {
                let mut config = Config::new(policy.config);
                (kind.decide)(hook, request, &mut config, proposed.as_ref(), stored.as_ref())
            }
            None => unable(unknown(&policy.provider)),
        };
        if let (true, Decision::Amend(change), Some(client)) = (amends, &decision, &mut proposed) {
            amendment::apply(change, client);
        }
        decisions.push(decision);
    }
    decisions
}

/// Answers `allowed-origins`. A policy that can't be read allows none.
pub fn allowed_origins(kinds: &[Kind], request: &Request, policies: Vec<ConfiguredPolicy>) -> Vec<String> {
    let origins = |policy: ConfiguredPolicy| {
        let kind = find(kinds, &policy.provider)?;
        (kind.origins)(request, &mut Config::new(policy.config)).ok()
    };
    policies.into_iter().filter_map(origins).flatten().collect()
}

fn find<'a>(kinds: &'a [Kind], id: &str) -> Option<&'a Kind> {
    kinds.iter().find(|kind| kind.id == id)
}

fn provider<P: Policy>(version: &'static str, host: &Host) -> PolicyProvider {
    PolicyProvider {
        id: P::ID.into(),
        version: version.into(),
        help_text: P::HELP_TEXT.into(),
        hooks: P::HOOKS.into(),
        allows_origins: P::ALLOWS_ORIGINS,
        properties: P::properties(host),
    }
}

fn decide<P: Policy>(
    hook: Hook,
    request: &Request,
    config: &mut Config,
    proposed: Option<&Client>,
    stored: Option<&Client>,
) -> Decision {
    let policy = match P::read(config) {
        Ok(policy) => policy,
        Err(error) => {
            let property = error.property.map(|name| format!(" (setting '{name}')")).unwrap_or_default();
            return unable(format!("{}{property}", error.message));
        }
    };
    match (hook, proposed, stored) {
        (Hook::BeforeRegister, Some(proposed), _) => policy.before_register(request, proposed),
        (Hook::AfterRegister, Some(client), _) => policy.after_register(request, client),
        (Hook::BeforeUpdate, Some(proposed), Some(stored)) => policy.before_update(request, proposed, stored),
        (Hook::AfterUpdate, Some(client), Some(stored)) => policy.after_update(request, client, stored),
        (Hook::BeforeView, _, Some(stored)) => policy.before_view(request, stored),
        (Hook::BeforeDelete, _, Some(stored)) => policy.before_delete(request, stored),
        _ => unable(format!("the host gave no client for {hook:?}")),
    }
}

/// Refuses, as the policy can't be asked; only the operator learns why.
fn unable(why: String) -> Decision {
    Decision::Reject(vec![Violation::new("The policy is not configured correctly").hint(why)])
}

fn unknown(provider: &str) -> String {
    format!("this component has no policy provider '{provider}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigEntry, Context, Property};

    const WORD: Property = Property::text("word");

    /// Appends its word to the client's name.
    struct Append(String);

    impl Policy for Append {
        const ID: &'static str = "append";
        const HELP_TEXT: &'static str = "Appends a word";

        fn read(config: &mut Config) -> Result<Self, ConfigError> {
            Ok(Self(config.text(&WORD)?.ok_or_else(|| WORD.missing())?))
        }

        fn after_register(&self, _: &Request, client: &Client) -> Decision {
            let name = client.name.as_deref().unwrap_or_default();
            Decision::amend(Client { name: Some(format!("{name}{}", self.0)), ..Client::default() })
        }

        fn allowed_origins(self, _: &Request) -> Vec<String> {
            vec![self.0]
        }
    }

    /// Refuses every name.
    struct Nameless;

    impl Policy for Nameless {
        const ID: &'static str = "nameless";
        const HELP_TEXT: &'static str = "Refuses names";
        const HOOKS: &'static [Hook] = &[Hook::AfterRegister];

        fn read(_: &mut Config) -> Result<Self, ConfigError> {
            Ok(Self)
        }

        fn after_register(&self, _: &Request, client: &Client) -> Decision {
            Decision::objections(client.name.iter().map(|name| Violation::new("no").at("name", name)).collect())
        }
    }

    const KINDS: &[Kind] = &[Kind::of::<Append>("1.2.3"), Kind::of::<Nameless>("1.2.3")];

    fn configured(provider: &str, words: &[&str]) -> ConfiguredPolicy {
        let values = words.iter().map(|word| word.to_string()).collect();
        let config = vec![ConfigEntry { name: "word".into(), values }];
        ConfiguredPolicy { provider: provider.into(), name: "policy".into(), config }
    }

    fn run(hook: Hook, policies: &[(&str, &[&str])], proposed: Option<Client>) -> Vec<Decision> {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let policies = policies.iter().map(|(provider, words)| configured(provider, words)).collect();
        evaluate(KINDS, hook, &request, proposed, None, policies)
    }

    fn hint(decision: &Decision) -> &str {
        match decision {
            Decision::Reject(violations) => violations[0].hint.as_deref().unwrap(),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn shows_each_policy_the_client_as_amended_by_those_before_it() {
        let policies: &[(&str, &[&str])] = &[("append", &["a"]), ("append", &["b"]), ("nameless", &[])];
        let decisions = run(Hook::AfterRegister, policies, Some(Client::default()));
        let named = |name: &str| Decision::amend(Client { name: Some(name.into()), ..Client::default() });
        let refused = Decision::Reject(vec![Violation::new("no").at("name", "ab")]);
        assert_eq!(decisions, [named("a"), named("ab"), refused]);
    }

    #[test]
    fn accepts_at_a_hook_that_is_not_written() {
        assert_eq!(run(Hook::BeforeRegister, &[("nameless", &[])], Some(Client::default())), [Decision::accept()]);
    }

    #[test]
    fn refuses_when_a_setting_can_not_be_read() {
        let decisions = run(Hook::AfterRegister, &[("append", &[]), ("append", &["a", "b"])], Some(Client::default()));
        assert_eq!(hint(&decisions[0]), "'word' is required (setting 'word')");
        assert_eq!(hint(&decisions[1]), "'word' should be a single entry (setting 'word')");
    }

    #[test]
    fn refuses_for_a_provider_that_it_does_not_have() {
        let decisions = run(Hook::AfterRegister, &[("other", &[])], Some(Client::default()));
        assert_eq!(hint(&decisions[0]), "this component has no policy provider 'other'");
    }

    #[test]
    fn refuses_when_the_host_sends_no_client() {
        let decisions = run(Hook::AfterRegister, &[("nameless", &[])], None);
        assert_eq!(hint(&decisions[0]), "the host gave no client for Hook::AfterRegister");
    }

    #[test]
    fn checks_a_configuration_by_reading_it() {
        let check = |provider, words| check_config(KINDS, configured(provider, words), &Host::default());
        assert_eq!(check("append", &["a"]), Ok(()));
        assert_eq!(check("append", &[]), Err(vec![WORD.missing()]));
        assert_eq!(check("other", &[]).unwrap_err()[0].property, None);
    }

    #[test]
    fn describes_every_kind_with_its_hooks() {
        let described = describe(KINDS, &Host::default());
        let seen: Vec<_> =
            described.iter().map(|one| (one.id.as_str(), one.version.as_str(), one.hooks.len())).collect();
        assert_eq!(seen, [("append", "1.2.3", 6), ("nameless", "1.2.3", 1)]);
    }

    #[test]
    fn adds_up_the_origins_of_the_policies_that_can_be_read() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let policies = vec![configured("append", &["a"]), configured("append", &[]), configured("append", &["b"])];
        assert_eq!(allowed_origins(KINDS, &request, policies), ["a", "b"]);
    }
}
