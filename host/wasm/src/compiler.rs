//! Where components are compiled: in a short-lived process of this program, so that neither the compiler's memory nor its
//! crash is the server's. Before the server serves it takes all processors, later one, with a low priority.
//!
//! The process reads a component from its standard input and writes to its standard output: a `+` and the native code, or
//! a `-` and in words why there is none. It sees neither the server's environment nor its folders.

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::body::Bytes;
use tokio::sync::oneshot;
use wasmtime::Engine;

use super::engine;
use super::resident_memory::resident_bytes;

/// The command that compiles; it is no secret, only of no use to anybody else.
pub const COMMAND: &str = "compile-component";
/// Nice value of what compiles while the server serves (0: as others, 19: least).
const NICE: libc::c_int = 10;
/// Memory that compiling may take, in MiB.
pub const MEMORY_MIB: u32 = 2048;
/// Time that it may take.
const TIME: Duration = Duration::from_secs(600);
/// How often the process looks at what it has taken.
const LOOK: Duration = Duration::from_millis(10);
/// Length of what it says beside its answer that is repeated.
const SAID: usize = 1_000;

/// What else the server has to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Nothing: it is starting.
    Starting,
    /// It serves requests.
    Serving,
}

/// Where compiling happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Compiler {
    /// In processes of this program.
    Process,
    /// In this process, which is short-lived itself, or another program.
    Here,
}

/// One component at a time, so that only one takes memory.
static ONE: Mutex<()> = Mutex::new(());

impl Compiler {
    /// Native code of a component.
    ///
    /// # Errors
    /// Why there is none, in words for its author.
    pub(super) async fn compile(self, pace: Pace, engine: &Engine, bytes: &Bytes) -> Result<Vec<u8>, String> {
        if self == Compiler::Process {
            let bytes = bytes.clone();
            let process = tokio::task::spawn_blocking(move || in_process(pace, &bytes));
            match process.await.map_err(std::io::Error::other).flatten() {
                Ok(answer) => return answer,
                Err(error) => {
                    tracing::warn!(%error, "no process can be started to compile components: the server itself does it");
                }
            }
        }
        let (engine, bytes) = (engine.clone(), bytes.clone());
        let compiled = here(pace, move || engine.precompile_component(&bytes)).await;
        compiled.ok_or("compiling it failed")?.map_err(|error| invalid(&error))
    }
}

fn invalid(error: &wasmtime::Error) -> String {
    format!("it is no valid component: {error:#}")
}

/// Compiles in a process. An error: there was none.
fn in_process(pace: Pace, bytes: &[u8]) -> std::io::Result<Result<Vec<u8>, String>> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // The file that this process runs, even if it was replaced since. Settings of the server do not matter.
    let mut command = Command::new("/proc/self/exe");
    command.args([COMMAND, "--config", "/dev/null"]).env_clear().current_dir("/");
    if pace == Pace::Serving {
        command.arg("--gently");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let input = child.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that does not read to the end says why.
            let _ = input.map(|mut input| input.write_all(bytes));
        });
        child.wait_with_output()
    });
    let mut output = output?;
    let answer = output.stdout.split_off(1.min(output.stdout.len()));
    Ok(match (output.status.success(), &*output.stdout) {
        (true, b"+") => Ok(answer),
        (true, b"-") => Err(String::from_utf8_lossy(&answer).into_owned()),
        _ => {
            let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(SAID).collect();
            tracing::error!(status = %output.status, said, "the compiler of components failed");
            Err(failed(output.status))
        }
    })
}

/// What became of the compiler.
fn failed(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status.signal() {
        Some(libc::SIGKILL) => {
            "compiling it failed: the compiler was killed, perhaps as the machine has too little memory".to_owned()
        }
        Some(signal) => format!("compiling it failed: the compiler was ended by signal {signal}"),
        None => format!("compiling it failed: the compiler ended with {status}"),
    }
}

/// The process that compiles: `matricula compile-component`.
///
/// # Errors
/// When nobody reads the answer, or the compiler crashes.
pub fn run(gently: bool, memory_mib: u32) -> anyhow::Result<()> {
    if gently {
        give_way();
        rayon::ThreadPoolBuilder::new().num_threads(1).build_global().context("limiting the compiler to one thread")?;
    }
    // Where memory is short this process is to go before the server. Where that cannot be said, luck decides.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("reading the component")?;
    let (done, result) = mpsc::channel();
    std::thread::Builder::new()
        .name("compiler".to_owned())
        .spawn(move || {
            // Nobody waits when it took too much memory.
            let _ = done.send(engine::compiler().and_then(|engine| engine.precompile_component(&bytes)));
        })
        .context("starting the compiler")?;
    let (most, until) = (u64::from(memory_mib) << 20, Instant::now() + TIME);
    loop {
        match result.recv_timeout(LOOK) {
            Ok(Ok(code)) => return answer(b"+", &code),
            Ok(Err(error)) => return answer(b"-", invalid(&error).as_bytes()),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the compiler crashed"),
            Err(RecvTimeoutError::Timeout) if resident_bytes().is_some_and(|resident| resident > most) => {
                return answer(b"-", format!("compiling it needs more than {memory_mib} MiB of memory").as_bytes());
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() > until => {
                return answer(b"-", format!("compiling it takes longer than {} s", TIME.as_secs()).as_bytes());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn answer(kind: &[u8], content: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(kind).and_then(|()| out.write_all(content)).and_then(|()| out.flush()).context("answering")
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

/// Runs a job in this process; `None` when it panicked or there is no thread for it.
async fn here<T: Send + 'static>(pace: Pace, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
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
