//! Debian's compiler with the sources of std (`rustc-web`), for machines where rustup cannot get the target.
//!
//! The packages are unpacked into a cache, without root and without installing anything; apt verifies signatures and
//! checksums. Debian has no ready-made std for this compiler and target, so cargo compiles it.

use super::say;
use crate::command::{output, run, succeeds};
use crate::rustc;
use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine these packages are used on.
const MACHINE: &str = "x86_64-unknown-linux-gnu";

/// The unpacked compiler.
pub(crate) struct Compiler {
    /// The folder that stands for `/` of the packages.
    root: PathBuf,
    /// The linker for WebAssembly, which comes with rustup's toolchain.
    linker: PathBuf,
}

impl Compiler {
    /// Makes a cargo command use this compiler. It compiles std from source, which only a development compiler may,
    /// so it is told to behave as one.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        self.tell(cargo).arg("-Zbuild-std=std,panic_abort");
    }

    /// The same for a command that runs cargo in its turn.
    pub(crate) fn provide(&self, command: &mut Command) {
        self.tell(command).env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
    }

    fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("RUSTC", rustc(&self.root))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("LD_LIBRARY_PATH", library_path(&self.root))
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &self.linker)
    }
}

/// The compiler, if an earlier build has unpacked it.
///
/// # Errors
/// It is there, but there is no linker for it.
pub(crate) fn unpacked_earlier() -> Result<Option<Compiler>> {
    let root = cache()?.join("root");
    if works(&root) { Ok(Some(Compiler { root, linker: linker()? })) } else { Ok(None) }
}

/// Downloads and unpacks the compiler.
///
/// # Errors
/// Not an x86_64 Debian, no linker, or the download fails.
pub(crate) fn unpack() -> Result<Compiler> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        bail!("Debian's packages are used on {MACHINE} only");
    }
    for tool in ["apt-get", "apt-cache", "dpkg-deb"] {
        if !succeeds(Command::new(tool).arg("--version")) {
            bail!("{tool} not found; Debian's packages need it");
        }
    }
    let linker = linker()?;
    let cache = cache()?;
    let scratch = cache.join(format!("unpacking-{}", std::process::id()));
    let unpacked = unpack_in(&scratch).and_then(|()| {
        let root = cache.join("root");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::rename(scratch.join("root"), &root)?;
        Ok(root)
    });
    fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    Ok(Compiler { root: unpacked?, linker })
}

/// Leaves the unpacked packages in `root` of this folder.
fn unpack_in(scratch: &Path) -> Result<()> {
    let packages = scratch.join("packages");
    for folder in ["lists/partial", "archives/partial", "packages", "root"] {
        fs::create_dir_all(scratch.join(folder))?;
    }
    let apt = |program: &str| {
        // A package index of its own: needs no root and leaves the system's alone.
        let mut command = Command::new(program);
        command
            .arg("-q")
            .args(["-o", &format!("Dir::State::lists={}", scratch.join("lists").display())])
            .args(["-o", &format!("Dir::Cache={}", scratch.display())])
            .args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"]);
        command
    };
    say("apt-get update, into an index of its own");
    if let Err(error) = run(apt("apt-get").arg("update")) {
        say(&format!("{error:#}; going on with what it could get"));
    }
    // The compiler's library and LLVM's carry versions in their names.
    let dependency = |package: &str, prefix: &str| {
        let description = output(apt("apt-cache").args(["show", "--no-all-versions", package]))?;
        versioned_dependency(&description, prefix)
            .with_context(|| format!("no {prefix}* for {package} in the configured Debian sources"))
    };
    let library = dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
    let llvm = dependency(&library, "libllvm")?;
    let names = ["rustc-web", "libstd-rust-web-dev", &library, "rust-web-src", &llvm];
    say(&format!("downloading {} (about 140 MB)", names.join(", ")));
    run(apt("apt-get").arg("download").args(names).current_dir(&packages))?;
    for package in fs::read_dir(&packages)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(scratch.join("root")))?;
    }
    if !works(&scratch.join("root")) {
        bail!("Debian's compiler is unpacked but does not run");
    }
    Ok(())
}

/// The first dependency in apt's description of a package whose name is this prefix and then a number.
fn versioned_dependency(description: &str, prefix: &str) -> Option<String> {
    description
        .lines()
        .filter_map(|line| line.strip_prefix("Depends: "))
        .flat_map(|list| list.split([',', '|', ' ']))
        .find(|name| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
        .map(str::to_owned)
}

/// Whether the unpacked compiler runs and brings the sources of std.
fn works(root: &Path) -> bool {
    root.join("usr/lib/rustlib/src/rust/library/std").is_dir()
        && succeeds(Command::new(rustc(root)).arg("--version").env("LD_LIBRARY_PATH", library_path(root)))
}

/// The compiler's executable.
fn rustc(root: &Path) -> PathBuf {
    root.join("usr/bin/rustc")
}

/// The packages' libraries, before those that are searched anyway.
fn library_path(root: &Path) -> OsString {
    let mut path = root.join("usr/lib/x86_64-linux-gnu").into_os_string();
    if let Some(others) = env::var_os("LD_LIBRARY_PATH") {
        path.push(":");
        path.push(others);
    }
    path
}

/// The linker for WebAssembly: `rust-lld` of the installed toolchain, or one on the path.
fn linker() -> Result<PathBuf> {
    let own = rustc::sysroot()?.join("lib/rustlib").join(MACHINE).join("bin/rust-lld");
    if own.is_file() {
        return Ok(own);
    }
    for name in ["rust-lld", "wasm-ld"] {
        if succeeds(Command::new(name).args(["-flavor", "wasm", "--version"]))
            || succeeds(Command::new(name).arg("--version"))
        {
            return Ok(name.into());
        }
    }
    bail!("no linker for WebAssembly (rust-lld of rustup's toolchain, or wasm-ld of package lld)")
}

/// The folder that keeps the compiler between builds; `WASM_TOOLCHAIN_DIR` names another.
fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("WASM_TOOLCHAIN_DIR") {
        return Ok(std::path::absolute(folder)?);
    }
    let caches = match env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&env::var_os("HOME").context("HOME is not set; set WASM_TOOLCHAIN_DIR")?).join(".cache"),
    };
    Ok(caches.join("matricula/wasm-toolchain"))
}

#[cfg(test)]
mod tests {
    use super::versioned_dependency;

    #[test]
    fn finds_the_dependency_with_a_version_in_its_name() {
        let description = "Package: libstd-rust-web-dev\n\
            Depends: libc6 (>= 2.34), libstd-rust-web-1.96 (= 1.96.0+dfsg-1), libllvm19 | libllvm18\n\
            Suggests: libstd-rust-web-0\n";
        for (prefix, found) in [
            ("libstd-rust-web-", Some("libstd-rust-web-1.96")),
            ("libllvm", Some("libllvm19")),
            ("libc", Some("libc6")),
            ("libz", None),
        ] {
            assert_eq!(versioned_dependency(description, prefix).as_deref(), found, "{prefix}");
        }
    }
}
