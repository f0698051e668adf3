//! What the host calls: interface `connectors` over the connectors that a component holds.

use crate::connector::{Connector, Http, Next, Response, Step, Stop, retry_after};
use crate::connector_contract::exports::matricula::registration0_2_0::connectors::{
    Abilities, Answer, ConnectorKind, Loss, Step as Answered, Target, Task, Wait,
};
use crate::{Attribute, Client, Config, ConfigError, Violation};

/// Makes a component of one or several connectors: `connector!(Keycloak);`, once in a crate of type `cdylib`. The
/// version that the host shows is that of the crate.
///
/// A native build gets only `CONNECTORS`, with which tests can call the functions of this module as the host would.
#[macro_export]
macro_rules! connector {
    ($($connector:ty),+ $(,)?) => {
        /// The connectors in this component.
        pub const CONNECTORS: &[$crate::connector_component::Kind] =
            &[$($crate::connector_component::Kind::of::<$connector>(env!("CARGO_PKG_VERSION"))),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::connector_component as component;
            use $crate::connector_contract::exports::matricula::registration0_2_0::connectors as contract;

            struct Component;

            impl contract::Guest for Component {
                fn describe() -> Vec<contract::ConnectorKind> {
                    $crate::panic::report_of_connector();
                    component::describe(CONNECTORS)
                }

                fn check_config(target: contract::Target) -> Result<(), Vec<$crate::ConfigError>> {
                    $crate::panic::report_of_connector();
                    component::check_config(CONNECTORS, target)
                }

                fn review(
                    client: $crate::Client,
                    target: contract::Target,
                ) -> Result<Vec<contract::Loss>, Vec<$crate::Violation>> {
                    $crate::panic::report_of_connector();
                    component::review(CONNECTORS, &client, target)
                }

                fn wanted(client: $crate::Client, target: contract::Target) -> Vec<$crate::Attribute> {
                    $crate::panic::report_of_connector();
                    component::wanted(CONNECTORS, &client, target)
                }

                fn begin(task: contract::Task, target: contract::Target) -> contract::Step {
                    $crate::panic::report_of_connector();
                    component::begin(CONNECTORS, &task, target)
                }

                fn proceed(
                    task: contract::Task,
                    target: contract::Target,
                    state: Vec<u8>,
                    answer: contract::Answer,
                ) -> contract::Step {
                    $crate::panic::report_of_connector();
                    component::proceed(CONNECTORS, &task, target, &state, answer)
                }
            }

            $crate::connector_contract::export_connectors!(Component with_types_in $crate::connector_contract);
        };
    };
}

/// What a review says: losses, or why the target could never take the client.
type Reviewed = Result<Vec<Loss>, Vec<Violation>>;

/// One connector in a component: its functions, without its type.
pub struct Kind {
    id: &'static str,
    version: &'static str,
    describe: fn(&'static str) -> ConnectorKind,
    check: fn(Target) -> Result<(), ConfigError>,
    review: fn(&Client, Target) -> Reviewed,
    wanted: fn(&Client, Target) -> Vec<Attribute>,
    begin: fn(&Task, Target) -> Answered,
    proceed: fn(&Task, Target, &[u8], Response) -> Answered,
}

impl Kind {
    /// The connector that `C` implements, in this version.
    pub const fn of<C: Connector>(version: &'static str) -> Self {
        Self {
            id: C::ID,
            version,
            describe: described::<C>,
            check: |target| read::<C>(target).map(drop),
            review: review_one::<C>,
            wanted: |client, target| read::<C>(target).map(|it| it.wanted(client)).unwrap_or_default(),
            begin: begin_one::<C>,
            proceed: proceed_one::<C>,
        }
    }

    /// See [`Connector::ID`].
    pub const fn id(&self) -> &'static str {
        self.id
    }
}

/// Answers `describe`.
pub fn describe(kinds: &[Kind]) -> Vec<ConnectorKind> {
    kinds.iter().map(|kind| (kind.describe)(kind.version)).collect()
}

/// Answers `check-config`.
///
/// # Errors
/// What is wrong with the settings.
pub fn check_config(kinds: &[Kind], target: Target) -> Result<(), Vec<ConfigError>> {
    let Some(kind) = find(kinds, &target) else {
        return Err(vec![ConfigError { property: None, message: unknown(&target) }]);
    };
    (kind.check)(target).map_err(|error| vec![error])
}

/// Answers `review`.
///
/// # Errors
/// Why the target could never take the client.
pub fn review(kinds: &[Kind], client: &Client, target: Target) -> Reviewed {
    let kind = find(kinds, &target).ok_or_else(|| vec![Violation::new(unknown(&target))])?;
    (kind.review)(client, target)
}

/// Answers `wanted`.
pub fn wanted(kinds: &[Kind], client: &Client, target: Target) -> Vec<Attribute> {
    find(kinds, &target).map(|kind| (kind.wanted)(client, target)).unwrap_or_default()
}

/// Answers `begin`.
pub fn begin(kinds: &[Kind], task: &Task, target: Target) -> Answered {
    match find(kinds, &target) {
        Some(kind) => (kind.begin)(task, target),
        None => Answered::Failed(unknown(&target)),
    }
}

/// Answers `proceed`. What is the same for all targets happens here: no answer, and one that asks for patience.
pub fn proceed(kinds: &[Kind], task: &Task, target: Target, state: &[u8], answer: Answer) -> Answered {
    let response = match answer {
        Answer::Response(response) => Response::from(response),
        Answer::Unreachable(why) => return Answered::Failed(why),
        // Each task is safe to repeat, and after a pause nothing that was seen before counts.
        Answer::Resumed => return begin(kinds, task, target),
    };
    if let (429 | 503, Some(header)) = (response.status, response.header("retry-after"))
        && let Some(seconds) = retry_after::seconds(header, target.now)
    {
        return Answered::Wait(Wait { seconds, state: Vec::new() });
    }
    match find(kinds, &target) {
        Some(kind) => (kind.proceed)(task, target, state, response),
        None => Answered::Failed(unknown(&target)),
    }
}

fn find<'a>(kinds: &'a [Kind], target: &Target) -> Option<&'a Kind> {
    kinds.iter().find(|kind| kind.id == target.kind)
}

fn unknown(target: &Target) -> String {
    format!("this component does not offer '{}'", target.kind)
}

fn described<C: Connector>(version: &'static str) -> ConnectorKind {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ConnectorKind {
        id: C::ID.into(),
        version: version.into(),
        help_text: C::HELP_TEXT.into(),
        properties: C::properties(),
        further_urls: owned(C::FURTHER_URLS),
        credentials: owned(C::CREDENTIALS),
        protocols: owned(C::PROTOCOLS),
        able: C::ABLE.iter().fold(Abilities::empty(), |all, one| all | *one),
    }
}

fn read<C: Connector>(mut target: Target) -> Result<C, ConfigError> {
    let mut config = Config::new(std::mem::take(&mut target.config));
    C::read(&mut config, &target)
}

fn review_one<C: Connector>(client: &Client, target: Target) -> Reviewed {
    read::<C>(target).map_err(|error| vec![Violation::new(error.message)])?.review(client)
}

fn begin_one<C: Connector>(task: &Task, target: Target) -> Answered {
    let connector = match read::<C>(target) {
        Ok(connector) => connector,
        Err(error) => return Answered::Failed(error.message),
    };
    answered(connector.begin(task))
}

fn proceed_one<C: Connector>(task: &Task, target: Target, state: &[u8], response: Response) -> Answered {
    let connector = match read::<C>(target) {
        Ok(connector) => connector,
        Err(error) => return Answered::Failed(error.message),
    };
    match serde_json::from_slice::<C::State>(state) {
        Ok(state) => answered(connector.proceed(task, state, response)),
        Err(_) => answered::<C::State>(Err(Stop::out_of_step())),
    }
}

/// A step as the contract has it.
fn answered<S: serde::Serialize>(next: Next<S>) -> Answered {
    match next {
        Ok(Step::Call(http, state)) => called(http, &state),
        Ok(Step::Done(done)) => Answered::Done(done),
        Err(Stop::Refused(violation)) => Answered::Refused(violation),
        Err(Stop::Foreign(foreign)) => Answered::Foreign(foreign),
        Err(Stop::Gone(why)) => Answered::Gone(why),
        Err(Stop::Failed(why)) => Answered::Failed(why),
        Err(Stop::Wait(seconds)) => Answered::Wait(Wait { seconds, state: Vec::new() }),
    }
}

fn called<S: serde::Serialize>(http: Http, state: &S) -> Answered {
    match serde_json::to_vec(state) {
        Ok(state) => Answered::Call(http.into_call(state)),
        Err(error) => Answered::Failed(format!("The connector's state can't be written: {error}")),
    }
}
