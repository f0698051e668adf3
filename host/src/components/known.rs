//! What is known of one component: its versions, which of them decides, how it is doing.

use std::sync::Arc;

use axum::body::Bytes;
use matricula_store::component_files::{ChoiceRow, FileRow};
use matricula_wasm::component::CONTRACT;
use matricula_wasm::figures::Figures;
use matricula_wasm::limits::Allowance;
use matricula_wasm::load::Ready;
use serde::Serialize;
use utoipa::ToSchema;

use super::watched::{Shadow, WatchReport};

/// Where a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// With the binary.
    BuiltIn,
    /// From the drop folder of this node.
    Folder,
    /// It was uploaded.
    Database,
}

/// One version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    /// SHA-256 of the file, hexadecimal.
    pub(crate) digest: String,
    /// Length of the file in bytes.
    pub(crate) size: i64,
    /// When it was uploaded or found in the folder, Unix seconds; 0: it came with the program.
    pub(crate) uploaded: i64,
    /// Version of the contract that it was built for.
    pub(crate) contract: String,
    /// Where it comes from.
    pub(crate) source: Source,
}

impl Version {
    /// A version of the current contract.
    pub(super) fn new(source: Source, digest: String, size: usize, uploaded: i64) -> Version {
        let size = size.try_into().unwrap_or(i64::MAX);
        Version { digest, size, uploaded, contract: CONTRACT.to_owned(), source }
    }

    fn of(file: &FileRow) -> Version {
        Version {
            digest: file.digest.clone(),
            size: file.size,
            uploaded: file.uploaded_ms / 1000,
            contract: file.contract.clone(),
            source: Source::Database,
        }
    }
}

/// The version that decides.
pub(super) struct Active {
    pub(super) ready: Arc<Ready>,
    pub(super) source: Source,
    /// Unix seconds.
    pub(super) since: i64,
}

impl Active {
    pub(super) fn digest(&self) -> String {
        self.ready.component.digest.to_string()
    }
}

/// A version that is not used, and why.
pub(super) struct Refused {
    digest: String,
    reason: String,
    /// It was used and failed.
    put_back: bool,
}

impl Refused {
    fn told(&self) -> String {
        format!("version {}: {}", self.digest.get(..12).unwrap_or(&self.digest), self.reason)
    }
}

/// What went with a file of the folder although realms need it.
pub(super) struct Lost {
    /// Ids of policies, conditions and executors.
    pub(super) ids: Vec<String>,
    pub(super) reason: String,
}

/// Versions of a component that are remembered for having decided.
const DECIDED: usize = 16;

/// One component.
#[derive(Default)]
pub(super) struct Known {
    pub(super) figures: Arc<Figures>,
    pub(super) allowance: Arc<Allowance>,
    pub(super) built_in: Option<(Version, Bytes)>,
    pub(super) file: Option<(Version, Bytes)>,
    /// Newest first.
    pub(super) stored: Vec<FileRow>,
    pub(super) choice: ChoiceRow,
    pub(super) active: Option<Active>,
    /// What decided before.
    pub(super) previous: Option<Active>,
    pub(super) shadow: Option<Shadow>,
    pub(super) refused: Option<Refused>,
    pub(super) lost: Option<Lost>,
}

/// How a component is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    /// It decides.
    Active,
    /// It was too slow several times in a row: its requests are refused for a while.
    Failing,
    /// No version of it can be used.
    Refused,
}

/// What an administrator sees of a component.
pub(crate) struct Summary {
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) active: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) shadow: Option<String>,
    pub(crate) watch: Option<WatchReport>,
    pub(crate) source: Option<Source>,
    pub(crate) providers: Vec<String>,
    pub(crate) state: Health,
    pub(crate) reason: Option<String>,
    pub(crate) since: Option<i64>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) versions: Vec<Version>,
}

impl Known {
    /// What an administrator has chosen is so from now on.
    pub(super) fn choose(&mut self, choice: ChoiceRow) {
        self.allowance.set(choice.limits.call_millis, choice.limits.memory_mib);
        self.choice = choice;
    }

    /// Whether it has no version.
    pub(super) fn is_empty(&self) -> bool {
        self.built_in.is_none() && self.file.is_none() && self.stored.is_empty()
    }

    /// Whether there is nothing to tell of it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.is_empty() && self.active.is_none() && self.refused.is_none() && self.lost.is_none()
    }

    /// Whether the binary has the only version.
    pub(super) fn is_only_built_in(&self) -> bool {
        self.built_in.is_some() && self.file.is_none() && self.stored.is_empty()
    }

    /// The version that should decide, and where it comes from.
    pub(super) fn wanted(&self) -> Option<(Source, String)> {
        let chosen = self.choice.active.as_ref();
        let chosen = chosen.filter(|digest| self.stored.iter().any(|file| file.digest == **digest));
        if let Some(digest) = chosen {
            return Some((Source::Database, digest.clone()));
        }
        self.default_version().map(|(version, _)| (version.source, version.digest.clone()))
    }

    /// What decides without a choice.
    fn default_version(&self) -> Option<&(Version, Bytes)> {
        self.file.as_ref().or(self.built_in.as_ref())
    }

    /// The digest of that.
    pub(super) fn default_digest(&self) -> Option<String> {
        self.default_version().map(|(version, _)| version.digest.clone())
    }

    /// Its source and bytes.
    pub(super) fn default_bytes(&self) -> Option<(Source, Bytes)> {
        self.default_version().map(|(version, bytes)| (version.source, bytes.clone()))
    }

    /// The bytes of a version that is not in the database.
    pub(super) fn own_bytes(&self, digest: &str) -> Option<Bytes> {
        let own = [&self.file, &self.built_in].into_iter().flatten().find(|(version, _)| version.digest == digest);
        own.map(|(_, bytes)| bytes.clone())
    }

    /// Every version, the uploaded ones first.
    fn versions(&self) -> impl Iterator<Item = Version> {
        let own = [&self.file, &self.built_in].into_iter().flatten().map(|(version, _)| version.clone());
        self.stored.iter().map(Version::of).chain(own)
    }

    /// The digests of all versions, and of those that are in use.
    pub(super) fn digests(&self) -> Vec<String> {
        let used = [&self.active, &self.previous].into_iter().flatten().map(Active::digest);
        let watched = self.shadow.iter().map(Shadow::digest);
        self.versions().map(|version| version.digest).chain(used).chain(watched).collect()
    }

    /// A version by its digest.
    pub(super) fn version(&self, digest: &str) -> Option<Version> {
        self.versions().find(|version| version.digest == digest)
    }

    /// Adds an uploaded version, unless it is there.
    pub(super) fn add_stored(&mut self, file: FileRow) {
        if !self.stored.iter().any(|stored| stored.digest == file.digest) {
            self.stored.insert(0, file);
        }
    }

    /// Uploads that are too many when this one comes too: older than the newest so many, and neither deciding, nor the
    /// one that decided before, nor watched. `activates`: the upload decides from now on.
    pub(super) fn superfluous(&self, upload: &str, activates: bool, kept: usize) -> Vec<String> {
        let replaces = activates && self.active_digest().is_none_or(|active| active != upload);
        let previous = self.previous_digest().filter(|_| !replaces);
        let mut needed: Vec<String> = self.active_digest().into_iter().chain(previous).collect();
        needed.extend([&self.choice.active, &self.choice.shadow].into_iter().flatten().cloned());
        needed.extend(self.shadow.iter().map(Shadow::digest));
        let is_new = !self.stored.iter().any(|file| file.digest == upload);
        let others = self.stored.iter().map(|file| &file.digest).filter(|digest| *digest != upload);
        let free = others.filter(|digest| !needed.contains(digest));
        // One that only waits is the newest of those that are kept.
        let of_upload = usize::from(is_new && !activates);
        free.skip(kept.saturating_sub(of_upload)).cloned().collect()
    }

    /// Notes why a version is not used.
    pub(super) fn refuse(&mut self, digest: &str, reason: &str) {
        self.refused = Some(Refused { digest: digest.to_owned(), reason: reason.to_owned(), put_back: false });
    }

    /// Notes that a version failed and another took its place.
    pub(super) fn put_back(&mut self, digest: &str, reason: &str) {
        self.refused = Some(Refused { digest: digest.to_owned(), reason: reason.to_owned(), put_back: true });
    }

    /// Whether this version failed and is not to be tried again by itself.
    pub(super) fn was_put_back(&self, digest: &str) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.put_back && refused.digest == digest)
    }

    /// Why the last version was refused.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refused.as_ref().map(|refused| refused.reason.clone())
    }

    /// The versions that decide or have decided, the latest first, once this one decides.
    pub(super) fn decided_with(&self, digest: &str) -> Vec<String> {
        let before = self.active_digest().into_iter().chain(self.choice.decided.iter().cloned());
        let mut decided = vec![digest.to_owned()];
        for one in before {
            if decided.len() < DECIDED && !decided.contains(&one) {
                decided.push(one);
            }
        }
        decided
    }

    /// The same, once this one was put back and is to count as if it had never decided.
    pub(super) fn decided_without(&self, failed: &str, digest: &str) -> Vec<String> {
        let mut decided = self.decided_with(digest);
        decided.retain(|one| one != failed);
        decided
    }

    /// The version that decided before the one that does.
    fn previous_digest(&self) -> Option<String> {
        let active = self.active_digest();
        let decided = self.choice.decided.iter().map(String::as_str);
        let mut decided = decided.chain(self.previous.iter().map(|previous| &*previous.ready.component.digest));
        let is_other = |digest: &&str| active.as_deref() != Some(*digest) && !self.was_put_back(digest);
        decided.find(|digest| is_other(digest) && self.version(digest).is_some()).map(str::to_owned)
    }

    /// The digest of the version that decides.
    pub(super) fn active_digest(&self) -> Option<String> {
        self.active.as_ref().map(Active::digest)
    }

    /// The version that should be watched, if another one is, or none.
    pub(super) fn other_shadow(&self) -> Option<Option<String>> {
        let watched = self.shadow.as_ref().map(|shadow| &*shadow.ready.component.digest);
        (self.choice.shadow.as_deref() != watched).then(|| self.choice.shadow.clone())
    }

    /// Ids of the policies, conditions, executors and connectors that it has now.
    pub(super) fn ids_realms_need(&self) -> Vec<String> {
        self.active.iter().flat_map(|active| active.ready.offered.ids_realms_need()).map(str::to_owned).collect()
    }

    /// The same, and what realms still need of what it had.
    pub(super) fn needed_ids(&self) -> Vec<String> {
        let lost = self.lost.iter().flat_map(|lost| lost.ids.iter().cloned());
        self.ids_realms_need().into_iter().chain(lost).collect()
    }

    /// For administrators.
    pub(super) fn summary(&self) -> Summary {
        let active = self.active.as_ref();
        let mut providers: Vec<String> =
            active.iter().flat_map(|active| active.ready.offered.ids()).map(str::to_owned).collect();
        providers.sort_unstable();
        Summary {
            kinds: active.map(|active| active.ready.offered.kinds()).unwrap_or_default(),
            active: self.active_digest(),
            previous: self.previous_digest(),
            shadow: self.shadow.as_ref().map(Shadow::digest),
            watch: self.shadow.as_ref().map(|shadow| shadow.figures.report(shadow.digest())),
            source: active.map(|active| active.source).or_else(|| self.versions().next().map(|version| version.source)),
            providers,
            state: match active {
                None => Health::Refused,
                Some(active) if active.ready.component.is_failing() => Health::Failing,
                Some(_) => Health::Active,
            },
            reason: self
                .refused
                .as_ref()
                .map(Refused::told)
                .or_else(|| self.lost.as_ref().map(|lost| lost.reason.clone()))
                .or_else(|| active.and_then(|active| active.ready.component.why_failing())),
            since: active.map(|active| active.since),
            figures: Arc::clone(&self.figures),
            allowance: Arc::clone(&self.allowance),
            versions: self.versions().collect(),
        }
    }
}
