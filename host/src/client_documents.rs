//! Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): the id of a client is the address of its
//! metadata, and whoever uses the client makes the server fetch it. Policies, client policies and targets judge it as they
//! do every registration.

pub(crate) mod admission;
mod age;
pub(crate) mod disabling;
pub(crate) mod dry_run;
pub(crate) mod fetched;
pub(crate) mod registration;
pub(crate) mod served;
pub(crate) mod settings;

use matricula_contract::RegistrationAuth;
use matricula_realms::Realm;
use matricula_store::clients::{CLIENT_ID_METADATA_DOCUMENT, ClientRow};
use matricula_wasm::provider::ProviderHandle;

/// Whether this is the provider of such clients.
pub(crate) fn is_provider(id: &str) -> bool {
    id == CLIENT_ID_METADATA_DOCUMENT
}

/// Whether a realm offers a provider: this one only where it is enabled.
pub(crate) fn is_offered(realm: &Realm, provider: &ProviderHandle) -> bool {
    !is_provider(&provider.description.id) || realm.settings.client_id_metadata_documents.enabled
}

/// The set of policies that judged a client when it came, and judges it now.
pub(crate) fn registration_auth(client: &ClientRow) -> RegistrationAuth {
    match client.origin.as_ref().map(|origin| origin.kind.as_str()) {
        Some("anonymous") | None => RegistrationAuth::Anonymous,
        Some(_) => RegistrationAuth::Authenticated,
    }
}
