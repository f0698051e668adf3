//! What stands in a document instead of a value: the mask that Keycloak puts over a secret, and a placeholder that a
//! template was to be filled in for.

use matricula_contract::secrets::MASK;
use serde_json::Value;

use super::report::{Note, Outcome};

/// Members with texts for people: Keycloak puts its own keys of translations there (`${client_account}`).
const TEXTS: [&str; 6] =
    ["consent.screen.text", "consentText", "description", "displayName", "displayNameHtml", "name"];
/// Members in which lower-case placeholders are Keycloak's own (`resource_access.${client_id}.roles`).
const OWN: [&str; 2] = ["protocolMappers", "authorizationSettings"];
/// Placeholders that this server fills in itself, as Keycloak does.
const FILLED_IN: [&str; 2] = ["authBaseUrl", "authAdminUrl"];

/// Takes masked values out of the value of a member, and tells where they were and where placeholders are.
pub(super) fn clean(value: &mut Value, member: &str, notes: &mut Vec<Note>) {
    if value == MASK {
        *value = Value::Null;
        notes.push(masked(member.to_owned()));
    } else {
        walk(value, member, is_lenient(member), notes);
    }
}

/// The same for a client's document. Most have neither, and are not read for it.
pub(super) fn clean_client(body: &mut Vec<u8>, notes: &mut Vec<Note>) {
    let has_mask = memchr::memmem::find(body, MASK.as_bytes()).is_some();
    if !has_mask && memchr::memmem::find(body, b"${").is_none() {
        return;
    }
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return };
    // These have no secret: a mask in its place says nothing.
    if ["publicClient", "bearerOnly"].iter().any(|member| members.get(*member) == Some(&Value::Bool(true))) {
        members.shift_remove("secret");
    }
    let mut document = Value::Object(members);
    walk(&mut document, "", false, notes);
    if has_mask {
        *body = document.to_string().into_bytes();
    }
}

fn masked(field: String) -> Note {
    let reason = format!("it is masked ({MASK}): it counts as absent");
    Note { outcome: Outcome::NotRead, field: Some(field), reason }
}

fn walk(value: &mut Value, field: &str, lenient: bool, notes: &mut Vec<Note>) {
    let mut stays = |value: &mut Value, field: String, lenient: bool| {
        let is_masked = value == MASK;
        if is_masked {
            notes.push(masked(field));
        } else {
            walk(value, &field, lenient, notes);
        }
        !is_masked
    };
    match value {
        Value::Object(members) => members.retain(|name, value| {
            let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            stays(value, field, lenient || is_lenient(name))
        }),
        Value::Array(list) => list.retain_mut(|value| stays(value, field.to_owned(), lenient)),
        Value::String(text) => find(text, field, lenient, notes),
        _ => {}
    }
}

/// Whether Keycloak writes placeholders of its own below a member.
fn is_lenient(member: &str) -> bool {
    TEXTS.contains(&member) || OWN.contains(&member)
}

/// Tells of the placeholders in a text; `lenient`: only of those that are written as variables of an environment are.
fn find(text: &str, field: &str, lenient: bool, notes: &mut Vec<Note>) {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("${") {
        let Some((inside, after)) = behind.split_once('}') else { break };
        let name = inside.split(':').next().unwrap_or_default();
        if !FILLED_IN.contains(&name) && (!lenient || is_variable(name)) {
            let reason = format!("${{{inside}}} is stored as it is: nothing is put in its place");
            notes.push(Note { outcome: Outcome::Placeholder, field: Some(field.to_owned()), reason });
        }
        rest = after;
    }
}

fn is_variable(name: &str) -> bool {
    let name = name.strip_prefix("env.").unwrap_or(name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(notes: &[Note]) -> Vec<String> {
        notes.iter().map(|note| format!("{}: {}", note.field.as_deref().unwrap_or_default(), note.reason)).collect()
    }

    #[test]
    fn masks_are_taken_out_and_told() {
        let mut notes = Vec::new();
        let mut value =
            json!({ "host": "mail.example", "password": MASK, "list": ["a", MASK], "deep": [{ "b": MASK }] });
        clean(&mut value, "smtpServer", &mut notes);
        assert_eq!(value, json!({ "host": "mail.example", "list": ["a"], "deep": [{}] }));
        let fields: Vec<_> = notes.iter().filter_map(|note| note.field.as_deref()).collect();
        assert_eq!(fields, ["smtpServer.password", "smtpServer.list", "smtpServer.deep.b"]);
    }

    #[test]
    fn a_mask_is_told_of_clients_that_have_a_secret() {
        for (mut document, expected) in [
            (json!({ "clientId": "a", "secret": MASK }), vec!["secret"]),
            (json!({ "clientId": "a", "publicClient": true, "secret": MASK }), vec![]),
            (json!({ "clientId": "a", "bearerOnly": true, "secret": MASK }), vec![]),
            (
                json!({ "clientId": "a", "secret": "s", "attributes": { "client.secret.rotated": MASK, "b": "1" } }),
                vec!["attributes.client.secret.rotated"],
            ),
        ] {
            let (mut notes, mut body) = (Vec::new(), document.to_string().into_bytes());
            clean_client(&mut body, &mut notes);
            let fields: Vec<_> = notes.iter().filter_map(|note| note.field.as_deref()).collect();
            assert_eq!(fields, expected, "{document}");
            clean(&mut document, "", &mut Vec::new());
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), document);
        }
    }

    #[test]
    fn placeholders_are_told_where_keycloak_has_none_of_its_own() {
        for (document, expected) in [
            (json!({ "name": "${client_account}", "rootUrl": "${authBaseUrl}", "baseUrl": "/realms/x/" }), vec![]),
            (json!({ "secret": "${CLIENT_SECRET}" }), vec!["secret: ${CLIENT_SECRET}"]),
            (json!({ "secret": "${client.secret}" }), vec!["secret: ${client.secret}"]),
            (
                json!({ "redirectUris": ["https://${HOST:localhost}/${path}/*", "/a"] }),
                vec!["redirectUris: ${HOST:localhost}", "redirectUris: ${path}"],
            ),
            (json!({ "name": "${NAME}", "description": "${role_x}" }), vec!["name: ${NAME}"]),
            (json!({ "attributes": { "jwks.url": "${env.JWKS}" } }), vec!["attributes.jwks.url: ${env.JWKS}"]),
            (json!({ "attributes": { "consent.screen.text": "${emailScopeConsentText}" } }), vec![]),
            (
                json!({ "protocolMappers": [{ "name": "given name", "config":
                    { "claim.name": "resource_access.${client_id}.roles", "x": "${X}" } }] }),
                vec!["protocolMappers.config.x: ${X}"],
            ),
            (json!({ "secret": "half ${of", "adminUrl": "$ {X} {Y}" }), vec![]),
        ] {
            let mut notes = Vec::new();
            let mut body = document.to_string().into_bytes();
            clean_client(&mut body, &mut notes);
            assert_eq!(body, document.to_string().into_bytes());
            let expected: Vec<_> = expected
                .into_iter()
                .map(|place| format!("{place} is stored as it is: nothing is put in its place"))
                .collect();
            assert_eq!(told(&notes), expected, "{document}");
        }
    }
}
