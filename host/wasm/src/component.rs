//! One loaded component: compiled, checked, and ready to make instances.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use matricula_contract::client_policy::{ClientPolicy, ClientPolicyIndices};
use matricula_contract::next;
use matricula_contract::policy::Policy;
use matricula_contract::provider::{Provider, ProviderIndices};
use matricula_store::clock;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::error::Context;
use wasmtime::{Engine, Store, UpdateDeadline, bail};

use super::engine::{RETURNED, TICK};
use super::facts::{Answers, Pause, State};
use super::figures::{Figures, LastFailure};
use super::fitness::{Ended, Fitness, Trial};
use super::limits::Allowance;
use super::no_answer::Unanswered;
use super::policy_exports::{self, PolicyExports, PolicyIndices};
use super::turns::Turns;
use super::{Failure, WasmError};

/// Version of the contract in `wit/`; what of a later one is on trial is in `wit/next/`.
pub const CONTRACT: &str = "0.1.0";

/// Age of a file that was begun and never finished.
const UNFINISHED: Duration = Duration::from_secs(3600);

/// Names of the exported interfaces, which tell what kind of component a file is.
const PROVIDERS: &str = "matricula:registration/providers@0.1.0";
const CLIENT_POLICIES: &str = "matricula:registration/client-policies@0.1.0";

/// What a component exports: one or several interfaces. Ready to be instantiated.
struct Interfaces {
    pre: InstancePre<State>,
    provider: Option<ProviderIndices>,
    policy: Option<PolicyIndices>,
    client_policy: Option<ClientPolicyIndices>,
}

/// The exports of an instance.
pub struct Exports {
    /// Registration providers.
    pub provider: Option<Provider>,
    /// Registration policies.
    pub policy: Option<PolicyExports>,
    /// Conditions and executors of client policies.
    pub client_policy: Option<ClientPolicy>,
}

/// A component file that was found good.
pub struct LoadedComponent {
    /// As administrators call it: `core`, `policies`, or a file's name without its ending.
    pub name: Arc<str>,
    /// SHA-256 of the file, hexadecimal: its identity.
    pub digest: Arc<str>,
    /// Version of the contract that it was built for.
    pub contract: &'static str,
    interfaces: Interfaces,
    /// For its calls.
    pub(super) turns: Arc<Turns>,
    /// What the versions of this component have done.
    pub figures: Arc<Figures>,
    /// How its calls went lately.
    fitness: Fitness,
    /// How those went that were for no caller.
    fitness_in_trying: Fitness,
    /// What it may use.
    pub allowance: Arc<Allowance>,
    /// It is a part of this program.
    pub(super) own: bool,
    /// Its first calls, if it has replaced another version.
    pub(super) trial: Option<Trial>,
    engine: Engine,
    answers: Answers,
}

/// The part that a component is to play.
#[derive(Default)]
pub struct Part {
    /// Where its doings are counted.
    pub figures: Arc<Figures>,
    /// What it may use.
    pub allowance: Arc<Allowance>,
    /// Whether it is a part of this program: such a one is trusted to keep nothing between calls.
    pub own: bool,
    /// Whether its first calls are watched.
    pub trial: Option<Trial>,
}

/// An instance with its own memory.
pub struct Instance {
    /// Its state and limits.
    pub store: Store<State>,
    /// What can be called.
    pub exports: Exports,
    /// What it exports, by name; for those who try a component out.
    pub untyped: wasmtime::component::Instance,
    /// Calls it has served.
    pub calls: u32,
}

impl LoadedComponent {
    /// Compiles a component in this process, or takes the native code of an earlier start from the cache, and makes sure
    /// that it fits the contract.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its author.
    pub fn load(
        engine: &Engine,
        name: &str,
        bytes: &[u8],
        cache: &Cache,
        answers: impl Into<Answers>,
        part: Part,
    ) -> wasmtime::Result<LoadedComponent> {
        let digest = digest(bytes);
        let component = match cache.kept(engine, &digest) {
            Some(component) => component,
            None => {
                let code = engine.precompile_component(bytes).context("it is no valid component")?;
                cache.keep(engine, &digest, &code)?
            }
        };
        LoadedComponent::new(engine, name, digest, component, answers, part)
    }

    /// A component that was compiled. Makes sure that it fits the contract.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its author.
    pub(super) fn new(
        engine: &Engine,
        name: &str,
        digest: String,
        component: Component,
        answers: impl Into<Answers>,
        part: Part,
    ) -> wasmtime::Result<LoadedComponent> {
        let exports = |interface: &str| component.get_export_index(None, interface).is_some();
        let mut linker = Linker::<State>::new(engine);
        // The interfaces that they import are the same: the last one to add them wins.
        linker.allow_shadowing(true);
        let (provider, client_policy) = (exports(PROVIDERS), exports(CLIENT_POLICIES));
        let policy = policy_exports::INTERFACES.into_iter().filter(|(interface, _)| exports(interface));
        let policies: Vec<_> = policy.map(|(_, contract)| contract).collect();
        if policies.len() > 1 {
            bail!("it exports the interface `policies` of several versions of the contract");
        }
        let policy = policies.first().copied();
        if provider {
            Provider::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        }
        if policy.is_some() {
            Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
            next::Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        }
        if client_policy {
            ClientPolicy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        }
        if !(provider || policy.is_some() || client_policy) {
            let [(policies, _), (policies_on_trial, _)] = policy_exports::INTERFACES;
            bail!("it exports none of {PROVIDERS}, {policies}, {policies_on_trial} and {CLIENT_POLICIES}");
        }
        let pre = linker.instantiate_pre(&component).context("it imports what the host does not offer")?;
        let fits = |world| format!("it does not fit world `{world}`");
        let interfaces = Interfaces {
            provider: provider.then(|| ProviderIndices::new(&pre)).transpose().with_context(|| fits("provider"))?,
            policy: policy
                .map(|contract| PolicyIndices::new(&pre, contract))
                .transpose()
                .with_context(|| fits("policy"))?,
            client_policy: client_policy
                .then(|| ClientPolicyIndices::new(&pre))
                .transpose()
                .with_context(|| fits("client-policy"))?,
            pre,
        };
        Ok(LoadedComponent {
            name: name.into(),
            digest: digest.into(),
            contract: policy.unwrap_or(CONTRACT),
            interfaces,
            turns: Arc::default(),
            figures: part.figures,
            fitness: Fitness::default(),
            fitness_in_trying: Fitness::default(),
            allowance: part.allowance,
            own: part.own,
            trial: part.trial,
            engine: engine.clone(),
            answers: answers.into(),
        })
    }

    /// What runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Name and digest, as decision records have it.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.digest)
    }

    /// How its calls went lately: those for callers, or the others.
    pub(super) fn fitness_of(&self, trying: bool) -> &Fitness {
        if trying { &self.fitness_in_trying } else { &self.fitness }
    }

    /// A call has ended: counts it. What is only tried counts in no figure and no trial.
    pub(super) fn called(&self, trying: bool, took: Duration, memory: u64, ended: Ended) {
        self.fitness_of(trying).ended(ended);
        if trying {
            return;
        }
        self.figures.called(took, memory, ended.is_failure());
        if let Some(trial) = self.trial.as_ref().filter(|_| ended != Ended::Unserved) {
            trial.called(&self.name, &self.digest, ended.is_failure());
        }
    }

    /// The answer to its last call is none, although it seemed to be one: that is a failure like a trap, and counted as one.
    pub(super) fn recanted(&self, trying: bool, failure: Failure, detail: String) -> WasmError {
        self.fitness_of(trying).recant();
        if !trying {
            self.figures.failed();
            if let Some(trial) = &self.trial {
                trial.recanted(&self.name, &self.digest);
            }
        }
        self.error(trying, failure, detail)
    }

    /// The error of a call that came to nothing; noted if the component is to blame.
    pub(super) fn error(&self, trying: bool, failure: Failure, detail: String) -> WasmError {
        // That it is left alone says nothing new.
        if failure != Failure::Resting && Ended::from(Some(failure)).is_failure() {
            self.fitness_of(trying).note(failure, &detail);
        }
        WasmError { component: self.name.to_string(), failure, detail }
    }

    /// A request was refused because it has no answer.
    pub fn failed_at(&self, realm: &str, decision: &str, unanswered: &Unanswered) {
        self.figures.failed_at(LastFailure {
            time: clock::now_ms(),
            realm: realm.to_owned(),
            decision: decision.to_owned(),
            unanswered: unanswered.clone(),
        });
    }

    /// Whether calls of it failed lately, or it is left alone for a while as it was too slow.
    pub fn is_failing(&self) -> bool {
        self.fitness.is_failing()
    }

    /// Why, for administrators.
    pub fn why_failing(&self) -> Option<String> {
        self.fitness.reason()
    }

    /// A new instance under the limits of [`super::engine`] and of its allowance.
    ///
    /// # Errors
    /// When all slots are taken or the component's types are not those of the contract.
    pub async fn instantiate(&self) -> wasmtime::Result<Instance> {
        let mut store = Store::new(
            &self.engine,
            State::new(Arc::clone(&self.name), self.answers.clone(), Arc::clone(&self.allowance)),
        );
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(RETURNED);
        store.set_epoch_deadline(1);
        // Each tick the call lets others run on its thread, until its time is up; after some ticks it makes pauses too.
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            Ok(match state.pause() {
                _ if state.out_of_time() => UpdateDeadline::Interrupt,
                Pause::None => UpdateDeadline::Yield(1),
                Pause::Ticks(ticks) => UpdateDeadline::YieldCustom(1, Box::pin(tokio::time::sleep(TICK * ticks))),
            })
        });
        let Interfaces { pre, provider, policy, client_policy } = &self.interfaces;
        let instance = pre.instantiate_async(&mut store).await?;
        let exports = Exports {
            provider: provider.as_ref().map(|indices| indices.load(&mut store, &instance)).transpose()?,
            policy: policy.as_ref().map(|indices| indices.load(&mut store, &instance)).transpose()?,
            client_policy: client_policy.as_ref().map(|indices| indices.load(&mut store, &instance)).transpose()?,
        };
        Ok(Instance { store, exports, untyped: instance, calls: 0 })
    }
}

/// Native code of components from earlier starts. A file is used only if it is whole, was made by this engine, and lies
/// in a folder that only this user can write to.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in this folder, which is made when the first file is written.
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// What was compiled before, if it is there and good.
    pub(super) fn kept(&self, engine: &Engine, digest: &str) -> Option<Component> {
        read(engine, &self.file(engine, digest))
    }

    /// What the compiler made for this engine just now, and keeps it.
    ///
    /// # Errors
    /// When it is not for this engine.
    pub(super) fn keep(&self, engine: &Engine, digest: &str, code: &[u8]) -> wasmtime::Result<Component> {
        let file = self.file(engine, digest);
        if let Err(error) = self.write(&file, code) {
            // A start without a cache works; it only takes longer.
            let file = file.display();
            tracing::warn!(%error, %file, "compiled code could not be kept: the next start compiles again");
        }
        // SAFETY: the code comes from the compiler, in this process or in one of this very program, and has gone through
        // no other hands; wasmtime itself refuses code of another version or configuration.
        #[expect(unsafe_code, reason = "another process compiles; see the conditions above")]
        unsafe {
            Component::deserialize(engine, code)
        }
    }

    /// Lets the code go of components other than these, and what was begun by processes that are gone.
    pub(super) fn keep_only(&self, engine: &Engine, digests: &HashSet<String>) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let ours = format!("{}.cwasm", compatibility(engine));
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some((digest, rest)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
            let is_old = || {
                let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|modified| modified.elapsed());
                age.is_ok_and(|age| age.is_ok_and(|age| age > UNFINISHED))
            };
            let goes = match rest.rsplit_once('.') {
                Some((_, "cwasm")) => rest != ours || !digests.contains(digest),
                Some((_, "part")) => is_old(),
                _ => false,
            };
            if goes && let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%error, file = %entry.path().display(), "compiled code could not be removed");
            }
        }
    }

    fn file(&self, engine: &Engine, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}-{}.cwasm", compatibility(engine)))
    }

    /// Writes a file as a whole or not at all.
    fn write(&self, file: &Path, code: &[u8]) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let part = file.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
        let written = write_new(&part, code).and_then(|()| fs::rename(&part, file));
        if written.is_err() {
            // Where there is no room, it is not to take any. It may not have come so far that there is a file.
            let _ = fs::remove_file(&part);
        }
        written
    }
}

/// Writes the code behind its digest to a file that is not there yet.
fn write_new(file: &Path, code: &[u8]) -> std::io::Result<()> {
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, code).as_ref())?;
    out.write_all(code)?;
    out.sync_all()
}

/// The cached code, if the file is there and whole.
fn read(engine: &Engine, file: &Path) -> Option<Component> {
    let folder = fs::metadata(file.parent()?).ok()?;
    if !only_mine(&folder) || !only_mine(&fs::metadata(file).ok()?) {
        return None;
    }
    let content = fs::read(file).ok()?;
    let (digest, code) = content.split_at_checked(32)?;
    if aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, code).as_ref() != digest {
        tracing::warn!(file = %file.display(), "compiled code is damaged and made anew");
        return None;
    }
    // SAFETY: the code was written by this user's process (checked above: nobody else can write there), is whole (the
    // digest fits), and wasmtime itself refuses code of another version or configuration.
    #[expect(unsafe_code, reason = "loading native code is what the cache is for; see the conditions above")]
    unsafe { Component::deserialize(engine, code) }.ok()
}

fn only_mine(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o022 == 0 && metadata.uid() == this_user()
}

/// The user that this process runs as.
fn this_user() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").map(|own| own.uid()).unwrap_or(u32::MAX)
}

/// A name for engines that understand each other's code.
fn compatibility(engine: &Engine) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The identity of a file: its SHA-256, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
