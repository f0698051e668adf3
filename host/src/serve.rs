//! `matricula serve`: from options to a server that answers, and to its orderly end.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, App};
use crate::config::Serve;
use crate::{first_start, logs, server};

/// Runs the server until it is told to stop (SIGTERM, Ctrl-C).
pub(crate) async fn serve(options: Serve) -> anyhow::Result<()> {
    logs::start();
    let (app, administrator) = App::start(&options).await?;
    let listener = server::bind(options.listen).await?;
    let address = listener.local_addr().context("reading the address listened on")?;
    if let Some(metrics) = options.metrics {
        let listener = server::bind(metrics).await?;
        tokio::spawn(server::serve(listener, app.metrics.clone().routes(), std::future::pending()));
    }
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    print!("{}", first_start::greeting(&format!("http://{address}"), administrator.as_ref()));
    server::serve(listener, app::routes(app.clone()), async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await;
    Ok(())
}
