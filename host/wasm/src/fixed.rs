//! Answers from data, for components that are tried out where there is no server: `matricula policy run` and the cases.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use matricula_contract::{ClientScope, ScopeAssignment, facts, fetch};
use matricula_network::addresses::literal;
use serde::Deserialize;

/// What a component is told, and what it said.
#[derive(Default)]
pub struct Fixed {
    facts: Mutex<Arc<FixedFacts>>,
    log: Mutex<Vec<String>>,
}

impl Fixed {
    /// Answers the calls that follow from these facts.
    pub fn set(&self, facts: FixedFacts) {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }

    /// The facts as of now.
    pub fn facts(&self) -> Arc<FixedFacts> {
        Arc::clone(&self.facts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a log line.
    pub fn log(&self, level: facts::Level, message: String) {
        let level = match level {
            facts::Level::Debug => "debug",
            facts::Level::Info => "info",
            facts::Level::Warn => "warn",
            facts::Level::Error => "error",
        };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{level}: {message}"));
    }

    /// The log lines since the last time, with their levels.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The answer to each question of the contract (`wit/facts.wit`); what is absent is answered empty.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FixedFacts {
    client_scopes: BTreeMap<String, Vec<FixedScope>>,
    pub(super) protocol_mapper_types: Vec<String>,
    pub(super) acr_levels: BTreeMap<String, i32>,
    pub(super) flows: Vec<String>,
    pub(super) base_url: String,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) client_count: u64,
    addresses_of: BTreeMap<String, Vec<String>>,
    names_of: BTreeMap<String, Vec<String>>,
    roles_of: BTreeMap<String, Vec<String>>,
    fetch: BTreeMap<String, FixedResponse>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedScope {
    name: String,
    assigned: FixedAssignment,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FixedAssignment {
    None,
    Default,
    Optional,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FixedResponse {
    #[serde(default = "ok")]
    status: u16,
    content_type: Option<String>,
    body: String,
}

/// The status of an answer that names none.
fn ok() -> u16 {
    200
}

impl FixedFacts {
    /// Client scopes for a protocol.
    pub(super) fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        let scope = |scope: &FixedScope| ClientScope {
            name: scope.name.clone(),
            assigned: match scope.assigned {
                FixedAssignment::None => ScopeAssignment::None,
                FixedAssignment::Default => ScopeAssignment::Default,
                FixedAssignment::Optional => ScopeAssignment::Optional,
            },
        };
        self.client_scopes.get(protocol).into_iter().flatten().map(scope).collect()
    }

    /// DNS A and AAAA; an address is its own, as in the server (`names.rs`).
    pub(super) fn addresses_of(&self, host: &str) -> Vec<String> {
        if let Some(address) = literal(host) {
            return vec![address.to_string()];
        }
        let mut found = self.addresses_of.iter().filter(|(name, _)| name.eq_ignore_ascii_case(host));
        found.next().map(|(_, addresses)| addresses.clone()).unwrap_or_default()
    }

    /// DNS PTR.
    pub(super) fn names_of(&self, address: &str) -> Vec<String> {
        self.names_of.get(address).cloned().unwrap_or_default()
    }

    /// Roles of a stored client.
    pub(super) fn roles_of(&self, id: &str) -> Vec<String> {
        self.roles_of.get(id).cloned().unwrap_or_default()
    }

    /// A document of the web.
    pub(super) fn fetch(&self, url: &str) -> Result<fetch::Response, String> {
        let response = self.fetch.get(url).ok_or_else(|| format!("there is no document for {url}"))?;
        Ok(fetch::Response {
            status: response.status,
            content_type: response.content_type.clone(),
            body: response.body.clone().into_bytes(),
        })
    }
}
