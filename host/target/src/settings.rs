//! What an administrator says of a target: the members of its document, read and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use matricula_contract::connectors::ConnectorKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::base_url::BaseUrl;

/// Settings of a connector.
pub type Config = BTreeMap<String, Vec<String>>;

/// Members that requests may have.
const MEMBERS: [&str; 20] = [
    "name",
    "connector",
    "enabled",
    "url",
    "config",
    "credentials",
    "required",
    "wait",
    "concurrency",
    "protocols",
    "repair",
    "sweepInterval",
    "clients",
    // Read only: ignored.
    "state",
    "component",
    "deliveries",
    "oldest",
    "message",
    "lastSweep",
    "created",
];

/// Which clients a target gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clients {
    /// All but the server's own.
    #[default]
    All,
    /// Those that were made at a registration endpoint.
    Registered,
}

/// What is stored of a target in one text. Its name, its connector and its credentials are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Every call goes below it.
    pub url: BaseUrl,
    /// For the connector.
    pub config: Config,
    /// Without it nothing is registered.
    pub required: bool,
    /// How long requests wait for it, in milliseconds.
    pub wait: u64,
    /// Calls at once of a node.
    pub concurrency: usize,
    /// Which clients it gets.
    pub clients: Clients,
    /// Clients of these protocols.
    pub protocols: Vec<String>,
    /// A sweep puts right what it finds.
    pub repair: bool,
    /// Seconds between two sweeps; 0: only on demand.
    pub sweep_interval: u64,
}

impl Settings {
    /// How long requests wait for it.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.wait)
    }

    /// Whether clients of this protocol go there.
    pub fn takes(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|taken| taken == protocol)
    }

    /// Reads what is named, and leaves the rest as it is.
    ///
    /// # Errors
    /// A sentence that names the member.
    pub fn change(&mut self, sent: &Sent, connector: &ConnectorKind) -> Result<(), String> {
        if let Some(url) = sent.text("url")? {
            self.url = base_url(url)?;
        }
        if let Some(config) = sent.member("config") {
            self.config = read_config(config, connector)?;
        }
        if let Some(required) = sent.switch("required")? {
            self.required = required;
        }
        if let Some(wait) = sent.number("wait", 0, 10_000)? {
            self.wait = wait;
        }
        if let Some(concurrency) = sent.number("concurrency", 1, 64)? {
            self.concurrency = usize::try_from(concurrency).unwrap_or(1);
        }
        match sent.text("clients")? {
            Some("all") => self.clients = Clients::All,
            Some("registered") => self.clients = Clients::Registered,
            Some(_) => return Err("'clients' must be all or registered".to_owned()),
            None => {}
        }
        if let Some(protocols) = sent.member("protocols") {
            self.protocols = read_protocols(protocols, connector)?;
        }
        if let Some(repair) = sent.switch("repair")? {
            self.repair = repair;
        }
        if let Some(seconds) = sent.number("sweepInterval", 0, 604_800)? {
            if (1..60).contains(&seconds) {
                return Err("'sweepInterval' must be 0 or 60 to 604800".to_owned());
            }
            self.sweep_interval = seconds;
        }
        if self.required && self.wait == 0 {
            return Err("'wait' must be at least 1 for a required target".to_owned());
        }
        Ok(())
    }

    /// The settings of a new target.
    ///
    /// # Errors
    /// A sentence that names the member.
    pub fn new(sent: &Sent, connector: &ConnectorKind) -> Result<Settings, String> {
        let mut settings = Settings {
            url: base_url(sent.text("url")?.unwrap_or_default())?,
            config: Config::new(),
            required: false,
            wait: 2000,
            concurrency: 8,
            clients: Clients::All,
            protocols: connector.protocols.clone(),
            repair: true,
            sweep_interval: 3600,
        };
        settings.change(sent, connector)?;
        Ok(settings)
    }
}

fn base_url(text: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(text).map_err(|error| format!("'url' {error}"))
}

fn read_config(sent: &Value, connector: &ConnectorKind) -> Result<Config, String> {
    let config = Config::deserialize(sent).map_err(|_| "'config' must be a map of lists of texts".to_owned())?;
    let is_known = |name: &str| connector.properties.iter().any(|property| property.name == name);
    match config.keys().find(|name| !is_known(name)) {
        Some(unknown) => Err(format!("'config' has no {unknown} for connector {}", connector.id)),
        None => Ok(config),
    }
}

fn read_protocols(sent: &Value, connector: &ConnectorKind) -> Result<Vec<String>, String> {
    let protocols = Vec::<String>::deserialize(sent).unwrap_or_default();
    if protocols.is_empty() || protocols.iter().any(|protocol| !connector.protocols.contains(protocol)) {
        return Err(format!("'protocols' must be some of: {}", connector.protocols.join(", ")));
    }
    // In the order of the connector, each once.
    Ok(connector.protocols.iter().filter(|protocol| protocols.contains(protocol)).cloned().collect())
}

/// A document of a target as it was sent; `null` is as good as absent.
pub struct Sent {
    members: Map<String, Value>,
}

impl Sent {
    /// Reads a body.
    ///
    /// # Errors
    /// A sentence that names an unknown member, or says that it is no object.
    pub fn read(body: &[u8]) -> Result<Sent, String> {
        let mut members: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| format!("The body must be a JSON object: {error}"))?;
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("'{unknown}' is unknown"));
        }
        members.retain(|_, value| !value.is_null());
        Ok(Sent { members })
    }

    /// A member as it was sent.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(format!("'{name}' must be a text")),
        }
    }

    /// True or false.
    ///
    /// # Errors
    /// When it is something else.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, String> {
        match self.member(name) {
            None => Ok(None),
            Some(Value::Bool(switch)) => Ok(Some(*switch)),
            Some(_) => Err(format!("'{name}' must be true or false")),
        }
    }

    fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, String> {
        let Some(sent) = self.member(name) else { return Ok(None) };
        let number = sent.as_u64().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| format!("'{name}' must be {least} to {most}"))
    }

    /// The name of a new target.
    ///
    /// # Errors
    /// When it is none.
    pub fn name(&self) -> Result<&str, String> {
        let name = self.text("name").ok().flatten().unwrap_or_default();
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let is_name = name.len() <= 63
            && name.starts_with(is_plain)
            && name.chars().all(|letter| is_plain(letter) || letter == '-');
        if is_name { Ok(name) } else { Err("'name' must be 1 to 63 lower-case letters, digits and hyphens".to_owned()) }
    }

    /// Whether a member names something else than it is: what never changes.
    pub fn differs(&self, name: &str, is: &str) -> bool {
        self.member(name).is_some_and(|sent| sent != is)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use matricula_contract::connectors::Abilities;
    use serde_json::json;

    fn connector() -> ConnectorKind {
        ConnectorKind {
            id: "keycloak".to_owned(),
            version: String::new(),
            help_text: String::new(),
            properties: Vec::new(),
            further_urls: Vec::new(),
            credentials: Vec::new(),
            protocols: ["openid-connect", "saml"].map(str::to_owned).to_vec(),
            able: Abilities::empty(),
        }
    }

    fn new(changes: Value) -> Result<Settings, String> {
        let mut document = json!({ "name": "sso", "url": "https://sso.example/" });
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Settings::new(&Sent::read(document.to_string().as_bytes())?, &connector())
    }

    #[test]
    fn a_target_has_defaults() {
        let made = new(json!({})).unwrap();
        assert_eq!(made.url.as_str(), "https://sso.example");
        assert_eq!((made.required, made.wait, made.concurrency, made.sweep_interval), (false, 2000, 8, 3600));
        assert!(made.repair && made.takes("saml") && made.clients == Clients::All);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (sent, why) in [
            (json!({ "colour": 1 }), "'colour' is unknown"),
            (json!({ "url": "https://a/?b" }), "'url' must be an http or https URL without user, query and fragment"),
            (json!({ "config": { "colour": ["red"] } }), "'config' has no colour for connector keycloak"),
            (json!({ "config": { "realm": "demo" } }), "'config' must be a map of lists of texts"),
            (json!({ "required": "yes" }), "'required' must be true or false"),
            (json!({ "wait": 10_001 }), "'wait' must be 0 to 10000"),
            (json!({ "wait": 1.5 }), "'wait' must be 0 to 10000"),
            (json!({ "wait": 0, "required": true }), "'wait' must be at least 1 for a required target"),
            (json!({ "concurrency": 0 }), "'concurrency' must be 1 to 64"),
            (json!({ "clients": "some" }), "'clients' must be all or registered"),
            (json!({ "protocols": [] }), "'protocols' must be some of: openid-connect, saml"),
            (json!({ "protocols": ["ldap"] }), "'protocols' must be some of: openid-connect, saml"),
            (json!({ "sweepInterval": 59 }), "'sweepInterval' must be 0 or 60 to 604800"),
        ] {
            assert_eq!(new(sent.clone()).unwrap_err(), why, "{sent}");
        }
    }

    #[test]
    fn a_name_is_a_label() {
        let name = |name: &str| Sent::read(json!({ "name": name }).to_string().as_bytes()).unwrap().name().is_ok();
        assert!(name("sso") && name("0") && name("a-b-") && name(&"a".repeat(63)));
        assert!(!name("") && !name("-a") && !name("Hook") && !name("a_b") && !name(&"a".repeat(64)));
    }
}
