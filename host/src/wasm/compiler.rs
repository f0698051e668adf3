//! Where components are compiled: before the server serves on all processors, later on one thread of low priority, so
//! that requests are answered meanwhile.

use std::sync::LazyLock;

use tokio::sync::oneshot;

/// Nice value of the compiling thread (0: as others, 19: least).
const NICE: libc::c_int = 10;

/// What else the server has to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Nothing: it is starting.
    Starting,
    /// It serves requests.
    Serving,
}

/// wasmtime compiles in parallel on the pool that it is called from: this one has a single thread.
static POOL: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(|_| "compiler".to_owned())
        .start_handler(|_| give_way())
        .build()
        .inspect_err(|error| tracing::error!(%error, "components cannot be compiled"))
        .ok()
});

/// Runs a job; `None` when it panicked or there is no thread for it.
pub(super) async fn run<T: Send + 'static>(pace: Pace, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if pace == Pace::Starting {
        return tokio::task::spawn_blocking(job).await.ok();
    }
    let (done, result) = oneshot::channel();
    POOL.as_ref()?.spawn(move || {
        // Nobody waits any more when the request was given up.
        let _ = done.send(job());
    });
    result.await.ok()
}

/// Lowers the priority of this thread. Where that is not possible, compiling only costs others more.
fn give_way() {
    // SAFETY: it takes and gives numbers; 0 stands for the calling thread.
    #[expect(unsafe_code, reason = "the standard library knows no priorities")]
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}
