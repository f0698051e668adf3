//! Instances that wait to be used again: reuse is three times as fast as a fresh one, and does not make the threads wait
//! for each other's page faults. An instance serves one realm only, so that nothing can leak between realms; but those of
//! components that are parts of this program serve all, as they keep nothing: thousands of realms can share a few.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::PoolConcurrencyLimitError;

use super::component::{Instance, LoadedComponent};
use super::engine::{CALLS_PER_INSTANCE, IDLE_INSTANCES};
use super::facts::RealmOfCall;
use super::fitness::Ended;
use super::limits::OutOfMemory;
use super::{Failure, WasmError, trap};

/// Which failure an error of the engine is.
fn failure_of(error: &wasmtime::Error, otherwise: Failure) -> Failure {
    if error.is::<OutOfMemory>() { Failure::Memory } else { otherwise }
}

/// An instance that waits.
struct Idle {
    component: Arc<str>,
    /// The only realm that it serves; absent: all.
    realm: Option<Arc<str>>,
    instance: Box<Instance>,
}

/// The pool.
#[derive(Clone, Default)]
pub struct Instances {
    idle: Arc<Mutex<VecDeque<Idle>>>,
    /// Calls are for no caller.
    trying: bool,
}

impl Instances {
    /// The same for calls that are for no caller: those of dry runs, comparisons, and versions that are only watched. They
    /// count in no figure and no trial, and whether a component rests is kept apart.
    pub fn trying(&self) -> Instances {
        Instances { trying: true, ..self.clone() }
    }

    /// Whether calls are for no caller.
    pub fn is_trying(&self) -> bool {
        self.trying
    }

    /// Runs a call on an instance of the component that belongs to the realm. The instance is thrown away after a trap,
    /// a limit, or when it has served long enough.
    ///
    /// # Errors
    /// When the component cannot be instantiated, traps, or runs into a limit.
    pub async fn call<T>(
        &self,
        component: &LoadedComponent,
        call: RealmOfCall,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<T>,
    ) -> Result<T, WasmError> {
        let failed = |failure, detail: String| component.error(self.trying, failure, detail);
        let fitness = component.fitness_of(self.trying);
        let resting = || {
            if !self.trying {
                component.figures.failed();
            }
            failed(Failure::Resting, "it was too slow several times in a row".to_owned())
        };
        let tries = fitness.is_late();
        if !fitness.may_be_asked() {
            return Err(resting());
        }
        let turn = tokio::time::timeout(component.allowance.call_time(), component.turns.take(call.key())).await;
        let turn = turn.map_err(|_| failed(Failure::Busy, "too many of its calls are running".to_owned()))?;
        // While this call waited, others may have found out.
        if !tries && !fitness.may_be_asked() {
            return Err(resting());
        }
        let realm: Option<Arc<str>> = (!component.own).then(|| call.realm.id.as_str().into());
        let mut instance = match self.take(&component.digest, realm.as_deref()) {
            Some(instance) => instance,
            None => match self.instantiate(component).await {
                Ok(instance) => Box::new(instance),
                // Others have all there are.
                Err(error) if error.is::<PoolConcurrencyLimitError>() => {
                    return Err(failed(Failure::Busy, format!("{error:#}")));
                }
                Err(error) => {
                    component.called(self.trying, Duration::ZERO, 0, Ended::Failed);
                    return Err(failed(failure_of(&error, Failure::Instance), format!("{error:#}")));
                }
            },
        };
        instance.store.data_mut().begin(Some((call, turn)));
        instance.store.set_epoch_deadline(1);
        let began = Instant::now();
        let result = run(&mut instance).await;
        let took = began.elapsed();
        let state = instance.store.data();
        let failure = match (&result, state.ended()) {
            (Ok(_), _) => None,
            (Err(_), Some(ended)) => Some(ended),
            (Err(_), None) if state.out_of_time() => Some(Failure::Time),
            (Err(error), None) => Some(failure_of(error, Failure::Trap)),
        };
        let memory = state.limits.memory_peak as u64;
        instance.store.data_mut().end();
        instance.calls += 1;
        component.called(self.trying, took, memory, failure.into());
        match result {
            Ok(value) => {
                if instance.calls < CALLS_PER_INSTANCE {
                    self.put(Idle { component: Arc::clone(&component.digest), realm, instance });
                }
                Ok(value)
            }
            Err(error) => Err(failed(failure.unwrap_or(Failure::Trap), trap::reason(instance.store.data(), &error))),
        }
    }

    /// The answer of a component to the last call makes no sense.
    pub fn nonsense(&self, component: &LoadedComponent, detail: impl Into<String>) -> WasmError {
        component.recanted(self.trying, Failure::Nonsense, detail.into())
    }

    /// A condition or executor of a component says that it has no answer.
    pub fn reported(&self, component: &LoadedComponent, detail: String) -> WasmError {
        component.recanted(self.trying, Failure::Reported, detail)
    }

    /// A new instance; when all that can be exist already, one that waits to be used again makes room.
    async fn instantiate(&self, component: &LoadedComponent) -> wasmtime::Result<Instance> {
        let made = component.instantiate().await;
        if !made.as_ref().is_err_and(|error| error.is::<PoolConcurrencyLimitError>()) {
            return made;
        }
        let oldest = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match oldest {
            Some(oldest) => {
                drop(oldest);
                component.instantiate().await
            }
            None => made,
        }
    }

    /// Throws away the instances of a version that is not used any more.
    pub fn retire(&self, component: &LoadedComponent) {
        let mut retired = Vec::new();
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let of_version = |idle: &Idle| Arc::ptr_eq(&idle.component, &component.digest);
            let mut at = 0;
            while at < idle.len() {
                if of_version(&idle[at]) { retired.extend(idle.remove(at)) } else { at += 1 }
            }
        }
        // Unmapping memory takes a while: not while others wait for the pool.
        drop(retired);
    }

    fn take(&self, component: &Arc<str>, realm: Option<&str>) -> Option<Box<Instance>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The most recently used one: its memory is still in the processor's caches.
        let fits = |idle: &Idle| Arc::ptr_eq(&idle.component, component) && idle.realm.as_deref() == realm;
        let index = idle.iter().rposition(fits)?;
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
