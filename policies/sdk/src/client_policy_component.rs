//! What the host calls: interface `client-policies` over the conditions and executors that a component holds.

use crate::client_policy::{Condition, Executor, Moment, NEGATIVE_LOGIC};
use crate::{
    Client, ConditionProvider, Config, ConfigError, Configured, Event, ExecutorProvider, Host, Offer, Outcome, Request,
    Role, Verdict, amendment,
};

/// Makes a component of conditions and executors of client policies, once in a crate of type `cdylib`:
/// `export_client_policies!(conditions: [AnyClient], executors: [RejectRequest]);`. The version that the host shows is
/// that of the crate.
///
/// A native build gets only `CONDITIONS` and `EXECUTORS`, with which tests can call the functions of this module.
#[macro_export]
macro_rules! export_client_policies {
    (conditions: [$($condition:ty),* $(,)?], executors: [$($executor:ty),* $(,)?] $(,)?) => {
        /// The kinds of condition in this component.
        pub const CONDITIONS: &[$crate::client_policy_component::ConditionKind] =
            &[$($crate::client_policy_component::ConditionKind::of::<$condition>(env!("CARGO_PKG_VERSION"))),*];
        /// The kinds of executor in this component.
        pub const EXECUTORS: &[$crate::client_policy_component::ExecutorKind] =
            &[$($crate::client_policy_component::ExecutorKind::of::<$executor>(env!("CARGO_PKG_VERSION"))),*];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::client_policy_component as component;
            use $crate::client_policy_contract::exports::matricula::registration::client_policies::Guest;

            struct Component;

            impl Guest for Component {
                fn describe() -> $crate::Offer {
                    $crate::panic::report();
                    component::describe(CONDITIONS, EXECUTORS, &$crate::Host)
                }

                fn check_config(
                    role: $crate::Role,
                    part: $crate::Configured,
                ) -> Result<(), Vec<$crate::ConfigError>> {
                    $crate::panic::report();
                    component::check_config(CONDITIONS, EXECUTORS, role, part)
                }

                fn judge(
                    event: $crate::Event,
                    context: $crate::Context,
                    proposed: Option<$crate::Client>,
                    stored: Option<$crate::Client>,
                    conditions: Vec<$crate::Configured>,
                ) -> Vec<Result<$crate::Verdict, String>> {
                    $crate::panic::report();
                    let request = $crate::Request { context: &context, host: &$crate::Host };
                    component::judge(CONDITIONS, event, &request, proposed.as_ref(), stored.as_ref(), conditions)
                }

                fn execute(
                    event: $crate::Event,
                    context: $crate::Context,
                    proposed: Option<$crate::Client>,
                    stored: Option<$crate::Client>,
                    executors: Vec<$crate::Configured>,
                ) -> Vec<Result<$crate::Outcome, String>> {
                    $crate::panic::report();
                    let request = $crate::Request { context: &context, host: &$crate::Host };
                    component::execute(EXECUTORS, event, &request, proposed, stored.as_ref(), executors)
                }
            }

            $crate::client_policy_contract::export_client_policies!(
                Component with_types_in $crate::client_policy_contract
            );
        };
    };
}

/// One kind of condition in a component: its functions, without its type.
pub struct ConditionKind {
    id: &'static str,
    version: &'static str,
    describe: fn(&'static str, &Host) -> ConditionProvider,
    check: fn(&mut Config) -> Result<(), ConfigError>,
    judge: fn(&Request, &Moment, &mut Config) -> Result<Verdict, ConfigError>,
}

impl ConditionKind {
    /// The kind that `C` implements, in this version.
    pub const fn of<C: Condition>(version: &'static str) -> Self {
        Self { id: C::ID, version, describe: condition::<C>, check: check_condition::<C>, judge: judge_one::<C> }
    }
}

/// One kind of executor in a component: its functions, without its type.
pub struct ExecutorKind {
    id: &'static str,
    version: &'static str,
    describe: fn(&'static str, &Host) -> ExecutorProvider,
    check: fn(&mut Config) -> Result<(), ConfigError>,
    execute: fn(&Request, &Moment, &mut Config) -> Result<Outcome, ConfigError>,
}

impl ExecutorKind {
    /// The kind that `E` implements, in this version.
    pub const fn of<E: Executor>(version: &'static str) -> Self {
        Self {
            id: E::ID,
            version,
            describe: executor::<E>,
            check: |config| E::read(config).map(drop),
            execute: execute_one::<E>,
        }
    }
}

/// Answers `describe`.
pub fn describe(conditions: &[ConditionKind], executors: &[ExecutorKind], host: &Host) -> Offer {
    Offer {
        conditions: conditions.iter().map(|kind| (kind.describe)(kind.version, host)).collect(),
        executors: executors.iter().map(|kind| (kind.describe)(kind.version, host)).collect(),
    }
}

/// Answers `check-config`.
///
/// # Errors
/// What is wrong with the configuration.
pub fn check_config(
    conditions: &[ConditionKind],
    executors: &[ExecutorKind],
    role: Role,
    part: Configured,
) -> Result<(), Vec<ConfigError>> {
    let check = match role {
        Role::Condition => conditions.iter().find(|kind| kind.id == part.provider).map(|kind| kind.check),
        Role::Executor => executors.iter().find(|kind| kind.id == part.provider).map(|kind| kind.check),
    };
    let Some(check) = check else {
        return Err(vec![ConfigError { property: None, message: unknown(&part.provider) }]);
    };
    check(&mut Config::new(part.config)).map_err(|error| vec![error])
}

/// Answers `judge`.
pub fn judge(
    kinds: &[ConditionKind],
    event: Event,
    request: &Request,
    proposed: Option<&Client>,
    stored: Option<&Client>,
    conditions: Vec<Configured>,
) -> Vec<Result<Verdict, String>> {
    let moment = Moment::new(event, proposed, stored);
    let verdict = |part: Configured| {
        let kind = kinds.iter().find(|kind| kind.id == part.provider).ok_or_else(|| unknown(&part.provider))?;
        let moment = moment.as_ref().ok_or_else(|| no_client(event))?;
        (kind.judge)(request, moment, &mut Config::new(part.config)).map_err(unreadable)
    };
    conditions.into_iter().map(verdict).collect()
}

/// Answers `execute`: an outcome for each executor up to the first that refuses. Each sees the client as amended by
/// those before it.
pub fn execute(
    kinds: &[ExecutorKind],
    event: Event,
    request: &Request,
    mut proposed: Option<Client>,
    stored: Option<&Client>,
    executors: Vec<Configured>,
) -> Vec<Result<Outcome, String>> {
    let mut outcomes = Vec::with_capacity(executors.len());
    for part in executors {
        let kind = kinds.iter().find(|kind| kind.id == part.provider).ok_or_else(|| unknown(&part.provider));
        let outcome = kind.and_then(|kind| {
            let moment = Moment::new(event, proposed.as_ref(), stored).ok_or_else(|| no_client(event))?;
            (kind.execute)(request, &moment, &mut Config::new(part.config)).map_err(unreadable)
        });
        if let (Ok(Outcome::Amend(change)), Some(client)) = (&outcome, &mut proposed) {
            amendment::apply(change, client);
        }
        let ends = matches!(outcome, Ok(Outcome::Refuse(_)) | Err(_));
        outcomes.push(outcome);
        if ends {
            break;
        }
    }
    outcomes
}

fn condition<C: Condition>(version: &'static str, host: &Host) -> ConditionProvider {
    let mut properties = C::properties(host);
    if C::NEGATABLE {
        properties.insert(0, NEGATIVE_LOGIC.form(Vec::new()));
    }
    ConditionProvider {
        id: C::ID.into(),
        version: version.into(),
        help_text: C::HELP_TEXT.into(),
        reads: C::READS.map(|fields| fields.iter().map(|field| (*field).to_owned()).collect()),
        properties,
    }
}

fn negates<C: Condition>(config: &mut Config) -> Result<bool, ConfigError> {
    Ok(C::NEGATABLE && config.switch(&NEGATIVE_LOGIC)?.unwrap_or(false))
}

fn check_condition<C: Condition>(config: &mut Config) -> Result<(), ConfigError> {
    negates::<C>(config)?;
    C::read(config).map(drop)
}

fn judge_one<C: Condition>(request: &Request, moment: &Moment, config: &mut Config) -> Result<Verdict, ConfigError> {
    let negates = negates::<C>(config)?;
    let verdict = C::read(config)?.judge(request, moment);
    Ok(if negates { verdict.negated() } else { verdict })
}

fn executor<E: Executor>(version: &'static str, host: &Host) -> ExecutorProvider {
    ExecutorProvider {
        id: E::ID.into(),
        version: version.into(),
        help_text: E::HELP_TEXT.into(),
        events: E::EVENTS.into(),
        properties: E::properties(host),
    }
}

fn execute_one<E: Executor>(request: &Request, moment: &Moment, config: &mut Config) -> Result<Outcome, ConfigError> {
    let executor = E::read(config)?;
    Ok(match *moment {
        Moment::Register { proposed } => executor.on_request(request, proposed, None),
        Moment::Update { proposed, stored } => executor.on_request(request, proposed, Some(stored)),
        Moment::Registered { client } => executor.on_result(request, client, None),
        Moment::Updated { client, before } => executor.on_result(request, client, Some(before)),
        Moment::View { stored } => executor.on_view(request, stored),
        Moment::Unregister { stored } => executor.on_unregister(request, stored),
    })
}

fn unknown(provider: &str) -> String {
    format!("this component does not offer '{provider}'")
}

fn no_client(event: Event) -> String {
    format!("the host gave no client for {event:?}")
}

fn unreadable(error: ConfigError) -> String {
    let property = error.property.map(|name| format!(" (setting '{name}')")).unwrap_or_default();
    format!("{}{property}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigEntry, Context, Property};

    const WORD: Property = Property::text("word");

    /// Holds for clients of this name, as sent or stored.
    struct Named(String);

    impl Condition for Named {
        const ID: &'static str = "named";
        const HELP_TEXT: &'static str = "Holds for a name";

        fn read(config: &mut Config) -> Result<Self, ConfigError> {
            Ok(Self(config.text(&WORD)?.ok_or_else(|| WORD.missing())?))
        }

        fn judge(&self, _: &Request, moment: &Moment) -> Verdict {
            match moment.client() {
                Some(client) => Verdict::of(client.name.as_ref() == Some(&self.0)),
                None => Verdict::Abstain,
            }
        }
    }

    /// Appends its word to the name; refuses when there is none.
    struct Append(Option<String>);

    impl Executor for Append {
        const ID: &'static str = "append";
        const HELP_TEXT: &'static str = "Appends a word";

        fn read(config: &mut Config) -> Result<Self, ConfigError> {
            Ok(Self(config.text(&WORD)?))
        }

        fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
            let Some(word) = &self.0 else { return Outcome::refuse("invalid_request", "no word") };
            let name = proposed.name.as_deref().unwrap_or_default();
            Outcome::Amend(Client { name: Some(format!("{name}{word}")), ..Client::default() })
        }
    }

    const CONDITIONS: &[ConditionKind] = &[ConditionKind::of::<Named>("1.2.3")];
    const EXECUTORS: &[ExecutorKind] = &[ExecutorKind::of::<Append>("1.2.3")];

    fn part(provider: &str, settings: &[(&str, &str)]) -> Configured {
        let entry =
            |(name, value): &(&str, &str)| ConfigEntry { name: name.to_string(), values: vec![value.to_string()] };
        Configured { provider: provider.into(), policy: "policy".into(), config: settings.iter().map(entry).collect() }
    }

    fn named(name: &str) -> Client {
        Client { name: Some(name.into()), ..Client::default() }
    }

    #[test]
    fn turns_a_verdict_around_on_demand_but_not_an_abstention() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let stored = named("a");
        for (event, settings, expected) in [
            (Event::View, vec![("word", "a")], Ok(Verdict::Yes)),
            (Event::View, vec![("word", "b")], Ok(Verdict::No)),
            (Event::View, vec![("word", "a"), ("is-negative-logic", "true")], Ok(Verdict::No)),
            (Event::View, vec![("word", "b"), ("is-negative-logic", "true")], Ok(Verdict::Yes)),
            (Event::Register, vec![("word", "a"), ("is-negative-logic", "true")], Ok(Verdict::Abstain)),
            (Event::View, vec![], Err("'word' is required (setting 'word')".to_owned())),
            (Event::Updated, vec![("word", "a")], Ok(Verdict::No)),
        ] {
            let proposed = Client::default();
            let answer =
                judge(CONDITIONS, event, &request, Some(&proposed), Some(&stored), vec![part("named", &settings)]);
            assert_eq!(answer, [expected], "{event:?} {settings:?}");
        }
    }

    #[test]
    fn shows_each_executor_what_those_before_it_changed_and_ends_at_a_refusal() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let executors = vec![
            part("append", &[("word", "a")]),
            part("append", &[("word", "b")]),
            part("append", &[]),
            part("x", &[]),
        ];
        let outcomes = execute(EXECUTORS, Event::Register, &request, Some(Client::default()), None, executors);
        let refused = Outcome::refuse("invalid_request", "no word");
        assert_eq!(outcomes, [Ok(Outcome::Amend(named("a"))), Ok(Outcome::Amend(named("ab"))), Ok(refused)]);
    }

    #[test]
    fn says_what_it_can_not_do() {
        let request = Request { context: &Context::default(), host: &Host::default() };
        let without = |event, stored| execute(EXECUTORS, event, &request, None, stored, vec![part("append", &[])]);
        assert_eq!(without(Event::Register, None), [Err("the host gave no client for Event::Register".to_owned())]);
        let unknown = judge(CONDITIONS, Event::View, &request, None, Some(&Client::default()), vec![part("x", &[])]);
        assert_eq!(unknown, [Err("this component does not offer 'x'".to_owned())]);
    }

    #[test]
    fn checks_a_configuration_by_reading_it() {
        let check = |role, settings: &[(&str, &str)]| {
            let provider = if role == Role::Condition { "named" } else { "append" };
            check_config(CONDITIONS, EXECUTORS, role, part(provider, settings)).is_ok()
        };
        assert!(check(Role::Condition, &[("word", "a")]));
        assert!(!check(Role::Condition, &[]));
        assert!(!check(Role::Condition, &[("word", "a"), ("is-negative-logic", "maybe")]));
        assert!(check(Role::Executor, &[]));
    }

    #[test]
    fn offers_negative_logic_first() {
        let offer = describe(CONDITIONS, EXECUTORS, &Host::default());
        assert_eq!(offer.conditions[0].properties[0].name, "is-negative-logic");
        assert_eq!(offer.executors[0].events, [Event::Register, Event::Update]);
    }
}
