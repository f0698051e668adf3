//! The encoding of a stored client: the contract's record `client` in postcard, behind a byte that names the version,
//! packed (`packing.rs`). With a master key all that is encrypted (`sealing.rs`).
//!
//! Keycloak's JSON is made by provider `default` only; this form is the store's own. When the record changes, the new
//! form gets the next version and the old one keeps its own struct to be read into.

use matricula_contract::Client;

use super::{StoreError, packing, sealing};

/// The record `client` of contract 0.1.0.
const VERSION: u8 = 1;

/// Where the document of a client belongs.
pub(super) fn place(id: &str) -> String {
    format!("client {id}")
}

/// The bytes of a client with this internal id.
pub fn encode(id: &str, client: &Client) -> Result<Vec<u8>, StoreError> {
    let plain = postcard::to_extend(client, vec![VERSION]).map_err(|error| StoreError::Damaged(error.to_string()))?;
    sealing::seal(&place(id), packing::CLIENTS.pack(plain))
}

/// The client of these bytes.
///
/// # Errors
/// [`StoreError::Damaged`] when they are of a later version, no client, or encrypted with an unknown key.
pub fn decode(id: &str, bytes: Vec<u8>) -> Result<Client, StoreError> {
    match packing::CLIENTS.unpack(sealing::open(&place(id), bytes)?)?.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|error| StoreError::Damaged(error.to_string())),
        Some((version, _)) => Err(StoreError::Damaged(format!("client document of version {version}"))),
        None => Err(StoreError::Damaged("empty client document".to_owned())),
    }
}

/// A client that was read and may not be needed.
#[derive(Clone)]
pub struct Undecoded {
    id: String,
    document: Vec<u8>,
}

impl Undecoded {
    /// The document of the client with this internal id.
    pub(super) fn new(id: String, document: Vec<u8>) -> Undecoded {
        Undecoded { id, document }
    }

    /// The client.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode(&self) -> Result<Client, StoreError> {
        decode(&self.id, self.document.clone())
    }
}
