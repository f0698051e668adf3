//! Files with secrets in them: nobody but their owner may read them, from the first byte on, whatever lay in their place.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Read and written by the owner, by nobody else.
const MODE: u32 = 0o600;

/// A file that takes the place of another one, which may be there: it is made beside it, as a mode that is changed later
/// is one that others could use before.
pub struct PrivateFile {
    file: File,
    /// What it is called until it takes its place; `None`: it has it, or it is no file but a device or a pipe.
    beside: Option<PathBuf>,
    target: PathBuf,
}

impl PrivateFile {
    /// A new file for this place. What is there stays until [`PrivateFile::take_place`], and for good without it. A device
    /// or a pipe is written to as it is: its mode is not ours.
    ///
    /// # Errors
    /// When it cannot be made, or what is there may not be written.
    pub fn create(target: &Path) -> io::Result<PrivateFile> {
        // A link stays, and what it points to is replaced.
        let target = match OpenOptions::new().write(true).open(target) {
            Ok(there) if !there.metadata()?.is_file() => {
                return Ok(PrivateFile { file: there, beside: None, target: target.to_owned() });
            }
            Ok(_) => target.canonicalize()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(error),
        };
        let beside = folder(&target).join(format!(".matricula-{}.part", Uuid::new_v4()));
        let file = new(&beside)?;
        Ok(PrivateFile { file, beside: Some(beside), target })
    }

    /// Puts the file, with what was written so far and what will be, into its place.
    ///
    /// # Errors
    /// When it cannot be written or moved.
    pub fn take_place(&mut self) -> io::Result<()> {
        let Some(beside) = &self.beside else { return Ok(()) };
        self.file.sync_all()?;
        std::fs::rename(beside, &self.target)?;
        self.beside = None;
        File::open(folder(&self.target))?.sync_all()
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PrivateFile {
    /// What did not take its place is half of something, and goes.
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// A new file that only its owner may read.
///
/// # Errors
/// When it cannot be made; also when something has its name.
pub fn new(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(path)
}

/// Makes a folder, and those that it lies in, that only their owner may look into. One that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Takes a file away from everybody but its owner before more is written to it; whether that was necessary.
///
/// # Errors
/// When it is somebody else's, or not there.
pub(crate) fn close_to_others(path: &Path) -> io::Result<bool> {
    let mode = std::fs::metadata(path)?.mode();
    let open = mode & 0o077 != 0;
    if open {
        std::fs::set_permissions(path, Permissions::from_mode(mode & 0o700))?;
    }
    Ok(open)
}

/// The folder that a file lies in.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn scratch() -> PathBuf {
        let path = std::env::temp_dir().join(format!("matricula-private-{}", Uuid::new_v4()));
        make_folder(&path).unwrap();
        path
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_there_is_replaced_by_a_file_of_the_owner_alone() {
        let folder = scratch();
        let (target, link) = (folder.join("a"), folder.join("link"));
        std::os::unix::fs::symlink("a", &link).unwrap();
        for place in [&target, &target, &link] {
            if target.exists() {
                std::fs::set_permissions(&target, Permissions::from_mode(0o666)).unwrap();
            }
            let before = std::fs::read(&target).ok();
            // Whoever had it open before reads what it was.
            let mut file = PrivateFile::create(place).unwrap();
            file.write_all(b"secret").unwrap();
            assert_eq!(std::fs::read(&target).ok(), before);
            file.take_place().unwrap();
            assert_eq!((std::fs::read(&target).unwrap(), mode(&target)), (b"secret".to_vec(), 0o600));
            assert_eq!(names(&folder), ["a", "link"]);
            std::fs::write(&target, "before").unwrap();
        }
        assert!(link.symlink_metadata().unwrap().is_symlink());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let folder = scratch();
        let target = folder.join("a");
        std::fs::write(&target, "before").unwrap();
        PrivateFile::create(&target).unwrap().write_all(b"half").unwrap();
        assert_eq!((std::fs::read(&target).unwrap(), names(&folder)), (b"before".to_vec(), vec!["a".to_owned()]));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_device_stays_one() {
        let mut file = PrivateFile::create(Path::new("/dev/null")).unwrap();
        file.write_all(b"secret").unwrap();
        file.take_place().unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_file_is_closed_to_others_only() {
        let folder = scratch();
        let target = folder.join("a");
        for (before, after, changed) in [(0o644, 0o600, true), (0o600, 0o600, false), (0o440, 0o400, true)] {
            std::fs::write(&target, "a").unwrap();
            std::fs::set_permissions(&target, Permissions::from_mode(before)).unwrap();
            assert_eq!((close_to_others(&target).unwrap(), mode(&target)), (changed, after), "{before:o}");
            std::fs::remove_file(&target).unwrap();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
