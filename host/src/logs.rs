//! The log: for people on a terminal, JSON otherwise. What is logged is set by `RUST_LOG`-style names in
//! `MATRICULA_LOG` (`info` by default): `debug`, or `info,matricula=debug`.

use std::io::IsTerminal;

use anyhow::Context;
use matricula_contract::trace_target::TARGET;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::traces::Traces;

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
    let filter = filter.with_target(TARGET, LevelFilter::OFF);
    let registry = tracing_subscriber::registry();
    // It fails only when there is a log already. A filter for all costs each request less than one of a layer's own.
    let _ = match (traces.map(Traces::layer), std::io::stderr().is_terminal()) {
        (None, true) => registry.with(filter).with(lines()).try_init(),
        (None, false) => registry.with(filter).with(json()).try_init(),
        (Some(traces), true) => registry.with(traces).with(lines().with_filter(filter)).try_init(),
        (Some(traces), false) => registry.with(traces).with(json().with_filter(filter)).try_init(),
    };
    Ok(())
}

/// Lines for people.
fn lines<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    fmt::layer().with_writer(std::io::stderr)
}

/// A JSON document a line.
fn json<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    fmt::layer().with_writer(std::io::stderr).json().flatten_event(true).with_span_list(false)
}
