//! Traces: what a request did and how long each part took, sent to a collector of OpenTelemetry (OTLP over HTTP) if one
//! is named with `--otlp-endpoint`. Without one no span is made.
//!
//! Spans have the target [`TARGET`], which only this layer listens to: the log knows nothing of them. A trace that a
//! caller began goes on (W3C Trace Context); whether it is kept is the caller's decision then, else that of
//! `OTEL_TRACES_SAMPLER` (all by default). What waits to be sent is bounded (`OTEL_BSP_MAX_QUEUE_SIZE`): requests never
//! wait for the collector, spans that find no room are dropped.
//!
//! A span tells names, times and outcomes: no token, no document, no address with its query.

use std::time::Duration;

use anyhow::Context;
use axum::http::{HeaderMap, Method};
use matricula_contract::trace_target::TARGET;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TracerProvider as _};
use opentelemetry::{KeyValue, trace::Status};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::field::Empty;
use tracing::{Span, Subscriber, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Where collectors take spans, behind their address.
const PATH: &str = "/v1/traces";
/// The standard name of the variable that names the service.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// How long sending the last spans may hold up the end of the server.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The way to the collector.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the thread that sends spans to the collector at this address.
    ///
    /// # Errors
    /// When the address is none, or a variable that OpenTelemetry defines (`OTEL_…`) has no sense.
    pub(crate) fn start(endpoint: &str) -> anyhow::Result<Traces> {
        let endpoint = if endpoint.ends_with(PATH) { endpoint.to_owned() } else { format!("{endpoint}{PATH}") };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .build()
            .with_context(|| format!("sending traces to {endpoint}"))?;
        let name = std::env::var(SERVICE_NAME).ok().filter(|name| !name.is_empty());
        let resource = Resource::builder()
            .with_service_name(name.unwrap_or_else(|| "matricula".to_owned()))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Traces { provider })
    }

    /// What turns spans of [`TARGET`] into those of OpenTelemetry.
    pub(crate) fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        let tracer: SdkTracer = self.provider.tracer("matricula");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(Targets::new().with_target(TARGET, tracing::Level::INFO))
    }

    /// Sends what is left, if the collector takes it in time.
    pub(crate) fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// The span of a request: part of the caller's trace, if it says which that is.
pub(crate) fn request(method: &Method, route: &str, path: &str, request_id: &str, headers: &HeaderMap) -> Span {
    let span = info_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
        matricula.realm = realm(path),
        matricula.request_id = request_id,
    );
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&Headers(headers));
        if caller.span().span_context().is_valid() {
            // It fails only for a span that has begun to be used.
            let _ = span.set_parent(caller);
        }
    }
    span
}

/// Tells the span of a request what the answer was.
pub(crate) fn answered(span: &Span, status: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}

/// The realm that a path names, as it stands there.
fn realm(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/admin").unwrap_or(path).strip_prefix("/realms/")?;
    rest.split('/').next().filter(|realm| !realm.is_empty())
}

/// Headers as the propagator wants them.
struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_are_named_by_paths() {
        for (path, named) in [
            ("/realms/shop/clients-registrations/default", Some("shop")),
            ("/admin/realms/shop", Some("shop")),
            ("/admin/realms", None),
            ("/realms/", None),
            ("/health/live", None),
        ] {
            assert_eq!(realm(path), named, "{path}");
        }
    }
}
