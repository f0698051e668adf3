//! The components that decide requests: loaded once, called often, swapped as one value.

pub(crate) mod client_policy_provider;
pub(crate) mod component;
pub(crate) mod contract;
mod engine;
pub(crate) mod facts;
mod instances;
pub(crate) mod policy_provider;
pub(crate) mod provider;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use wasmtime::bail;

use crate::store::Database;
use client_policy_provider::{ConditionHandle, ExecutorHandle};
use component::{Cache, LoadedComponent};
use facts::Sources;
use instances::Instances;
use policy_provider::PolicyProviderHandle;
use provider::ProviderHandle;

/// The components that come with the binary: name and file.
const BUILT_IN: [(&str, &[u8]); 3] = [
    ("core", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/core.wasm"))),
    ("policies", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/builtin.wasm"))),
    ("client-policies", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/client-policy-builtin.wasm"))),
];

/// Why a call of a component has no answer. The request is refused then; the details are for the log.
#[derive(Debug, thiserror::Error)]
#[error("component {component}: {failure}: {detail}")]
pub(crate) struct WasmError {
    /// Name of the component.
    pub(crate) component: String,
    /// What went wrong.
    pub(crate) failure: Failure,
    /// The engine's words.
    pub(crate) detail: String,
}

/// Ways in which a call of a component fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No instance could be made.
    #[error("no instance")]
    Instance,
    /// It trapped, or ran into a limit of memory, stack or returned data.
    #[error("trapped")]
    Trap,
    /// It took too long.
    #[error("out of time")]
    Time,
    /// Its answer makes no sense.
    #[error("nonsense")]
    Nonsense,
    /// There is no component for it.
    #[error("not loaded")]
    Missing,
}

/// One consistent set of components. A request uses the set that it began with.
#[derive(Default)]
pub(crate) struct ComponentSet {
    providers: HashMap<String, Arc<ProviderHandle>>,
    policies: HashMap<String, Arc<PolicyProviderHandle>>,
    conditions: HashMap<String, Arc<ConditionHandle>>,
    executors: HashMap<String, Arc<ExecutorHandle>>,
}

impl ComponentSet {
    /// The registration provider of this id.
    pub(crate) fn provider(&self, id: &str) -> Option<&Arc<ProviderHandle>> {
        self.providers.get(id)
    }

    /// The policy provider of this id.
    pub(crate) fn policy_provider(&self, id: &str) -> Option<&Arc<PolicyProviderHandle>> {
        self.policies.get(id)
    }

    /// The kind of condition of this id.
    pub(crate) fn condition(&self, id: &str) -> Option<&Arc<ConditionHandle>> {
        self.conditions.get(id)
    }

    /// The kind of executor of this id.
    pub(crate) fn executor(&self, id: &str) -> Option<&Arc<ExecutorHandle>> {
        self.executors.get(id)
    }

    /// Every policy provider, in the order of their ids.
    pub(crate) fn policy_providers(&self) -> Vec<&Arc<PolicyProviderHandle>> {
        let mut all: Vec<_> = self.policies.values().collect();
        all.sort_by(|a, b| a.description.id.cmp(&b.description.id));
        all
    }
}

/// The components and the way to call them.
#[derive(Clone)]
pub(crate) struct Wasm {
    current: Arc<ArcSwap<ComponentSet>>,
    pub(crate) instances: Instances,
    /// For conditions of policies.
    pub(crate) database: Database,
}

impl Wasm {
    /// Starts the engine and loads the built-in components and those in `folder`, with the native code that the cache
    /// below `data` has of them.
    ///
    /// # Errors
    /// When a built-in one does not load, or the folder cannot be read.
    pub(crate) async fn start(data: &Path, folder: Option<&Path>, sources: Sources) -> anyhow::Result<Wasm> {
        let database = sources.database.clone();
        let engine = engine::engine()?;
        let cache = Cache::new(data.join("cache/components"));
        let mut set = ComponentSet::default();
        for (name, bytes) in BUILT_IN {
            // The engine's errors have a type of their own.
            let loaded =
                async { set.add(Arc::new(LoadedComponent::load(&engine, name, bytes, &cache, &sources)?)).await };
            loaded.await.map_err(|error| anyhow::anyhow!("loading component {name}: {error:#}"))?;
        }
        for file in folder.map(component_files).transpose()?.unwrap_or_default() {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let loaded = async {
                let bytes = std::fs::read(&file)?;
                set.add(Arc::new(LoadedComponent::load(&engine, &name, &bytes, &cache, &sources)?)).await
            };
            // A component that does not load harms nobody but the policies that need it.
            match loaded.await {
                Ok(()) => tracing::info!(component = name, "loaded"),
                Err(error) => tracing::error!(component = name, error = format!("{error:#}"), "not loaded"),
            }
        }
        Ok(Wasm { current: Arc::new(ArcSwap::from_pointee(set)), instances: Instances::default(), database })
    }

    /// The components as of now.
    pub(crate) fn current(&self) -> Arc<ComponentSet> {
        self.current.load_full()
    }
}

/// The component files of a folder (`*.wasm`), in alphabetical order.
fn component_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let reading = || format!("reading the folder {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let file = entry.with_context(reading)?.path();
        if file.extension().is_some_and(|extension| extension == "wasm") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

impl ComponentSet {
    /// Asks a component what it offers (which also instantiates it: only then are its types compared) and adds that, all
    /// of it or nothing.
    async fn add(&mut self, component: Arc<LoadedComponent>) -> wasmtime::Result<()> {
        let mut instance = component.instantiate().await?;
        instance.store.data_mut().begin(None);
        let mut offered = Offered::default();
        if let Some(exports) = &instance.exports.provider {
            let interface = exports.matricula_registration_providers();
            for description in interface.call_describe(&mut instance.store).await? {
                let handle = ProviderHandle::new(&component, description, &mut instance).await?;
                offered.providers.insert(handle.description.id.clone(), Arc::new(handle));
            }
        }
        if let Some(exports) = &instance.exports.policy {
            let interface = exports.matricula_registration_policies();
            for description in interface.call_describe(&mut instance.store).await? {
                let handle = PolicyProviderHandle { component: Arc::clone(&component), description };
                offered.policies.insert(handle.description.id.clone(), Arc::new(handle));
            }
        }
        if let Some(exports) = &instance.exports.client_policy {
            let interface = exports.matricula_registration_client_policies();
            let offer = interface.call_describe(&mut instance.store).await?;
            for description in offer.conditions {
                let handle = ConditionHandle { component: Arc::clone(&component), description };
                offered.conditions.insert(handle.description.id.clone(), Arc::new(handle));
            }
            for description in offer.executors {
                let handle = ExecutorHandle { component: Arc::clone(&component), description };
                offered.executors.insert(handle.description.id.clone(), Arc::new(handle));
            }
        }
        self.add_all(offered)
    }

    /// Adds what a component offers, unless another one offers something of it.
    fn add_all(&mut self, offered: Offered) -> wasmtime::Result<()> {
        let ComponentSet { providers, policies, conditions, executors } = &offered;
        let taken = providers.keys().find(|id| self.providers.contains_key(*id));
        let taken = taken.or_else(|| policies.keys().find(|id| self.policies.contains_key(*id)));
        let taken = taken.or_else(|| conditions.keys().find(|id| self.conditions.contains_key(*id)));
        let taken = taken.or_else(|| executors.keys().find(|id| self.executors.contains_key(*id)));
        if let Some(id) = taken {
            bail!("another component offers {id} already");
        }
        if providers.is_empty() && policies.is_empty() && conditions.is_empty() && executors.is_empty() {
            bail!("it offers nothing");
        }
        self.providers.extend(offered.providers);
        self.policies.extend(offered.policies);
        self.conditions.extend(offered.conditions);
        self.executors.extend(offered.executors);
        Ok(())
    }
}

/// What one component offers.
type Offered = ComponentSet;
