//! Figures for operators, in the text format of Prometheus: served at `/metrics` on the address of `--metrics`.

mod components;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::components::Components;

/// What requests are counted by: the pattern of the path, never the path itself.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// The same and the answer's status.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: String,
    route: String,
    status: u16,
}

/// All figures of the server.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    answers: Family<Answer, Counter>,
    durations: Family<Route, Histogram>,
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new(components: Components) -> Metrics {
        let answers = Family::<Answer, Counter>::default();
        let durations = Family::<Route, Histogram>::new_with_constructor(|| {
            // 0.25 ms to 4 s.
            Histogram::new(exponential_buckets(0.000_25, 2.0, 15))
        });
        let mut registry = Registry::with_prefix("matricula");
        registry.register("http_requests", "Answered requests", answers.clone());
        registry.register("http_request_duration_seconds", "Time from request to answer", durations.clone());
        registry.register_collector(Box::new(components::OfComponents(components)));
        Metrics { registry: Arc::new(registry), answers, durations }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Methods are free text: only those that exist are counted by name.
        let method = match *method {
            Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::OPTIONS | Method::HEAD => {
                method.as_str().to_owned()
            }
            _ => "other".to_owned(),
        };
        let route = route.to_owned();
        self.durations
            .get_or_create(&Route { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.answers.get_or_create(&Answer { method, route, status: status.as_u16() }).inc();
    }

    /// The server of the figures.
    pub(crate) fn routes(self) -> Router {
        Router::new().route("/metrics", get(async move || self.render()))
    }

    fn render(&self) -> impl IntoResponse + use<> {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
                .into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
