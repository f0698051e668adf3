//! The encoding of a stored client: the contract's record `client` in postcard, behind a byte that names the version.
//!
//! Keycloak's JSON is made by provider `default` only; this form is the store's own. When the record changes, the new
//! form gets the next version and the old one keeps its own struct to be read into.

use super::StoreError;
use crate::wasm::contract::Client;

/// The record `client` of contract 0.1.0.
const VERSION: u8 = 1;

/// The bytes of a client.
pub(crate) fn encode(client: &Client) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(client, vec![VERSION]).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The client of these bytes.
///
/// # Errors
/// [`StoreError::Damaged`] when they are of a later version or no client.
pub(crate) fn decode(bytes: &[u8]) -> Result<Client, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|error| StoreError::Damaged(error.to_string())),
        Some((version, _)) => Err(StoreError::Damaged(format!("client document of version {version}"))),
        None => Err(StoreError::Damaged("empty client document".to_owned())),
    }
}
