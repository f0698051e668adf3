//! The figures of the process, read from `/proc` when they are asked for, under the names that Prometheus' own libraries
//! give them.

use std::fmt;
use std::fs;

use matricula_wasm::resident_memory::resident_bytes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Memory, processor time, files and threads of this process.
#[derive(Debug)]
pub(super) struct OfProcess;

impl Collector for OfProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        if let Some(bytes) = resident_bytes() {
            gauge(encoder, "process_resident_memory_bytes", "Memory that the process has", bytes)?;
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            gauge(encoder, "process_open_fds", "Open files and connections", files.count() as u64)?;
        }
        let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return Ok(()) };
        if let Some(Times { ticks, threads }) = times(&stat) {
            gauge(encoder, "process_threads", "Threads", threads)?;
            #[expect(clippy::cast_precision_loss, reason = "centiseconds of centuries fit")]
            let used = ConstCounter::new(ticks as f64 / TICKS_PER_SECOND);
            let help = "Processor time that was used";
            used.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, used.metric_type())?)?;
        }
        Ok(())
    }
}

/// The kernel's unit for programs (`USER_HZ`): the same on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time and threads.
struct Times {
    ticks: u64,
    threads: u64,
}

/// Fields 14, 15 and 20 of `/proc/self/stat`. The second is a name in brackets, in which there may be anything.
fn times(stat: &str) -> Option<Times> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Times { ticks: field(14)? + field(15)?, threads: field(20)? })
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_behind_any_name_of_a_program() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1000";
        let read = times(stat).map(|times| (times.ticks, times.threads));
        assert_eq!(read, Some((300, 9)));
        assert!(times("").is_none());
    }
}
