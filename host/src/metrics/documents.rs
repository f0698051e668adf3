//! Figures of Client ID Metadata Documents.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// How a fetch ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// A document that was not here.
    New,
    /// It is as it was.
    Same,
    /// It is another one.
    Changed,
    /// There is none.
    Failed,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Fetch {
    realm: Arc<str>,
    outcome: &'static str,
}

/// Fetches of documents. Cloning it is cheap.
#[derive(Clone, Default)]
pub(crate) struct DocumentFetches {
    fetches: Family<Fetch, Counter>,
}

impl DocumentFetches {
    /// Shows them.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Fetches of Client ID Metadata Documents by how they ended: new, same, changed, failed";
        registry.register("document_fetches", help, self.fetches.clone());
    }

    /// A fetch has ended.
    pub(crate) fn fetched(&self, realm: &str, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::New => "new",
            Outcome::Same => "same",
            Outcome::Changed => "changed",
            Outcome::Failed => "failed",
        };
        self.fetches.get_or_create(&Fetch { realm: realm.into(), outcome }).inc();
    }
}
