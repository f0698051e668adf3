//! The figures of the store, read when they are asked for: what waits for the writer, what it did, connections.

use std::fmt;

use matricula_store::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Figures of the writer and of the connections that read.
pub(super) struct OfStore(pub(super) Store);

impl fmt::Debug for OfStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OfStore")
    }
}

impl Collector for OfStore {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let (writer, database) = (&self.0.writer, &self.0.database);
        let (waiting, room) = writer.queue();
        gauge(encoder, "writer_queue_writes", "Writes that wait or are being written", waiting)?;
        gauge(encoder, "writer_queue_limit", "Writes that may wait; more are answered 503", room)?;
        let figures = &writer.figures;
        let help = "Writes by what became of them: stored, lost to another, failed";
        let mut outcomes = encoder.encode_descriptor("writer_writes", help, None, MetricType::Counter)?;
        for (outcome, count) in figures.outcomes() {
            ConstCounter::new(count).encode(outcomes.encode_family(&[("outcome", outcome)])?)?;
        }
        let help = "Time from a write to its being on disk, waiting included";
        let took = &figures.durations;
        took.encode(encoder.encode_descriptor("writer_write_duration_seconds", help, None, took.metric_type())?)?;
        if let Some((used, most)) = database.connections() {
            gauge(encoder, "database_connections_used", "Connections that read at this moment", used)?;
            gauge(encoder, "database_connections_limit", "Connections that may read at the same time", most)?;
        }
        let reachable = usize::from(database.check().is_ok());
        gauge(encoder, "database_reachable", "1: the database answers; 0: it is known to be gone", reachable)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}
