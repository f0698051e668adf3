//! What the component calls of a registration cost, and what the same rules cost as native code, in microseconds of
//! CPU. `docs/performance.md` says how to run it and what the numbers mean.

#[path = "components/native.rs"]
mod native;
#[path = "components/request.rs"]
mod request;
#[path = "components/wasm.rs"]
mod wasm;

use std::time::Duration;

use request::{Call, Request};
use wasmtime::{Result, bail, ensure};

/// Batches of each call; the least and the median of them are shown.
const BATCHES: usize = 200;
/// Calls of a batch.
const CALLS: u32 = 50;
/// Batches that are run before and not counted.
const WARM_UP: usize = 10;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let components = wasm::Components::load()?;
    for request in [Request::anonymous(), Request::with_client_policies(), Request::bearer()] {
        let mut hosted = runtime.block_on(components.prepare(&request))?;
        let native = native::Subject::prepare(&request)?;
        ensure!(hosted.answer() == native.answer(), "{}: the native rules answer otherwise", request.title);

        println!(
            "\n{}, document of {} bytes, {} policies\n",
            request.title,
            request.document.len(),
            request.policies.len()
        );
        println!("| call | wasm min | wasm median | native min | native median | ratio of medians |");
        println!("|---|--:|--:|--:|--:|--:|");
        let mut sums = [0.0; 4];
        for call in Call::ALL.into_iter().filter(|call| call.is_made(&request)) {
            let (mut with_wasm, mut without) = (Vec::new(), Vec::new());
            for batch in 0..WARM_UP + BATCHES {
                let pair = (runtime.block_on(hosted.batch(call, CALLS))?, native.batch(call, CALLS));
                if batch >= WARM_UP {
                    with_wasm.push(micros(pair.0));
                    without.push(micros(pair.1));
                }
            }
            let row = [least_and_median(with_wasm), least_and_median(without)].concat();
            let Ok(row) = <[f64; 4]>::try_from(row) else { bail!("no batches") };
            for (sum, cost) in sums.iter_mut().zip(row) {
                *sum += cost;
            }
            print_row(call.title(), row);
        }
        print_row("**sum**", sums);
    }
    Ok(())
}

/// Microseconds of one call of a batch.
fn micros(batch: Duration) -> f64 {
    batch.as_secs_f64() * 1e6 / f64::from(CALLS)
}

fn least_and_median(mut costs: Vec<f64>) -> Vec<f64> {
    costs.sort_by(f64::total_cmp);
    [0, costs.len() / 2].iter().filter_map(|at| costs.get(*at).copied()).collect()
}

fn print_row(title: &str, [wasm_min, wasm_median, native_min, native_median]: [f64; 4]) {
    let ratio = wasm_median / native_median;
    println!("| {title} | {wasm_min:.1} | {wasm_median:.1} | {native_min:.1} | {native_median:.1} | {ratio:.1} |");
}

/// Time that this thread has had on a processor: what others do on the machine does not count.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is one that every thread has, and `time` lives throughout the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}
