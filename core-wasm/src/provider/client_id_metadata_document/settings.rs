//! What the realm says about these documents.

use crate::realm::Realm;

/// Settings of a realm. What is absent or makes no sense has its default, which is the stricter one.
pub(super) struct Settings {
    /// `http` and loopback addresses are fine too (`--allow-private-fetch`).
    pub(super) loopback: bool,
    pub(super) profile: Profile,
}

/// Which members a document must have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Profile {
    /// MCP authorization, which asks for a name and redirect URIs.
    Mcp,
    /// draft-ietf-oauth-client-id-metadata-document-03, which leaves it to the grants.
    Draft03,
}

impl Settings {
    pub(super) fn of(realm: &dyn Realm) -> Self {
        let is = |name: &str, value: &str| realm.setting(name).as_deref() == Some(value);
        let draft = is("clientIdMetadataDocuments.profile", "draft-03");
        Self {
            loopback: is("clientIdMetadataDocuments.loopback", "true"),
            profile: if draft { Profile::Draft03 } else { Profile::Mcp },
        }
    }
}
