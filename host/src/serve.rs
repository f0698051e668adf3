//! `matricula serve`: from options to a server that answers, and to its orderly end.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, bail};
use matricula_store::sealing;
use matricula_wasm::compiler::Compiler;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, App};
use crate::config::Serve;
use crate::server::tls::Tls;
use crate::traces::Traces;
use crate::{first_start, logs, panics, server};

/// Connections to the address of the figures: those who ask are few.
const METRICS_CONNECTIONS: usize = 64;

/// Runs the server until it is told to stop (SIGTERM, Ctrl-C).
pub(crate) async fn serve(options: Serve) -> anyhow::Result<()> {
    let traces = options.collector().map(Traces::start).transpose()?;
    logs::start(traces.as_ref())?;
    panics::log();
    let tls = match (&options.tls_certificate, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::open(certificate, key)?),
        (None, None) => None,
        _ => bail!("--tls-certificate and --tls-key belong together"),
    };
    sealing::take_keys()?;
    let (app, administrator) = App::start(&options, Compiler::Process).await?;
    let listener = server::bind(options.listen).await?;
    let address = listener.local_addr().context("reading the address listened on")?;
    if let Some(metrics) = options.metrics {
        let listener = server::bind(metrics).await?;
        tokio::spawn(server::serve(
            listener,
            app.metrics.clone().routes(),
            None,
            METRICS_CONNECTIONS,
            std::future::pending(),
        ));
    }
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let url = options.public_url.clone().unwrap_or_else(|| reachable(address, tls.is_some()));
    print!("{}", first_start::greeting(&url, administrator.as_ref()));
    std::io::stdout().flush().context("printing")?;
    tracing::info!(%address, "ready");
    let most = server::make_room(options.max_connections);
    let followers = app.store.followers.clone();
    server::serve(listener, app::routes(app.clone()), tls, most, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Who waits for something to happen would hold up the end.
        followers.stop();
    })
    .await;
    app.uses.write().await;
    app.jobs.stop(&app).await;
    app.deliveries.stop().await;
    if let Some(traces) = traces {
        // It waits for the collector.
        tokio::task::spawn_blocking(|| traces.end()).await.context("sending the last traces")?;
    }
    Ok(())
}

/// An address under which this machine reaches the server.
fn reachable(address: SocketAddr, encrypted: bool) -> String {
    let scheme = if encrypted { "https" } else { "http" };
    if address.ip().is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}
