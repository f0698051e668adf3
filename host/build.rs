//! Tells the host where the components lie that `cargo xtask build` made.

use std::path::PathBuf;

fn main() {
    // Read while running: a target folder may be shared by several clones.
    let host = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder = host.join("../target/components");
    for name in ["core.wasm", "builtin.wasm", "client-policy-builtin.wasm"] {
        let file = folder.join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.exists() {
            println!("cargo::error={} is missing: run `cargo xtask build`, which makes it", file.display());
        }
    }
    println!("cargo::rustc-env=MATRICULA_COMPONENTS={}", folder.display());
    println!("cargo::rerun-if-changed=../wit");
    println!("cargo::rerun-if-changed=migrations");
}
