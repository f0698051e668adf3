//! The components of this server by name: where their versions come from, which of them decides, how one takes the place
//! of another.
//!
//! A version comes with the binary, from the drop folder, or was uploaded and is kept in the database. What was chosen
//! among uploaded versions decides; without a choice the folder's file does, and without one that of the binary. A
//! version is loaded completely before it takes over, in one swap; requests under way finish on the set that they began
//! with. One that cannot be used changes nothing.

pub(crate) mod compare;
mod folder;
mod known;
pub(crate) mod signature;
pub(crate) mod watched;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use matricula_realms::MASTER;
use matricula_store::component_files::{self, ChoiceRow, FileRow, Limits, User};
use matricula_store::events::Event;
use matricula_store::{self, Store, StoreError, Write, events, realms};
use matricula_system::clock;
use matricula_wasm::compiler::{Compiler, Pace};
use matricula_wasm::component::{Part, digest};
use matricula_wasm::engine::LARGEST_MEMORY;
use matricula_wasm::facts::Sources;
use matricula_wasm::fitness::{Failed, Trial, TrialRules};
use matricula_wasm::load::{Loader, Ready, is_plain};
use matricula_wasm::waits::Places;
use matricula_wasm::{ComponentSet, Wasm, WatchedVersion};
use tokio::sync::{Notify, mpsc};

pub(crate) use known::{Health, Source, Summary, Version};

use crate::events::{COMPONENT_PUT_BACK, COMPONENT_REMOVED};
use crate::registration::decision::Record;
use crate::registration::difference::Difference;
use folder::{Change, DroppedFile, Folder};
use known::{Active, Known, Lost};
use signature::TrustedKeys;
use watched::Shadow;

/// The registration providers: name and file.
pub(crate) const CORE: (&str, &[u8]) = ("core", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/core.wasm")));

/// The components that come with the binary: name and file.
pub(crate) const BUILT_IN: [(&str, &[u8]); 10] = [
    CORE,
    ("policies", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/builtin.wasm"))),
    ("client-policies", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/client-policy-builtin.wasm"))),
    ("approval-required", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/approval-required.wasm"))),
    ("redirect-rules", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/redirect-rules.wasm"))),
    ("scope-filter", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/scope-filter.wasm"))),
    ("fapi-2", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/fapi-2.wasm"))),
    ("keycloak", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/connector-keycloak.wasm"))),
    ("hydra", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/connector-hydra.wasm"))),
    ("webhook", include_bytes!(concat!(env!("MATRICULA_COMPONENTS"), "/connector-webhook.wasm"))),
];
/// Wall time of a call that may be allowed, in milliseconds.
const CALL_MILLIS: RangeInclusive<u32> = 10..=10_000;
/// Memory of an instance that may be allowed, in MiB.
const MEMORY_MIB: RangeInclusive<u32> = 1..=(LARGEST_MEMORY >> 20) as u32;
/// Time after which a version that should have been put back is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// Versions on trial that may wait for their end.
const ALARMS: usize = 16;

/// Why components were not changed.
#[derive(Debug)]
pub(crate) enum ChangeError {
    /// The file cannot be used; why, in words for its author.
    Refused(String),
    /// There is no such component or version.
    Missing(&'static str),
    /// Realms need what would go.
    InUse(Vec<User>),
    /// It cannot be done to this component; why.
    Impossible(&'static str),
    /// A limit is not within these bounds.
    OutOfBounds(&'static str, RangeInclusive<u32>),
    /// The store has no answer.
    Store(StoreError),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        ChangeError::Store(error)
    }
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uploaded {
    /// There was no component of this name.
    New,
    /// There was one.
    Version,
}

/// The components and the ways to change them.
#[derive(Clone)]
pub(crate) struct Components {
    inner: Arc<Inner>,
}

struct Inner {
    loader: Loader,
    wasm: Wasm,
    store: Store,
    keys: TrustedKeys,
    trial: TrialRules,
    versions: usize,
    alarm: mpsc::Sender<Failed>,
    /// Held for a change from its first look to the swap.
    changing: tokio::sync::Mutex<()>,
    known: Mutex<BTreeMap<String, Known>>,
    /// Somebody else changed something in the database.
    stale: Notify,
}

/// Where components come from and what they must be like.
pub(crate) struct Options<'a> {
    /// Native code is kept below it.
    pub(crate) data: &'a Path,
    /// Who makes it.
    pub(crate) compiler: Compiler,
    /// The drop folder.
    pub(crate) folder: PathBuf,
    /// Keys that must have signed components of others.
    pub(crate) keys: TrustedKeys,
    /// What a version that replaces another must stand.
    pub(crate) trial: TrialRules,
    /// Uploads of a component that are kept beside those that are needed.
    pub(crate) versions: usize,
}

impl Components {
    /// Loads what comes with the binary, what was uploaded and what lies in the folder, then watches the folder and the
    /// versions on trial.
    ///
    /// # Errors
    /// When a component of the binary does not load, or the database has no answer. Others that do not load harm nobody
    /// but the policies that need them.
    pub(crate) async fn start(options: Options<'_>, store: Store, sources: Sources) -> anyhow::Result<Components> {
        let (alarm, alarms) = mpsc::channel(ALARMS);
        let inner = Inner {
            loader: Loader::start(options.data, options.compiler, sources)?,
            wasm: Wasm::new(store.database.clone()),
            store,
            keys: options.keys,
            trial: options.trial,
            versions: options.versions,
            alarm,
            changing: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            stale: Notify::new(),
        };
        let components = Components { inner: Arc::new(inner) };
        for (name, bytes) in BUILT_IN {
            let version = Version::new(Source::BuiltIn, digest(bytes), bytes.len(), 0);
            components.with_known(name, |known| known.built_in = Some((version, Bytes::from_static(bytes))));
        }
        let mut folder = Folder::new(options.folder);
        match folder.look(true) {
            Ok(changes) => {
                for change in changes {
                    if let Change::Dropped(file) = change {
                        components.dropped(file);
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the folder of components cannot be read"),
        }
        components.read_stored().await?;
        for name in components.names() {
            if let Err(reason) = components.settle(Pace::Starting, &name).await {
                if components.with_known(&name, |known| known.is_only_built_in()) {
                    anyhow::bail!("loading component {name}: {reason}");
                }
                tracing::error!(component = name, reason, "not loaded");
            }
        }
        // Others who work on this database may know another folder.
        if options.compiler == Compiler::Process {
            components.sweep().await;
        }
        tokio::spawn(folder::watch(components.clone(), folder));
        tokio::spawn(components.clone().watch_trials(alarms));
        tokio::spawn(components.clone().follow());
        Ok(components)
    }

    /// The places of calls that wait for others.
    pub(crate) fn places(&self) -> &Places {
        self.inner.loader.places()
    }

    /// The way to call them.
    pub(crate) fn wasm(&self) -> &Wasm {
        &self.inner.wasm
    }

    /// The names of all components.
    pub(crate) fn shown(&self) -> Vec<String> {
        let all = self.lock();
        all.iter().filter(|(_, known)| !known.is_forgettable()).map(|(name, _)| name.clone()).collect()
    }

    /// All components by name, for their figures.
    pub(crate) fn summaries(&self) -> Vec<(String, Summary)> {
        let all = self.lock();
        let shown = all.iter().filter(|(_, known)| !known.is_forgettable());
        shown.map(|(name, known)| (name.clone(), known.summary())).collect()
    }

    /// One component.
    pub(crate) fn summary(&self, name: &str) -> Option<Summary> {
        self.lock().get(name).filter(|known| !known.is_forgettable()).map(Known::summary)
    }

    /// Who uses what a component offers now, or needs what it offered. One that is gone is forgotten when nobody needs it
    /// any more.
    pub(crate) async fn users(&self, name: &str) -> Result<Vec<User>, StoreError> {
        let (mut ids, lost) = self.with_known(name, |known| {
            (known.ids_realms_need(), known.lost.as_ref().map(|lost| lost.ids.clone()).unwrap_or_default())
        });
        if !lost.is_empty() {
            let set = self.inner.wasm.current();
            let missing: Vec<String> = lost.iter().filter(|id| !set.offers(id)).cloned().collect();
            if self.users_of(missing.clone()).await?.is_empty() {
                self.with_known(name, |known| known.lost.take_if(|now| now.ids == lost));
            } else {
                ids.extend(missing);
            }
        }
        self.forget(name);
        self.users_of(ids).await
    }

    async fn users_of(&self, ids: Vec<String>) -> Result<Vec<User>, StoreError> {
        let mut users = Vec::new();
        for id in ids {
            users.extend(component_files::users(&self.inner.store.database, &id).await?);
        }
        Ok(users)
    }

    /// The bytes of a version.
    ///
    /// # Errors
    /// When there is no such version.
    pub(crate) async fn bytes(&self, name: &str, digest: &str) -> Result<Bytes, ChangeError> {
        let own = self.lock().get(name).and_then(|known| known.own_bytes(digest));
        if let Some(bytes) = own {
            return Ok(bytes);
        }
        let stored = component_files::bytes(&self.inner.store.database, name, digest).await?;
        stored.map(|(bytes, _)| bytes.into()).ok_or(NO_VERSION)
    }

    /// Takes an upload in, and lets it decide from now on if `activate` says so. With `force` it may take away what
    /// realms need.
    ///
    /// # Errors
    /// As [`ChangeError`]; nothing is changed then.
    pub(crate) async fn upload(
        &self,
        name: &str,
        bytes: Bytes,
        signature: Option<Vec<u8>>,
        activate: bool,
        force: bool,
    ) -> Result<Uploaded, ChangeError> {
        check_name(name)?;
        self.inner
            .keys
            .verify(&bytes, signature.as_deref())
            .map_err(|reason| ChangeError::Refused(reason.to_owned()))?;
        let digest = digest(&bytes);
        let ready = Arc::new(self.load(Pace::Serving, name, bytes.clone()).await.map_err(ChangeError::Refused)?);
        let _changing = self.inner.changing.lock().await;
        let (is_new, choice, decided) =
            self.with_known(name, |known| (known.is_empty(), known.choice.clone(), known.decided_with(&digest)));
        let file = FileRow {
            name: name.to_owned(),
            size: bytes.len().try_into().unwrap_or(i64::MAX),
            contract: ready.component.contract.to_owned(),
            uploaded_ms: clock::now_ms(),
            digest: digest.clone(),
        };
        let mut write = Write::default();
        component_files::insert(&mut write, &file, bytes.into(), signature);
        let superfluous = self.with_known(name, |known| known.superfluous(&digest, activate, self.inner.versions));
        for digest in &superfluous {
            component_files::delete_version(&mut write, name, digest);
        }
        // What decides is not watched beside itself.
        let shadow = choice.shadow.clone().filter(|shadow| *shadow != digest);
        let choice =
            activate.then(|| ChoiceRow { active: Some(digest), shadow, since: clock::now(), decided, ..choice });
        if let Some(choice) = &choice {
            self.check_swap(name, Some(&ready), force).await.inspect_err(|_| self.forget(name))?;
            component_files::choose(&mut write, name, choice);
        }
        self.inner.store.writer.write(write).await.inspect_err(|_| self.forget(name))?;
        self.with_known(name, |known| {
            known.add_stored(file);
            known.stored.retain(|file| !superfluous.contains(&file.digest));
        });
        if let Some(choice) = choice {
            self.with_known(name, |known| {
                if choice.shadow.is_none() {
                    known.shadow = None;
                }
                known.choose(choice);
            });
            self.swap(name, Some(ready), Source::Database);
        }
        if !superfluous.is_empty() {
            tracing::info!(component = name, versions = superfluous.len(), "old versions were removed");
            self.sweep().await;
        }
        Ok(if is_new { Uploaded::New } else { Uploaded::Version })
    }

    /// Lets another version decide, or be watched.
    ///
    /// # Errors
    /// As [`ChangeError`]; nothing is changed then.
    pub(crate) async fn choose(&self, name: &str, digest: &str, watch: bool, force: bool) -> Result<(), ChangeError> {
        let _changing = self.inner.changing.lock().await;
        let found = self.with_known(name, |known| {
            known.version(digest).map(|version| (version.source, known.choice.clone(), known.default_digest()))
        });
        let Some((source, choice, default)) = found else {
            self.forget(name);
            return Err(NO_VERSION);
        };
        let bytes = self.bytes(name, digest).await?;
        if watch {
            let ready = self.load_aside(Pace::Serving, name, bytes).await.map_err(ChangeError::Refused)?;
            if ready.offered.policy_ids().next().is_none() {
                return Err(ChangeError::Impossible(
                    "Only policies, conditions and executors can be watched; this version offers none of them",
                ));
            }
            self.compose(Some((name, Some(&ready)))).map_err(ChangeError::Refused)?;
            let choice = ChoiceRow { shadow: Some(digest.to_owned()), ..choice };
            let shadow = Shadow::new(Arc::new(ready));
            return self.store_choice(name, choice, |known| known.shadow = Some(shadow)).await;
        }
        let ready = Arc::new(self.load(Pace::Serving, name, bytes).await.map_err(ChangeError::Refused)?);
        if source != Source::Database && default.as_deref() != Some(digest) {
            return Err(ChangeError::Impossible("The file of the folder decides; remove it there first"));
        }
        self.check_swap(name, Some(&ready), force).await?;
        let active = (source == Source::Database).then(|| digest.to_owned());
        let shadow = choice.shadow.clone().filter(|shadow| shadow != digest);
        let watched = shadow.is_some();
        let decided = self.with_known(name, |known| known.decided_with(digest));
        self.store_choice(name, ChoiceRow { active, shadow, since: clock::now(), decided, ..choice }, |known| {
            if !watched {
                known.shadow = None;
            }
        })
        .await?;
        self.swap(name, Some(ready), source);
        Ok(())
    }

    /// Ends watching a version.
    ///
    /// # Errors
    /// As [`ChangeError`].
    pub(crate) async fn unwatch(&self, name: &str) -> Result<(), ChangeError> {
        let _changing = self.inner.changing.lock().await;
        let choice = self.with_known(name, |known| known.choice.clone());
        if choice.shadow.is_none() {
            self.forget(name);
            return Err(ChangeError::Missing("No version of this component is watched"));
        }
        self.store_choice(name, ChoiceRow { shadow: None, ..choice }, |known| known.shadow = None).await
    }

    /// Sets what a component may use, from the next instance and the next look at a running call on.
    ///
    /// # Errors
    /// When there is no such component, or a limit is out of bounds.
    pub(crate) async fn limit(&self, name: &str, limits: Limits) -> Result<(), ChangeError> {
        let within =
            |limit: Option<u32>, bounds: RangeInclusive<u32>| limit.is_none_or(|limit| bounds.contains(&limit));
        if !within(limits.call_millis, CALL_MILLIS) {
            return Err(ChangeError::OutOfBounds("callMillis", CALL_MILLIS));
        }
        if !within(limits.memory_mib, MEMORY_MIB) {
            return Err(ChangeError::OutOfBounds("memoryMib", MEMORY_MIB));
        }
        let _changing = self.inner.changing.lock().await;
        let choice = self.lock().get(name).filter(|known| !known.is_forgettable()).map(|known| known.choice.clone());
        let choice = ChoiceRow { limits, ..choice.ok_or(NO_COMPONENT)? };
        self.store_choice(name, choice, |_| ()).await?;
        let active = self.with_known(name, |known| known.active.as_ref().map(|active| Arc::clone(&active.ready)));
        if let Some(active) = active {
            // Their memory is as it was.
            self.inner.wasm.instances.retire(&active.component);
        }
        // A version that needs more could not be loaded before.
        if let Err(reason) = self.settle(Pace::Serving, name).await {
            tracing::error!(component = name, reason, "not loaded");
        }
        Ok(())
    }

    async fn store_choice(
        &self,
        name: &str,
        choice: ChoiceRow,
        then: impl FnOnce(&mut Known),
    ) -> Result<(), ChangeError> {
        let mut write = Write::default();
        component_files::choose(&mut write, name, &choice);
        self.inner.store.writer.write(write).await?;
        self.with_known(name, |known| {
            known.choose(choice);
            then(known);
        });
        self.publish();
        Ok(())
    }

    /// Removes everything that was uploaded under a name. What the folder or the binary has of it decides from then on.
    ///
    /// # Errors
    /// As [`ChangeError`]; nothing is changed then.
    pub(crate) async fn remove(&self, name: &str, force: bool) -> Result<(), ChangeError> {
        let _changing = self.inner.changing.lock().await;
        let stored = self.with_known(name, |known| !known.stored.is_empty());
        if !stored {
            let own = self.with_known(name, |known| !known.is_empty());
            self.forget(name);
            return Err(if own {
                ChangeError::Impossible("Nothing of it was uploaded: it comes with the program or lies in the folder")
            } else {
                NO_COMPONENT
            });
        }
        let fallback = match self.with_known(name, |known| known.default_bytes()) {
            Some((source, bytes)) => {
                let ready = self.load(Pace::Serving, name, bytes).await.map_err(ChangeError::Refused)?;
                Some((source, Arc::new(ready)))
            }
            None => None,
        };
        self.check_swap(name, fallback.as_ref().map(|(_, ready)| ready), force).await?;
        let mut write = Write::default();
        component_files::delete(&mut write, name);
        self.inner.store.writer.write(write).await?;
        self.with_known(name, |known| {
            known.stored.clear();
            known.choose(ChoiceRow::default());
            known.shadow = None;
        });
        let source = fallback.as_ref().map_or(Source::Database, |(source, _)| *source);
        self.swap(name, fallback.map(|(_, ready)| ready), source);
        self.forget(name);
        self.sweep().await;
        Ok(())
    }

    /// Removes one uploaded version, which must not be the one that decides.
    ///
    /// # Errors
    /// As [`ChangeError`]; nothing is changed then.
    pub(crate) async fn remove_version(&self, name: &str, digest: &str, force: bool) -> Result<(), ChangeError> {
        let (stored, active, only) = self.with_known(name, |known| {
            let stored = known.stored.iter().any(|file| file.digest == digest);
            (stored, known.choice.active.as_deref() == Some(digest), known.stored.len() == 1)
        });
        if !stored {
            self.forget(name);
            return Err(NO_VERSION);
        }
        if only {
            return self.remove(name, force).await;
        }
        if active {
            return Err(ChangeError::Impossible("This version decides; activate another one first"));
        }
        let _changing = self.inner.changing.lock().await;
        let mut write = Write::default();
        component_files::delete_version(&mut write, name, digest);
        let choice = self.with_known(name, |known| known.choice.clone());
        let watched = choice.shadow.as_deref() == Some(digest);
        if watched {
            component_files::choose(&mut write, name, &ChoiceRow { shadow: None, ..choice });
        }
        self.inner.store.writer.write(write).await?;
        self.with_known(name, |known| {
            known.stored.retain(|file| file.digest != digest);
            if watched {
                known.choice.shadow = None;
                known.shadow = None;
            }
        });
        self.publish();
        self.sweep().await;
        Ok(())
    }

    /// The set as it would be with another version of a component. What that does is counted nowhere.
    ///
    /// # Errors
    /// When there is no such version or it cannot be used.
    pub(crate) async fn with_candidate(
        &self,
        name: &str,
        digest: &str,
    ) -> Result<(ComponentSet, Arc<Ready>), ChangeError> {
        let bytes = self.bytes(name, digest).await?;
        let ready = self.load_aside(Pace::Serving, name, bytes).await.map_err(ChangeError::Refused)?;
        let set = self.compose(Some((name, Some(&ready)))).map_err(ChangeError::Refused)?;
        Ok((set, Arc::new(ready)))
    }

    /// Another node may have changed something: it is read again soon.
    pub(crate) fn announced(&self, change: &matricula_store::Change) {
        if matches!(change, matricula_store::Change::Components | matricula_store::Change::Everything) {
            self.inner.stale.notify_one();
        }
    }

    /// Reads again what other nodes may have changed, whenever that is announced.
    async fn follow(self) {
        loop {
            self.inner.stale.notified().await;
            if let Err(error) = self.refresh().await {
                tracing::error!(%error, "the components could not be read again");
            }
        }
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let _changing = self.inner.changing.lock().await;
        self.read_stored().await?;
        for name in self.names() {
            if let Err(reason) = self.settle(Pace::Serving, &name).await {
                tracing::error!(component = name, reason, "not loaded");
            }
            self.forget(&name);
        }
        Ok(())
    }

    async fn read_stored(&self) -> Result<(), StoreError> {
        let files = component_files::list(&self.inner.store.database).await?;
        let choices: BTreeMap<String, ChoiceRow> =
            component_files::choices(&self.inner.store.database).await?.into_iter().collect();
        let mut all = self.lock();
        for known in all.values_mut() {
            known.stored.clear();
        }
        for file in files {
            all.entry(file.name.clone()).or_default().stored.push(file);
        }
        for (name, known) in &mut *all {
            known.choose(choices.get(name).cloned().unwrap_or_default());
        }
        Ok(())
    }

    /// Something in the folder is different.
    async fn folder_changed(&self, change: Change) {
        let _changing = self.inner.changing.lock().await;
        let name = match change {
            Change::Dropped(file) => {
                let name = file.name.clone();
                self.dropped(file);
                name
            }
            Change::Removed(name) => {
                self.with_known(&name, |known| {
                    known.file = None;
                    known.refused = None;
                });
                name
            }
        };
        let (had, digest) = self.with_known(&name, |known| (known.needed_ids(), known.active_digest()));
        match self.settle(Pace::Serving, &name).await {
            Ok(()) => tracing::info!(component = name, "the folder's file was taken in"),
            Err(reason) => tracing::error!(component = name, reason, "the folder's file is not used"),
        }
        if let Err(error) = self.tell_lost(&name, had, &digest.unwrap_or_default()).await {
            tracing::error!(?error, component = name, "it could not be found out who needs what is gone");
        }
        self.forget(&name);
        self.sweep().await;
    }

    /// Tells administrators when something that realms need went with a file of the folder: nobody was asked, as before a
    /// removal by the Admin API.
    async fn tell_lost(&self, name: &str, mut ids: Vec<String>, digest: &str) -> Result<(), StoreError> {
        let set = self.inner.wasm.current();
        ids.retain(|id| !set.offers(id));
        let users = self.users_of(ids.clone()).await?;
        if users.is_empty() {
            return Ok(());
        }
        let what = ids.join(", ");
        let reason = format!("its file in the folder is gone or another one, and realms need what it offered: {what}");
        let named: Vec<String> = users.iter().map(|user| format!("{} of realm {}", user.policy, user.realm)).collect();
        let used_by = named.join(", ");
        tracing::error!(component = name, used_by, what, "what realms need is gone with a file of the folder");
        self.with_known(name, |known| known.lost = Some(Lost { ids, reason: reason.clone() }));
        let mut write = Write::default();
        if let Some(master) = realms::by_name(&self.inner.store.database, MASTER).await? {
            let details = [("component", name), ("version", digest), ("reason", &reason), ("usedBy", &used_by)];
            events::insert(&mut write, &master.id, &Event::of_component(COMPONENT_REMOVED, &master.id, &details));
        }
        self.inner.store.writer.write(write).await
    }

    /// Lets go of the native code of versions that are not there any more.
    async fn sweep(&self) {
        let digests = self.lock().values().flat_map(Known::digests).collect();
        self.inner.loader.keep_only(digests).await;
    }

    fn dropped(&self, file: DroppedFile) {
        let verified = check_name(&file.name)
            .map_err(|_| "its name is none for a component")
            .and_then(|()| self.inner.keys.verify(&file.bytes, file.signature.as_deref()));
        let version = Version::new(Source::Folder, digest(&file.bytes), file.bytes.len(), clock::now());
        self.with_known(&file.name, |known| match verified {
            Ok(()) => known.file = Some((version, file.bytes)),
            // What was there before stays.
            Err(reason) => known.refuse(&version.digest, reason),
        });
    }

    /// Makes the version decide that should, unless it does.
    async fn settle(&self, pace: Pace, name: &str) -> Result<(), String> {
        let (wanted, active, shadow, refused) = self
            .with_known(name, |known| (known.wanted(), known.active_digest(), known.other_shadow(), known.refusal()));
        if let Some(wanted) = shadow {
            let watched = match wanted {
                None => None,
                Some(digest) => match self.load_watched(pace, name, &digest).await {
                    Ok(ready) => Some(Shadow::new(Arc::new(ready))),
                    Err(reason) => {
                        tracing::error!(component = name, reason, "the watched version is not loaded");
                        None
                    }
                },
            };
            self.with_known(name, |known| known.shadow = watched);
            self.publish();
        }
        let Some((source, digest)) = wanted else {
            if active.is_some() {
                self.swap(name, None, Source::Folder);
            }
            return refused.map_or(Ok(()), Err);
        };
        if active.as_ref() == Some(&digest) {
            return refused.map_or(Ok(()), Err);
        }
        if active.is_some() && self.with_known(name, |known| known.was_put_back(&digest)) {
            return refused.map_or(Ok(()), Err);
        }
        let outcome = self.load_version(pace, name, &digest).await.map(Arc::new);
        let outcome = outcome.and_then(|ready| self.compose(Some((name, Some(&*ready)))).map(|_| ready));
        match outcome {
            Ok(ready) => {
                self.swap(name, Some(ready), source);
                Ok(())
            }
            Err(reason) => {
                self.with_known(name, |known| known.refuse(&digest, &reason));
                Err(reason)
            }
        }
    }

    async fn load_version(&self, pace: Pace, name: &str, digest: &str) -> Result<Ready, String> {
        let bytes = self.trusted_bytes(name, digest).await?;
        self.load(pace, name, bytes).await
    }

    async fn load_watched(&self, pace: Pace, name: &str, digest: &str) -> Result<Ready, String> {
        let bytes = self.trusted_bytes(name, digest).await?;
        self.load_aside(pace, name, bytes).await
    }

    /// The bytes of a version that may be used.
    async fn trusted_bytes(&self, name: &str, digest: &str) -> Result<Bytes, String> {
        let own = self.with_known(name, |known| known.own_bytes(digest));
        match own {
            Some(bytes) => Ok(bytes),
            None => {
                let stored = component_files::bytes(&self.inner.store.database, name, digest).await;
                let (bytes, signature) =
                    stored.map_err(|error| error.to_string())?.ok_or("there is no such version any more")?;
                self.inner.keys.verify(&bytes, signature.as_deref())?;
                if matricula_wasm::component::digest(&bytes) != digest {
                    return Err("what is stored of it is damaged".to_owned());
                }
                Ok(bytes.into())
            }
        }
    }

    async fn load(&self, pace: Pace, name: &str, bytes: Bytes) -> Result<Ready, String> {
        let (figures, allowance, replaces) = self.with_known(name, |known| {
            (Arc::clone(&known.figures), Arc::clone(&known.allowance), known.active_digest().is_some())
        });
        let trial =
            (replaces && self.inner.trial.calls > 0).then(|| Trial::new(self.inner.trial, self.inner.alarm.clone()));
        let own = self.is_own(name, &bytes);
        let loaded = self.inner.loader.load(pace, name, bytes, Part { figures, allowance, own, trial }).await;
        if loaded.is_err() {
            self.forget(name);
        }
        loaded
    }

    /// Loads a version that does not decide: what it does is counted nowhere.
    async fn load_aside(&self, pace: Pace, name: &str, bytes: Bytes) -> Result<Ready, String> {
        let allowance = self.with_known(name, |known| Arc::clone(&known.allowance));
        let part = Part { allowance, own: self.is_own(name, &bytes), ..Part::default() };
        let loaded = self.inner.loader.load(pace, name, bytes, part).await;
        if loaded.is_err() {
            self.forget(name);
        }
        loaded
    }

    /// Whether these bytes came with the program.
    fn is_own(&self, name: &str, bytes: &Bytes) -> bool {
        self.with_known(name, |known| known.built_in.as_ref().is_some_and(|(_, built_in)| built_in == bytes))
    }

    /// Whether a version may take the place of the one that decides: nothing that it offers may belong to another
    /// component, and nothing that realms need may go.
    async fn check_swap(&self, name: &str, ready: Option<&Arc<Ready>>, force: bool) -> Result<(), ChangeError> {
        self.compose(Some((name, ready.map(|ready| &**ready)))).map_err(ChangeError::Refused)?;
        if force {
            return Ok(());
        }
        let offered: Vec<&str> = ready.iter().flat_map(|ready| ready.offered.ids()).collect();
        let mut gone = self.with_known(name, |known| known.ids_realms_need());
        gone.retain(|id| !offered.contains(&id.as_str()));
        let users = self.users_of(gone).await?;
        if users.is_empty() { Ok(()) } else { Err(ChangeError::InUse(users)) }
    }

    /// Everything that decides, with another version of one component.
    fn compose(&self, instead: Option<(&str, Option<&Ready>)>) -> Result<ComponentSet, String> {
        compose(&self.lock(), instead)
    }

    /// Everything that decides, and the versions that are watched beside it.
    fn compose_with_watched(&self) -> Result<ComponentSet, String> {
        let all = self.lock();
        let mut set = compose(&all, None)?;
        for (name, known) in &*all {
            let Some(Shadow { ready, .. }) = &known.shadow else { continue };
            match compose(&all, Some((name, Some(ready)))) {
                Ok(instead) => {
                    let active = known.active.iter().flat_map(|active| active.ready.offered.ids());
                    set.watch(WatchedVersion {
                        name: name.clone(),
                        label: ready.component.label(),
                        set: Arc::new(instead),
                        ids: active.chain(ready.offered.ids()).map(str::to_owned).collect(),
                    });
                }
                Err(reason) => tracing::error!(component = name, reason, "a version cannot be watched"),
            }
        }
        Ok(set)
    }

    /// Counts what came of a request that a version went through which is only watched, unless it is not any more.
    pub(crate) fn saw(&self, version: &WatchedVersion, after: &Record, difference: Option<&Difference>) {
        let shadow = |known: &Known| {
            let shadow = known.shadow.as_ref().filter(|shadow| shadow.ready.component.label() == version.label)?;
            Some(Arc::clone(&shadow.figures))
        };
        let figures = self.lock().get(&version.name).and_then(shadow);
        if let Some(figures) = figures {
            figures.saw(after, difference);
        }
    }

    /// The swap: requests that begin from now on find this version.
    fn swap(&self, name: &str, ready: Option<Arc<Ready>>, source: Source) {
        let retired = self.with_known(name, |known| {
            known.refused = None;
            known.lost = None;
            let next = ready.map(|ready| Active { ready, source, since: clock::now() });
            let is_other = known.active_digest() != next.as_ref().map(Active::digest);
            let replaced = std::mem::replace(&mut known.active, next);
            let retired = replaced.as_ref().map(|replaced| Arc::clone(&replaced.ready));
            // The same version once more must not become the one to go back to.
            if is_other {
                known.previous = replaced;
            }
            retired
        });
        self.publish();
        if let Some(retired) = retired {
            self.inner.wasm.instances.retire(&retired.component);
        }
    }

    /// Shows the rest of the server what decides now.
    fn publish(&self) {
        match self.compose_with_watched() {
            Ok(set) => self.inner.wasm.replace(set),
            // Every change is checked before; the set stays as it is.
            Err(reason) => tracing::error!(reason, "the components do not fit together"),
        }
    }

    /// Puts versions back that fail on trial.
    async fn watch_trials(self, mut alarms: mpsc::Receiver<Failed>) {
        while let Some(failed) = alarms.recv().await {
            // As long as the database gives no answer there is nothing else to do.
            while let Err(error) = self.put_back(&failed).await {
                tracing::error!(?error, component = failed.name, "a failing version could not be put back yet");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn put_back(&self, failed: &Failed) -> Result<(), ChangeError> {
        let _changing = self.inner.changing.lock().await;
        let name = &failed.name;
        let found = self.with_known(name, |known| {
            let is_active = known.active_digest().as_ref() == Some(&failed.digest);
            let previous = known.previous.as_ref().filter(|_| is_active)?;
            let (ready, source) = (Arc::clone(&previous.ready), previous.source);
            let decided = known.decided_without(&failed.digest, &ready.component.digest);
            Some((ready, source, ChoiceRow { decided, ..known.choice.clone() }))
        });
        let Some((previous, source, choice)) = found else { return Ok(()) };
        let digest = previous.component.digest.to_string();
        let reason = format!(
            "version {} failed in {} of its first {} calls; version {digest} was put back",
            failed.digest, failed.failures, failed.calls
        );
        let mut write = Write::default();
        let active = (source == Source::Database).then(|| digest.clone());
        let choice = ChoiceRow { active, since: clock::now(), ..choice };
        component_files::choose(&mut write, name, &choice);
        if let Some(master) = realms::by_name(&self.inner.store.database, MASTER).await? {
            let details =
                [("component", name.as_str()), ("version", &failed.digest), ("previous", &digest), ("reason", &reason)];
            events::insert(&mut write, &master.id, &Event::of_component(COMPONENT_PUT_BACK, &master.id, &details));
        }
        self.inner.store.writer.write(write).await?;
        self.with_known(name, |known| known.choose(choice));
        self.swap(name, Some(previous), source);
        self.with_known(name, |known| {
            known.put_back(&failed.digest, &reason);
            // Nobody goes back to the one that failed.
            known.previous = None;
        });
        tracing::error!(component = name, reason, "a component was put back");
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Known>> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on what is known of a component; a name that was not known is until [`Components::forget`].
    fn with_known<T>(&self, name: &str, work: impl FnOnce(&mut Known) -> T) -> T {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(name) {
            return work(known);
        }
        work(all.entry(name.to_owned()).or_default())
    }

    /// Forgets a name that nothing is known of.
    fn forget(&self, name: &str) {
        let mut all = self.lock();
        if all.get(name).is_some_and(Known::is_forgettable) {
            all.remove(name);
        }
    }
}

/// Everything that decides, with another version of one component.
fn compose(all: &BTreeMap<String, Known>, instead: Option<(&str, Option<&Ready>)>) -> Result<ComponentSet, String> {
    let mut set = ComponentSet::default();
    for (name, known) in all {
        if instead.is_some_and(|(other, _)| other == name) {
            continue;
        }
        if let Some(active) = &known.active {
            set.add(&active.ready.offered)?;
        }
    }
    if let Some((_, Some(ready))) = instead {
        set.add(&ready.offered)?;
    }
    Ok(set)
}

const NO_COMPONENT: ChangeError = ChangeError::Missing("There is no component of this name");
const NO_VERSION: ChangeError = ChangeError::Missing("There is no such version of a component of this name");

/// Names stand in addresses and are names of files.
fn check_name(name: &str) -> Result<(), ChangeError> {
    if name.starts_with('.') || !is_plain(name) {
        return Err(ChangeError::Refused(
            "name: 1 to 100 letters, digits, `-`, `_` and `.` are expected, and no `.` at the beginning".to_owned(),
        ));
    }
    Ok(())
}
