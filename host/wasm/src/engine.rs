//! The engine that runs components, and every limit they run under.

use std::time::Duration;

use anyhow::Context;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Wall time that a call may take, waiting for the host not counted. A busy machine must not fail healthy calls. An
/// administrator may set another one for a component.
pub(crate) const CALL_TIME: Duration = Duration::from_secs(1);
/// How often a running call is looked at, and lets others run on its thread.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// Ticks after which a call is a long one: it makes pauses then, so that all long calls together take at most the time of
/// one processor from the others.
pub(crate) const LONG: u32 = 5;
/// Linear memory of an instance.
pub const MEMORY: usize = 64 << 20;
/// The most that an administrator may give to the instances of a component.
pub const LARGEST_MEMORY: usize = 256 << 20;
/// Elements in a table of an instance.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;
/// Bytes that may be copied out of an instance by one call (a document is at most 1 MiB).
pub(crate) const RETURNED: usize = 4 << 20;
/// Calls of one component at the same time; others wait for at most the time of a call.
pub(crate) const CALLS_AT_ONCE: usize = 16;
/// Of these, calls of one realm.
pub(crate) const CALLS_AT_ONCE_OF_REALM: usize = 12;
/// Time that one request may wait for names and documents of others, in all its calls together.
pub(crate) const WAITING_TIME: Duration = Duration::from_secs(10);
/// The part of it that may go to policies and versions that are only watched.
pub(crate) const WAITING_TIME_OF_WATCHED: Duration = Duration::from_secs(2);
/// Names and documents that one request may ask others for. A realm's list of trusted hosts may be long.
pub(crate) const LOOKUPS: u32 = 256;
/// Calls of all components that may wait for others at the same time: each keeps its instance, but no turn.
pub const WAITING_CALLS: usize = 64;
/// Of these, calls of one realm.
pub(crate) const WAITING_CALLS_OF_REALM: usize = 16;
/// Log lines of one call; more are dropped.
pub(crate) const LOG_LINES: u32 = 16;
/// Bytes of a log line; the rest is cut off.
pub(crate) const LOG_LINE: usize = 4 << 10;
/// Calls after which an instance is replaced.
pub(crate) const CALLS_PER_INSTANCE: u32 = 1_000;
/// Instances that wait to be used again, of all components and realms together.
pub(crate) const IDLE_INSTANCES: usize = 64;
/// Instances that exist at the same time: those that wait to be used, those whose calls wait, and those that run.
const INSTANCES: u32 = 256;
/// Modules that a component may consist of: ours are 3, componentize-qjs makes 13, componentize-py 38.
const MODULES: u32 = 64;
/// Memories of an instance: ours have 1, componentize-qjs makes 3, of which two stay empty.
const MEMORIES: u32 = 4;
/// Stack of a call, WebAssembly's own and the host's.
const STACK: usize = 1 << 20;
/// Memory that a slot keeps from one instance to the next, so that it need not be mapped again.
const KEPT_RESIDENT: usize = 256 << 10;
/// Slots without an instance that are kept ready for the component they served last: those of components that were swapped
/// would else pile up.
const WARM_SLOTS: u32 = 16;

/// An engine that only compiles, for others that run what comes of it.
///
/// # Errors
/// When this machine cannot run WebAssembly.
pub fn compiler() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

/// What native code depends on.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(STACK / 2)
        .async_stack_size(STACK);
    config
}

/// Makes the engine and the clock that ends calls which take too long.
///
/// # Errors
/// When this machine cannot run WebAssembly or give the memory.
pub fn engine() -> anyhow::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * MODULES)
        .total_memories(INSTANCES * 2)
        .total_tables(INSTANCES * 4)
        .total_stacks(INSTANCES)
        .max_core_instances_per_component(MODULES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(4)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(LARGEST_MEMORY)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(1 << 20)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(KEPT_RESIDENT)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10);
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).map_err(|error| anyhow::anyhow!("starting the WebAssembly engine: {error:#}"))?;
    let clock = engine.weak();
    std::thread::Builder::new()
        .name("wasm-clock".to_owned())
        .spawn(move || {
            while let Some(engine) = clock.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .context("starting the clock of the WebAssembly engine")?;
    Ok(engine)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::*;

    #[test]
    fn what_the_compiler_makes_fits_the_engine_of_the_server() {
        let hash = |engine: &Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(&compiler().unwrap()), hash(&engine().unwrap()));
    }
}
