//! The log: for people on a terminal, JSON otherwise. What is logged is set by `RUST_LOG`-style names in
//! `MATRICULA_LOG` (`info` by default): `debug`, or `info,matricula=debug`.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::traces::{self, Traces};

/// Starts logging to standard error, and making traces if there is somebody to send them to. A second call changes
/// nothing.
///
/// # Errors
/// When `MATRICULA_LOG` cannot be read.
pub(crate) fn start(traces: Option<&Traces>) -> anyhow::Result<()> {
    let wanted = std::env::var("MATRICULA_LOG").unwrap_or_default();
    let filter: Targets = wanted.parse().with_context(|| format!("reading MATRICULA_LOG={wanted:?}"))?;
    let filter = if wanted.is_empty() { filter.with_default(tracing::Level::INFO) } else { filter };
    // Spans of traces are not for the log.
    let filter = filter.with_target(traces::TARGET, LevelFilter::OFF);
    let registry = tracing_subscriber::registry().with(traces.map(Traces::layer));
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // It fails only when there is a log already.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(output.with_filter(filter)).try_init()
    } else {
        registry.with(output.json().flatten_event(true).with_span_list(false).with_filter(filter)).try_init()
    };
    Ok(())
}
