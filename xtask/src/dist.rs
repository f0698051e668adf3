//! `cargo xtask dist`: the archive of a release, which the same sources make byte by byte the same again.
//!
//! It is built in a target directory of its own, `target/dist/build`, without the paths of this machine. It holds the
//! server without symbols, the pages for users, the licences of everything that is linked in, a list of it (CycloneDX)
//! and the checksums of all that. Names are sorted, owners and modes fixed, and every time is that of the commit.

mod notices;
mod parts;
mod sbom;

use crate::build::build;
use crate::command::{output, run};
use crate::rustc;
use crate::steps::Steps;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use parts::Part;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes the archive in `target/dist`, twice, and compares both.
///
/// # Errors
/// Something does not build, a tool is missing, or the second archive is not the first.
pub(crate) fn dist(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new("dist");
    let mut archive = None;
    let time = time_of_release(workspace)?;
    let release = workspace.for_release(time)?;
    let made = steps.run("build", || build(&release))
        && steps.run("archive", || {
            archive = Some(Release::read(&release, time)?.archive()?);
            Ok(())
        });
    if let (true, Some(first)) = (made, &archive) {
        steps.run("the same again", || {
            let before = fs::read(first)?;
            let again = Release::read(&release, time)?.archive()?;
            ensure!(fs::read(again)? == before, "the second archive is not the first");
            println!("{}  {}", first.display(), output(Command::new("sha256sum").arg(first))?.trim());
            Ok(())
        });
    }
    steps.finish()
}

/// What goes into an archive.
struct Release<'w> {
    workspace: &'w Workspace,
    /// `matricula-0.1.0-x86_64-unknown-linux-gnu`.
    name: String,
    /// Seconds since 1970.
    time: i64,
    version: String,
    /// Everything that is linked in or bundled.
    parts: Vec<Part>,
}

impl Release<'_> {
    fn read(workspace: &Workspace, time: i64) -> Result<Release<'_>> {
        let host = rustc::version("host")?;
        let (version, parts) = parts::all(workspace, &host)?;
        Ok(Release { workspace, name: format!("matricula-{version}-{host}"), time, version, parts })
    }

    /// Fills a folder and packs it. The archive and its checksum are beside the folder.
    fn archive(&self) -> Result<PathBuf> {
        let dist = self.workspace.target.parent().context("no target directory")?;
        let folder = dist.join(&self.name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let root = &self.workspace.root;
        run(Command::new("strip")
            // Names of functions hold digests of what never leaves the compiler, paths among it.
            .args(["--strip-all", "--remove-section=.note.gnu.build-id", "--enable-deterministic-archives", "-o"])
            .arg(folder.join("matricula"))
            .arg(self.workspace.server()))?;
        for file in ["LICENSE", "README.md", "CHANGELOG.md"] {
            fs::copy(root.join(file), folder.join(file)).with_context(|| file.to_owned())?;
        }
        copy_folder(&root.join("docs"), &folder.join("docs"))?;
        fs::write(folder.join("THIRD-PARTY.txt"), notices::text(&self.parts)?)?;
        fs::write(folder.join("sbom.cdx.json"), sbom::json(&self.version, self.time, &self.parts)?)?;
        let sums = "find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -d '\\n' sha256sum > SHA256SUMS";
        run(Command::new("sh").args(["-c", sums]).current_dir(&folder))?;
        let tar = dist.join(format!("{}.tar", self.name));
        run(Command::new("tar")
            .args(["--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"])
            .arg(format!("--mtime=@{}", self.time))
            .arg("--directory")
            .arg(dist)
            .arg("--create")
            .arg("--file")
            .arg(&tar)
            .arg(&self.name)
            .env("LC_ALL", "C"))?;
        run(Command::new("gzip").args(["--no-name", "--best", "--force"]).arg(&tar))?;
        let archive = dist.join(format!("{}.tar.gz", self.name));
        let sum = output(Command::new("sha256sum").arg(format!("{}.tar.gz", self.name)).current_dir(dist))?;
        fs::write(dist.join(format!("{}.tar.gz.sha256", self.name)), sum)?;
        Ok(archive)
    }
}

/// The time that everything in the archive has, seconds since 1970: `SOURCE_DATE_EPOCH`, else that of the commit.
///
/// # Errors
/// There is neither.
pub(crate) fn time_of_release(workspace: &Workspace) -> Result<i64> {
    let text = match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(&workspace.root))
            .context("neither SOURCE_DATE_EPOCH nor a commit tells the time")?,
    };
    text.trim().parse().with_context(|| format!("no time: {text:?}"))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}
