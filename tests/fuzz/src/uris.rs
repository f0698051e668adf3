//! Addresses: what is one for Keycloak, and what validation makes of a client that has it everywhere.

use matricula_core::contract::matricula::registration::client::{Attribute, Client};
use matricula_core::uri::{Uri, Url};
use matricula_core::validation;

use crate::realm::FreshRealm;

/// Fields of a client beside redirect addresses that hold an address.
const ATTRIBUTES: [&str; 4] = ["logoUri", "policyUri", "post.logout.redirect.uris", "request.uris"];

/// One address a line.
pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for line in text.lines() {
        let parsed = Uri::parse(line);
        if let Some(uri) = &parsed {
            // Both only look: they must answer for whatever is a URI.
            let _ = (uri.is_url(), uri.has_scheme("https"));
        }
        let _ = Url::parse(line);
    }
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let first = lines.first().cloned();
    let attribute = |name: &str| Attribute { name: name.to_owned(), value: first.clone().unwrap_or_default() };
    let client = Client {
        client_id: Some("a".to_owned()),
        root_url: first.clone(),
        base_url: first.clone(),
        admin_url: first.clone(),
        redirect_uris: Some(lines.clone()),
        web_origins: Some(lines),
        attributes: ATTRIBUTES.into_iter().map(attribute).collect(),
        ..Client::default()
    };
    let _ = validation::validate(&client, &FreshRealm);
}
