//! `matricula serve`: from options to a server that answers, and to its orderly end.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, App};
use crate::config::Serve;
use crate::{first_start, logs, server};

/// Runs the server until it is told to stop (SIGTERM, Ctrl-C).
pub(crate) async fn serve(options: Serve) -> anyhow::Result<()> {
    logs::start()?;
    let (app, administrator) = App::start(&options).await?;
    let listener = server::bind(options.listen).await?;
    let address = listener.local_addr().context("reading the address listened on")?;
    if let Some(metrics) = options.metrics {
        let listener = server::bind(metrics).await?;
        tokio::spawn(server::serve(listener, app.metrics.clone().routes(), std::future::pending()));
    }
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let url = options.public_url.clone().unwrap_or_else(|| reachable(address));
    print!("{}", first_start::greeting(&url, administrator.as_ref()));
    std::io::stdout().flush().context("printing")?;
    tracing::info!(%address, "ready");
    server::serve(listener, app::routes(app.clone()), async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await;
    Ok(())
}

/// An address under which this machine reaches the server.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
