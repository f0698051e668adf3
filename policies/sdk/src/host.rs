//! What a policy may ask about the realm and the world outside (interfaces `realm` and `facts` of the contract).

use crate::{ClientScope, Level, Response};

/// The host's answers.
///
/// In a component each function asks the host, and a component imports only those that it uses. In a native build the
/// answers are fields: a test fills in what its policy asks for, the rest is empty.
#[cfg(target_arch = "wasm32")]
#[derive(Debug, Default)]
pub struct Host;

#[cfg(target_arch = "wasm32")]
mod answer {
    use super::{ClientScope, Host, Level, Response};
    use crate::contract::matricula::registration::{facts, realm};

    #[allow(missing_docs, reason = "documented at the native twin, which rustdoc shows")]
    impl Host {
        pub fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
            realm::client_scopes(protocol)
        }
        pub fn protocol_mapper_types(&self) -> Vec<String> {
            realm::protocol_mapper_types()
        }
        pub fn acr_levels(&self) -> Vec<(String, i32)> {
            realm::acr_levels()
        }
        pub fn has_flow(&self, id: &str) -> bool {
            realm::has_flow(id)
        }
        pub fn base_url(&self) -> String {
            realm::base_url()
        }
        pub fn setting(&self, name: &str) -> Option<String> {
            realm::setting(name)
        }
        pub fn client_count(&self) -> u64 {
            facts::client_count()
        }
        pub fn addresses_of(&self, host: &str) -> Vec<String> {
            facts::addresses_of(host)
        }
        pub fn names_of(&self, address: &str) -> Vec<String> {
            facts::names_of(address)
        }
        pub fn client_roles(&self, id: &str) -> Vec<String> {
            crate::client_policy_contract::matricula::registration::clients::roles_of(id)
        }
        pub fn fetch(&self, url: &str) -> Result<Response, String> {
            crate::provider_contract::matricula::registration::fetch::get(url)
        }
        pub fn log(&self, level: Level, message: &str) {
            facts::log(level, message);
        }
    }
}

/// The host's answers.
///
/// In a component each function asks the host, and a component imports only those that it uses. In a native build the
/// answers are these fields: a test fills in what its policy asks for, the rest is empty.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Default)]
pub struct Host {
    /// Protocol and client scope.
    pub client_scopes: Vec<(&'static str, ClientScope)>,
    /// See the function.
    pub protocol_mapper_types: Vec<String>,
    /// See the function.
    pub acr_levels: Vec<(String, i32)>,
    /// Ids of the realm's authentication flows.
    pub flows: Vec<String>,
    /// See the function.
    pub base_url: String,
    /// Name and value.
    pub settings: Vec<(&'static str, String)>,
    /// See the function.
    pub client_count: u64,
    /// A host name and its addresses.
    pub addresses: Vec<(&'static str, Vec<String>)>,
    /// An address and its names.
    pub names: Vec<(&'static str, Vec<String>)>,
    /// Internal id of a client and the names of its roles.
    pub client_roles: Vec<(&'static str, Vec<String>)>,
    /// Address and document.
    pub documents: Vec<(&'static str, Response)>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// Client scopes of the realm for a protocol: `openid-connect` or `saml`.
    pub fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        self.client_scopes.iter().filter(|(of, _)| *of == protocol).map(|(_, scope)| scope.clone()).collect()
    }

    /// Types of protocol mappers that clients may have at all.
    pub fn protocol_mapper_types(&self) -> Vec<String> {
        self.protocol_mapper_types.clone()
    }

    /// Authentication context classes (OIDC `acr`) and their levels.
    pub fn acr_levels(&self) -> Vec<(String, i32)> {
        self.acr_levels.clone()
    }

    /// Whether there is an authentication flow with this id.
    pub fn has_flow(&self, id: &str) -> bool {
        self.flows.iter().any(|flow| flow == id)
    }

    /// Address of the server as the caller sees it, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// A plain setting under its name in Keycloak's RealmRepresentation, else the realm attribute of that name.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone())
    }

    /// Clients in the realm, maybe a moment old. To enforce a limit use a condition.
    pub fn client_count(&self) -> u64 {
        self.client_count
    }

    /// Addresses of a host name, in the order of the DNS answer. Empty: none, or no answer in time.
    pub fn addresses_of(&self, host: &str) -> Vec<String> {
        self.addresses.iter().find(|(of, _)| *of == host).map(|(_, addresses)| addresses.clone()).unwrap_or_default()
    }

    /// Names of an address that resolve back to it. Empty: none, or no answer in time.
    pub fn names_of(&self, address: &str) -> Vec<String> {
        self.names.iter().find(|(of, _)| *of == address).map(|(_, names)| names.clone()).unwrap_or_default()
    }

    /// Names of the roles of a stored client, by its internal id. In conditions and executors of client policies only.
    pub fn client_roles(&self, id: &str) -> Vec<String> {
        self.client_roles.iter().find(|(of, _)| *of == id).map(|(_, roles)| roles.clone()).unwrap_or_default()
    }

    /// A document elsewhere. In providers only; the error is for the log.
    ///
    /// # Errors
    /// There is none, or the host does not fetch it.
    pub fn fetch(&self, url: &str) -> Result<Response, String> {
        let found = self.documents.iter().find(|(of, _)| *of == url).map(|(_, document)| document.clone());
        found.ok_or_else(|| format!("there is no document for {url}"))
    }

    /// A line in the server's log, at most 16 a call. Never secrets.
    pub fn log(&self, _level: Level, _message: &str) {}
}
