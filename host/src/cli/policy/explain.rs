//! Why a component can't be used, in words for its author.

use anyhow::anyhow;
use matricula_contract::Hook;
use matricula_contract::names::hook_name;
use matricula_wasm::component::Instance;
use matricula_wasm::trap;
use matricula_wasm::unfit::Unfit;

/// Why a server cannot use a component, in its own words; what the engine says is a second line.
pub(super) fn unfit(unfit: Unfit) -> anyhow::Error {
    let Unfit { sentence, engine } = unfit;
    match engine {
        None => anyhow!(sentence),
        Some(engine) => anyhow!("{sentence}\nThe engine says: {engine}"),
    }
}

/// Why no instance can be made of a component that was loaded.
pub(super) fn unloadable(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("no instance of it can be made: {error:#}")
}

/// Why a call has no answer. The server refuses the request then.
pub(super) fn failure(what: &str, instance: &Instance, error: &wasmtime::Error) -> anyhow::Error {
    let why = trap::reason(instance.store.data(), error);
    anyhow!("the {what} has no answer: {why}\nA server answers 500 `server_error` and stores nothing")
}

/// Whether there is a hook of this name.
pub(super) fn is_hook(name: &str) -> bool {
    HOOKS.iter().any(|hook| hook_name(*hook) == name)
}

/// Every hook.
const HOOKS: [Hook; 7] = [
    Hook::BeforeRegister,
    Hook::AfterRegister,
    Hook::BeforeUpdate,
    Hook::AfterUpdate,
    Hook::BeforeView,
    Hook::BeforeDelete,
    Hook::BeforeInstall,
];
