//! The drop folder: files that are added, replaced or removed are noticed within a second. It is looked at, as not every
//! file system tells of changes; a file counts once it has stayed the same from one look to the next, so that one that
//! is still being written is left alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;

use super::{Components, signature};

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// What tells one content of a file from the next without reading it.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
    /// A file that was moved here may be as long and as old as the one before.
    inode: u64,
    /// When the signature beside it was written.
    signed: Option<SystemTime>,
}

/// A component file of the folder.
pub(crate) struct DroppedFile {
    /// Name of the component: that of the file without its ending.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Bytes,
    /// What is in the file beside it that ends in `.sig`.
    pub(crate) signature: Option<Vec<u8>>,
}

/// What the last looks have found.
pub(crate) struct Folder {
    path: PathBuf,
    seen: BTreeMap<String, Seen>,
    /// As it was when it was loaded or refused.
    handled: BTreeMap<String, Seen>,
}

/// What is different from before.
pub(crate) enum Change {
    /// A file is new, or another.
    Dropped(DroppedFile),
    /// A file is gone.
    Removed(String),
}

impl Folder {
    /// Nothing seen yet.
    pub(crate) fn new(path: PathBuf) -> Folder {
        Folder { path, seen: BTreeMap::new(), handled: BTreeMap::new() }
    }

    /// What to do now. At the start files count at once.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read. A folder that does not exist is empty.
    pub(crate) fn look(&mut self, starting: bool) -> std::io::Result<Vec<Change>> {
        let found = component_files(&self.path)?;
        let mut changes = Vec::new();
        for (name, now) in &found {
            let settled = starting || self.seen.get(name) == Some(now);
            if settled && self.handled.get(name) != Some(now) {
                changes.push(Change::Dropped(self.read(name)?));
                self.handled.insert(name.clone(), now.clone());
            }
        }
        let gone: Vec<String> = self.handled.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
        for name in gone {
            self.handled.remove(&name);
            changes.push(Change::Removed(name));
        }
        self.seen = found;
        Ok(changes)
    }

    fn read(&self, name: &str) -> std::io::Result<DroppedFile> {
        let file = self.path.join(format!("{name}.wasm"));
        let signature = std::fs::read_to_string(file.with_extension("wasm.sig")).ok();
        Ok(DroppedFile {
            name: name.to_owned(),
            bytes: std::fs::read(&file)?.into(),
            // One that is not Base64 verifies as little as none.
            signature: signature.and_then(|text| signature::decode(&text).ok()),
        })
    }
}

/// The component files of a folder (`*.wasm`) by the names of their components.
fn component_files(folder: &Path) -> std::io::Result<BTreeMap<String, Seen>> {
    use std::os::unix::fs::MetadataExt;
    let mut files = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".wasm"))
        else {
            continue;
        };
        // It may be gone by now.
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        if metadata.is_file() && !name.is_empty() {
            let signed = std::fs::metadata(path.with_extension("wasm.sig")).and_then(|signature| signature.modified());
            let seen = Seen {
                length: metadata.len(),
                modified: metadata.modified().ok(),
                inode: metadata.ino(),
                signed: signed.ok(),
            };
            files.insert(name.to_owned(), seen);
        }
    }
    Ok(files)
}

/// Looks at the folder for as long as the server runs.
pub(crate) async fn watch(components: Components, mut folder: Folder) {
    let mut failing = false;
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        // A look takes microseconds; files are read only when they are new.
        match tokio::task::block_in_place(|| folder.look(false)) {
            Ok(changes) => {
                failing = false;
                for change in changes {
                    components.folder_changed(change).await;
                }
            }
            Err(error) if failing => tracing::debug!(%error, "the folder of components cannot be read"),
            Err(error) => {
                failing = true;
                tracing::error!(%error, "the folder of components cannot be read");
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn names(changes: Vec<Change>) -> Vec<String> {
        let name = |change| match change {
            Change::Dropped(file) => format!("+{} {}", file.name, String::from_utf8_lossy(&file.bytes)),
            Change::Removed(name) => format!("-{name}"),
        };
        changes.into_iter().map(name).collect()
    }

    #[test]
    fn a_file_counts_when_it_has_not_changed_between_two_looks() {
        let path = std::env::temp_dir().join(format!("matricula-folder-{}", uuid::Uuid::new_v4()));
        let mut folder = Folder::new(path.clone());
        assert!(folder.look(true).unwrap().is_empty(), "no folder is an empty one");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("a.wasm"), "ha").unwrap();
        std::fs::write(path.join("notes.txt"), "no component").unwrap();
        assert!(folder.look(false).unwrap().is_empty());
        std::fs::write(path.join("a.wasm"), "half").unwrap();
        assert!(folder.look(false).unwrap().is_empty());
        assert_eq!(names(folder.look(false).unwrap()), ["+a half"]);
        assert!(folder.look(false).unwrap().is_empty());
        // As long as before, but another.
        std::fs::write(path.join("b"), "full").unwrap();
        std::fs::rename(path.join("b"), path.join("a.wasm")).unwrap();
        assert!(folder.look(false).unwrap().is_empty());
        assert_eq!(names(folder.look(false).unwrap()), ["+a full"]);
        std::fs::remove_file(path.join("a.wasm")).unwrap();
        assert_eq!(names(folder.look(false).unwrap()), ["-a"]);
        std::fs::remove_dir_all(path).unwrap();
    }
}
