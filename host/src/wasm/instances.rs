//! Instances that wait to be used again: reuse is three times as fast as a fresh one, and does not make the threads wait
//! for each other's page faults. An instance serves one realm only, so that nothing can leak between realms.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::component::{Instance, LoadedComponent};
use super::engine::{CALLS_PER_INSTANCE, IDLE_INSTANCES};
use super::facts::RealmOfCall;
use super::{Failure, WasmError};

/// An instance that waits.
struct Idle {
    component: Arc<str>,
    realm: Arc<str>,
    instance: Box<Instance>,
}

/// The pool.
#[derive(Clone, Default)]
pub(crate) struct Instances {
    idle: Arc<Mutex<VecDeque<Idle>>>,
}

impl Instances {
    /// Runs a call on an instance of the component that belongs to the realm. The instance is thrown away after a trap,
    /// a limit, or when it has served long enough.
    ///
    /// # Errors
    /// When the component cannot be instantiated, traps, or runs into a limit.
    pub(crate) async fn call<T>(
        &self,
        component: &LoadedComponent,
        call: RealmOfCall,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<T>,
    ) -> Result<T, WasmError> {
        let failed = |failure, detail| WasmError { component: component.name.to_string(), failure, detail };
        // The semaphore is never closed.
        let _turn = component.turns.acquire().await.map_err(|closed| failed(Failure::Trap, closed.to_string()))?;
        let realm: Arc<str> = call.realm.id.as_str().into();
        let mut instance = match self.take(&component.digest, &realm) {
            Some(instance) => instance,
            None => Box::new(
                component.instantiate().await.map_err(|error| failed(Failure::Instance, format!("{error:#}")))?,
            ),
        };
        instance.store.data_mut().begin(Some(call));
        instance.store.set_epoch_deadline(1);
        let result = run(&mut instance).await;
        let out_of_time = instance.store.data().out_of_time();
        instance.store.data_mut().end();
        instance.calls += 1;
        match result {
            Ok(value) => {
                if instance.calls < CALLS_PER_INSTANCE {
                    self.put(Idle { component: Arc::clone(&component.digest), realm, instance });
                }
                Ok(value)
            }
            Err(error) => Err(failed(if out_of_time { Failure::Time } else { Failure::Trap }, format!("{error:#}"))),
        }
    }

    fn take(&self, component: &Arc<str>, realm: &str) -> Option<Box<Instance>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The most recently used one: its memory is still in the processor's caches.
        let index = idle.iter().rposition(|idle| Arc::ptr_eq(&idle.component, component) && *idle.realm == *realm)?;
        idle.remove(index).map(|idle| idle.instance)
    }

    fn put(&self, instance: Idle) {
        let oldest = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push_back(instance);
            if idle.len() > IDLE_INSTANCES { idle.pop_front() } else { None }
        };
        // Unmapping its memory takes a while: not while others wait for the pool.
        drop(oldest);
    }
}
