//! A realm for rules that run without a host: Keycloak's fresh one.

use matricula_core::contract::matricula::registration::fetch::Response;
use matricula_core::contract::matricula::registration::realm::{ClientScope, ScopeAssignment};
use matricula_core::realm::Realm;

/// The realm.
pub(crate) struct FreshRealm;

impl Realm for FreshRealm {
    fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        let scope = |name: &str, assigned| ClientScope { name: name.to_owned(), assigned };
        match protocol {
            "openid-connect" => vec![
                scope("profile", ScopeAssignment::Default),
                scope("email", ScopeAssignment::Default),
                scope("address", ScopeAssignment::Optional),
                scope("offline_access", ScopeAssignment::Optional),
            ],
            "saml" => vec![scope("role_list", ScopeAssignment::Default)],
            _ => Vec::new(),
        }
    }

    fn acr_levels(&self) -> Vec<(String, i32)> {
        vec![("silver".to_owned(), 1), ("gold".to_owned(), 2)]
    }

    fn has_flow(&self, id: &str) -> bool {
        id == "browser"
    }

    fn base_url(&self) -> String {
        "https://registration.example".to_owned()
    }

    fn setting(&self, name: &str) -> Option<String> {
        let settings = [
            ("realm", "test"),
            ("sslRequired", "external"),
            ("ssoSessionIdleTimeout", "1800"),
            ("ssoSessionMaxLifespan", "36000"),
        ];
        settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn addresses_of(&self, host: &str) -> Vec<String> {
        if host == "localhost" { vec!["127.0.0.1".to_owned()] } else { Vec::new() }
    }

    fn fetch(&self, url: &str) -> Result<Response, String> {
        // A sector identifier names redirect addresses; whatever the fuzzer asks for has the same ones.
        let body = br#"["https://a.example/cb", "https://b.example/cb"]"#.to_vec();
        if url.contains("missing") {
            Err("it is missing".to_owned())
        } else {
            Ok(Response { status: 200, content_type: None, body })
        }
    }
}
