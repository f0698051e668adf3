//! The file that a realm comes from. It is read more than once, so standard input is kept meanwhile.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, ensure};
use matricula_store::private_file;
use uuid::Uuid;

use super::encoding::{self, Encoding};

/// A file in UTF-8.
pub(super) struct Source {
    file: File,
    /// Where the document begins.
    pub(super) begin: u64,
}

impl Source {
    /// The file of this name; `-` is standard input.
    ///
    /// # Errors
    /// With what was being done, for the operator.
    pub(super) fn open(name: &Path) -> anyhow::Result<Source> {
        let mut file = if name == Path::new("-") {
            kept(|copy| Ok(io::copy(&mut io::stdin().lock(), copy).map(drop)?)).context("keeping standard input")?
        } else {
            let opened = File::open(name).with_context(|| format!("opening {}", name.display()))?;
            ensure!(opened.metadata()?.is_file(), "{} is no file; `-` reads standard input", name.display());
            opened
        };
        let mut first = Vec::with_capacity(4);
        (&file).take(4).read_to_end(&mut first).context("reading the file")?;
        file.rewind().context("reading the file")?;
        match encoding::of(&first) {
            Encoding::Utf8(begin) => Ok(Source { file, begin }),
            Encoding::Wide(wide) => {
                let file = kept(|copy| wide.to_utf8(&mut file, copy)).context("reading the file as UTF-8")?;
                Ok(Source { file, begin: 0 })
            }
        }
    }

    /// The file from this byte on. There is one place in it at a time.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub(super) fn from(&self, position: u64) -> anyhow::Result<File> {
        let mut file = self.file.try_clone().context("reading the file again")?;
        file.seek(SeekFrom::Start(position)).context("reading the file again")?;
        Ok(file)
    }
}

/// A file without a name that holds what is written to it.
fn kept(write: impl FnOnce(&mut File) -> anyhow::Result<()>) -> anyhow::Result<File> {
    let path = std::env::temp_dir().join(format!("matricula-import-{}", Uuid::new_v4()));
    // Secrets are in it.
    let mut copy = private_file::new(&path).with_context(|| format!("making {}", path.display()))?;
    std::fs::remove_file(&path).with_context(|| format!("removing the name {}", path.display()))?;
    write(&mut copy)?;
    Ok(copy)
}
