//! A component that is tried out: loaded as the server loads it, under the same limits, asked with data.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use matricula_contract::connectors::ConnectorKind;
use matricula_contract::names::{event_name, hook_name};
use matricula_contract::{ConditionProvider, Event, ExecutorProvider, PolicyProvider, RegistrationProvider};
use matricula_wasm::component::{Cache, Instance, LoadedComponent, Part};
use matricula_wasm::fixed::Fixed;
use matricula_wasm::self_check::Cost;
use matricula_wasm::shape::{self, Shape};
use matricula_wasm::unfit::Unfit;
use matricula_wasm::{ComponentSet, engine, load};
use serde_json::{Value, json};
use wasmtime::Engine;
use wasmtime::component::{Type, Val};

use super::case::{Call, Case, Subject};
use super::explain;
use super::value;
use crate::cli::progress::Progress;
use crate::components::{BUILT_IN, CORE};
use crate::policies::amendment::PRIVATE_KEY;

/// A loaded component and the data that it is answered from.
pub(super) struct Trial {
    /// What the server would call.
    pub(super) component: Arc<LoadedComponent>,
    /// What it offers.
    pub(super) offer: Offer,
    /// Its imports and exports.
    pub(super) shape: Shape,
    /// Bytes of the file.
    pub(super) size: usize,
    /// Compiling it, or reading native code of an earlier time.
    pub(super) loaded: Duration,
    /// What it is answered from, and what it said.
    pub(super) fixed: Arc<Fixed>,
}

/// The kinds that a component offers.
#[derive(Default)]
pub(super) struct Offer {
    /// Of registration policy.
    pub(super) policies: Vec<PolicyProvider>,
    /// Of condition.
    pub(super) conditions: Vec<ConditionProvider>,
    /// Of executor.
    pub(super) executors: Vec<ExecutorProvider>,
    /// Of registration provider.
    pub(super) providers: Vec<RegistrationProvider>,
    /// Of target.
    pub(super) connectors: Vec<ConnectorKind>,
}

/// An answer and what it took.
pub(super) struct Answer {
    /// In the form of `expected`.
    pub(super) value: Value,
    /// Making an instance.
    pub(super) instantiated: Duration,
    /// The call.
    pub(super) took: Duration,
    /// Most bytes of memory until then.
    pub(super) memory_peak: usize,
    /// Log lines.
    pub(super) log: Vec<String>,
    instance: Instance,
    subject: Subject,
    function: (&'static str, &'static str),
    arguments: Vec<Val>,
}

impl Trial {
    /// Loads a component file as the server would.
    ///
    /// # Errors
    /// Why the server would refuse it, in words for its author.
    pub(super) async fn load(engine: &Engine, file: &Path) -> anyhow::Result<Trial> {
        let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        Trial::of(engine, &name, &bytes).await.with_context(|| format!("{} is refused", file.display()))
    }

    async fn of(engine: &Engine, name: &str, bytes: &[u8]) -> anyhow::Result<Trial> {
        let shape = shape::shape(bytes).map_err(|error| explain::unfit(error.into()))?;
        let fixed = Arc::new(Fixed::default());
        let cache = Cache::new(cache_folder());
        let began = Instant::now();
        let _progress = Progress::of(format!("compiling {name}, once"));
        let component = load::compile(engine, name, bytes, &cache, &fixed, Part::default()).map_err(explain::unfit)?;
        let loaded = began.elapsed();
        let mut trial =
            Trial { component: Arc::new(component), offer: Offer::default(), shape, size: bytes.len(), loaded, fixed };
        let begun = trial.component.instantiate().await;
        let mut instance = begun.map_err(|error| explain::unfit(Unfit::to_begin(bytes, &error)))?;
        ready(&mut instance);
        let described = trial.offer.describe(&mut instance).await;
        described.map_err(|error| explain::failure("component", &instance, &error).context("`describe` fails"))?;
        Ok(trial)
    }

    /// Does what a server does before it takes a component, beside its own; what asking it took.
    ///
    /// # Errors
    /// Why a server would refuse it.
    pub(super) async fn examine(&self, engine: &Engine, bytes: &[u8]) -> anyhow::Result<Cost> {
        let cache = Cache::new(cache_folder());
        let mut set = ComponentSet::default();
        let _progress = Progress::of("compiling the server's own components, once".to_owned());
        for (name, bytes) in BUILT_IN {
            let part = Part { own: true, ..Part::default() };
            let ours = load::compile(engine, name, bytes, &cache, &self.fixed, part).map_err(explain::unfit)?;
            let (offered, _) = load::examine(&Arc::new(ours), bytes).await.map_err(explain::unfit)?;
            set.add(&offered).map_err(|error| anyhow!(error))?;
        }
        let (offered, cost) = load::examine(&self.component, bytes).await.map_err(explain::unfit)?;
        set.add(&offered).map_err(|error| anyhow!(error))?;
        Ok(cost)
    }

    /// Calls a new instance.
    ///
    /// # Errors
    /// What is wrong with the case; a component that fails, in the words that the server's log would have.
    pub(super) async fn ask(&self, mut case: Case) -> anyhow::Result<Answer> {
        self.offer.name(&mut case)?;
        self.fixed.set(std::mem::take(&mut case.facts));
        if let Some(read) = case.reading()? {
            case.proposed = Some(self.read(&read, &case).await?);
        }
        let called = call(&self.component, &case).await;
        let log = self.fixed.take_log();
        match called {
            Ok(answer) => Ok(Answer { log, ..answer }),
            Err(error) if log.is_empty() => Err(error),
            Err(error) => Err(anyhow!("{error:#}\nlog: {}", log.join("\nlog: "))),
        }
    }

    /// What a document says, as policies see it: read by this component if it has the provider, else by the server's own,
    /// and for after-hooks made full.
    async fn read(&self, read: &Case, case: &Case) -> anyhow::Result<Value> {
        let provider = read.provider.as_deref().unwrap_or_default();
        let component = if self.offer.providers.iter().any(|own| own.id == provider) {
            Arc::clone(&self.component)
        } else {
            let (name, bytes) = CORE;
            let cache = Cache::new(cache_folder());
            let engine = self.component.engine();
            let core = LoadedComponent::load(engine, name, bytes, &cache, &self.fixed, Part::default());
            Arc::new(core.map_err(explain::unloadable)?)
        };
        let refused = |violations: &Value| anyhow!("the document is refused before policies are asked: {violations}");
        let sent = call(&component, read).await?.value;
        let sent = sent.get("ok").with_context(|| refused(&sent["err"]))?;
        let Some(completed) = case.completing(sent) else { return Ok(hidden(sent.clone())) };
        let full = call(&component, &completed).await?.value;
        Ok(hidden(full.get("ok").with_context(|| refused(&full["err"]))?["client"].clone()))
    }

    /// The expected answer in the form in which answers are compared.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn normal(&self, case: &mut Case) -> anyhow::Result<Value> {
        self.offer.name(case)?;
        let mut instance = instance(&self.component).await?;
        let function = function(&mut instance, case.function())?;
        let result = function.ty(&instance.store).results().next().context("the function has no result")?;
        let expected = case.expected.clone().unwrap_or_default();
        let expected = match case.call() {
            Call::Evaluate => json!([expected]),
            Call::Judge | Call::Execute if expected.get("err").is_none() => json!([{"ok": expected}]),
            Call::Judge | Call::Execute => json!([expected]),
            Call::CheckConfig if expected.as_array().is_some_and(Vec::is_empty) => json!("ok"),
            Call::CheckConfig => json!({"err": expected}),
            _ => expected,
        };
        shown(case.call(), value::write(&value::read(&expected, &result).context("`expected`")?))
    }
}

impl Offer {
    /// Asks an instance what it offers.
    async fn describe(&mut self, instance: &mut Instance) -> wasmtime::Result<()> {
        if let Some(exports) = &instance.exports.policy {
            self.policies = exports.describe(&mut instance.store).await?;
        }
        if let Some(exports) = &instance.exports.client_policy {
            let offer = exports.matricula_registration_client_policies().call_describe(&mut instance.store).await?;
            (self.conditions, self.executors) = (offer.conditions, offer.executors);
        }
        if let Some(exports) = &instance.exports.provider {
            self.providers = exports.matricula_registration_providers().call_describe(&mut instance.store).await?;
        }
        if let Some(exports) = &instance.exports.connector {
            let guest = exports.matricula_registration0_2_0_connectors();
            self.connectors = guest.call_describe(&mut instance.store).await?;
        }
        Ok(())
    }

    /// Fills in the only kind of what is called, and refuses what the server would not ask.
    fn name(&self, case: &mut Case) -> anyhow::Result<()> {
        let subject = case.subject();
        let what = subject.word();
        let known: Vec<&str> = match subject {
            Subject::Policy => self.policies.iter().map(|kind| kind.id.as_str()).collect(),
            Subject::Condition => self.conditions.iter().map(|kind| kind.id.as_str()).collect(),
            Subject::Executor => self.executors.iter().map(|kind| kind.id.as_str()).collect(),
            Subject::Provider => self.providers.iter().map(|kind| kind.id.as_str()).collect(),
        };
        if known.is_empty() {
            bail!("the component has no {what}");
        }
        let named = match case.part() {
            Some(part) => &mut part.provider,
            None => &mut case.provider,
        };
        let id = match (named.as_deref(), known.as_slice()) {
            (Some(named), _) if known.contains(&named) => named.to_owned(),
            (Some(_), _) => bail!("the component has no {what} of that kind, only {}", known.join(", ")),
            (None, [only]) => (*only).to_owned(),
            (None, _) if subject == Subject::Provider => {
                bail!("`provider` is missing: the component has {}", known.join(", "))
            }
            (None, _) => bail!("`{what}.provider` is missing: the component has {}", known.join(", ")),
        };
        *named = Some(id.clone());
        match (case.call(), case.hook.as_deref(), case.event.as_deref()) {
            (Call::Evaluate, Some(hook), _) if explain::is_hook(hook) && !self.asks_at(&id, hook) => {
                bail!("the policy is never asked at {hook}: its `describe` does not name that hook")
            }
            (Call::Execute, _, Some(event)) if is_event(event) && !self.runs_on(&id, event) => {
                bail!("the executor is never run on {event}: its `describe` does not name that event")
            }
            _ => Ok(()),
        }
    }

    fn asks_at(&self, policy: &str, hook: &str) -> bool {
        let mut of_kind = self.policies.iter().filter(|kind| kind.id == policy);
        of_kind.any(|kind| kind.hooks.iter().any(|named| hook_name(*named) == hook))
    }

    fn runs_on(&self, executor: &str, event: &str) -> bool {
        let mut of_kind = self.executors.iter().filter(|kind| kind.id == executor);
        of_kind.any(|kind| kind.events.iter().any(|named| event_name(*named) == event))
    }
}

fn is_event(name: &str) -> bool {
    let all = [Event::Register, Event::Registered, Event::Update, Event::Updated, Event::View, Event::Unregister];
    all.into_iter().any(|event| event_name(event) == name)
}

/// A client as policies see it: without its secret and its private key.
fn hidden(mut client: Value) -> Value {
    if let Some(members) = client.as_object_mut() {
        members.remove("secret");
        if let Some(Value::Object(attributes)) = members.get_mut("attributes") {
            attributes.remove(PRIVATE_KEY);
        }
    }
    client
}

/// Calls a new instance of a component.
async fn call(component: &LoadedComponent, case: &Case) -> anyhow::Result<Answer> {
    let began = Instant::now();
    let mut instance = instance(component).await?;
    let instantiated = began.elapsed();
    let function = function(&mut instance, case.function())?;
    let mut arguments = Vec::new();
    for (name, wanted) in function.ty(&instance.store).params() {
        let mut argument = case.argument(name)?;
        // Components of 0.1.0 are not told the id of the decision record.
        if let (Type::Record(record), Value::Object(members)) = (&wanted, &mut argument)
            && name == "context"
            && !record.fields().any(|field| field.name == "decision")
        {
            members.remove("decision");
        }
        arguments.push(value::read(&argument, &wanted).with_context(|| format!("`{name}`"))?);
    }
    let mut results = [Val::Bool(false)];
    let began = Instant::now();
    ready(&mut instance);
    let called = function.call_async(&mut instance.store, &arguments, &mut results).await;
    let took = began.elapsed();
    called.map_err(|error| explain::failure(case.subject().word(), &instance, &error))?;
    let memory_peak = instance.store.data().limits.memory_peak;
    let value = shown(case.call(), value::write(&results[0]))?;
    let (subject, function) = (case.subject(), case.function());
    Ok(Answer { value, instantiated, took, memory_peak, log: Vec::new(), instance, subject, function, arguments })
}

/// A new instance, ready for a call.
///
/// # Errors
/// None can be made.
pub(super) async fn instance(component: &LoadedComponent) -> anyhow::Result<Instance> {
    let mut instance = component.instantiate().await.map_err(explain::unloadable)?;
    ready(&mut instance);
    Ok(instance)
}

impl Answer {
    /// Asks the same instance again; how long each call took, the shortest first.
    ///
    /// # Errors
    /// When a call fails.
    pub(super) async fn again(&mut self, times: usize) -> anyhow::Result<Vec<Duration>> {
        let function = function(&mut self.instance, self.function)?;
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let mut results = [Val::Bool(false)];
            let began = Instant::now();
            ready(&mut self.instance);
            let called = function.call_async(&mut self.instance.store, &self.arguments, &mut results).await;
            called.map_err(|error| explain::failure(self.subject.word(), &self.instance, &error))?;
            took.push(began.elapsed());
        }
        took.sort();
        Ok(took)
    }
}

/// Starts the clock of a call.
fn ready(instance: &mut Instance) {
    instance.store.data_mut().begin(None);
    instance.store.set_epoch_deadline(1);
}

/// A function of an instance by its name.
///
/// # Errors
/// The component does not have it.
pub(super) fn function(
    instance: &mut Instance,
    (interface, name): (&str, &str),
) -> anyhow::Result<wasmtime::component::Func> {
    let store = &mut instance.store;
    let exported = shape::exported_names(interface)
        .find_map(|exported| instance.untyped.get_export_index(&mut *store, None, &exported));
    let exported = exported.with_context(|| format!("the component has no {interface}"))?;
    let function = instance.untyped.get_export_index(&mut *store, Some(&exported), name);
    let function = function.and_then(|index| instance.untyped.get_func(&mut *store, index));
    function.with_context(|| format!("the component has no {interface} with {name}"))
}

/// The result of a function as cases write it.
fn shown(call: Call, result: Value) -> anyhow::Result<Value> {
    Ok(match (call, result) {
        (Call::Evaluate | Call::Judge | Call::Execute, Value::Array(answers)) => {
            let (count, what) = match call {
                Call::Evaluate => (answers.len(), "decisions of 1 policy: a decision for each"),
                Call::Judge => (answers.len(), "verdicts of 1 condition: a verdict for each"),
                _ => (answers.len(), "outcomes of 1 executor: an outcome for each"),
            };
            let mut answers = answers.into_iter();
            match (answers.next(), answers.next()) {
                // An error stays marked as one.
                (Some(Value::Object(mut answer)), None) if call != Call::Evaluate && answer.contains_key("ok") => {
                    answer.remove("ok").unwrap_or_default()
                }
                (Some(answer), None) => answer,
                _ => bail!("{count} {what} is expected"),
            }
        }
        (Call::CheckConfig, Value::Object(mut result)) => result.remove("err").unwrap_or_else(|| json!([])),
        (_, result) => result,
    })
}

/// Where native code is kept for the next time.
fn cache_folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    caches.unwrap_or_else(std::env::temp_dir).join("matricula/components")
}

/// The engine of the server.
///
/// # Errors
/// When this machine cannot run WebAssembly.
pub(super) fn engine() -> anyhow::Result<Engine> {
    engine::engine()
}
