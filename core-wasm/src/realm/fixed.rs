//! A realm for tests, answering from data.

use super::{ClientScope, Realm, Response};
use crate::contract::matricula::registration::realm::ScopeAssignment;

/// Keycloak's fresh realm at `http://localhost:8080`, but for what a test changes.
pub(crate) struct FixedRealm {
    /// Settings and attributes by name.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    /// The `acr.loa.map`.
    pub(crate) acr_levels: Vec<(&'static str, i32)>,
    /// Host names with their addresses.
    pub(crate) hosts: Vec<(&'static str, &'static str)>,
    /// Documents outside: address, status, body.
    pub(crate) documents: Vec<(&'static str, u16, &'static str)>,
}

impl Default for FixedRealm {
    fn default() -> Self {
        FixedRealm {
            settings: vec![
                ("realm", "test"),
                ("sslRequired", "external"),
                ("ssoSessionIdleTimeout", "1800"),
                ("ssoSessionMaxLifespan", "36000"),
            ],
            acr_levels: vec![],
            hosts: vec![("localhost", "127.0.0.1")],
            documents: vec![],
        }
    }
}

impl Realm for FixedRealm {
    fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        let scopes: &[(ScopeAssignment, &[&str])] = match protocol {
            "openid-connect" => &[
                (ScopeAssignment::Default, &["web-origins", "acr", "profile", "roles", "basic", "email"]),
                (
                    ScopeAssignment::Optional,
                    &["address", "phone", "offline_access", "organization", "microprofile-jwt"],
                ),
                (ScopeAssignment::None, &["service_account"]),
            ],
            "saml" => &[(ScopeAssignment::Default, &["role_list", "saml_organization", "AuthnContextClassRef"])],
            _ => &[],
        };
        let scope = |assigned: ScopeAssignment, name: &str| ClientScope { name: name.to_owned(), assigned };
        scopes.iter().flat_map(|(assigned, names)| names.iter().map(move |name| scope(*assigned, name))).collect()
    }
    fn acr_levels(&self) -> Vec<(String, i32)> {
        self.acr_levels.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect()
    }
    fn has_flow(&self, id: &str) -> bool {
        id == "browser-flow"
    }
    fn base_url(&self) -> String {
        "http://localhost:8080".to_owned()
    }
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
    fn addresses_of(&self, host: &str) -> Vec<String> {
        self.hosts.iter().filter(|(name, _)| *name == host).map(|(_, address)| (*address).to_owned()).collect()
    }
    fn fetch(&self, url: &str) -> Result<Response, String> {
        let found = self.documents.iter().find(|(known, _, _)| *known == url);
        let (_, status, body) = found.ok_or("no such document")?;
        Ok(Response { status: *status, content_type: None, body: body.as_bytes().to_vec() })
    }
}
