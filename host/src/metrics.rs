//! Figures for operators, in the text format of Prometheus: served at `/metrics` on the address of `--metrics`.
//!
//! Labels have few values: patterns of paths, methods and statuses that exist, names of components and of what they
//! offer. Counting a request makes no text and asks for no memory, once its route has been counted.

mod components;
pub(crate) mod documents;
pub(crate) mod gate;
pub(crate) mod process;
mod store;
pub(crate) mod targets;

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use matricula_store::Store;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::components::Components;
use documents::DocumentFetches;
use gate::GateAnswers;
use targets::TargetCalls;

/// What requests are counted by: the pattern of the path, never the path itself.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: Arc<str>,
}

/// The same and the answer's status.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

/// A kind of policy.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Policy {
    policy: Arc<str>,
}

/// The same and what it said.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Said {
    policy: Arc<str>,
    decision: &'static str,
}

/// All figures of the server. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    /// Texts that labels have.
    texts: RwLock<HashSet<Arc<str>>>,
    answers: Family<Answer, Counter>,
    durations: Family<Route, Histogram>,
    decisions: Family<Said, Counter>,
    decision_durations: Family<Policy, Histogram>,
    panics: Counter,
    target_calls: TargetCalls,
    documents: DocumentFetches,
    gate: GateAnswers,
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new(components: Components, store: Store) -> Metrics {
        let answers = Family::<Answer, Counter>::default();
        let durations = Family::<Route, Histogram>::new_with_constructor(|| {
            // 0.25 ms to 4 s.
            Histogram::new(exponential_buckets(0.000_25, 2.0, 15))
        });
        let decisions = Family::<Said, Counter>::default();
        let decision_durations = Family::<Policy, Histogram>::new_with_constructor(|| {
            // 4 µs to 1 s.
            Histogram::new(exponential_buckets(0.000_004, 4.0, 10))
        });
        let mut all = Registry::default();
        // These have the names that every program gives them.
        all.register_collector(Box::new(process::OfProcess));
        let registry = all.sub_registry_with_prefix("matricula");
        registry.register("http_requests", "Answered requests", answers.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from request to answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("policy_decisions", "Decisions of policies by kind of policy", decisions.clone());
        registry.register_with_unit(
            "policy_duration",
            "Time that a policy took to decide; policies that are asked together share it evenly",
            Unit::Seconds,
            decision_durations.clone(),
        );
        let panics = Counter::default();
        registry.register("panics", "Requests that ended by a fault of the server, with 500", panics.clone());
        let target_calls = TargetCalls::new();
        target_calls.register(registry);
        let documents = DocumentFetches::default();
        documents.register(registry);
        let gate = GateAnswers::new();
        gate.register(registry);
        registry.register_collector(Box::new(components::OfComponents(components)));
        registry.register_collector(Box::new(store::OfStore(store)));
        let texts = RwLock::default();
        let inner = Inner {
            registry: all,
            texts,
            answers,
            durations,
            decisions,
            decision_durations,
            panics,
            target_calls,
            documents,
            gate,
        };
        Metrics { inner: Arc::new(inner) }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Methods are free text: only those that exist are counted by name.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            Method::HEAD => "HEAD",
            _ => "other",
        };
        let route = self.inner.text(route);
        let answer = Answer { method, route: Arc::clone(&route), status: status.as_u16() };
        self.inner.answers.get_or_create(&answer).inc();
        self.inner.durations.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
    }

    /// Those of the calls of targets.
    pub(crate) fn target_calls(&self) -> TargetCalls {
        self.inner.target_calls.clone()
    }

    /// Those of Client ID Metadata Documents.
    pub(crate) fn documents(&self) -> &DocumentFetches {
        &self.inner.documents
    }

    /// Those of the gate.
    pub(crate) fn gate(&self) -> &GateAnswers {
        &self.inner.gate
    }

    /// A request ended by a fault of the server.
    pub(crate) fn panicked(&self) {
        self.inner.panics.inc();
    }

    /// A policy has decided; `policy` is the id of its kind.
    pub(crate) fn decided(&self, policy: &str, decision: &'static str, took: Duration) {
        let policy = self.inner.text(policy);
        let said = Said { policy: Arc::clone(&policy), decision };
        self.inner.decisions.get_or_create(&said).inc();
        self.inner.decision_durations.get_or_create(&Policy { policy }).observe(took.as_secs_f64());
    }

    /// The server of the figures.
    pub(crate) fn routes(self) -> Router {
        Router::new().route("/metrics", get(async move || self.render()))
    }

    fn render(&self) -> impl IntoResponse + use<> {
        let mut text = String::new();
        match encode(&mut text, &self.inner.registry) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
                .into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

impl Inner {
    /// The one copy of a label's text.
    fn text(&self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&new));
        new
    }
}
