//! What a component may use: the time of its calls, the memory and tables of its instances; and the most that one took.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

use super::engine::{CALL_TIME, MEMORY, TABLE_ELEMENTS};

/// What administrators allow a component; its versions share it.
pub struct Allowance {
    call_millis: AtomicU32,
    memory_mib: AtomicU32,
}

impl Default for Allowance {
    fn default() -> Allowance {
        let allowance = Allowance { call_millis: AtomicU32::new(0), memory_mib: AtomicU32::new(0) };
        allowance.set(None, None);
        allowance
    }
}

impl Allowance {
    /// Sets it; what is absent is the same for all components.
    pub fn set(&self, call_millis: Option<u32>, memory_mib: Option<u32>) {
        let usual = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        self.call_millis.store(call_millis.unwrap_or(usual(CALL_TIME.as_millis())), Relaxed);
        self.memory_mib.store(memory_mib.unwrap_or(usual((MEMORY >> 20) as u128)), Relaxed);
    }

    /// Wall time of a call, in milliseconds.
    pub fn call_millis(&self) -> u32 {
        self.call_millis.load(Relaxed)
    }

    /// The same.
    pub(crate) fn call_time(&self) -> Duration {
        Duration::from_millis(self.call_millis().into())
    }

    /// Linear memory of an instance, in MiB.
    pub fn memory_mib(&self) -> u32 {
        self.memory_mib.load(Relaxed)
    }
}

/// An instance wanted more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("growing memory to {wanted} bytes is more than is allowed")]
pub struct OutOfMemory {
    wanted: usize,
}

/// The limits of one instance; wasmtime asks before memory or a table grows.
pub struct Limits {
    limits: StoreLimits,
    /// Bytes of linear memory at its largest.
    pub memory_peak: usize,
}

impl Limits {
    /// The limits of a new instance.
    pub(super) fn of(allowance: &Allowance) -> Limits {
        let memory = (allowance.memory_mib() as usize) << 20;
        let limits = StoreLimitsBuilder::new().memory_size(memory).table_elements(TABLE_ELEMENTS);
        Limits { limits: limits.trap_on_grow_failure(true).build(), memory_peak: 0 }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let grows = self.limits.memory_growing(current, desired, maximum);
        let grows = grows.map_err(|_| OutOfMemory { wanted: desired })?;
        if grows {
            self.memory_peak = self.memory_peak.max(desired);
        }
        Ok(grows)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
