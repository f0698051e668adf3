//! Settings of a realm, as they are stored.

mod life_cycle;

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use life_cycle::{Exempt, LifeCycle};

// Settings without a field of their own that this server looks at (Keycloak: RealmRepresentation).

/// Seconds without use after which the tokens of a client end.
pub const CLIENT_SESSION_IDLE: &str = "clientSessionIdleTimeout";
/// Seconds after which they end in any case.
pub const CLIENT_SESSION_MAX: &str = "clientSessionMaxLifespan";
/// A refresh token is good once.
pub const REVOKE_REFRESH_TOKEN: &str = "revokeRefreshToken";
/// So many times more.
pub const REFRESH_TOKEN_MAX_REUSE: &str = "refreshTokenMaxReuse";

/// When TLS is demanded of callers (Keycloak: `sslRequired`). It is read in capitals, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SslRequired {
    /// Always.
    All,
    /// Of callers whose address is neither local nor private.
    External,
    /// Never.
    None,
}

impl<'de> Deserialize<'de> for SslRequired {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = [SslRequired::All, SslRequired::External, SslRequired::None];
        known
            .into_iter()
            .find(|one| text.eq_ignore_ascii_case(one.as_str()))
            .ok_or_else(|| D::Error::unknown_variant(&text, &["all", "external", "none"]))
    }
}

impl SslRequired {
    /// As in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            SslRequired::All => "all",
            SslRequired::External => "external",
            SslRequired::None => "none",
        }
    }
}

/// The authorization server that a realm stands before: what is registered here logs in there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationServer {
    /// Its issuer, to the letter.
    pub issuer: String,
    /// Where its metadata is; absent: where the issuer says.
    pub metadata_url: Option<String>,
    /// Its access tokens count as bearer tokens of the realm.
    pub trust_tokens: bool,
    /// What must be among the `aud` of its tokens; absent: anything.
    pub audience: Option<String>,
    /// The claim of its tokens that lists roles; dots separate levels.
    pub roles_claim: String,
}

/// What the gate says of a client that is not here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// The authorization server may know it, and refuses it if it does not.
    #[default]
    Pass,
    /// It gets no further.
    Refuse,
}

/// How the gate judges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gate {
    /// Clients that are not here.
    pub unknown: Unknown,
}

/// What a Client ID Metadata Document must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// That of MCP's authorization specification.
    #[default]
    Mcp,
    /// draft-ietf-oauth-client-id-metadata-document-03.
    #[serde(rename = "draft-03")]
    Draft03,
}

impl Profile {
    /// As in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Mcp => "mcp",
            Profile::Draft03 => "draft-03",
        }
    }
}

/// Whether and how Client ID Metadata Documents become clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientIdMetadataDocuments {
    /// They do.
    pub enabled: bool,
    /// What they must have.
    pub profile: Profile,
    /// How long one may be.
    pub max_bytes: u32,
    /// Seconds that one is good for at least, whatever its server says.
    pub min_age: u32,
    /// Seconds that one is good for at most, and where its server says nothing.
    pub max_age: u32,
}

impl Default for ClientIdMetadataDocuments {
    fn default() -> Self {
        ClientIdMetadataDocuments {
            enabled: false,
            profile: Profile::Mcp,
            max_bytes: 5120,
            min_age: 60,
            max_age: 86_400,
        }
    }
}

/// Settings of a realm, under their names in Keycloak's RealmRepresentation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Who must use TLS.
    pub ssl_required: SslRequired,
    /// Seconds that an access token is good for.
    pub access_token_lifespan: i64,
    /// Seconds without a refresh after which a session ends.
    pub sso_session_idle_timeout: i64,
    /// Seconds after which a session ends anyway.
    pub sso_session_max_lifespan: i64,
    /// Bearer and refresh tokens that were issued before are not good any more, Unix seconds; 0: none. Shown to clients
    /// as `not-before-policy`.
    pub not_before: i64,
    /// User events are stored.
    pub events_enabled: bool,
    /// Types of events to store; empty: the default set.
    pub enabled_event_types: Vec<String>,
    /// Algorithm of tokens whose client names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_signature_algorithm: Option<String>,
    /// The server that logs people in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<AuthorizationServer>,
    /// What a reverse proxy is told of clients.
    pub gate: Gate,
    /// Clients that are addresses of their own metadata.
    pub client_id_metadata_documents: ClientIdMetadataDocuments,
    /// What becomes of clients with time.
    #[serde(skip_serializing_if = "LifeCycle::is_default")]
    pub life_cycle: LifeCycle,
    /// Free data (`frontendUrl`, `acr.loa.map`, `clientRegistration.…`).
    pub attributes: BTreeMap<String, String>,
    /// Whatever else an administrator set; kept and returned, not interpreted.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            ssl_required: SslRequired::External,
            access_token_lifespan: 300,
            sso_session_idle_timeout: 1800,
            sso_session_max_lifespan: 36_000,
            not_before: 0,
            events_enabled: false,
            enabled_event_types: Vec::new(),
            default_signature_algorithm: None,
            authorization_server: None,
            gate: Gate::default(),
            client_id_metadata_documents: ClientIdMetadataDocuments::default(),
            life_cycle: LifeCycle::default(),
            attributes: BTreeMap::new(),
            other: Map::from_iter([("rememberMe".to_owned(), Value::Bool(false))]),
        }
    }
}

impl Settings {
    /// As they are stored.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// A setting without a field of its own that is a number, as text too.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.other.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A setting without a field of its own that is switched on, as text too.
    pub fn is_on(&self, name: &str) -> bool {
        match self.other.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}
