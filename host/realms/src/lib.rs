//! Realms as requests see them: one immutable snapshot each, replaced when an administrator changes something.

mod announced;
pub mod defaults;
pub mod roles;
pub mod session_limits;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use matricula_store::client_policy_documents::RealmClientPolicies;
use matricula_store::policies::{self, Policy};
use matricula_store::realm_settings::Settings;
use matricula_store::realms::NewRow;
use matricula_store::scopes::{self, Scope};
use matricula_store::targets::{self, Target};
use matricula_store::{Change, Database, StoreError, realms};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::Value;

use announced::Announced;
use shared::Shared;

/// Bytes that snapshots may take at most; a realm that is not among them is read again.
const SNAPSHOTS: u64 = 64 << 20;
/// Bytes that a snapshot takes, and its place: what it does not share.
const SNAPSHOT: u64 = 512;
/// Bytes in memory for a byte of stored text. Measured: 25 to 30 KB for the 3.5 KB of a new realm.
const READ_OF_STORED: u64 = 8;
/// Realms that snapshots are expected of; only a hint.
const REALMS: usize = 20_000;

/// The realm that administers the others.
pub const MASTER: &str = "master";

/// A realm with all that a request needs to know of it. Realms that have the same share it: there are many, and most are
/// as they were made.
#[derive(Clone, Debug)]
pub struct Realm {
    /// UUID, or what its creator chose. Never changes.
    pub id: String,
    /// As in the address.
    pub name: String,
    /// A disabled realm registers no clients and issues no tokens.
    pub enabled: bool,
    /// The rest.
    pub settings: Arc<Settings>,
    /// Client scopes in alphabetical order.
    pub scopes: Arc<[Scope]>,
    /// Client registration policies of both sets in the order in which they run.
    pub policies: Arc<[Arc<Policy>]>,
    /// Client policies, which run before them.
    pub client_policies: Arc<RealmClientPolicies>,
    /// What must know its clients, by name.
    pub targets: Arc<[Target]>,
    /// Stands for what documents of clients may show of the realm: name, settings, client scopes.
    pub shown: shared::Digest,
}

impl Realm {
    /// What is stored of it in its own table.
    pub fn new_row(&self) -> NewRow<'_> {
        NewRow { id: &self.id, name: &self.name, enabled: self.enabled, settings: &self.settings }
    }

    /// The client whose roles give rights in this realm: `realm-management`, in the master realm `master-realm`.
    pub fn management_client(&self) -> &'static str {
        if self.name == MASTER { "master-realm" } else { "realm-management" }
    }

    /// Address that replaces that of the request, without a slash at the end (Keycloak: attribute `frontendUrl`).
    pub fn frontend_url(&self) -> Option<&str> {
        let url = self.settings.attributes.get("frontendUrl")?;
        (!url.is_empty()).then(|| url.trim_end_matches('/'))
    }

    /// A setting or attribute by name, as `realm.setting` of the contract; nothing secret.
    pub fn setting(&self, name: &str) -> Option<String> {
        let settings = &self.settings;
        match name {
            "realm" => Some(self.name.clone()),
            "sslRequired" => Some(settings.ssl_required.as_str().to_owned()),
            "accessTokenLifespan" => Some(settings.access_token_lifespan.to_string()),
            "ssoSessionIdleTimeout" => Some(settings.sso_session_idle_timeout.to_string()),
            "ssoSessionMaxLifespan" => Some(settings.sso_session_max_lifespan.to_string()),
            "defaultSignatureAlgorithm" => settings.default_signature_algorithm.clone(),
            "clientIdMetadataDocuments.profile" => {
                Some(settings.client_id_metadata_documents.profile.as_str().to_owned())
            }
            _ => match settings.other.get(name) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Bool(flag)) => Some(flag.to_string()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => settings.attributes.get(name).cloned(),
            },
        }
    }

    /// Authentication context classes and their levels (attribute `acr.loa.map`, a JSON object).
    pub fn acr_levels(&self) -> Vec<(String, i32)> {
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

/// A realm as it was read at some time.
#[derive(Clone)]
struct Snapshot {
    realm: Arc<Realm>,
    /// How many announcements had come before.
    read_at: u64,
    /// Bytes it takes, with its part of what it shares.
    bytes: u64,
}

/// Weighs snapshots by their bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<String, Snapshot> for Bytes {
    fn weight(&self, _name: &String, snapshot: &Snapshot) -> u64 {
        snapshot.bytes
    }
}

/// What realms share.
#[derive(Default)]
struct Contents {
    settings: Shared<Settings>,
    scopes: Shared<[Scope]>,
    policies: Shared<[Arc<Policy>]>,
    client_policies: Shared<RealmClientPolicies>,
    targets: Shared<[Target]>,
}

/// The snapshots of realms.
#[derive(Clone)]
pub struct Realms {
    database: Database,
    snapshots: Arc<Cache<String, Snapshot, Bytes>>,
    contents: Arc<Contents>,
    /// What other nodes changed.
    announced: Arc<Announced>,
}

impl Realms {
    /// No snapshot yet; each is made when it is first asked for.
    pub fn new(database: Database) -> Realms {
        let snapshots = Arc::new(Cache::with_weighter(REALMS, SNAPSHOTS, Bytes));
        Realms { database, snapshots, contents: Arc::default(), announced: Arc::default() }
    }

    /// The realm of this name as it is now.
    pub async fn get(&self, name: &str) -> Result<Option<Arc<Realm>>, StoreError> {
        let guard = loop {
            match self.snapshots.get_value_or_guard_async(name).await {
                Ok(snapshot) if self.announced.allows(&snapshot.realm.id, snapshot.read_at) => {
                    return Ok(Some(snapshot.realm));
                }
                Ok(_) => self.changed(name),
                Err(guard) => break guard,
            }
        };
        let read_at = self.announced.number();
        let Some(snapshot) = self.read(name, read_at).await? else { return Ok(None) };
        let realm = Arc::clone(&snapshot.realm);
        // Refused when `changed` was called meanwhile: then this snapshot is for this request only.
        let _ = guard.insert(snapshot);
        if self.announced.number() != read_at {
            self.changed(name);
        }
        Ok(Some(realm))
    }

    /// To be called after a change of a realm was stored: the next request reads it.
    pub fn changed(&self, name: &str) {
        self.snapshots.remove(name);
    }

    /// To be called when another node changed this realm, or some realm.
    pub fn announced(&self, change: &Change) {
        match change {
            Change::Realm(id) => self.announced.realm(id, |allows| {
                self.snapshots.retain(|_, snapshot| allows(&snapshot.realm.id, snapshot.read_at));
            }),
            Change::Components | Change::Clients => {}
            Change::Everything => self.announced.everything(|| self.snapshots.clear()),
        }
    }

    /// Reads a realm from the database.
    async fn read(&self, name: &str, read_at: u64) -> Result<Option<Snapshot>, StoreError> {
        let Some(row) = realms::whole(&self.database, name).await? else { return Ok(None) };
        let mut bytes = SNAPSHOT;
        // Who shares it with others bears a part of it.
        let mut add = |text: &str, holders: usize| bytes += text.len() as u64 * READ_OF_STORED / holders.max(1) as u64;
        let text = row.settings()?;
        let settings = self.contents.settings.get(&[text], || {
            serde_json::from_str(text).map(Arc::new).map_err(|error| StoreError::Damaged(error.to_string()))
        })?;
        add(text, Arc::strong_count(&settings));
        let text = row.scopes()?;
        let scopes = self.contents.scopes.get(&[text], || Ok(scopes::read_whole(text)?.into()))?;
        add(text, Arc::strong_count(&scopes));
        let text = row.policies()?;
        let policies = self.contents.policies.get(&[text], || Ok(policies::read_whole(text)?.into()))?;
        add(text, Arc::strong_count(&policies));
        let texts = row.client_policies()?;
        let client_policies =
            self.contents.client_policies.get(&texts, || RealmClientPolicies::read(texts).map(Arc::new))?;
        texts.iter().for_each(|text| add(text, Arc::strong_count(&client_policies)));
        let text = row.targets()?;
        let targets = self.contents.targets.get(&[text], || Ok(targets::read_whole(text)?.into()))?;
        add(text, Arc::strong_count(&targets));
        let shown = shared::digest(&[name, row.settings()?, row.scopes()?]).unwrap_or_default();
        let (id, enabled) = (row.id()?, row.enabled()?);
        let name = name.to_owned();
        let realm = Realm { id, name, enabled, settings, scopes, policies, client_policies, targets, shown };
        Ok(Some(Snapshot { realm: Arc::new(realm), read_at, bytes }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use crate::defaults::{self, NewRealm};
    use matricula_store::{Store, Write};

    async fn realms(names: &[&str]) -> (Store, Realms) {
        let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        for name in names {
            let new = NewRealm::usual(format!("id of {name}"), (*name).to_owned(), true, Settings::default());
            let mut write = Write::default();
            defaults::store(&mut write, &new, None).unwrap();
            store.writer.write(write).await.unwrap();
        }
        let realms = Realms::new(store.database.clone());
        (store, realms)
    }

    /// Which of settings, scopes, policies and client policies two realms share.
    fn shared(a: &Realm, b: &Realm) -> [bool; 4] {
        [
            Arc::ptr_eq(&a.settings, &b.settings),
            Arc::ptr_eq(&a.scopes, &b.scopes),
            Arc::ptr_eq(&a.policies, &b.policies),
            Arc::ptr_eq(&a.client_policies, &b.client_policies),
        ]
    }

    #[tokio::test]
    async fn realms_that_were_made_alike_share_what_they_have() {
        let (_store, realms) = realms(&["a", "b"]).await;
        let (a, b) = (realms.get("a").await.unwrap().unwrap(), realms.get("b").await.unwrap().unwrap());
        assert_eq!(shared(&a, &b), [true; 4]);
        assert_eq!((a.id.as_str(), b.name.as_str()), ("id of a", "b"));
        let made = NewRealm::usual(String::new(), String::new(), true, Settings::default()).realm;
        let what = |realm: &Realm| format!("{:?} {:?} {:?}", realm.settings, realm.scopes, realm.policies);
        assert_eq!(what(&a).len(), what(&made).len());
        let policies = |realm: &Realm| realm.policies.iter().map(|policy| (**policy).clone()).collect::<Vec<_>>();
        assert_eq!(policies(&a), policies(&made));
    }

    #[tokio::test]
    async fn a_change_is_read_at_once_and_leaves_the_rest_shared() {
        let (store, realms) = realms(&["a", "b"]).await;
        let before = realms.get("a").await.unwrap().unwrap();
        let b = realms.get("b").await.unwrap().unwrap();
        let own: &dyn Fn() = &|| realms.changed("a");
        let announced: &dyn Fn() = &|| realms.announced(&Change::Realm("id of a".to_owned()));
        let missed: &dyn Fn() = &|| realms.announced(&Change::Everything);
        for (not_before, tell) in (1..).zip([own, announced, missed]) {
            let mut write = Write::default();
            let mut row = matricula_store::realms::by_id(&store.database, "id of a").await.unwrap().unwrap();
            row.settings.not_before = not_before;
            matricula_store::realms::update(&mut write, &row);
            store.writer.write(write).await.unwrap();
            tell();
            let after = realms.get("a").await.unwrap().unwrap();
            assert_eq!(after.settings.not_before, not_before);
            assert_eq!(shared(&before, &after), [false, true, true, true]);
            let other = realms.get("b").await.unwrap().unwrap();
            assert_eq!(shared(&b, &other), [true; 4]);
            assert_eq!(other.settings.not_before, 0);
        }
    }

    #[tokio::test]
    async fn an_announcement_holds_for_every_name_of_a_realm() {
        let (store, realms) = realms(&["a"]).await;
        assert!(realms.get("a").await.unwrap().is_some());
        let mut write = Write::default();
        let mut row = matricula_store::realms::by_id(&store.database, "id of a").await.unwrap().unwrap();
        row.name = "b".to_owned();
        matricula_store::realms::update(&mut write, &row);
        store.writer.write(write).await.unwrap();
        // Read under its new name before the announcement comes.
        assert!(realms.get("b").await.unwrap().is_some());
        realms.announced(&Change::Realm("id of a".to_owned()));
        assert!(realms.get("b").await.unwrap().is_some());
        assert!(realms.get("a").await.unwrap().is_none());
    }
}
