//! Clients of the same software that anonymous callers made: where a realm has a limit for them, a new one takes the place
//! of the oldest that nobody has used. Equal registrations are not merged: who shares a client shares its management.

use aws_lc_rs::digest::{SHA256, digest};
use matricula_contract::Client;
use matricula_realms::Realm;
use matricula_store::client_lives::Life;
use matricula_store::client_software::{self, OfSoftware};
use matricula_store::clients::{self, ClientRow, Hibernation, Origin};
use matricula_store::{Lost, StoreError, Write, client_uses, events};
use matricula_system::clock;
use serde_json::json;
use url::Url;

use super::evaluation::{SOFTWARE_ID, kind_of};
use super::rules;
use crate::app::App;
use crate::events::{CLIENT_HIBERNATE, of_life};

/// The rule, by its name among the settings.
const RULE: &str = "perSoftware";
/// Who loses against another registration of the same software looks again; then there is one less to choose from.
const TRIES: usize = 100;

/// A client by its software, if the realm counts it: it came from an anonymous caller and says what it is.
pub(crate) fn counted(realm: &Realm, client: &ClientRow) -> Option<OfSoftware> {
    if realm.settings.life_cycle.per_software.max == 0 || !may_be_counted(client.origin.as_ref()) {
        return None;
    }
    let software = software(&client.client)?;
    Some(OfSoftware { client: client.id.clone(), software, made_ms: clock::now_ms() })
}

/// The same of one that was registered before.
///
/// # Errors
/// The client cannot be read.
pub(super) fn counted_before(life: &Life) -> Result<Option<OfSoftware>, StoreError> {
    if life.is_counted || !may_be_counted(life.origin.as_ref()) {
        return Ok(None);
    }
    let software = software(&life.document.decode()?);
    let of = |software| OfSoftware { client: life.id.clone(), software, made_ms: life.created_ms };
    Ok(software.map(of))
}

/// Clients by document are never made twice.
fn may_be_counted(origin: Option<&Origin>) -> bool {
    kind_of(origin) == "anonymous" && origin.is_some_and(|origin| origin.document.is_none())
}

/// What makes clients those of the same software: its id, else the client's name, and where it is redirected to.
fn software(client: &Client) -> Option<String> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let software_id = client.attributes.iter().find(|one| one.name == SOFTWARE_ID).and_then(|one| text(&one.value));
    let name = client.name.as_deref().and_then(text).filter(|_| software_id.is_none());
    if software_id.is_none() && name.is_none() {
        return None;
    }
    let mut uris: Vec<String> = client.redirect_uris.iter().flatten().map(|uri| without_local_port(uri)).collect();
    uris.sort_unstable();
    uris.dedup();
    let digest = digest(&SHA256, json!([software_id, name, uris]).to_string().as_bytes());
    Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A redirect URI; one of this device is the same at each port (RFC 8252 §7.3).
fn without_local_port(uri: &str) -> String {
    let Ok(mut url) = Url::parse(uri) else { return uri.to_owned() };
    if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) && url.set_port(None).is_ok() {
        return url.into();
    }
    uri.to_owned()
}

/// After a client was registered: if there are too many of its software now, the oldest unused one goes to sleep. The clients
/// are changed one after the other; of those who register at the same time each finds another one.
pub(crate) async fn make_room(app: &App, realm: &Realm, new: &OfSoftware, address: &str) -> Result<(), StoreError> {
    let limit = &realm.settings.life_cycle.per_software;
    let database = &app.store.database;
    for _ in 0..TRIES {
        let before_ms = clock::now_ms().saturating_sub(limit.grace.saturating_mul(1000));
        let Some(id) = client_software::surplus(database, &realm.id, new, limit.max, before_ms).await? else {
            return Ok(());
        };
        let recorded = client_uses::of_realm(database, &realm.id).await?;
        if recorded.is_none_or(|recorded| rules::is_blind(&realm.settings.life_cycle, &recorded, clock::now_ms())) {
            return Ok(());
        }
        let Some(row) = clients::by_id(database, &realm.id, &id).await? else { continue };
        if row.state() != clients::State::Active {
            continue;
        }
        match app.store.writer.write(asleep(app, realm, row, address)?).await {
            Ok(()) => {
                app.deliveries.wake(&realm.id);
                return Ok(());
            }
            Err(StoreError::Lost(Lost::Changed)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn asleep(app: &App, realm: &Realm, mut row: ClientRow, address: &str) -> Result<Write, StoreError> {
    row.hibernation = Some(Hibernation { since_ms: clock::now_ms(), rule: Some(RULE.to_owned()) });
    let mut write = Write::default();
    clients::update(&mut write, &realm.id, &row, &app.deliveries.carrier(false))?;
    if let Some(event) = of_life(CLIENT_HIBERNATE, realm, row.client_id(), address, &[("rule", RULE)]) {
        events::insert(&mut write, &realm.id, &event);
    }
    Ok(write)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn of(client: serde_json::Value) -> Option<String> {
        let mut client = client;
        client.as_object_mut().unwrap().entry("attributes").or_insert(json!([]));
        software(&serde_json::from_value(client).unwrap())
    }

    #[test]
    fn the_same_software_is_redirected_to_the_same_places_whatever_the_port_of_this_device_is() {
        let uris = |uris: &[&str]| of(json!({"name": "Agent", "redirect_uris": uris}));
        let one = uris(&["http://localhost:4001/cb", "cursor://cb"]);
        assert!(one.is_some());
        assert_eq!(one, uris(&["cursor://cb", "http://localhost/cb", "http://localhost:9/cb"]));
        for other in [&["http://localhost:4001/other", "cursor://cb"][..], &["http://localhost:4001/cb"], &[]] {
            assert_ne!(one, uris(other), "{other:?}");
        }
        assert_ne!(uris(&["https://a.example:1/cb"]), uris(&["https://a.example:2/cb"]));
        assert_eq!(uris(&["http://[::1]:1/cb"]), uris(&["http://[::1]:2/cb"]));
    }

    #[test]
    fn what_does_not_say_what_it_is_is_not_counted() {
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!({"name": ""})), None);
        let id = |name: &str| of(json!({"name": name, "attributes": [{"name": SOFTWARE_ID, "value": "x"}]}));
        assert_eq!(id("a"), id("b"));
        assert_ne!(id("x"), of(json!({"name": "x"})));
    }
}
