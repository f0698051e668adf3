//! What the host calls of a component of contract 0.2.0: its interface `policies`, over the same kinds of policy.
//!
//! What 0.2.0 has more than [`Policy`](crate::Policy) shows is not handed on yet: hook before-install, which accepts, and
//! the decision's id.

use crate::component::{self, Kind};
use crate::contract_0_2::exports::matricula::registration0_2_0::policies::{
    ConfiguredPolicy, Context, Hook, PolicyProvider,
};
use crate::{Client, ConfigError, Decision, Host, Request};

/// Makes a component of contract 0.2.0 of one or several kinds of policy, as [`export!`](crate::export) does of 0.1.0.
/// Their before-hooks may amend the request, and a violation with an error code of RFC 7591 is answered 400.
///
/// A native build gets only `KINDS`, with which tests can call the functions of this module as the host would.
#[macro_export]
macro_rules! export_0_2 {
    ($($policy:ty),+ $(,)?) => {
        /// The kinds of policy in this component.
        pub const KINDS: &[$crate::component::Kind] =
            &[$($crate::component::Kind::of::<$policy>(env!("CARGO_PKG_VERSION"))),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::component_0_2 as component;
            use $crate::contract_0_2::exports::matricula::registration0_2_0::policies as contract;

            struct Component;

            impl contract::Guest for Component {
                fn describe() -> Vec<contract::PolicyProvider> {
                    $crate::panic::report();
                    component::describe(KINDS, &$crate::Host)
                }

                fn check_config(policy: contract::ConfiguredPolicy) -> Result<(), Vec<$crate::ConfigError>> {
                    $crate::panic::report();
                    component::check_config(KINDS, policy, &$crate::Host)
                }

                fn evaluate(
                    hook: contract::Hook,
                    context: contract::Context,
                    proposed: Option<$crate::Client>,
                    stored: Option<$crate::Client>,
                    policies: Vec<contract::ConfiguredPolicy>,
                ) -> Vec<$crate::Decision> {
                    $crate::panic::report();
                    component::evaluate(KINDS, hook, (context, &$crate::Host), proposed, stored, policies)
                }

                fn allowed_origins(
                    context: contract::Context,
                    policies: Vec<contract::ConfiguredPolicy>,
                ) -> Vec<String> {
                    $crate::panic::report();
                    component::allowed_origins(KINDS, (context, &$crate::Host), policies)
                }
            }

            $crate::contract_0_2::export_policies_0_2!(Component with_types_in $crate::contract_0_2);
        };
    };
}

/// Answers `describe`.
pub fn describe(kinds: &[Kind], host: &Host) -> Vec<PolicyProvider> {
    component::describe(kinds, host).into_iter().map(PolicyProvider::from).collect()
}

/// Answers `check-config`.
///
/// # Errors
/// What is wrong with the configuration.
pub fn check_config(kinds: &[Kind], policy: ConfiguredPolicy, host: &Host) -> Result<(), Vec<ConfigError>> {
    component::check_config(kinds, policy.into(), host)
}

/// Answers `evaluate`: a decision for each policy, each of which sees the client, or the request, as amended by those
/// before it.
pub fn evaluate(
    kinds: &[Kind],
    hook: Hook,
    (context, host): (Context, &Host),
    proposed: Option<Client>,
    stored: Option<Client>,
    policies: Vec<ConfiguredPolicy>,
) -> Vec<Decision> {
    let Some(known) = known(hook) else {
        return policies.iter().map(|_| Decision::accept()).collect();
    };
    let amends = matches!(hook, Hook::BeforeRegister | Hook::AfterRegister | Hook::BeforeUpdate | Hook::AfterUpdate);
    let request = Request { context: &context.into(), host };
    let policies = policies.into_iter().map(crate::ConfiguredPolicy::from).collect();
    component::decisions(kinds, (known, amends), &request, proposed, stored, policies)
}

/// Answers `allowed-origins`. A policy that can't be read allows none.
pub fn allowed_origins(
    kinds: &[Kind],
    (context, host): (Context, &Host),
    policies: Vec<ConfiguredPolicy>,
) -> Vec<String> {
    let request = Request { context: &context.into(), host };
    component::allowed_origins(kinds, &request, policies.into_iter().map(crate::ConfiguredPolicy::from).collect())
}

/// A hook that [`Policy`](crate::Policy) has a function for.
fn known(hook: Hook) -> Option<crate::Hook> {
    Some(match hook {
        Hook::BeforeRegister => crate::Hook::BeforeRegister,
        Hook::AfterRegister => crate::Hook::AfterRegister,
        Hook::BeforeUpdate => crate::Hook::BeforeUpdate,
        Hook::AfterUpdate => crate::Hook::AfterUpdate,
        Hook::BeforeView => crate::Hook::BeforeView,
        Hook::BeforeDelete => crate::Hook::BeforeDelete,
        Hook::BeforeInstall => return None,
    })
}

impl From<crate::Hook> for Hook {
    fn from(hook: crate::Hook) -> Self {
        match hook {
            crate::Hook::BeforeRegister => Self::BeforeRegister,
            crate::Hook::AfterRegister => Self::AfterRegister,
            crate::Hook::BeforeUpdate => Self::BeforeUpdate,
            crate::Hook::AfterUpdate => Self::AfterUpdate,
            crate::Hook::BeforeView => Self::BeforeView,
            crate::Hook::BeforeDelete => Self::BeforeDelete,
        }
    }
}

impl From<crate::PolicyProvider> for PolicyProvider {
    fn from(provider: crate::PolicyProvider) -> Self {
        let crate::PolicyProvider { id, version, help_text, hooks, allows_origins, properties } = provider;
        let hooks = hooks.into_iter().map(Hook::from).collect();
        Self { id, version, help_text, hooks, allows_origins, properties }
    }
}

impl From<ConfiguredPolicy> for crate::ConfiguredPolicy {
    fn from(policy: ConfiguredPolicy) -> Self {
        let ConfiguredPolicy { provider, name, config } = policy;
        Self { provider, name, config }
    }
}

impl From<Context> for crate::Context {
    fn from(context: Context) -> Self {
        let Context { realm, provider, operation, caller, registration_auth, now, decision: _, attributes } = context;
        Self { realm, provider, operation, caller, registration_auth, now, attributes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Policy};

    /// Appends a letter to the name, whenever it is asked.
    struct Append;

    impl Policy for Append {
        const ID: &'static str = "append";
        const HELP_TEXT: &'static str = "Appends a letter";

        fn read(_: &mut Config) -> Result<Self, ConfigError> {
            Ok(Self)
        }

        fn before_register(&self, _: &Request, proposed: &Client) -> Decision {
            let name = proposed.name.as_deref().unwrap_or_default();
            Decision::amend(Client { name: Some(format!("{name}a")), ..Client::default() })
        }
    }

    const KINDS: &[Kind] = &[Kind::of::<Append>("1")];

    fn decisions(hook: Hook) -> Vec<Decision> {
        let context = Context {
            realm: "demo".into(),
            provider: "default".into(),
            operation: crate::Operation::Register,
            caller: crate::Caller::default(),
            registration_auth: crate::RegistrationAuth::Anonymous,
            now: 0,
            decision: "1".into(),
            attributes: Vec::new(),
        };
        let policy = || ConfiguredPolicy { provider: "append".into(), name: "policy".into(), config: Vec::new() };
        evaluate(KINDS, hook, (context, &Host::default()), Some(Client::default()), None, vec![policy(), policy()])
    }

    #[test]
    fn shows_each_policy_the_request_as_amended_by_those_before_it() {
        let named = |name: &str| Decision::amend(Client { name: Some(name.into()), ..Client::default() });
        assert_eq!(decisions(Hook::BeforeRegister), [named("a"), named("aa")]);
    }

    #[test]
    fn accepts_before_an_installation() {
        assert_eq!(decisions(Hook::BeforeInstall), [Decision::accept(), Decision::accept()]);
    }
}
