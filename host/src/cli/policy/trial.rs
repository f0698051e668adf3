//! A component that is tried out: loaded as the server loads it, under the same limits, asked with data.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};
use wasmtime::Engine;
use wasmtime::component::{Type, Val};

use super::case::{Call, Case, CasePolicy};
use super::explain::{self, Shape};
use super::value;
use crate::components::{BUILT_IN, CORE};
use crate::policies::hook_name;
use crate::wasm::component::{Cache, Instance, LoadedComponent, Part};
use crate::wasm::contract::PolicyProvider;
use crate::wasm::engine;
use crate::wasm::fixed::Fixed;
use crate::wasm::{ComponentSet, load};

/// A loaded component and the data that it is answered from.
pub(super) struct Trial {
    /// What the server would call.
    pub(super) component: Arc<LoadedComponent>,
    /// Its kinds of registration policy.
    pub(super) kinds: Vec<PolicyProvider>,
    /// Its imports and exports.
    pub(super) shape: Shape,
    /// Bytes of the file.
    pub(super) size: usize,
    /// Compiling it, or reading native code of an earlier time.
    pub(super) loaded: Duration,
    fixed: Arc<Fixed>,
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
        let shape = explain::shape(bytes)?;
        let fixed = Arc::new(Fixed::default());
        let cache = Cache::new(cache_folder());
        let began = Instant::now();
        let component =
            LoadedComponent::load(engine, name, bytes, &cache, &fixed, Part::default()).map_err(explain::unloadable)?;
        let loaded = began.elapsed();
        let mut trial =
            Trial { component: Arc::new(component), kinds: Vec::new(), shape, size: bytes.len(), loaded, fixed };
        let mut instance = instance(&trial.component).await?;
        if let Some(exports) = &instance.exports.policy {
            let described = exports.describe(&mut instance.store).await;
            trial.kinds = described.map_err(|error| anyhow!("`describe` fails: {error:#}"))?;
        }
        Ok(trial)
    }

    /// Makes sure that a server can take it beside its own components.
    ///
    /// # Errors
    /// When it offers nothing, or what they offer.
    pub(super) async fn stands_beside_ours(&self, engine: &Engine) -> anyhow::Result<()> {
        let cache = Cache::new(cache_folder());
        let mut set = ComponentSet::default();
        for (name, bytes) in BUILT_IN {
            let ours = LoadedComponent::load(engine, name, bytes, &cache, &self.fixed, Part::default());
            let ours = Arc::new(ours.map_err(explain::unloadable)?);
            let offered = load::offered(&ours).await.map_err(explain::unloadable)?;
            set.add(&offered).map_err(|error| anyhow!(error))?;
        }
        let offered = load::offered(&self.component).await.map_err(|error| anyhow!("{error:#}"))?;
        set.add(&offered).map_err(|error| anyhow!(error))
    }

    /// Calls a new instance.
    ///
    /// # Errors
    /// What is wrong with the case; a component that fails, in the words that the server's log would have.
    pub(super) async fn ask(&self, mut case: Case) -> anyhow::Result<Answer> {
        self.name_policy(&mut case)?;
        self.fixed.set(std::mem::take(&mut case.facts));
        if let Some(read) = case.reading()? {
            case.proposed = Some(self.read(&read, &case).await?);
        }
        let called = call(&self.component, &case).await;
        let log = self.fixed.take_log();
        if called.is_err() {
            for line in &log {
                eprintln!("log: {line}");
            }
        }
        called.map(|answer| Answer { log, ..answer })
    }

    /// What a document says, as policies see it: read by the server's own component, and for after-hooks made full.
    async fn read(&self, read: &Case, case: &Case) -> anyhow::Result<Value> {
        let (name, bytes) = CORE;
        let cache = Cache::new(cache_folder());
        let engine = self.component.engine();
        let core = LoadedComponent::load(engine, name, bytes, &cache, &self.fixed, Part::default())
            .map_err(explain::unloadable)?;
        let core = Arc::new(core);
        let refused = |violations: &Value| anyhow!("the document is refused before policies are asked: {violations}");
        let sent = call(&core, read).await?.value;
        let sent = sent.get("ok").with_context(|| refused(&sent["err"]))?;
        let Some(completed) = case.completing(sent) else { return Ok(sent.clone()) };
        let full = call(&core, &completed).await?.value;
        let mut full = full.get("ok").with_context(|| refused(&full["err"]))?["client"].clone();
        if let Some(members) = full.as_object_mut() {
            members.remove("secret");
        }
        Ok(full)
    }

    /// The expected answer in the form in which answers are compared.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn normal(&self, call: Call, expected: &Value) -> anyhow::Result<Value> {
        let mut instance = instance(&self.component).await?;
        let function = function(&mut instance, call)?;
        let result = function.ty(&instance.store).results().next().context("the function has no result")?;
        let expected = match call {
            Call::Evaluate => json!([expected]),
            Call::CheckConfig if expected.as_array().is_some_and(Vec::is_empty) => json!("ok"),
            Call::CheckConfig => json!({"err": expected}),
            Call::AllowedOrigins | Call::Parse | Call::Complete => expected.clone(),
        };
        shown(call, value::write(&value::read(&expected, &result).context("`expected`")?))
    }

    /// Fills in the only kind of policy, and refuses what the server would not ask.
    fn name_policy(&self, case: &mut Case) -> anyhow::Result<()> {
        if !matches!(case.call, Call::Evaluate | Call::CheckConfig | Call::AllowedOrigins) {
            return Ok(());
        }
        let known = || self.kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>().join(", ");
        let policy = case.policy.get_or_insert_with(CasePolicy::default);
        let kind = match (&policy.provider, self.kinds.as_slice()) {
            (Some(provider), kinds) => kinds.iter().find(|kind| kind.id == *provider),
            (None, [only]) => Some(only),
            (None, _) => bail!("`policy.provider` is missing: the component has {}", known()),
        };
        let kind = kind.with_context(|| format!("the component has no policy of that kind, only {}", known()))?;
        policy.provider = Some(kind.id.clone());
        let hook = case.hook.as_deref().filter(|_| case.call == Call::Evaluate);
        if let Some(hook) = hook
            && explain::is_hook(hook)
            && !kind.hooks.iter().any(|named| hook_name(*named) == hook)
        {
            bail!("the policy is never asked at {hook}: its `describe` does not name that hook");
        }
        Ok(())
    }
}

/// Calls a new instance of a component.
async fn call(component: &LoadedComponent, case: &Case) -> anyhow::Result<Answer> {
    let began = Instant::now();
    let mut instance = instance(component).await?;
    let instantiated = began.elapsed();
    let function = function(&mut instance, case.call)?;
    let mut arguments = Vec::new();
    for (name, wanted) in function.ty(&instance.store).params() {
        let mut argument = case.argument(name)?;
        // Contract 0.2.0-trial tells the id of the decision record; here is none.
        if let (Type::Record(record), Value::Object(members)) = (&wanted, &mut argument)
            && name == "context"
            && record.fields().any(|field| field.name == "decision")
        {
            members.entry("decision").or_insert_with(|| json!(""));
        }
        arguments.push(value::read(&argument, &wanted).with_context(|| format!("`{name}`"))?);
    }
    let mut results = [Val::Bool(false)];
    let began = Instant::now();
    ready(&mut instance);
    let called = function.call_async(&mut instance.store, &arguments, &mut results).await;
    let took = began.elapsed();
    called.map_err(|error| explain::failure(&instance, &error))?;
    let memory_peak = instance.store.data().limits.memory_peak;
    let value = shown(case.call, value::write(&results[0]))?;
    Ok(Answer { value, instantiated, took, memory_peak, log: Vec::new(), instance, arguments })
}

/// A new instance, ready for a call.
async fn instance(component: &LoadedComponent) -> anyhow::Result<Instance> {
    let mut instance = component.instantiate().await.map_err(explain::unloadable)?;
    ready(&mut instance);
    Ok(instance)
}

impl Answer {
    /// Asks the same instance again; how long each call took, the shortest first.
    ///
    /// # Errors
    /// When a call fails.
    pub(super) async fn again(&mut self, case: Call, times: usize) -> anyhow::Result<Vec<Duration>> {
        let function = function(&mut self.instance, case)?;
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let mut results = [Val::Bool(false)];
            let began = Instant::now();
            ready(&mut self.instance);
            let called = function.call_async(&mut self.instance.store, &self.arguments, &mut results).await;
            called.map_err(|error| explain::failure(&self.instance, &error))?;
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
fn function(instance: &mut Instance, call: Call) -> anyhow::Result<wasmtime::component::Func> {
    let (interface, name) = call.function();
    let store = &mut instance.store;
    let exported = explain::exported_names(interface)
        .find_map(|exported| instance.untyped.get_export_index(&mut *store, None, &exported));
    let exported = exported.with_context(|| format!("the component has no {interface}"))?;
    let function = instance.untyped.get_export_index(&mut *store, Some(&exported), name);
    let function = function.and_then(|index| instance.untyped.get_func(&mut *store, index));
    function.with_context(|| format!("the component has no {interface} with {name}"))
}

/// The result of a function as cases write it.
fn shown(call: Call, result: Value) -> anyhow::Result<Value> {
    Ok(match (call, result) {
        (Call::Evaluate, Value::Array(decisions)) => {
            let count = decisions.len();
            let mut decisions = decisions.into_iter();
            match (decisions.next(), decisions.next()) {
                (Some(decision), None) => decision,
                _ => bail!("{count} decisions of 1 policy: a decision for each is expected"),
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
