//! Native code of the server's own components: the first server of a test compiles it, the others find it in their
//! folders. Compiling costs twenty times what the rest of a start does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;

/// Where a server keeps native code, below its folder.
const CACHE: &str = "cache/components";

/// Puts native code into the folder of a server that has none yet.
///
/// # Errors
/// When it cannot be copied.
pub(crate) fn provide(data: &Path, program: &Path) -> anyhow::Result<()> {
    let kept = kept(program)?;
    // A server that starts again has what it left.
    if data.exists() || !kept.exists() {
        return Ok(());
    }
    copy(kept, &data.join(CACHE))
}

/// Keeps the native code of a server that has started, for those that follow.
///
/// # Errors
/// When it cannot be copied.
pub(crate) fn keep(data: &Path, program: &Path) -> anyhow::Result<()> {
    let (kept, cache) = (kept(program)?, data.join(CACHE));
    if kept.exists() || !cache.exists() {
        return Ok(());
    }
    // Whole or not at all, as others look meanwhile; who comes second has made the same.
    let part = kept.with_extension(uuid::Uuid::new_v4().to_string());
    copy(&cache, &part)?;
    if fs::rename(&part, kept).is_err() {
        fs::remove_dir_all(&part)?;
    }
    Ok(())
}

/// Where it is kept: beside the program. What an older program left is removed before any test looks.
fn kept(program: &Path) -> anyhow::Result<&'static PathBuf> {
    static KEPT: OnceLock<PathBuf> = OnceLock::new();
    let built = fs::metadata(program)?.modified()?;
    Ok(KEPT.get_or_init(|| {
        let kept = program.with_file_name("compiled-for-tests");
        if fs::metadata(&kept).and_then(|kept| kept.modified()).is_ok_and(|made| made < built) {
            // What cannot be removed is compiled by another program: the server sees that and compiles it anew.
            let _ = fs::remove_dir_all(&kept);
        }
        kept
    }))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // Only its own user may write to what a server runs.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let file = entry?;
        // One that is being written belongs to another server.
        if file.path().extension().is_some_and(|extension| extension == "cwasm") {
            fs::copy(file.path(), to.join(file.file_name())).with_context(|| file.path().display().to_string())?;
        }
    }
    Ok(())
}
