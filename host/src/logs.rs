//! The log: for people on a terminal, JSON otherwise. What is logged is set by `RUST_LOG`-style names in
//! `MATRICULA_LOG` (`info` by default): `debug`, or `info,matricula=debug`.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to standard error. A second call changes nothing.
///
/// # Errors
/// When `MATRICULA_LOG` cannot be read.
pub(crate) fn start() -> anyhow::Result<()> {
    let wanted = std::env::var("MATRICULA_LOG").unwrap_or_default();
    let filter: Targets = wanted.parse().with_context(|| format!("reading MATRICULA_LOG={wanted:?}"))?;
    let filter = if wanted.is_empty() { filter.with_default(tracing::Level::INFO) } else { filter };
    let registry = tracing_subscriber::registry().with(filter);
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // It fails only when there is a log already.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(output).try_init()
    } else {
        registry.with(output.json().flatten_event(true).with_span_list(false)).try_init()
    };
    Ok(())
}
