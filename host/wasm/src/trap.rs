//! Why a call of a component failed, in a sentence for its author: the engine's own words name frames that nobody knows.

use wasmtime::Trap;

use super::engine::RETURNED;
use super::facts::State;
use super::limits::OutOfMemory;

/// The reason, and first what the component itself said of it: the SDKs log an exception or a panic before they trap.
pub fn reason(state: &State, error: &wasmtime::Error) -> String {
    let trap = error.downcast_ref::<Trap>();
    match state.complaint() {
        // That it ended itself says no more.
        Some(complaint) if trap == Some(&Trap::UnreachableCodeReached) => complaint.to_owned(),
        Some(complaint) => format!("{complaint} ({})", engine_says(state, error, trap)),
        None => engine_says(state, error, trap),
    }
}

fn engine_says(state: &State, error: &wasmtime::Error, trap: Option<&Trap>) -> String {
    if state.out_of_time() {
        return format!("it took longer than {} s, the limit of a call", state.allowance().call_time().as_secs_f64());
    }
    match trap {
        Some(Trap::StackOverflow) => "its calls are nested too deeply: does it call itself without end?".to_owned(),
        Some(Trap::UnreachableCodeReached) => {
            "it ended itself, as after an exception or after asking for what is not there, such as a clock or a file, \
             and did not say why"
                .to_owned()
        }
        Some(trap) => format!("it trapped: {trap}"),
        None if error.is::<OutOfMemory>() => format!(
            "it wants more than {} MiB of memory, the limit of an instance; it had {} MiB",
            state.allowance().memory_mib(),
            state.limits.memory_peak >> 20
        ),
        None if format!("{error:?}").contains("fuel allocated for hostcalls") => {
            format!("it hands over more than {} MiB, the limit of a call", RETURNED >> 20)
        }
        None => format!("it failed: {}", error.root_cause()),
    }
}
