//! Tables `targets` and `target_standings`.

use std::sync::Arc;

use super::clients::ClientRow;
use super::{Database, Lost, Row, StoreError, Write, clients, deliveries, realms, sealing, values};
use matricula_system::clock;
use matricula_target::credentials::Credentials;
use matricula_target::settings::{Clients, Settings};

/// A target as it is stored.
#[derive(Clone, Debug)]
pub struct TargetRow {
    /// Unique in the realm.
    pub name: String,
    /// Id of its connector.
    pub connector: String,
    /// As an administrator set it up.
    pub settings: Settings,
    /// What its calls are authorized with.
    pub credentials: Arc<Credentials>,
    /// It gets clients.
    pub enabled: bool,
    /// Nothing is asked of it until an administrator resumes it.
    pub paused: bool,
    /// It goes when it has none of our clients any more.
    pub leaving: bool,
    /// It keeps disabled clients.
    pub disables: bool,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// Grows with each change.
    pub version: i64,
}

/// How it goes with a target.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// In a row, up to now.
    pub failures: i64,
    /// Nothing is asked of it before.
    pub not_before_ms: i64,
    /// Its last words, when it failed.
    pub message: Option<String>,
    /// Clients behind this `client_id` may lack their delivery.
    pub filled_to: Option<String>,
}

/// Where the credentials of a target belong.
pub(super) fn place(realm_id: &str, name: &str) -> String {
    format!("target {realm_id} {name}")
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.name, t.connector, t.settings, t.credentials, t.enabled, t.paused, t.leaving, t.disables, t.created_ms, \
             t.version, s.failures, s.not_before_ms, s.message, s.filled_to FROM targets t \
             JOIN target_standings s ON s.realm_id = t.realm_id AND s.name = t.name WHERE t.realm_id = $1 ",
            $rest
        )
    };
}

fn row(row: &Row, realm_id: &str) -> Result<(TargetRow, Standing), StoreError> {
    let name: String = row.get(0)?;
    let credentials = sealing::open(&place(realm_id, &name), row.get(3)?)?;
    let credentials = serde_json::from_slice(&credentials).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let target = TargetRow {
        connector: row.get(1)?,
        settings: row.json(2)?,
        credentials: Arc::new(credentials),
        enabled: row.get(4)?,
        paused: row.get(5)?,
        leaving: row.get(6)?,
        disables: row.get(7)?,
        created_ms: row.get(8)?,
        version: row.get(9)?,
        name,
    };
    let standing = Standing {
        failures: row.get(10)?,
        not_before_ms: row.get(11)?,
        message: row.get(12)?,
        filled_to: row.get(13)?,
    };
    Ok((target, standing))
}

/// The targets of a realm, by name.
pub async fn list(database: &Database, realm_id: &str) -> Result<Vec<(TargetRow, Standing)>, StoreError> {
    let rows = database.all(select!("ORDER BY t.name"), values![realm_id]).await?;
    rows.iter().map(|found| row(found, realm_id)).collect()
}

/// The target of this name.
pub async fn by_name(
    database: &Database,
    realm_id: &str,
    name: &str,
) -> Result<Option<(TargetRow, Standing)>, StoreError> {
    let found = database.first(select!("AND t.name = $2"), values![realm_id, name]).await?;
    found.map(|found| row(&found, realm_id)).transpose()
}

/// Every target of the server: id and name of its realm, and its name.
pub async fn all(database: &Database) -> Result<Vec<(String, String, String)>, StoreError> {
    let sql = "SELECT t.realm_id, r.name, t.name FROM targets t JOIN realms r ON r.id = t.realm_id";
    database.scan(sql, values![]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// The same for one realm.
pub async fn of_realm(database: &Database, realm_id: &str) -> Result<Vec<(String, String, String)>, StoreError> {
    let sql =
        "SELECT t.realm_id, r.name, t.name FROM targets t JOIN realms r ON r.id = t.realm_id WHERE t.realm_id = $1";
    let rows = database.all(sql, values![realm_id]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

fn columns(realm_id: &str, target: &TargetRow) -> Result<Vec<super::Value>, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
    let credentials = serde_json::to_vec(&*target.credentials).map_err(damaged)?;
    Ok(values![
        realm_id,
        &target.name,
        &target.connector,
        serde_json::to_string(&target.settings).map_err(damaged)?,
        sealing::seal(&place(realm_id, &target.name), credentials)?,
        target.enabled,
        target.settings.clients == Clients::Registered,
        target.settings.takes("openid-connect"),
        target.settings.takes("saml"),
        target.disables,
    ])
}

/// Adds a target, whose clients are then to be [filled](fill) in; [`Lost::Taken`] when the name is in use.
pub fn insert(write: &mut Write, realm_id: &str, target: &TargetRow) -> Result<(), StoreError> {
    // Holds the realm's row: whoever changes a client afterwards finds the target.
    realms::count_change(write, realm_id);
    let mut values = columns(realm_id, target)?;
    values.push(target.created_ms.into());
    write.require(
        "INSERT INTO targets (realm_id, name, connector, settings, credentials, enabled, registered_only, openid_connect, \
         saml, disables, created_ms, paused, leaving, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, \
         FALSE, 1) ON CONFLICT DO NOTHING",
        values,
        Lost::Taken,
    );
    write.run(
        "INSERT INTO target_standings (realm_id, name, failures, not_before_ms, filled_to) VALUES ($1, $2, 0, 0, '')",
        values![realm_id, &target.name],
    );
    Ok(())
}

/// Replaces a target that still is as it was read: [`Lost::Changed`] when somebody was faster. Which clients go there is
/// then looked at again.
pub fn update(write: &mut Write, realm_id: &str, target: &TargetRow) -> Result<(), StoreError> {
    realms::count_change(write, realm_id);
    let mut values = columns(realm_id, target)?;
    values.push(target.version.into());
    write.replace(
        "UPDATE targets SET connector = $3, settings = $4, credentials = $5, enabled = $6, registered_only = $7, \
         openid_connect = $8, saml = $9, disables = $10, version = version + 1 \
         WHERE realm_id = $1 AND name = $2 AND version = $11",
        values,
        Lost::Changed,
    );
    write.run(
        "UPDATE target_standings SET filled_to = '', not_before_ms = 0 WHERE realm_id = $1 AND name = $2",
        values![realm_id, &target.name],
    );
    Ok(())
}

/// What refused may be taken under other settings.
pub fn retry_refused(write: &mut Write, realm_id: &str, name: &str) {
    write.run(
        "UPDATE deliveries SET refused = FALSE, due_ms = $3 WHERE realm_id = $1 AND target = $2 AND refused",
        values![realm_id, name, clock::now_ms()],
    );
}

/// The target is another one now: everything is delivered anew, secrets too, and nothing is known of it.
pub fn deliver_anew(write: &mut Write, realm_id: &str, name: &str) {
    write.run(
        "UPDATE deliveries SET due_ms = $3, rank = 2, attempts = 0, refused = FALSE, delivered_generation = NULL, \
         delivered_secrets = NULL, known = NULL, key = NULL, fingerprint = NULL, shown = NULL, losses = NULL, drift = NULL, \
         since_ms = CASE WHEN due_ms IS NULL THEN $3 ELSE since_ms END WHERE realm_id = $1 AND target = $2",
        values![realm_id, name, clock::now_ms()],
    );
}

/// Removes a target and what is still to be done there. Clients that only left because of it are gone.
pub fn delete(write: &mut Write, realm_id: &str, name: &str) {
    write.require("DELETE FROM targets WHERE realm_id = $1 AND name = $2", values![realm_id, name], Lost::Changed);
    write.run(
        "DELETE FROM leaving_clients WHERE realm_id = $1 AND proposed_by IS NULL AND NOT EXISTS \
         (SELECT 1 FROM deliveries d WHERE d.realm_id = leaving_clients.realm_id AND d.client = leaving_clients.id)",
        values![realm_id],
    );
}

/// Lets a target go as soon as none of our clients is there any more; [`Lost::Changed`] when it is not there.
pub fn leave(write: &mut Write, realm_id: &str, name: &str) {
    realms::count_change(write, realm_id);
    write.require(
        "UPDATE targets SET leaving = TRUE, version = version + 1 WHERE realm_id = $1 AND name = $2",
        values![realm_id, name],
        Lost::Changed,
    );
    write.run(
        "UPDATE deliveries SET present = FALSE, rank = 0, due_ms = $3, attempts = 0, refused = FALSE \
         WHERE realm_id = $1 AND target = $2",
        values![realm_id, name, clock::now_ms()],
    );
}

/// Removes a target that leaves, if nothing is to be done there any more.
pub fn gone(write: &mut Write, realm_id: &str, name: &str) {
    write.run(
        "DELETE FROM targets WHERE realm_id = $1 AND name = $2 AND leaving AND NOT EXISTS \
         (SELECT 1 FROM deliveries d WHERE d.realm_id = $1 AND d.target = $2)",
        values![realm_id, name],
    );
}

/// Pauses a target or resumes it; [`Lost::Changed`] when it is not there.
pub fn pause(write: &mut Write, realm_id: &str, name: &str, paused: bool) {
    write.require(
        "UPDATE targets SET paused = $3, version = version + 1 WHERE realm_id = $1 AND name = $2",
        values![realm_id, name, paused],
        Lost::Changed,
    );
    if !paused {
        write.run(
            "UPDATE target_standings SET not_before_ms = 0, failures = 0, message = NULL \
             WHERE realm_id = $1 AND name = $2",
            values![realm_id, name],
        );
    }
}

/// Clients of one step of [`fill`].
const STEP: i64 = 64;

/// Gives the next clients behind this `client_id` their delivery to a target, and tells how far it came; `None`: those
/// were the last.
pub async fn fill(
    store: &super::Store,
    realm_id: &str,
    name: &str,
    behind: &str,
) -> Result<Option<String>, StoreError> {
    let page = clients::behind(&store.database, realm_id, behind, STEP).await?;
    let last = page.last().map(|client| client.client_id().to_owned());
    let writes = page
        .iter()
        .filter(|client| !matricula_contract::server_clients::is_of_the_server(&client.client))
        .map(|client| {
            let mut write = Write::default();
            deliveries::fill(&mut write, realm_id, client, name);
            store.writer.write(write)
        });
    futures_util::future::try_join_all(writes).await?;
    let full = i64::try_from(page.len()) == Ok(STEP);
    let next = last.filter(|_| full);
    let mut write = Write::default();
    // Somebody may have begun anew meanwhile.
    write.run(
        "UPDATE target_standings SET filled_to = $3 WHERE realm_id = $1 AND name = $2 AND filled_to = $4",
        values![realm_id, name, next.clone(), behind],
    );
    store.writer.write(write).await?;
    Ok(next)
}

/// Every target of a realm is to be looked through for clients without a delivery.
pub fn fill_all(write: &mut Write, realm_id: &str) {
    write.run("UPDATE target_standings SET filled_to = '' WHERE realm_id = $1", values![realm_id]);
}

/// A target as requests of the realm see it: what they wait for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Unique in the realm.
    pub name: String,
    /// Id of its connector.
    pub connector: String,
    /// As an administrator set it up.
    pub settings: Settings,
    /// It gets clients.
    pub enabled: bool,
    /// It goes when it has none of our clients any more.
    pub leaving: bool,
}

impl Target {
    /// Whether requests care about it.
    pub fn is_asked(&self) -> bool {
        self.enabled && !self.leaving
    }

    /// Whether it gets a client, once that is not held any more; `disables`: it keeps disabled ones. This is what
    /// `deliveries` decides in the database.
    pub fn gets(&self, client: &ClientRow, disables: bool) -> bool {
        let protocol = if client.client.protocol.as_deref() == Some("saml") { "saml" } else { "openid-connect" };
        let named = client.client.attributes.iter().find(|attribute| attribute.name == deliveries::TARGETS);
        (client.enabled() || client.is_held() || disables)
            && (self.settings.clients == Clients::All || client.origin.is_some())
            && self.settings.takes(protocol)
            && client.hibernation.is_none()
            && named.is_none_or(|named| named.value.split(',').any(|name| name.trim() == self.name))
            && !matricula_contract::server_clients::is_of_the_server(&client.client)
    }
}

/// Reads what [`realms::whole`] gives of targets.
pub fn read_whole(json: &str) -> Result<Vec<Target>, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged(error.to_string());
    let rows: Vec<(String, String, String, String)> = serde_json::from_str(json).map_err(damaged)?;
    rows.into_iter()
        .map(|(name, connector, settings, state)| {
            Ok(Target {
                name,
                connector,
                settings: serde_json::from_str(&settings).map_err(damaged)?,
                enabled: state != "disabled",
                leaving: state == "leaving",
            })
        })
        .collect()
}
