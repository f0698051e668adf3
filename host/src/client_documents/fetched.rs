//! A document as the server hands it to the provider: the address that was asked for, and what came from there.

use matricula_contract::Document;
use matricula_network::client_documents::{ClientDocuments, Failure, Fetched, Question};
use matricula_store::clients::MetadataDocument;
use matricula_store::realm_settings::ClientIdMetadataDocuments;
use matricula_system::clock;
use matricula_wasm::component;
use serde_json::{Value, json};

use super::age;
use crate::document::JSON;

/// The address alone: the provider looks at it before anything is fetched.
pub(crate) fn address_only(client_id: &str) -> Document {
    Document { content_type: JSON.to_owned(), body: json!({ "client_id": client_id }).to_string().into_bytes() }
}

/// The address with the text that came from there. What is no text is no document either.
pub(super) fn with_text(client_id: &str, body: &[u8]) -> Document {
    let text = str::from_utf8(body).unwrap_or_default();
    let body = json!({ "client_id": client_id, "document": text }).to_string().into_bytes();
    Document { content_type: JSON.to_owned(), body }
}

/// The address in a request; absent: the provider says what is wrong with it.
pub(super) fn address_of(request: &Document) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("client_id")?.as_str().map(str::to_owned)
}

/// Whether a request says what otherwise the address itself says.
pub(super) fn brings_document(request: &Document) -> bool {
    serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body.get("document").is_some())
}

/// Fetches a document, or learns that it is still as `known`.
pub(super) async fn fetch(
    documents: &ClientDocuments,
    settings: &ClientIdMetadataDocuments,
    client_id: &str,
    known: Option<&MetadataDocument>,
) -> Result<Fetched, Failure> {
    // One that was refused is looked at again whatever its server says.
    let known = known.filter(|known| known.problem.is_none()).and_then(|known| known.etag.clone());
    documents.get(Question { url: client_id.to_owned(), max_bytes: settings.max_bytes, known }).await
}

/// What is kept of a document that came, or still is as it was `known`.
pub(super) fn state(
    fetched: &Fetched,
    settings: &ClientIdMetadataDocuments,
    known: Option<&MetadataDocument>,
) -> MetadataDocument {
    let now = clock::now_ms();
    let unchanged = || known.map(|known| known.digest.clone()).unwrap_or_default();
    MetadataDocument {
        fetched: now,
        expires: age::expires(fetched, settings, now),
        etag: fetched.etag.clone(),
        digest: fetched.document.as_deref().map_or_else(unchanged, component::digest),
        problem: None,
    }
}
