//! Tells the host where the components lie that `cargo xtask build` made, and which files its web pages have.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    // Read while running: a target folder may be shared by several clones.
    let host = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder = host.join("../target/components");
    let connectors = ["connector-keycloak.wasm", "connector-hydra.wasm", "connector-webhook.wasm"];
    for name in [
        "core.wasm",
        "builtin.wasm",
        "client-policy-builtin.wasm",
        "approval-required.wasm",
        "redirect-rules.wasm",
        "scope-filter.wasm",
        "fapi-2.wasm",
    ]
    .into_iter()
    .chain(connectors)
    {
        let file = folder.join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.exists() {
            println!("cargo::error={} is missing: run `cargo xtask build`, which makes it", file.display());
        }
    }
    println!("cargo::rustc-env=MATRICULA_COMPONENTS={}", folder.display());
    web_files(&host.join("../target/web"));
}

/// Writes the tables of files that `host/src/web.rs` serves. A page that is not built has an empty table: the server
/// compiles without it, which is what `cargo check` and the tests of other parts need.
fn web_files(folder: &Path) {
    let mut source = String::new();
    for name in ["bench", "console"] {
        let page = folder.join(name);
        println!("cargo::rerun-if-changed={}", page.display());
        let mut files = Vec::new();
        if page.join("index.html").is_file() {
            collect(&page, "", &mut files);
        } else {
            println!("cargo::warning=/{name}/ is left out: `cargo xtask build` makes {}", page.display());
        }
        files.sort();
        let _ = writeln!(source, "static {}: &[File] = &[", name.to_uppercase());
        for path in files.iter().filter(|path| !path.ends_with(".gz")) {
            let file = page.join(path);
            let compressed = page.join(format!("{path}.gz"));
            let gzip =
                if compressed.is_file() { format!("Some(include_bytes!({compressed:?}))") } else { "None".to_owned() };
            let _ = writeln!(source, "    File {{ path: {path:?}, content: include_bytes!({file:?}), gzip: {gzip} }},");
        }
        source.push_str("];\n");
    }
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    if let Err(error) = fs::write(out.join("web_files.rs"), source) {
        println!("cargo::error=writing the table of web files: {error}");
    }
}

/// Every file below a folder, by its path with slashes.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.push(path);
        }
    }
}
