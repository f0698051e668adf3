//! The targets of a realm in its file. They stand in an attribute of the realm: Keycloak reads no file with a member that it
//! does not know. Secrets are not in it, so a target whose calls need one is disabled until somebody gives it.

use std::sync::Arc;

use anyhow::Context;
use matricula_contract::connectors::Abilities;
use matricula_realms::Realm;
use matricula_store::targets::{self, TargetRow};
use matricula_store::{StoreError, Write};
use matricula_system::clock;
use matricula_target::credentials::{Credentials, ForConnector};
use matricula_target::settings::{Sent, Settings};
use serde_json::{Map, Value, json};

use super::offline::Offline;
use super::report::{Entry, Outcome, Report};
use crate::admin::realms::TARGETS;
use crate::targets::lane::told;

/// What `message` says of a target without its secret.
const WITHOUT_SECRET: &str = "secrets of targets are in no file: it is disabled until it has one";

/// The text of the attribute; absent: the realm has no targets.
pub(super) async fn export(offline: &Offline, realm_id: &str) -> Result<Option<String>, StoreError> {
    let all = targets::list(&offline.store.database, realm_id).await?;
    let parts: Vec<Value> =
        all.into_iter().filter(|(target, _)| !target.leaving).map(|(target, _)| part(&target)).collect();
    Ok((!parts.is_empty()).then(|| Value::Array(parts).to_string()))
}

/// A target as administrators send it.
fn part(target: &TargetRow) -> Value {
    let mut members = Map::new();
    members.insert("name".to_owned(), target.name.as_str().into());
    members.insert("connector".to_owned(), target.connector.as_str().into());
    members.insert("enabled".to_owned(), target.enabled.into());
    if let Value::Object(settings) = json!(target.settings) {
        members.extend(settings);
    }
    members.insert("credentials".to_owned(), target.credentials.without_secrets());
    Value::Object(members)
}

/// Stores the targets of a file that the realm does not have.
pub(super) async fn store(
    offline: &Offline,
    report: &mut Report,
    realm: &Arc<Realm>,
    text: &str,
) -> anyhow::Result<()> {
    let whole = Entry { member: "attributes", index: None, name: TARGETS };
    let parts: Vec<Value> = match serde_json::from_str(text) {
        Ok(parts) => parts,
        Err(error) => return report.tell(Outcome::Refused, &whole, None, &error.to_string()),
    };
    let there = targets::list(&offline.store.database, &realm.id).await.context("reading targets")?;
    for (index, part) in (0..).zip(&parts) {
        let name = part["name"].as_str().unwrap_or_default();
        let entry = Entry { member: TARGETS, index: Some(index), name };
        let target = match read(offline, realm, part).await? {
            Ok(target) => target,
            Err(reason) => {
                report.tell(Outcome::Refused, &entry, None, &reason)?;
                continue;
            }
        };
        if let Some((other, _)) = there.iter().find(|(other, _)| other.name == target.name) {
            if (&other.connector, &other.settings) != (&target.connector, &target.settings) {
                report.tell(Outcome::Conflict, &entry, None, "it is there with other content, which stays")?;
            }
            continue;
        }
        if let Some(member) = target.credentials.lacks() {
            report.tell(Outcome::NotRead, &entry, Some(&format!("credentials.{member}")), WITHOUT_SECRET)?;
        }
        let mut write = Write::default();
        targets::insert(&mut write, &realm.id, &target)?;
        offline.store.writer.write(write).await.with_context(|| format!("storing target {name}"))?;
    }
    offline.realms.changed(&realm.name);
    Ok(())
}

/// A target as the file says that it is to be, or why it can be none.
async fn read(offline: &Offline, realm: &Arc<Realm>, part: &Value) -> anyhow::Result<Result<TargetRow, String>> {
    let components = offline.wasm.current();
    let id = part["connector"].as_str().unwrap_or_default();
    let Some(connector) = components.connector(id) else { return Ok(Err(format!("no component offers {id:?}"))) };
    let kind = &connector.description;
    let sent = || -> Result<TargetRow, String> {
        let sent = Sent::read(part.to_string().as_bytes())?;
        let none = json!({ "type": "none" });
        let of = ForConnector { id: &kind.id, types: &kind.credentials };
        let credentials = Credentials::read_without_secrets(sent.member("credentials").unwrap_or(&none), of)?;
        Ok(TargetRow {
            name: sent.name()?.to_owned(),
            connector: id.to_owned(),
            settings: Settings::new(&sent, kind)?,
            enabled: sent.switch("enabled")?.unwrap_or(true) && credentials.lacks().is_none(),
            credentials: Arc::new(credentials),
            paused: false,
            leaving: false,
            disables: connector.is_able(Abilities::DISABLES),
            created_ms: clock::now_ms(),
            version: 1,
        })
    };
    let target = match sent() {
        Ok(target) => target,
        Err(reason) => return Ok(Err(reason)),
    };
    let checked = connector.check_config(&offline.wasm.instances, Offline::call(realm), &told(realm, &target)).await?;
    Ok(match checked.err().and_then(|errors| errors.into_iter().next()) {
        Some(error) => Err(error.message),
        None => Ok(target),
    })
}
