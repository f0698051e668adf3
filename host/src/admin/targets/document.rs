//! A target as the Admin API shows it.

use std::collections::HashMap;

use matricula_contract::connectors::Abilities;
use matricula_store::deliveries::outcomes::IN_A_ROW;
use matricula_store::deliveries::shown::{self, Counts};
use matricula_store::policies::Config;
use matricula_store::sweeps;
use matricula_store::targets::{Standing, TargetRow};
use matricula_wasm::connector::ConnectorHandle;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ErrorResponse;
use crate::targets::sweep::report::{Report, State as Sweep};
use matricula_target::credentials::Credentials;
use matricula_target::settings::Clients;

/// A target.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetRepresentation {
    /// Unique in the realm.
    name: String,
    /// Id of its connector.
    connector: String,
    enabled: bool,
    /// Every call goes below it.
    url: String,
    #[schema(value_type = Object)]
    config: Config,
    /// Without secrets.
    #[schema(value_type = Object)]
    credentials: Value,
    /// Nothing is registered that it does not take.
    required: bool,
    /// How long requests wait for it, in milliseconds.
    wait: u64,
    /// Calls at once.
    concurrency: usize,
    clients: Clients,
    protocols: Vec<String>,
    /// A sweep puts right what it finds.
    repair: bool,
    /// Seconds between two sweeps.
    sweep_interval: u64,
    /// `ready`, `paused`, `resting`, `leaving` or `broken`.
    state: &'static str,
    /// Which component its connector is.
    component: Option<String>,
    /// Clients by what becomes of them.
    deliveries: Counts,
    /// Since when the oldest waits that is not delivered, Unix milliseconds.
    oldest: Option<i64>,
    /// Its last words, when it is not ready.
    message: Option<String>,
    last_sweep: Option<Report>,
    /// Unix milliseconds.
    created: i64,
}

impl TargetRepresentation {
    fn new(
        (target, standing): (TargetRow, Standing),
        connector: Option<&ConnectorHandle>,
        (deliveries, oldest): (Counts, Option<i64>),
        last_sweep: Option<(Report, bool)>,
    ) -> TargetRepresentation {
        let state = if target.leaving {
            "leaving"
        } else if target.paused || !target.enabled {
            "paused"
        } else if connector.is_none_or(|connector| connector.component.is_failing()) {
            "broken"
        } else if standing.failures >= IN_A_ROW {
            "resting"
        } else {
            "ready"
        };
        let missing = || format!("No component offers connector '{}'", target.connector);
        // The last sweep, which nobody asked for, left something to be decided.
        let stopped = last_sweep.as_ref().filter(|(report, scheduled)| *scheduled && report.state == Sweep::Stopped);
        let message = match state {
            "ready" => stopped.and_then(|(report, _)| report.reason.clone()),
            "broken" => connector.map_or_else(|| Some(missing()), |connector| connector.component.why_failing()),
            _ => standing.message,
        };
        TargetRepresentation {
            state,
            message,
            component: connector.map(|connector| connector.component.label()),
            credentials: target.credentials.shown(),
            url: target.settings.url.as_str().to_owned(),
            config: target.settings.config,
            required: target.settings.required,
            wait: target.settings.wait,
            concurrency: target.settings.concurrency,
            clients: target.settings.clients,
            protocols: target.settings.protocols,
            repair: target.settings.repair,
            sweep_interval: target.settings.sweep_interval,
            name: target.name,
            connector: target.connector,
            enabled: target.enabled,
            created: target.created_ms,
            last_sweep: last_sweep.map(|(report, _)| report),
            deliveries,
            oldest,
        }
    }

    /// Shows the signing secrets that were made for it.
    pub(super) fn show_once(&mut self, credentials: &Credentials) {
        self.credentials = credentials.shown_once();
    }
}

/// Targets with what there is to do.
pub(super) async fn all(
    app: &App,
    realm_id: &str,
    targets: Vec<(TargetRow, Standing)>,
) -> Result<Vec<TargetRepresentation>, ErrorResponse> {
    let mut counts = shown::counts(&app.store.database, realm_id).await?;
    let mut sweeps = HashMap::new();
    for row in sweeps::last(&app.store.database, realm_id).await? {
        let report = Report::read(&row)?;
        sweeps.insert(row.target, (report, row.scheduled));
    }
    let components = app.wasm.current();
    let shown = targets.into_iter().map(|target| {
        let found = counts.iter().position(|(name, ..)| *name == target.0.name);
        let (_, deliveries, oldest) = found.map(|at| counts.swap_remove(at)).unwrap_or_default();
        let connector = components.connector(&target.0.connector).map(AsRef::as_ref);
        let last_sweep = sweeps.remove(&target.0.name);
        TargetRepresentation::new(target, connector, (deliveries, oldest), last_sweep)
    });
    Ok(shown.collect())
}

/// One of them.
pub(super) async fn one(
    app: &App,
    realm_id: &str,
    target: (TargetRow, Standing),
) -> Result<TargetRepresentation, ErrorResponse> {
    let mut one = all(app, realm_id, vec![target]).await?;
    one.pop().ok_or_else(ErrorResponse::server_error)
}

/// Whether a connector's targets keep clients that are disabled.
pub(super) fn disables(connector: &ConnectorHandle) -> bool {
    connector.is_able(Abilities::DISABLES)
}
