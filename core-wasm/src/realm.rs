//! What the rules ask about the realm and the world outside (interfaces `realm`, `facts` and `fetch` of the contract).

use crate::contract::matricula::registration::facts;
use crate::contract::matricula::registration::fetch::{self, Response};
use crate::contract::matricula::registration::realm::{self, ClientScope};

#[cfg(test)]
pub(crate) mod fixed;

/// The realm of the call. [`Host`] asks the host; tests answer from data.
pub trait Realm {
    /// Client scopes of the realm for a protocol (`openid-connect` or `saml`).
    fn client_scopes(&self, protocol: &str) -> Vec<ClientScope>;
    /// Authentication context classes and their levels, from the realm's `acr.loa.map`.
    fn acr_levels(&self) -> Vec<(String, i32)>;
    /// Whether there is an authentication flow with this id.
    fn has_flow(&self, id: &str) -> bool;
    /// Address of the server as the caller sees it, without a slash at the end.
    fn base_url(&self) -> String;
    /// A setting or attribute of the realm, as `realm.setting` of the contract.
    fn setting(&self, name: &str) -> Option<String>;
    /// Addresses of a host name; empty when there are none.
    fn addresses_of(&self, host: &str) -> Vec<String>;
    /// GET of a document outside, with the host's guards.
    ///
    /// # Errors
    /// Why it was not fetched, for the log.
    fn fetch(&self, url: &str) -> Result<Response, String>;
}

/// The host's answers, through the component's imports.
pub struct Host;

impl Realm for Host {
    fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        realm::client_scopes(protocol)
    }
    fn acr_levels(&self) -> Vec<(String, i32)> {
        realm::acr_levels()
    }
    fn has_flow(&self, id: &str) -> bool {
        realm::has_flow(id)
    }
    fn base_url(&self) -> String {
        realm::base_url()
    }
    fn setting(&self, name: &str) -> Option<String> {
        realm::setting(name)
    }
    fn addresses_of(&self, host: &str) -> Vec<String> {
        facts::addresses_of(host)
    }
    fn fetch(&self, url: &str) -> Result<Response, String> {
        fetch::get(url)
    }
}
