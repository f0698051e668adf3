//! A document as a dry run sees it: fetched, or as it was typed in beside its address; nothing is kept.

use matricula_contract::server_attributes::Author;
use matricula_contract::{Document, Operation};
use matricula_store::StoreError;
use matricula_store::clients::{self, ClientRow};

use super::admission::unfetched;
use super::fetched;
use super::served::Served;
use crate::error::ErrorResponse;
use crate::registration::Exchange;

/// What the provider is to read, and the client that is here already.
pub(crate) type Prepared = (Document, Option<ClientRow>);

/// Gets the document of a request to be tried, or why there is none. What is wrong with its address is the provider's to
/// tell.
///
/// # Errors
/// When the database gives no answer.
pub(crate) async fn prepare(
    exchange: &mut Exchange,
    document: Document,
) -> Result<Result<Prepared, ErrorResponse>, StoreError> {
    let address = match fetched::address_of(&document) {
        Some(client_id) => fetched::address_only(&client_id),
        None => return Ok(Ok((document, None))),
    };
    let parsed = exchange.provider.parse(Operation::Register, &address, Author::Caller).await;
    let Ok(Ok(requested)) = parsed else { return Ok(Ok((document, None))) };
    let client_id = requested.client_id.unwrap_or_default();
    let (app, realm) = (exchange.app.clone(), &exchange.realm);
    let known = clients::by_client_id(&app.store.database, &realm.id, &client_id).await?;
    let known = known.filter(|client| client.document().is_some());
    if fetched::brings_document(&document) {
        exchange.served = Some(Served::new(&client_id, None));
        return Ok(Ok((document, known)));
    }
    let settings = &realm.settings.client_id_metadata_documents;
    let fetched = match fetched::fetch(&app.client_documents, settings, &client_id, None).await {
        Ok(fetched) => fetched,
        Err(failure) => return Ok(Err(unfetched(failure))),
    };
    let document = fetched::with_text(&client_id, fetched.document.as_deref().unwrap_or_default());
    exchange.served = Some(Served::new(&client_id, fetched.address));
    Ok(Ok((document, known)))
}
