//! WebAssembly components: guests compiled, wrapped, and checked against `wit/`.

use crate::command::run;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::{Path, PathBuf};
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

/// The world of connectors, which is in `wit/next/`.
const CONNECTOR: &str = "connector";
/// The feature of the SDK with which a policy is built for the contract in `wit/next/`.
const NEXT: &str = "contract-0-2";

/// A package that becomes a component.
struct Guest {
    /// Name of the component's file, without `.wasm`.
    name: String,
    /// Name of the cargo package.
    package: String,
    /// The world it has to fit; `None` for the guests of the tests, which misbehave on purpose.
    world: Option<&'static str>,
    /// That world is the one in `wit/next/`.
    next: bool,
}

/// Builds every component: the server's into [`Workspace::components`], the tests' into [`Workspace::test_components`].
///
/// # Errors
/// No toolchain, a guest that does not compile, or a component that does not fit its world.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find(workspace.wasm_target_timeout)?;
    let guests = guests(&workspace.root)?;
    let modules = compile(workspace, &toolchain, &guests)?;
    let mut contract = Resolve::new();
    let (package, _) = contract.push_dir(workspace.root.join("wit")).context("wit/")?;
    let (next, _) = contract.push_dir(workspace.root.join("wit/next")).context("wit/next/")?;

    for guest in &guests {
        let component = wrap(&modules, guest)?;
        if let Some(world) = guest.world {
            let home = if guest.next { next } else { package };
            let world = contract.select_world(&[home], Some(world))?;
            wit_component::targets(&contract, world, &component)
                .with_context(|| format!("{} does not fit world `{}`", guest.package, contract.worlds[world].name))?;
        }
        let file = folder(workspace, guest).join(format!("{}.wasm", guest.name));
        if write_if_changed(&file, &component)? {
            eprintln!("component {}: {} kB", guest.name, component.len().div_ceil(1000));
        }
    }
    for made in [workspace.components(), workspace.test_components()] {
        let names = guests.iter().filter(|guest| folder(workspace, guest) == made).map(|guest| guest.name.as_str());
        remove_others(&made, &names.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// `core-wasm`, every folder of `policies/` and `connectors/` but the SDKs, every folder of `tests/guests/`, in the order
/// of their names.
fn guests(root: &Path) -> Result<Vec<Guest>> {
    let mut guests = vec![guest(&root.join("core-wasm"), "core", Some("provider"))?];
    for (folder, world) in [("policies", Some("policy")), ("connectors", Some(CONNECTOR)), ("tests/guests", None)] {
        for (name, folder) in packages(&root.join(folder))? {
            // Folders of conditions and executors of client policies say so in their names.
            let world = world.map(|world| if name.starts_with("client-policy-") { "client-policy" } else { world });
            if world.is_some() && name == "sdk" {
                continue;
            }
            // A connector is called by the kind of target: `connectors/keycloak`.
            let name = if world == Some(CONNECTOR) { format!("{CONNECTOR}-{name}") } else { name };
            guests.push(guest(&folder, &name, world)?);
        }
    }
    Ok(guests)
}

/// Names and paths of the folders in here that hold a cargo package, by name.
fn packages(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.join("Cargo.toml").is_file()
                && let Some(name) = path.file_name()
            {
                found.push((name.to_string_lossy().into_owned(), path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The guest in this folder.
fn guest(folder: &Path, name: &str, world: Option<&'static str>) -> Result<Guest> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    // The first name in a manifest is the package's; a parser of TOML would double what has to compile first.
    let package = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .find_map(|(key, value)| (key.trim() == "name").then(|| value.trim().trim_matches('"').to_owned()))
        .with_context(|| format!("{} names no package", manifest.display()))?;
    let next = world == Some(CONNECTOR) || text.contains(NEXT);
    Ok(Guest { name: name.to_owned(), package, world, next })
}

/// Compiles the guests; the folder of the modules. It is a target directory of its own: Debian's compiler, if it has to
/// be used, must not rebuild anything of the server's.
fn compile(workspace: &Workspace, toolchain: &Toolchain, guests: &[Guest]) -> Result<PathBuf> {
    let target = workspace.target.join("guests");
    let mut cargo = workspace.cargo(&["build", "--lib", "--profile", "guest"]);
    for guest in guests {
        cargo.args(["--package", &guest.package]);
    }
    toolchain.apply(&mut cargo);
    run(cargo.env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join(TARGET).join("guest"))
}

/// The guest's module as a component.
fn wrap(modules: &Path, guest: &Guest) -> Result<Vec<u8>> {
    let file = modules.join(format!("{}.wasm", guest.package.replace('-', "_")));
    let module = fs::read(&file).with_context(|| {
        format!("no {}: {} needs `crate-type = [\"cdylib\", \"rlib\"]`", file.display(), guest.package)
    })?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("{} is no component", guest.package))
}

/// Where the guest's component goes.
fn folder(workspace: &Workspace, guest: &Guest) -> PathBuf {
    if guest.world.is_some() { workspace.components() } else { workspace.test_components() }
}

/// Writes the file unless it holds just that: cargo rebuilds the server for every newer file it has built in.
fn write_if_changed(file: &Path, content: &[u8]) -> Result<bool> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let folder = file.parent().ok_or_else(|| anyhow!("{} has no folder", file.display()))?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(file, content).with_context(|| file.display().to_string())?;
    Ok(true)
}

/// Removes the components that are not among these names: their guests are gone.
fn remove_others(folder: &Path, names: &[&str]) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "wasm") && !names.iter().any(|known| name == *known) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
