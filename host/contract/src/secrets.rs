//! What is shown in place of a secret, and that it never becomes one (Keycloak: StripSecretsUtils; deviation 31).

use serde_json::{Map, Value};

use crate::Client;

/// Stands for a secret that the reader may not see.
pub const MASK: &str = "**********";
/// Attributes of a client that are secrets.
const ATTRIBUTES: [&str; 3] = ["client.secret.rotated", "saml.signing.private.key", "saml.encryption.private.key"];
/// The secret that Keycloak kept for a while after there was a new one: masked like that one.
const ROTATED: &str = ATTRIBUTES[0];

/// A secret for somebody who may not see it. A reference to a vault is none.
fn masked(secret: &str) -> String {
    if secret.starts_with("${vault.") && secret.ends_with('}') { secret } else { MASK }.to_owned()
}

/// Hides the secret of a client.
pub fn mask(client: &mut Client) {
    if let Some(secret) = client.secret.as_mut().filter(|secret| !secret.is_empty()) {
        *secret = masked(secret);
    }
    for attribute in client.attributes.iter_mut().filter(|attribute| attribute.name == ROTATED) {
        attribute.value = masked(&attribute.value);
    }
}

/// Leaves out of a client as sent what only stands for a secret: what is stored stays, and a new client has none.
pub fn drop_masks(client: &mut Client) {
    if client.secret.as_deref() == Some(MASK) {
        client.secret = None;
    }
    client.attributes.retain(|attribute| attribute.value != MASK || !ATTRIBUTES.contains(&attribute.name.as_str()));
}

/// The settings of a realm that hold a secret, by the name of the setting and of its member.
const OF_REALMS: [(&str, &str); 1] = [("smtpServer", "password")];

/// Hides the secrets among the settings of a realm.
pub fn mask_settings(settings: &mut Map<String, Value>) {
    for (setting, member) in OF_REALMS {
        if let Some(Value::String(secret)) = settings.get_mut(setting).and_then(|value| value.get_mut(member)) {
            *secret = masked(secret);
        }
    }
}

/// Puts the stored secret where a setting as sent has what only stands for it.
pub fn unmask_settings(sent: &mut Map<String, Value>, stored: &Map<String, Value>) {
    for (setting, member) in OF_REALMS {
        let Some(Value::Object(members)) = sent.get_mut(setting) else { continue };
        if members.get(member).is_some_and(|value| value == MASK) {
            match stored.get(setting).and_then(|value| value.get(member)) {
                Some(secret) => members.insert(member.to_owned(), secret.clone()),
                None => members.remove(member),
            };
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use serde_json::json;

    fn client(secret: Option<&str>, attribute: &str, value: &str) -> Client {
        let attributes = json!([{ "name": attribute, "value": value }, { "name": "colour", "value": MASK }]);
        serde_json::from_value(json!({ "secret": secret, "attributes": attributes })).unwrap()
    }

    #[test]
    fn a_mask_hides_what_is_a_secret() {
        for (secret, attribute, value, expected) in [
            (Some("s3cret"), "client.secret.rotated", "old", client(Some(MASK), "client.secret.rotated", MASK)),
            (Some("${vault.key}"), "x", "y", client(Some("${vault.key}"), "x", "y")),
            (Some(""), "x", "y", client(Some(""), "x", "y")),
            (None, "x", "y", client(None, "x", "y")),
        ] {
            let mut shown = client(secret, attribute, value);
            mask(&mut shown);
            assert_eq!(shown, expected, "{secret:?}");
        }
    }

    #[test]
    fn a_mask_never_becomes_a_secret() {
        let mut sent = client(Some(MASK), "saml.signing.private.key", MASK);
        drop_masks(&mut sent);
        assert_eq!(sent.secret, None);
        assert_eq!(sent.attributes.len(), 1);
        let mut sent = client(Some("***"), "saml.signing.private.key", "key");
        drop_masks(&mut sent);
        assert_eq!(sent, client(Some("***"), "saml.signing.private.key", "key"));
    }

    #[test]
    fn secrets_of_a_realm_are_hidden_and_come_back() {
        let members = |value: Value| value.as_object().unwrap().clone();
        let stored = members(json!({ "smtpServer": { "host": "h", "password": "pw" }, "other": 1 }));
        let mut shown = stored.clone();
        mask_settings(&mut shown);
        assert_eq!(shown, members(json!({ "smtpServer": { "host": "h", "password": MASK }, "other": 1 })));
        unmask_settings(&mut shown, &stored);
        assert_eq!(shown, stored);
        let mut sent = members(json!({ "smtpServer": { "password": MASK } }));
        unmask_settings(&mut sent, &Map::new());
        assert_eq!(sent, members(json!({ "smtpServer": {} })));
    }
}
