//! The realm setting `clientIdMetadataDocuments` as administrators send it.

use matricula_store::realm_settings::{ClientIdMetadataDocuments, Profile};
use serde_json::Value;

use crate::front_door::members::Members;

/// Its name among the members of a realm.
pub(crate) const CLIENT_ID_METADATA_DOCUMENTS: &str = "clientIdMetadataDocuments";
/// A document may have so many bytes at least and at most.
const BYTES: (u32, u32) = (1_024, 65_536);
/// A document is good for so many seconds at least and at most.
const AGE: (u32, u32) = (60, 86_400);

/// Reads it; what it leaves out, and `null`, is the default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<ClientIdMetadataDocuments, String> {
    let default = ClientIdMetadataDocuments::default();
    let known = ["enabled", "profile", "maxBytes", "minAge", "maxAge"];
    let Some(members) = Members::of(sent, CLIENT_ID_METADATA_DOCUMENTS, &known)? else { return Ok(default) };
    let profiles = [Profile::Mcp, Profile::Draft03].map(|profile| (profile.as_str(), profile));
    let read = ClientIdMetadataDocuments {
        enabled: members.switch("enabled")?.unwrap_or(default.enabled),
        profile: members.word("profile", &profiles)?.unwrap_or(default.profile),
        max_bytes: members.number("maxBytes", BYTES.0, BYTES.1)?.unwrap_or(default.max_bytes),
        min_age: members.number("minAge", AGE.0, AGE.1)?.unwrap_or(default.min_age),
        max_age: members.number("maxAge", AGE.0, AGE.1)?.unwrap_or(default.max_age),
    };
    if read.min_age > read.max_age {
        return Err(format!("'{CLIENT_ID_METADATA_DOCUMENTS}.minAge' must be at most maxAge"));
    }
    Ok(read)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(read(&Value::Null).unwrap(), ClientIdMetadataDocuments::default());
        let read = read(&json!({"enabled": true, "profile": "draft-03", "maxAge": 60})).unwrap();
        let expected = ClientIdMetadataDocuments {
            enabled: true,
            profile: Profile::Draft03,
            max_age: 60,
            ..ClientIdMetadataDocuments::default()
        };
        assert_eq!(read, expected);
        let shown = json!({"enabled": true, "profile": "draft-03", "maxBytes": 5120, "minAge": 60, "maxAge": 60});
        assert_eq!(json!(expected), shown);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (sent, text) in [
            (json!(true), "'clientIdMetadataDocuments' must be an object"),
            (json!({"on": true}), "'clientIdMetadataDocuments' has no 'on'"),
            (json!({"enabled": "true"}), "'clientIdMetadataDocuments.enabled' must be true or false"),
            (json!({"profile": "draft-00"}), "'clientIdMetadataDocuments.profile' must be mcp or draft-03"),
            (json!({"maxBytes": 1023}), "'clientIdMetadataDocuments.maxBytes' must be 1024 to 65536"),
            (json!({"maxBytes": 65_537}), "'clientIdMetadataDocuments.maxBytes' must be 1024 to 65536"),
            (json!({"maxBytes": "2048"}), "'clientIdMetadataDocuments.maxBytes' must be 1024 to 65536"),
            (json!({"minAge": 59}), "'clientIdMetadataDocuments.minAge' must be 60 to 86400"),
            (json!({"maxAge": 86_401}), "'clientIdMetadataDocuments.maxAge' must be 60 to 86400"),
            (json!({"minAge": 120, "maxAge": 60}), "'clientIdMetadataDocuments.minAge' must be at most maxAge"),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
