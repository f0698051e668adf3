//! The figures of components, read when they are asked for.

use std::fmt;
use std::sync::Arc;

use matricula_wasm::engine::WAITING_CALLS;
use matricula_wasm::figures::Figures;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::components::Components;

/// Figures of every component, under its name.
pub(super) struct OfComponents(pub(super) Components);

impl fmt::Debug for OfComponents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OfComponents")
    }
}

impl Collector for OfComponents {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all: Vec<(String, Arc<Figures>)> =
            self.0.summaries().into_iter().map(|(name, summary)| (name, summary.figures)).collect();
        let encoder = &mut encoder;
        let waiting = ConstGauge::new(i64::try_from(self.0.places().taken()).unwrap_or(i64::MAX));
        let help = "Calls of components that wait for names and documents of others";
        waiting.encode(encoder.encode_descriptor("component_waiting_calls", help, None, waiting.metric_type())?)?;
        let limit = ConstGauge::new(i64::try_from(WAITING_CALLS).unwrap_or(i64::MAX));
        let help = "Calls of components that may wait for others; one more is answered 503";
        limit.encode(encoder.encode_descriptor("component_waiting_limit", help, None, limit.metric_type())?)?;
        family(encoder, &all, "component_calls", "Calls of components", None, |figures| {
            ConstCounter::new(figures.calls())
        })?;
        family(encoder, &all, "component_refusals", "Requests that components refused", None, |figures| {
            ConstCounter::new(figures.refusals())
        })?;
        family(encoder, &all, "component_failures", "Calls of components without an answer", None, |figures| {
            ConstCounter::new(figures.failures())
        })?;
        let seconds = Some(&Unit::Seconds);
        family(encoder, &all, "component_call_duration", "Time that all calls took together", seconds, |figures| {
            #[expect(clippy::cast_precision_loss, reason = "microseconds of centuries fit")]
            ConstCounter::new(figures.total_micros() as f64 / 1e6)
        })?;
        let bytes = Some(&Unit::Bytes);
        family(encoder, &all, "component_memory_peak", "Most memory that an instance has had", bytes, |figures| {
            ConstGauge::new(i64::try_from(figures.memory()).unwrap_or(i64::MAX))
        })
    }
}

/// One figure of all components.
fn family<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    all: &[(String, Arc<Figures>)],
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    metric: impl Fn(&Figures) -> M,
) -> fmt::Result {
    let Some((_, first)) = all.first() else { return Ok(()) };
    let mut family = encoder.encode_descriptor(name, help, unit, metric(first).metric_type())?;
    for (component, figures) in all {
        metric(figures).encode(family.encode_family(&[("component", component.as_str())])?)?;
    }
    Ok(())
}
