//! Realms as requests see them: one immutable snapshot each, replaced when an administrator changes something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client_policies::documents::RealmClientPolicies;
use crate::store::policies::PolicyRow;
use crate::store::scopes::ScopeRow;
use crate::store::{Change, Database, StoreError, client_policies, policies, realms, scopes};

/// Snapshots kept in memory at most; a realm that is not among them is read again (some 10 KB each).
const SNAPSHOTS: usize = 2_000;

/// The realm that administers the others.
pub(crate) const MASTER: &str = "master";

/// When TLS is demanded of callers (Keycloak: `sslRequired`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SslRequired {
    /// Always.
    All,
    /// Of callers whose address is neither local nor private.
    External,
    /// Never.
    None,
}

impl SslRequired {
    /// As in documents.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SslRequired::All => "all",
            SslRequired::External => "external",
            SslRequired::None => "none",
        }
    }
}

/// Settings of a realm, under their names in Keycloak's RealmRepresentation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// Who must use TLS.
    pub(crate) ssl_required: SslRequired,
    /// Seconds that an access token is good for.
    pub(crate) access_token_lifespan: i64,
    /// Seconds without a refresh after which a session ends.
    pub(crate) sso_session_idle_timeout: i64,
    /// Seconds after which a session ends anyway.
    pub(crate) sso_session_max_lifespan: i64,
    /// Shown to clients as `not-before-policy`; not enforced, as in Keycloak.
    pub(crate) not_before: i64,
    /// User events are stored.
    pub(crate) events_enabled: bool,
    /// Types of events to store; empty: the default set.
    pub(crate) enabled_event_types: Vec<String>,
    /// Algorithm of tokens whose client names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_signature_algorithm: Option<String>,
    /// Free data (`frontendUrl`, `acr.loa.map`, `clientRegistration.…`).
    pub(crate) attributes: BTreeMap<String, String>,
    /// Whatever else an administrator set; kept and returned, not interpreted.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
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
            attributes: BTreeMap::new(),
            other: Map::from_iter([("rememberMe".to_owned(), Value::Bool(false))]),
        }
    }
}

impl Settings {
    /// As they are stored.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// A realm with all that a request needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Realm {
    /// UUID, or what its creator chose. Never changes.
    pub(crate) id: String,
    /// As in the address.
    pub(crate) name: String,
    /// A disabled realm registers no clients and issues no tokens.
    pub(crate) enabled: bool,
    /// The rest.
    pub(crate) settings: Settings,
    /// Client scopes in alphabetical order.
    pub(crate) scopes: Vec<ScopeRow>,
    /// Client registration policies of both sets in the order in which they run.
    pub(crate) policies: Vec<Arc<PolicyRow>>,
    /// Client policies, which run before them.
    pub(crate) client_policies: RealmClientPolicies,
}

impl Realm {
    /// The client whose roles give rights in this realm: `realm-management`, in the master realm `master-realm`.
    pub(crate) fn management_client(&self) -> &'static str {
        if self.name == MASTER { "master-realm" } else { "realm-management" }
    }

    /// Address that replaces that of the request, without a slash at the end (Keycloak: attribute `frontendUrl`).
    pub(crate) fn frontend_url(&self) -> Option<&str> {
        let url = self.settings.attributes.get("frontendUrl")?;
        (!url.is_empty()).then(|| url.trim_end_matches('/'))
    }

    /// A setting or attribute by name, as `realm.setting` of the contract; nothing secret.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        let settings = &self.settings;
        match name {
            "realm" => Some(self.name.clone()),
            "sslRequired" => Some(settings.ssl_required.as_str().to_owned()),
            "accessTokenLifespan" => Some(settings.access_token_lifespan.to_string()),
            "ssoSessionIdleTimeout" => Some(settings.sso_session_idle_timeout.to_string()),
            "ssoSessionMaxLifespan" => Some(settings.sso_session_max_lifespan.to_string()),
            "defaultSignatureAlgorithm" => settings.default_signature_algorithm.clone(),
            _ => match settings.other.get(name) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Bool(flag)) => Some(flag.to_string()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => settings.attributes.get(name).cloned(),
            },
        }
    }

    /// Authentication context classes and their levels (attribute `acr.loa.map`, a JSON object).
    pub(crate) fn acr_levels(&self) -> Vec<(String, i32)> {
        let map: Option<BTreeMap<String, Value>> =
            self.settings.attributes.get("acr.loa.map").and_then(|text| serde_json::from_str(text).ok());
        let level = |value: &Value| match value {
            Value::Number(number) => number.as_i64().and_then(|level| i32::try_from(level).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        map.into_iter().flatten().filter_map(|(name, value)| Some((name, level(&value)?))).collect()
    }
}

/// The priority of a policy: the host's own key of its configuration. Lower runs first.
pub(crate) fn priority(policy: &PolicyRow) -> i32 {
    policy.config.get("priority").and_then(|values| values.first()?.parse().ok()).unwrap_or(0)
}

/// The snapshots of realms.
#[derive(Clone)]
pub(crate) struct Realms {
    database: Database,
    snapshots: Arc<Cache<String, Arc<Realm>>>,
    /// How many changes other nodes announced: a snapshot that was read meanwhile may be of before.
    announced: Arc<AtomicU64>,
}

impl Realms {
    /// No snapshot yet; each is made when it is first asked for.
    pub(crate) fn new(database: Database) -> Realms {
        Realms { database, snapshots: Arc::new(Cache::new(SNAPSHOTS)), announced: Arc::default() }
    }

    /// The realm of this name as it is now.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Arc<Realm>>, StoreError> {
        let guard = match self.snapshots.get_value_or_guard_async(name).await {
            Ok(realm) => return Ok(Some(realm)),
            Err(guard) => guard,
        };
        let announced = self.announced.load(Ordering::SeqCst);
        let Some(realm) = read(&self.database, name).await? else { return Ok(None) };
        let realm = Arc::new(realm);
        // Refused when `changed` was called meanwhile: then this snapshot is for this request only.
        let _ = guard.insert(Arc::clone(&realm));
        if self.announced.load(Ordering::SeqCst) != announced {
            self.changed(name);
        }
        Ok(Some(realm))
    }

    /// To be called after a change of a realm was stored: the next request reads it.
    pub(crate) fn changed(&self, name: &str) {
        self.snapshots.remove(name);
    }

    /// To be called when another node changed this realm, or some realm.
    pub(crate) fn announced(&self, change: &Change) {
        self.announced.fetch_add(1, Ordering::SeqCst);
        match change {
            Change::Realm(id) => self.snapshots.retain(|_, realm| realm.id != *id),
            Change::Components => {}
            Change::Everything => self.snapshots.clear(),
        }
    }
}

/// Reads a realm from the database.
async fn read(database: &Database, name: &str) -> Result<Option<Realm>, StoreError> {
    let Some(row) = realms::by_name(database, name).await? else { return Ok(None) };
    let scopes = scopes::list(database, &row.id).await?;
    let mut policies = policies::list(database, &row.id).await?;
    // Stable: policies of equal priority stay in the order in which they were made.
    policies.sort_by_key(priority);
    let policies = policies.into_iter().map(Arc::new).collect();
    let client_policies = client_policies::of_realm(database, &row.id).await?;
    Ok(Some(Realm {
        id: row.id,
        name: row.name,
        enabled: row.enabled,
        settings: row.settings,
        scopes,
        policies,
        client_policies,
    }))
}
