//! From the bytes of a file to a component that may decide: looked at, compiled, asked what it offers, tried with an empty
//! client (`self_check.rs`). Only then it can become part of the set.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use matricula_contract::PolicyProvider;
use wasmtime::Engine;

use super::client_policy_provider::{ConditionHandle, ExecutorHandle};
use super::compiler::{Compiler, Pace};
use super::component::{Cache, Instance, LoadedComponent, Part, digest};
use super::engine;
use super::facts::{Answers, Sources};
use super::policy_provider::PolicyProviderHandle;
use super::provider::ProviderHandle;
use super::self_check::{Cost, SelfCheck};
use super::set::ComponentSet;
use super::shape;
use super::unfit::Unfit;
use super::waits::Places;

/// A component that was found good, and what it offers.
pub struct Ready {
    /// For calls.
    pub component: Arc<LoadedComponent>,
    /// Its providers, policies, conditions and executors.
    pub offered: ComponentSet,
}

/// Makes components of files.
#[derive(Clone)]
pub struct Loader {
    engine: Engine,
    compiler: Compiler,
    cache: Arc<Cache>,
    sources: Sources,
}

impl Loader {
    /// Starts the engine. Native code is kept in a cache below `data`.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly.
    pub fn start(data: &Path, compiler: Compiler, sources: Sources) -> anyhow::Result<Loader> {
        let cache = Arc::new(Cache::new(data.join("cache/components")));
        Ok(Loader { engine: engine::engine()?, compiler, cache, sources })
    }

    /// The places of calls that wait for others.
    pub fn places(&self) -> &Places {
        &self.sources.places
    }

    /// Loads a component; compiling may take seconds.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its author.
    pub async fn load(&self, pace: Pace, name: &str, bytes: Bytes, part: Part) -> Result<Ready, String> {
        self.examined(pace, name, bytes, part).await.map_err(|unfit| {
            if let Some(engine) = &unfit.engine {
                tracing::warn!(component = name, engine, "a component cannot be used; the engine says why");
            }
            unfit.sentence
        })
    }

    async fn examined(&self, pace: Pace, name: &str, bytes: Bytes, part: Part) -> Result<Ready, Unfit> {
        // Ours are known to be good.
        if !part.own {
            let file = bytes.clone();
            let looked_at = tokio::task::spawn_blocking(move || shape::shape(&file).map(drop)).await;
            looked_at.map_err(|error| Unfit::because(error.to_string()))??;
        }
        let digest = digest(&bytes);
        let known = digest.clone();
        let kept = self.beside(move |engine, cache| Ok(cache.kept(engine, &known))).await;
        let component = match kept.map_err(Unfit::because)? {
            Some(component) => component,
            None => {
                let code = self.compiler.compile(pace, &self.engine, &bytes).await.map_err(Unfit::because)?;
                let new = digest.clone();
                let kept = self.beside(move |engine, cache| cache.keep(engine, &new, &code)).await;
                kept.map_err(Unfit::because)?
            }
        };
        let component = LoadedComponent::new(&self.engine, name, digest, component, &self.sources, part);
        let component = Arc::new(component.map_err(|error| Unfit::to_load(&bytes, &error))?);
        let (offered, _) = examine(&component, &bytes).await?;
        Ok(Ready { component, offered })
    }

    /// Lets go of the native code of components other than these.
    pub async fn keep_only(&self, digests: HashSet<String>) {
        // It does not fail: what cannot be removed is logged.
        let _ = self
            .beside(move |engine, cache| {
                cache.keep_only(engine, &digests);
                Ok(())
            })
            .await;
    }

    /// Works with the cache's files where that keeps nobody waiting.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Cache) -> wasmtime::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let (engine, cache) = (self.engine.clone(), Arc::clone(&self.cache));
        let done = tokio::task::spawn_blocking(move || work(&engine, &cache)).await;
        done.map_err(|error| error.to_string())?.map_err(|error| format!("{error:#}"))
    }
}

/// Looks at a file's outside, compiles it or takes the native code of an earlier time, and makes sure that it fits the
/// contract.
///
/// # Errors
/// Why it cannot be used.
pub fn compile(
    engine: &Engine,
    name: &str,
    bytes: &[u8],
    cache: &Cache,
    answers: impl Into<Answers>,
    part: Part,
) -> Result<LoadedComponent, Unfit> {
    // Ours are known to be good.
    if !part.own {
        shape::shape(bytes)?;
    }
    LoadedComponent::load(engine, name, bytes, cache, answers, part).map_err(|error| Unfit::to_load(bytes, &error))
}

/// Asks a component what it offers, which also instantiates it (only then are its types compared), and whether it
/// behaves: the same for the command line, uploads, the folder and activations.
///
/// # Errors
/// What is wrong with it.
pub async fn examine(component: &Arc<LoadedComponent>, bytes: &[u8]) -> Result<(ComponentSet, Cost), Unfit> {
    let instance = component.instantiate().await;
    let mut instance = instance.map_err(|error| Unfit::to_begin(bytes, &error))?;
    let mut offered = ComponentSet::default();
    let mut check = SelfCheck::new(component, bytes);
    if instance.exports.provider.is_some() {
        providers(component, &mut instance, &mut offered, &mut check).await?;
    }
    if instance.exports.policy.is_some() {
        policies(component, &mut instance, &mut offered, &mut check).await?;
    }
    if instance.exports.client_policy.is_some() {
        client_policies(component, &mut instance, &mut offered, &mut check).await?;
    }
    if offered.is_empty() {
        return Err(Unfit::because("it offers nothing: `describe` returns an empty list"));
    }
    Ok((offered, check.cost))
}

/// Starts the clock of a call.
fn ready(instance: &mut Instance) {
    instance.store.data_mut().begin(None);
    instance.store.set_epoch_deadline(1);
}

async fn providers(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
    check: &mut SelfCheck<'_>,
) -> Result<(), Unfit> {
    let Some(exports) = &instance.exports.provider else { return Ok(()) };
    let descriptions = {
        let guest = exports.matricula_registration_providers();
        instance.store.data_mut().begin(None);
        instance.store.set_epoch_deadline(1);
        guest.call_describe(&mut instance.store).await
    };
    let descriptions = descriptions.map_err(|error| Unfit::to_answer("`providers.describe`", instance, &error))?;
    for description in descriptions {
        check_id(&description.id)?;
        if !component.own {
            check.provider(&description).await?;
        }
        let id = description.id.clone();
        ready(instance);
        let handle = ProviderHandle::new(component, description, instance).await;
        let handle = handle.map_err(|error| Unfit::to_answer("`providers.document-name`", instance, &error))?;
        if offered.providers.insert(id.clone(), Arc::new(handle)).is_some() {
            return Err(Unfit::because(format!("it offers the provider {id:?} twice")));
        }
    }
    Ok(())
}

async fn policies(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
    check: &mut SelfCheck<'_>,
) -> Result<(), Unfit> {
    ready(instance);
    let Some(exports) = &instance.exports.policy else { return Ok(()) };
    let descriptions = exports.describe(&mut instance.store).await;
    let descriptions: Vec<PolicyProvider> =
        descriptions.map_err(|error| Unfit::to_answer("`policies.describe`", instance, &error))?;
    for description in descriptions {
        check_id(&description.id)?;
        if !component.own {
            check.policy(&description).await?;
        }
        let id = description.id.clone();
        let handle = PolicyProviderHandle { component: Arc::clone(component), description };
        if offered.policies.insert(id.clone(), Arc::new(handle)).is_some() {
            return Err(Unfit::because(format!("it offers the policy {id:?} twice")));
        }
    }
    Ok(())
}

async fn client_policies(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
    check: &mut SelfCheck<'_>,
) -> Result<(), Unfit> {
    ready(instance);
    let Some(exports) = &instance.exports.client_policy else { return Ok(()) };
    let guest = exports.matricula_registration_client_policies();
    let offer = guest.call_describe(&mut instance.store).await;
    let offer = offer.map_err(|error| Unfit::to_answer("`client-policies.describe`", instance, &error))?;
    for description in offer.conditions {
        check_id(&description.id)?;
        if !component.own {
            check.condition(&description).await?;
        }
        let id = description.id.clone();
        let handle = ConditionHandle { component: Arc::clone(component), description };
        if offered.conditions.insert(id.clone(), Arc::new(handle)).is_some() {
            return Err(Unfit::because(format!("it offers the condition {id:?} twice")));
        }
    }
    for description in offer.executors {
        check_id(&description.id)?;
        if !component.own {
            check.executor(&description).await?;
        }
        let id = description.id.clone();
        let handle = ExecutorHandle { component: Arc::clone(component), description };
        if offered.executors.insert(id.clone(), Arc::new(handle)).is_some() {
            return Err(Unfit::because(format!("it offers the executor {id:?} twice")));
        }
    }
    Ok(())
}

/// Whether a text can be an id or a name: 1 to 100 letters, digits, `-`, `_` and `.`.
pub fn is_plain(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=100).contains(&text.len()) && text.chars().all(plain)
}

/// Ids stand in addresses and settings.
fn check_id(id: &str) -> Result<(), Unfit> {
    if is_plain(id) {
        return Ok(());
    }
    let expected = "1 to 100 letters, digits, `-`, `_` and `.` are expected";
    Err(Unfit::because(format!("`describe` names {id:?}, which is no id: {expected}")))
}
