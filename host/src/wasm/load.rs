//! From the bytes of a file to a component that may decide: validated, compiled, asked what it offers, tried with empty
//! input. Only then it can become part of the set.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use wasmtime::error::Context as _;
use wasmtime::{Engine, bail};

use super::client_policy_provider::{ConditionHandle, ExecutorHandle};
use super::compiler::{Compiler, Pace};
use super::component::{Cache, Instance, LoadedComponent, Part, digest};
use super::contract::{
    Caller, CallerKind, Client, Context, Document, Event, Operation, PolicyProvider, RegistrationAuth,
};
use super::engine;
use super::facts::Sources;
use super::policy_exports::Told;
use super::policy_provider::PolicyProviderHandle;
use super::provider::ProviderHandle;
use super::set::ComponentSet;
use super::waits::Places;

/// A component that was found good, and what it offers.
pub(crate) struct Ready {
    /// For calls.
    pub(crate) component: Arc<LoadedComponent>,
    /// Its providers, policies, conditions and executors.
    pub(crate) offered: ComponentSet,
}

/// Makes components of files.
#[derive(Clone)]
pub(crate) struct Loader {
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
    pub(crate) fn start(data: &Path, compiler: Compiler, sources: Sources) -> anyhow::Result<Loader> {
        let cache = Arc::new(Cache::new(data.join("cache/components")));
        Ok(Loader { engine: engine::engine()?, compiler, cache, sources })
    }

    /// The places of calls that wait for others.
    pub(crate) fn places(&self) -> &Places {
        &self.sources.places
    }

    /// Loads a component; compiling may take seconds.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its author.
    pub(crate) async fn load(&self, pace: Pace, name: &str, bytes: Bytes, part: Part) -> Result<Ready, String> {
        let digest = digest(&bytes);
        let known = digest.clone();
        let component = match self.beside(move |engine, cache| Ok(cache.kept(engine, &known))).await? {
            Some(component) => component,
            None => {
                let code = self.compiler.compile(pace, &self.engine, &bytes).await?;
                let new = digest.clone();
                self.beside(move |engine, cache| cache.keep(engine, &new, &code)).await?
            }
        };
        let component = LoadedComponent::new(&self.engine, name, digest, component, &self.sources, part);
        let component = Arc::new(component.map_err(|error| format!("{error:#}"))?);
        let offered = offered(&component).await.map_err(|error| format!("{error:#}"))?;
        Ok(Ready { component, offered })
    }

    /// Lets go of the native code of components other than these.
    pub(crate) async fn keep_only(&self, digests: HashSet<String>) {
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

/// Asks a component what it offers, which also instantiates it (only then are its types compared), and tries it.
///
/// # Errors
/// What is wrong with it, in words for its author.
pub(crate) async fn offered(component: &Arc<LoadedComponent>) -> wasmtime::Result<ComponentSet> {
    let mut instance = component.instantiate().await?;
    instance.store.data_mut().begin(None);
    let mut offered = ComponentSet::default();
    if instance.exports.provider.is_some() {
        providers(component, &mut instance, &mut offered).await.context("interface `providers`")?;
    }
    if instance.exports.policy.is_some() {
        policies(component, &mut instance, &mut offered).await.context("interface `policies`")?;
    }
    if instance.exports.client_policy.is_some() {
        client_policies(component, &mut instance, &mut offered).await.context("interface `client-policies`")?;
    }
    if offered.is_empty() {
        bail!("it offers nothing: `describe` returns an empty list");
    }
    Ok(offered)
}

async fn providers(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
) -> wasmtime::Result<()> {
    let Some(exports) = &instance.exports.provider else { return Ok(()) };
    let descriptions = exports.matricula_registration_providers().call_describe(&mut instance.store).await;
    for description in descriptions.context("`describe` failed")? {
        check_id(&description.id)?;
        let id = description.id.clone();
        let handle = ProviderHandle::new(component, description, instance).await.context("`document-name` failed")?;
        // What it makes of an empty document is its business, as long as it answers.
        if let Some(exports) = &instance.exports.provider {
            let empty = Document { content_type: String::new(), body: Vec::new() };
            let guest = exports.matricula_registration_providers();
            let parsed = guest.call_parse(&mut instance.store, &id, Operation::Register, &empty).await;
            let _ = parsed.with_context(|| format!("`parse` of {id:?} failed with an empty document"))?;
        }
        if offered.providers.insert(id.clone(), Arc::new(handle)).is_some() {
            bail!("it offers the provider {id:?} twice");
        }
    }
    Ok(())
}

async fn policies(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
) -> wasmtime::Result<()> {
    let Some(exports) = &instance.exports.policy else { return Ok(()) };
    let descriptions: Vec<PolicyProvider> = exports.describe(&mut instance.store).await.context("`describe` failed")?;
    let (client, context) = (empty_client()?, nobody());
    let told = Told { context: &context, decision: "" };
    for description in descriptions {
        check_id(&description.id)?;
        for hook in &description.hooks {
            let clients = (Some(&client), Some(&client));
            let decisions = exports.evaluate(&mut instance.store, *hook, told, clients, &[]);
            let decisions =
                decisions.await.with_context(|| format!("`evaluate` failed in {hook:?} without policies"))?;
            if !decisions.is_empty() {
                bail!("`evaluate` decides in {hook:?} although no policy was given");
            }
        }
        let id = description.id.clone();
        let handle = PolicyProviderHandle { component: Arc::clone(component), description };
        if offered.policies.insert(id.clone(), Arc::new(handle)).is_some() {
            bail!("it offers the policy {id:?} twice");
        }
    }
    Ok(())
}

async fn client_policies(
    component: &Arc<LoadedComponent>,
    instance: &mut Instance,
    offered: &mut ComponentSet,
) -> wasmtime::Result<()> {
    let Some(exports) = &instance.exports.client_policy else { return Ok(()) };
    let guest = exports.matricula_registration_client_policies();
    let offer = guest.call_describe(&mut instance.store).await.context("`describe` failed")?;
    let (client, context) = (empty_client()?, nobody());
    let verdicts = guest.call_judge(&mut instance.store, Event::Register, &context, Some(&client), None, &[]).await;
    let outcomes = guest.call_execute(&mut instance.store, Event::Register, &context, Some(&client), None, &[]).await;
    if !verdicts.context("`judge` failed without conditions")?.is_empty()
        || !outcomes.context("`execute` failed without executors")?.is_empty()
    {
        bail!("`judge` or `execute` answers although nothing was asked");
    }
    for description in offer.conditions {
        check_id(&description.id)?;
        let id = description.id.clone();
        let handle = ConditionHandle { component: Arc::clone(component), description };
        if offered.conditions.insert(id.clone(), Arc::new(handle)).is_some() {
            bail!("it offers the condition {id:?} twice");
        }
    }
    for description in offer.executors {
        check_id(&description.id)?;
        let id = description.id.clone();
        let handle = ExecutorHandle { component: Arc::clone(component), description };
        if offered.executors.insert(id.clone(), Arc::new(handle)).is_some() {
            bail!("it offers the executor {id:?} twice");
        }
    }
    Ok(())
}

/// Whether a text can be an id or a name: 1 to 100 letters, digits, `-`, `_` and `.`.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=100).contains(&text.len()) && text.chars().all(plain)
}

/// Ids stand in addresses and settings.
fn check_id(id: &str) -> wasmtime::Result<()> {
    if !is_plain(id) {
        bail!("{id:?} is no id: 1 to 100 letters, digits, `-`, `_` and `.` are expected");
    }
    Ok(())
}

/// A client of which nothing is known: every field but the list of attributes may be absent.
fn empty_client() -> wasmtime::Result<Client> {
    Ok(serde_json::from_str(r#"{"attributes": []}"#)?)
}

/// The context of a call without a request.
fn nobody() -> Context {
    Context {
        realm: String::new(),
        provider: String::new(),
        operation: Operation::Register,
        caller: Caller {
            kind: CallerKind::Anonymous,
            subject: None,
            token_id: None,
            roles: Vec::new(),
            groups: Vec::new(),
            address: String::new(),
            origin: None,
        },
        registration_auth: RegistrationAuth::Anonymous,
        now: 0,
        attributes: Vec::new(),
    }
}
