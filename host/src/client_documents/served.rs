//! Where a document came from: policies judge that in place of the caller's address.

use std::net::IpAddr;
use std::sync::Arc;

use matricula_contract::{Attribute, Operation};
use reqwest::Url;

use crate::caller::Caller;
use crate::registration::Exchange;

/// Where the document of a client is.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// Name of the host in the address.
    host: String,
    /// Who served it; absent: nobody has, it was typed in.
    pub(crate) address: Option<IpAddr>,
}

impl Served {
    /// The document of this client.
    pub(crate) fn new(client_id: &str, address: Option<IpAddr>) -> Served {
        let host = Url::parse(client_id).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        Served { host, address }
    }

    /// What policies are told beside the address.
    pub(crate) fn facts(&self, asked_by: &Caller) -> Vec<Attribute> {
        let facts = [("client-id-host", &self.host), ("asked-by", &asked_by.address_text)];
        facts.map(|(name, value)| Attribute { name: name.to_owned(), value: value.clone() }).into()
    }
}

impl Exchange {
    /// The request as the policies judge it when the document is there.
    pub(super) fn judging(&self, operation: Operation, client_id: &str, served: Served) -> Exchange {
        Exchange {
            app: self.app.clone(),
            realm: Arc::clone(&self.realm),
            components: Arc::clone(&self.components),
            provider: self.provider.clone(),
            caller: self.caller.clone(),
            operation,
            client_id: if operation == Operation::Register { String::new() } else { client_id.to_owned() },
            is_replay: self.is_replay,
            served: Some(served),
        }
    }
}
