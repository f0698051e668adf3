//! What an instance may take of memory and tables, and the most that it took.

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

use super::engine::{MEMORY, TABLE_ELEMENTS};

/// The limits of one instance; wasmtime asks before memory or a table grows.
pub(crate) struct Limits {
    limits: StoreLimits,
    /// Bytes of linear memory at its largest.
    pub(crate) memory_peak: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).table_elements(TABLE_ELEMENTS);
        Limits { limits: limits.trap_on_grow_failure(true).build(), memory_peak: 0 }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let grows = self.limits.memory_growing(current, desired, maximum)?;
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
